"""The action's inputs, from the step's environment to checked values."""

from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import PurePosixPath
from typing import TypeVar

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.github.comment_mode import DEFAULT_TAG, Mode
from pytest_claude_budget.github.which_comment import LONGEST_TITLE, TAG

PREFIX = "BUDGET_INPUT_"
"""Before each input's name in the environment of the step: `fail-on` is `BUDGET_INPUT_FAIL_ON`."""


class BaselineKind(Enum):
    """What a report is compared with."""

    LOCK = "lock"
    ARTIFACT = "artifact"
    BASE_RUN = "base-run"
    NONE = "none"


class FailOn(Enum):
    """Which verdicts fail the step."""

    OVER = "over"
    INCOMPLETE = "incomplete"
    NEVER = "never"


_Choice = TypeVar("_Choice", Mode, BaselineKind, FailOn)


@value_class(frozen=True, kw_only=True, slots=True)
class Inputs:
    """What the workflow says under `with:`."""

    report: str = ""
    """Paths or globs, one a line, below the working directory; empty for the one that `run` writes."""
    run: str = ""
    budget: str = ""
    baseline: BaselineKind = BaselineKind.LOCK
    comment: Mode = Mode.UPDATE
    fail_on: FailOn = FailOn.INCOMPLETE
    title: str = ""
    tag: str = DEFAULT_TAG
    accept_label: str = ""
    artifact: str = ""
    working_directory: str = "."
    token: str = ""

    @property
    def artifact_name(self) -> str:
        """Under which the workflow uploads the report: of its own for each budget."""
        return self.artifact or ("claude-budget" if self.tag == DEFAULT_TAG else f"claude-budget-{self.tag}")


def inputs_from(environ: Mapping[str, str]) -> Inputs:
    """Read them all; raises InputError with everything that is wrong."""
    problems: list[Problem] = []
    get = {name: environ.get(f"{PREFIX}{name}", "").strip() for name in _NAMES}
    inputs = Inputs(
        report=get["REPORT"],
        run=environ.get(f"{PREFIX}RUN", ""),
        budget=_inside("budget", get["BUDGET"], problems),
        baseline=_one_of("baseline", BaselineKind, get["BASELINE"], BaselineKind.LOCK, problems),
        comment=_one_of("comment", Mode, get["COMMENT"], Mode.UPDATE, problems),
        fail_on=_one_of("fail-on", FailOn, get["FAIL_ON"], FailOn.INCOMPLETE, problems),
        title=_title(get["TITLE"], problems),
        tag=_tag(get["TAG"], problems),
        accept_label=get["ACCEPT_LABEL"],
        artifact=get["ARTIFACT"],
        working_directory=_inside("working-directory", get["WORKING_DIRECTORY"] or ".", problems),
        token=get["GITHUB_TOKEN"],
    )
    if inputs.baseline is BaselineKind.BASE_RUN and not inputs.run.strip():
        hint = "write the command that runs the tests under run:, or choose another baseline"
        problems.append(_bad("baseline", "base-run needs a command to run on the base", hint))
    if problems:
        raise InputError(*problems)
    return inputs


_NAMES = (
    *("REPORT", "BUDGET", "BASELINE", "COMMENT", "FAIL_ON", "TITLE", "TAG", "ACCEPT_LABEL", "ARTIFACT"),
    *("WORKING_DIRECTORY", "GITHUB_TOKEN"),
)


def _bad(name: str, what: str, hint: str) -> Problem:
    return Problem(slug="bad-input", where=f"input {name}", what=what, hint=hint)


def _one_of(name: str, kind: type[_Choice], text: str, default: _Choice, problems: list[Problem]) -> _Choice:
    if not text:
        return default
    allowed: Iterable[_Choice] = kind
    for each in allowed:
        if each.value == text:
            return each
    words = ", ".join(str(each.value) for each in allowed)
    problems.append(_bad(name, f"expected one of {words}, got {text[:40]!r}", "correct it in the workflow file"))
    return default


def _inside(name: str, text: str, problems: list[Problem]) -> str:
    """A path below the workspace, in the form of the repository."""
    path = PurePosixPath(text.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        hint = "write it relative to the top of the repository"
        problems.append(_bad(name, f"expected a path below the workspace, got {text[:80]!r}", hint))
    return text


def _tag(text: str, problems: list[Problem]) -> str:
    if text and not TAG.fullmatch(text):
        hint = "use letters, digits, dots, underscores and hyphens, 50 at most"
        problems.append(_bad("tag", f"expected a short name such as api, got {text[:60]!r}", hint))
    return text or DEFAULT_TAG


def _title(text: str, problems: list[Problem]) -> str:
    if len(text) > LONGEST_TITLE or not text.isprintable():
        hint = f"use one line of {LONGEST_TITLE} characters at most"
        problems.append(_bad("title", f"expected a short line, got {text[:60]!r}", hint))
    return text
