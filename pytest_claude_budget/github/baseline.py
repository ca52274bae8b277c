"""With what a run is compared.

Where there is no baseline yet, that is said and the run passes; where it cannot be had, nobody says that the run is within.
"""

import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.compare.not_compared import NotCompared
from pytest_claude_budget.files.baseline_file import NO_BASELINE
from pytest_claude_budget.files.rootdir import BUDGET_NAMES
from pytest_claude_budget.github.checkout import Checkout
from pytest_claude_budget.github.event import Event
from pytest_claude_budget.github.failures import ApiFailureError
from pytest_claude_budget.github.inputs import BaselineKind, Inputs
from pytest_claude_budget.github.reports import LARGEST
from pytest_claude_budget.record.record import LOCK_FILE
from pytest_claude_budget.render.markdown_text import sentence

_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError, EOFError, OSError)
"""All that reading a hostile or broken archive may raise."""


@value_class(frozen=True, kw_only=True, slots=True)
class Found:
    """What `gate --baseline` is told, and what a reader is told."""

    argument: str
    note: str = ""
    """Which one, where nothing was before; else empty."""
    not_compared: NotCompared | None = None
    """Why there is none."""
    problem: Problem | None = None
    """What has to be mended before anything can be compared: the job fails."""
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
        BaselineKind.NONE: lambda: _none("", expected=True),
        BaselineKind.LOCK: lambda: _lock(event, around),
        BaselineKind.ARTIFACT: lambda: _artifact(inputs, event, around),
        BaselineKind.BASE_RUN: lambda: _base_run(event, around),
    }
    try:
        return finders[inputs.baseline]()
    except InputError as error:
        problem = replace(error.problems[0], hint=_FETCH)
        return replace(_none(problem.what, _FETCH), problem=problem)


_FETCH = "set fetch-depth: 0 at actions/checkout, so that the base is there"
_UPDATE = f"run pytest --claude-budget-update and commit {LOCK_FILE}: the next change is then compared with this run"


def _none(why: str, then: str = "", *, expected: bool = False, commit: str = "") -> Found:
    """Nothing to compare with; `expected` where there is no baseline yet."""
    reason = NotCompared(why=why, next=then, expected=expected)
    return Found(argument=NO_BASELINE, not_compared=reason, commit=commit)


def _base(event: Event, around: Around) -> str | None:
    """The commit to compare with; None where a forced push has replaced it, and nobody has it any more."""
    checkout = around.checkout
    if event.base_is_exact:
        return checkout.have(event.base_sha) if not event.forced else checkout.have_unless_lost(event.base_sha)
    merged = checkout.merged_with(event.sha) if event.is_of_a_merge else None
    return merged or checkout.left(event.base_sha)


def _replaced(event: Event) -> Found:
    why = f"what was there before, {event.base_sha[:12]}, was replaced by a forced push, and the server has it no more"
    return _none(why, expected=True)  # nobody can mend that


def _lock(event: Event, around: Around) -> Found:
    commit = "HEAD" if event.compares_with_itself else _base(event, around)
    if commit is None:
        return _replaced(event)
    path = Path(around.prefix, LOCK_FILE).as_posix()
    if around.checkout.text_at(commit, path) is None:
        where = "this commit" if event.compares_with_itself else f"the base, {commit[:12]}"
        return _none(f"there is no {path} at {where}", _UPDATE, expected=True, commit=commit)
    itself = f"Compared with the lock file of this commit itself: {sentence(event.why_no_base)}."
    note = itself if event.compares_with_itself else ""
    return Found(argument=f"git:{commit}", commit=commit, name=f"git:{event.base_branch or commit[:12]}", note=note)


def _artifact(inputs: Inputs, event: Event, around: Around) -> Found:
    if around.archives is None:
        return _none("there is no token to ask for earlier runs with", "leave github-token: out, or give one")
    try:
        for path in around.archives.report_archives(event.workflow, event.base_branch, inputs.artifact_name):
            report = _unpacked(around.archives.download(path, LARGEST), around.folder / "baseline.json")
            if report is not None:
                return Found(argument=str(report), name=f"artifact {inputs.artifact_name} of {event.base_branch}")
    except ApiFailureError as failure:
        then = "run the job again; it needs permissions: actions: read"
        return _none(f"earlier runs could not be asked for ({failure.problem.what})", then)
    name, branch = inputs.artifact_name, event.base_branch
    why = f"no good run of {event.workflow} on {branch} has an artifact named {name}"
    return _none(why, f"upload the output report under that name on {branch}", expected=True)


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
        return _none(f"there is no base to run: {event.why_no_base}", expected=True)
    commit = _base(event, around)
    if commit is None:
        return _replaced(event)
    with around.checkout.worktree(commit, around.folder / "base") as tree:
        try:
            report = around.run_base(tree / around.prefix)
        except InputError as error:
            why = f"the run on the base gave no report ({error.problems[0].what})"
            places = [Path(around.prefix, name).as_posix() for name in BUDGET_NAMES]
            new = all(
                around.checkout.text_at(commit, place) is None for place in places
            )  # there is no budget there yet
            return _none(why, "see the log of the suite on the base, above", expected=new, commit=commit)
    return Found(argument=str(report), commit=commit, name=f"run of {event.base_branch}@{commit[:7]}")
