"""With what a run is compared. A baseline that is not there is said in words, and the run passes."""

import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from pytest_claude_budget.action.checkout import Checkout
from pytest_claude_budget.action.event import Event
from pytest_claude_budget.action.inputs import BaselineKind, Inputs
from pytest_claude_budget.action.reports import LARGEST
from pytest_claude_budget.baseline_files import LOCK_FILE, NO_BASELINE
from pytest_claude_budget.errors import InputError
from pytest_claude_budget.github import ApiFailureError
from pytest_claude_budget.render.markdown_text import sentence
from pytest_claude_budget.values import value_class

_NO_COMMIT = "the base commit is not in this checkout and could not be fetched: set fetch-depth: 0 at actions/checkout"
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError, EOFError, OSError)
"""All that reading a hostile or broken archive may raise."""


@value_class(frozen=True, kw_only=True, slots=True)
class Found:
    """What `gate --baseline` is told, and what a reader is told."""

    argument: str
    note: str = ""
    """Why there is none; empty where there is one."""
    commit: str = ""
    """The base, where it is known."""
    name: str = ""
    """What a reader calls it, where the argument is for machines only."""


class Archives(Protocol):
    """What the API gives of earlier runs."""

    def report_archives(self, workflow: str, branch: str, artifact: str) -> Iterable[str]:
        """Addresses of the artifact, the newest run's first."""

    def download(self, path: str, most: int) -> bytes:
        """Fetch one of them."""


@value_class(frozen=True, kw_only=True, slots=True)
class Around:
    """What is around a run, to look for its baseline in."""

    checkout: Checkout
    folder: Path
    """Of our own files."""
    prefix: str
    """Where the run's paths begin, below the top of the repository."""
    archives: Archives | None
    """None without a token."""
    run_base: Callable[[Path], Path]
    """Runs the suite in a work tree and gives its report; raises InputError."""


def find_baseline(inputs: Inputs, event: Event, around: Around) -> Found:
    """The baseline of the kind that was asked for, or why there is none."""
    finders: Mapping[BaselineKind, Callable[[], Found]] = {
        BaselineKind.NONE: lambda: Found(argument=NO_BASELINE),
        BaselineKind.LOCK: lambda: _lock(event, around),
        BaselineKind.ARTIFACT: lambda: _artifact(inputs, event, around),
        BaselineKind.BASE_RUN: lambda: _base_run(event, around),
    }
    return finders[inputs.baseline]()


def _missing(why: str, commit: str = "") -> Found:
    return Found(argument=NO_BASELINE, note=f"No baseline: {sentence(why)}.", commit=commit)


def _base(event: Event, around: Around) -> str | None:
    return around.checkout.base(event.sha, event.base_sha)


def _lock(event: Event, around: Around) -> Found:
    if event.compares_with_itself:
        commit: str | None = "HEAD"
    else:
        commit = _base(event, around)
    if commit is None:
        return _missing(_NO_COMMIT)
    path = Path(around.prefix, LOCK_FILE).as_posix()
    if around.checkout.text_at(commit, path) is None:
        where = "this commit" if event.compares_with_itself else f"the base, {commit[:12]}"
        return _missing(f"there is no {path} at {where}", commit)
    return Found(argument=f"git:{commit}", commit=commit, name=f"git:{event.base_branch or commit[:12]}")


def _artifact(inputs: Inputs, event: Event, around: Around) -> Found:
    if around.archives is None:
        return _missing("there is no token to ask for earlier runs with")
    try:
        for path in around.archives.report_archives(event.workflow, event.base_branch, inputs.artifact_name):
            report = _unpacked(around.archives.download(path, LARGEST), around.folder / "baseline.json")
            if report is not None:
                return Found(argument=str(report), name=f"artifact {inputs.artifact_name} of {event.base_branch}")
    except ApiFailureError as failure:
        return _missing(f"earlier runs could not be asked for ({failure.problem.what})")
    name, branch = inputs.artifact_name, event.base_branch
    return _missing(f"no good run of {event.workflow} on {branch} has an artifact named {name}")


def _unpacked(archive: bytes, target: Path) -> Path | None:
    """The one JSON file of an archive; None where there is none, several, or one without end."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as packed:
            names = [each for each in packed.infolist() if each.filename.endswith(".json")]
            if len(names) != 1:
                return None
            with packed.open(names[0]) as file:
                data = file.read(LARGEST + 1)
    except _DAMAGED:
        return None
    if len(data) > LARGEST:
        return None
    target.write_bytes(data)
    return target


def _base_run(event: Event, around: Around) -> Found:
    if event.compares_with_itself:
        return _missing("there is no base to run: this is no pull request, push or merge group")
    commit = _base(event, around)
    if commit is None:
        return _missing(_NO_COMMIT)
    with around.checkout.worktree(commit, around.folder / "base") as tree:
        if not tree.is_dir():
            return _missing(f"git could not check out the base, {commit[:12]}", commit)
        try:
            report = around.run_base(tree / around.prefix)
        except InputError as error:
            return _missing(f"the run on the base gave no report ({error.problems[0].what})", commit)
    return Found(argument=str(report), commit=commit, name=f"run of {event.base_branch}@{commit[:7]}")
