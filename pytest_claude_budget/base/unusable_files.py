"""Lock files and reports that cannot be used: what is wrong with one, and what to do about it.

A value is not one that the form allows; a file of one kind stands for another; or git has left a merge to a person, and both sides
are told apart again by the marks that it leaves.
"""

import re

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.base.values import value_class

LOCK_ENDING = ".lock.json"
# Compiled where they are used: few runs have such a file.
_FIRST = r"^<{7}(?: .*)?\r?$"
_MARK = r"(?P<sign>[<|=>])(?P=sign){6}(?: .*)?\r?\n?"
_SIDES = {"<": "ours", "|": "base", "=": "theirs", ">": ""}


@value_class(frozen=True, kw_only=True, slots=True)
class Sides:
    """What a file was on each side."""

    ours: str
    theirs: str
    base: str | None
    """What both come from; None where git was not told to write it (`merge.conflictStyle`)."""


def way_out(shown: str) -> str:
    """What to do about a lock file or a report that cannot be used; `shown` is the file as the user knows it."""
    if shown.startswith("git:"):
        return "name another commit, or a file: this one cannot be mended any more"
    if shown.endswith(LOCK_ENDING):
        return "take it back from git, or remove it and run pytest --claude-budget-update"
    return "write it anew: pytest --claude-budget-report=json:PATH"


def not_allowed(shown: str, where: str, expected: str, got: object) -> InputError:
    """What to raise over a value of a lock file or a report that its form does not allow; `where` is the value's key."""
    what = f"{where[:200]}: expected {expected}, got {repr(got)[:60]}"
    return InputError(Problem(slug="bad-record", where=shown, what=what, hint=way_out(shown)))


def kind_of(value: object) -> str | None:
    """Which of our JSON files plain values are of; None where they are of neither."""
    if not isinstance(value, dict):
        return None
    if "by_owner" in value or "record" in value:
        return "a JSON report"
    return "a lock file" if "owners" in value and "rates_as_of" in value else None


def other_kind(value: object, expected: str, shown: str) -> Problem | None:
    """What to say where one of our files stands for another; None where it does not."""
    kind = kind_of(value)
    if kind is None or kind == expected:
        return None
    return Problem(slug="other-kind", where=shown, what=f"expected {expected}, got {kind}", hint=_USES[kind])


_USES = {
    "a JSON report": "claude-budget gate, compare, explain, project and whatif take it; baseline update makes a lock file of it",
    "a lock file": "claude-budget baseline show, compare, project and whatif take it; pytest --claude-budget-report=json:PATH writes a report",
}


def first_mark(text: str) -> int | None:
    """The line of the first conflict, None where there is none."""
    found = re.search(_FIRST, text, re.MULTILINE) if "<<<<<<<" in text else None
    return None if found is None else text.count("\n", 0, found.start()) + 1


def conflict(text: str, shown: str, hint: str) -> Problem | None:
    """What to say of a file with conflict marks; None where it has none."""
    line = first_mark(text)
    if line is None:
        return None
    what = "expected a merged file, got the conflict marks (<<<<<<<) that git leaves where both sides changed it"
    return Problem(slug="conflict-marks", where=f"{shown}:{line}", what=what, hint=hint)


def sides_of(text: str) -> Sides:
    """What the file was on each side: lines outside of conflicts belong to all."""
    written: dict[str, list[str]] = {"ours": [], "theirs": [], "base": []}
    side, has_base = "", False
    for line in text.splitlines(keepends=True):
        mark = re.fullmatch(_MARK, line)
        if mark is not None and (side or mark["sign"] == "<"):
            side = _SIDES[mark["sign"]]
            has_base = has_base or side == "base"
            continue
        for name, lines in written.items():
            if side in ("", name):
                lines.append(line)
    ours, theirs, base = ("".join(written[name]) for name in ("ours", "theirs", "base"))
    return Sides(ours=ours, theirs=theirs, base=base if has_base else None)
