"""Which limits are to be raised before an update, and to what: an update accepts increases, and nothing else."""

from collections.abc import Callable, Sequence

from pytest_claude_budget.base.values import value_class

FEW, NAMED, OF_ONE_FILE = 2, 5, 9
"""Limits that are too few to be counted first, and those that are named one by one, shorter where all stand in one file."""
_OF_A_MARK = "claude_budget("
"""How the path of a limit begins that stands in a test's mark."""
_FILES = 2
"""Files with limits to raise that are named."""


@value_class(frozen=True, kw_only=True, slots=True)
class ToRaise:
    """One limit that no baseline can accept."""

    where: str
    """`file:line`, or what else names it."""
    words: str
    """As its file has it, ready to be shown."""
    to: str
    """What to write there instead, ready to be shown: `max_cost: 0.25`; empty where it cannot be told."""
    was: str = ""
    """The number that stands there, in a form that a file takes: who raises a limit is to see by how much."""


def new_text(measure: str, path: str, value: str, *, at_least: bool, show: Callable[[str], str]) -> str:
    """What to write in the line of a limit: `max_cost: 0.25`, `heavy: 400` of a month, `max_cost=0.25` in a test's mark.

    `path` says where in its file the limit is; `value` is a number without signs; `show` shows what came from outside.
    """
    _, monthly, scenario = path.rpartition("max_monthly_cost")
    key = scenario.removeprefix(".") if monthly and scenario.startswith(".") else measure
    text = f"{key}={value}" if path.startswith(_OF_A_MARK) else f"{key}: {value}"
    return f"{show(text)} or more" if at_least else show(text)


def plain_number(dollars_: str) -> str:
    """Dollars for a person as a budget file takes them: `1572` of `$1,572`."""
    return dollars_.replace("$", "").replace(",", "")


def raise_words(limits: Sequence[ToRaise], name: Callable[[str], str]) -> str:
    """`raise budget.yml:4 from 20.00 to max_cost: 32.50`; `name` shows what came from outside."""
    if len(limits) <= FEW:
        return f"raise {listed([_line(each, limits, '', name) for each in limits])}"
    files = {_split(each.where)[0] for each in limits}
    one = files.pop() if len(files) == 1 else ""
    most = OF_ONE_FILE if one else NAMED
    shown = sorted(limits[:most], key=lambda each: int(_split(each.where)[1])) if one else limits[:most]
    said = [_line(each, limits, one, name) for each in shown]
    said += [f"{len(limits) - most:,} more"] if len(limits) > most else []
    return f"raise {len(limits):,} limits{f' in {name(one)}' if one else ''}: {listed(said)}"


def _line(limit: ToRaise, limits: Sequence[ToRaise], file: str, name: Callable[[str], str]) -> str:
    """One limit: its line, and its words too where what to write does not tell it from another."""
    alone = [(each.where, each.to) for each in limits].count((limit.where, limit.to)) == 1
    line = f"line {_split(limit.where)[1]}" if file else name(limit.where)
    to = _joined(f"from {limit.was}" if limit.was else "", f"to {limit.to}") if limit.to else ""
    return _joined(line, "" if alone and to else f"({limit.words})", to)


def places_words(wheres: Sequence[str], name: Callable[[str], str], told: Sequence[str] = ()) -> str:
    """`lines 4, 6 and 12 of budget.yml`; empty of many files. `name` shows what came from outside.

    The file is left out where it is the only one that was `told` before.
    """
    each = list(dict.fromkeys(wheres))
    files = {_split(where)[0] for where in each}
    if not all(files) or len(files) > _FILES:
        return ""
    file = files.pop() if len(files) == 1 else ""
    if file:
        each = sorted((_split(where)[1] for where in each), key=int)
    most = OF_ONE_FILE if file else NAMED
    more = [f"{len(each) - most:,} more"] if len(each) > most else []
    said = listed([*(each[:most] if file else map(name, each[:most])), *more])
    of = "" if [file] == list(told) else f" of {name(file)}"
    return f"{'line' if len(each) == 1 else 'lines'} {said}{of}" if file else said


def files_of(limits: Sequence[ToRaise]) -> list[str]:
    """The files that the limits stand in, each once; none where one is not known, or where they are many."""
    files = list(dict.fromkeys(_split(each.where)[0] for each in limits))
    return files if all(files) and len(files) <= _FILES else []


def update_steps(command: str, files: Sequence[str], raised: int, increases: int, where: str = "") -> tuple[str, str]:
    """What an update accepts once so many limits are raised, and which files are to be committed, the lock file last.

    `where` names the lines of the increases.
    """
    if not raised:
        return f"run {command}", f"commit {listed(files)}"
    others = {0: "", 1: f": the limit on an increase then passes{where}"}
    other = others.get(increases, f": {increases:,} limits on increases then pass{where}")
    unnamed = f" with the raised {'limit' if raised == 1 else 'limits'}" if len(files) == 1 else ""
    return f"run {command}{other}", f"commit {listed(files)}{unnamed}"


def listed(said: Sequence[str]) -> str:
    """`one, another and a third`."""
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"


def _joined(*parts: str) -> str:
    return " ".join(filter(None, parts))


def _split(where: str) -> tuple[str, str]:
    """File and line; no file of what has no line."""
    file, _, line = where.rpartition(":")
    return (file, line) if line.isdecimal() and len(line) < 10 else ("", where)
