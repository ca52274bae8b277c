"""Which limits are to be raised before an update, and to what: an update accepts increases, and nothing else."""

from collections.abc import Callable, Sequence

from pytest_claude_budget.base.values import value_class

NAMED, EXPLAINED = 5, 2
"""Limits that an advice names by their lines, and those of which it says the words too."""
_FILES = 2
"""Files with limits to raise that are named."""


@value_class(frozen=True, kw_only=True, slots=True)
class ToRaise:
    """One limit that no baseline can accept."""

    where: str
    """`file:line`, or what else names it."""
    words: str
    """As its file has it, ready to be shown."""
    short: str = ""
    """What tells it from another limit of the same line, ready to be shown: a month's scenario, a measure."""
    to: str
    """The least that would hold, ready to be shown: `to $0.25`; empty where it cannot be told."""


def raise_words(limits: Sequence[ToRaise], name: Callable[[str], str], *, words: bool = True) -> str:
    """`raise budget.yml:4 (max_cost 20 for the run) to $32.50`; `name` shows what came from outside.

    Without the words of a limit where they stand beside its line already.
    """
    if len(limits) <= EXPLAINED:
        each_in_words = [_joined(name(each.where), f"({each.words})", each.to) for each in limits]
        said = each_in_words if words else [_line(each, limits, "", name) for each in limits]
        return f"raise {listed(said)}"
    files = {_split(each.where)[0] for each in limits}
    one = files.pop() if len(files) == 1 else ""
    shown = sorted(limits[:NAMED], key=lambda each: int(_split(each.where)[1])) if one else limits[:NAMED]
    said = [_line(each, limits, one, name) for each in shown]
    said += [f"{len(limits) - NAMED:,} more"] if len(limits) > NAMED else []
    return f"raise {len(limits):,} limits{f' in {name(one)}' if one else ''}: {listed(said)}"


def _line(limit: ToRaise, limits: Sequence[ToRaise], file: str, name: Callable[[str], str]) -> str:
    alone = [each.where for each in limits].count(limit.where) == 1
    line = f"line {_split(limit.where)[1]}" if file else name(limit.where)
    return _joined(line, "" if alone or not limit.short else f"({limit.short})", limit.to)


def places_words(wheres: Sequence[str], name: Callable[[str], str]) -> str:
    """`lines 4, 6 and 12 of budget.yml`, five at most; empty of many files. `name` shows what came from outside."""
    each = list(dict.fromkeys(wheres))
    files = {_split(where)[0] for where in each}
    if not all(files) or len(files) > _FILES:
        return ""
    file = files.pop() if len(files) == 1 else ""
    if file:
        each = sorted((_split(where)[1] for where in each), key=int)
    more = [f"{len(each) - NAMED:,} more"] if len(each) > NAMED else []
    said = listed([*(each[:NAMED] if file else map(name, each[:NAMED])), *more])
    return f"{'line' if len(each) == 1 else 'lines'} {said} of {name(file)}" if file else said


def files_of(limits: Sequence[ToRaise]) -> list[str]:
    """The files that the limits stand in, each once; none where one is not known, or where they are many."""
    files = list(dict.fromkeys(_split(each.where)[0] for each in limits))
    return files if all(files) and len(files) <= _FILES else []


def accepting_words(command: str, files: Sequence[str], raised: int, increases: int) -> str:
    """Say what an update accepts once so many limits are raised, and which files are to be committed, the lock file last."""
    if not raised:
        return f"run {command} and commit {listed(files)}"
    others = {0: "", 1: " (it accepts the other one, an increase)"}
    other = others.get(increases, f" (it accepts the other {increases:,}, the increases)")
    unnamed = f" with the raised {'limit' if raised == 1 else 'limits'}" if len(files) == 1 else ""
    return f"run {command}{other} and commit {listed(files)}{unnamed}"


def listed(said: Sequence[str]) -> str:
    """`one, another and a third`."""
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"


def _joined(*parts: str) -> str:
    return " ".join(filter(None, parts))


def _split(where: str) -> tuple[str, str]:
    """File and line; no file of what has no line."""
    file, _, line = where.rpartition(":")
    return (file, line) if line.isdecimal() and len(line) < 10 else ("", where)
