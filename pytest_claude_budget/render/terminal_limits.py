"""The limits that a run reached, in lines for a terminal: one line each, however many tests are over it; and what to do."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from pytest_claude_budget.base.money import ZERO, dollars, dollars_against, dollars_holding, exact_dollars, to_json
from pytest_claude_budget.judge.acceptable import steps_before
from pytest_claude_budget.judge.increases import INCREASES, Breach
from pytest_claude_budget.judge.report import CostReport
from pytest_claude_budget.record.record import LOCK_FILE
from pytest_claude_budget.render.phrases import nearness, place_of_limit
from pytest_claude_budget.render.raising import ToRaise, files_of, new_text, plain_number, raise_words, update_steps
from pytest_claude_budget.render.sentences import SINCE, UNITS, amounts_of, breach_line, is_at, limit_words, whose_of
from pytest_claude_budget.render.terminal_text import UPDATE, counted, printable, told

_NAMED = 3
"""Tests over one limit that are all named; of more, only the farthest is."""
_LAST_LINE = 80 - len("OVER ") - len(" - ") - len(": ") - len("...")
"""Columns of a line of pytest's short summary for a place, a name and figures."""
_FEWEST = 12
"""Columns that a name takes at least, to be known."""


def limit_lines(breaches: Iterable[Breach], before: str = "") -> list[str]:
    """A line a limit: those of the run, those of months, then the others, the farthest exceeded first; `before` begins each."""
    return [f"{before}{_line(rows)}" for rows in _by_limit(breaches)]


def warning_lines(warnings: Iterable[Breach]) -> list[str]:
    """The same of what is not over, each with where it is: else it looks like a limit that is exceeded."""
    return [f"{_nearness(rows)} a limit: {_line(rows)}" for rows in _by_limit(warnings)]


def _nearness(breaches: Sequence[Breach]) -> str:
    at, above = sum(map(is_at, breaches)), sum(each.only_warns for each in breaches)
    return nearness(at, len(breaches) - at - above, above)


def short_lines(breaches: Iterable[Breach]) -> list[tuple[str, str]]:
    """Where each limit stands, and what is over it in a few words, in the order of `limit_lines`.

    pytest cuts its last lines off at the terminal's width: of 80 columns, whose it is, the figure and the limit are
    before that; what explains them, and the whole of a long name, comes after.
    """
    return [(rows[0].where, _short(rows)) for rows in _by_limit(breaches)]


def _short(breaches: Sequence[Breach]) -> str:
    first = breaches[0]
    figures = f"{_value(first)}, limit {_maximum(first)}"
    if len(breaches) > 1:
        return f"{_counted(breaches)}, up to {figures}"
    whose, more = _subject(first), SINCE.get(first.since, "")
    room = _LAST_LINE - len(first.where) - len(figures)
    full = printable(first.name, 200) if first.scope in ("test", "fixture") else whose
    shown = printable(whose, room) if room >= _FEWEST else full
    said = f"{shown}: {figures}" if room >= _FEWEST else f"{figures}: {shown}"
    grown = first.measure in INCREASES and first.value is not None
    behind = [" → ".join(amounts_of(first))] * grown + [full] * (full != shown)
    return f"{said}{more}" + (f" ({', '.join(behind)})" if behind else "")


def _subject(breach: Breach) -> str:
    """Whose it is, a test by its name alone."""
    if breach.scope in ("test", "fixture"):
        return printable(breach.name.partition("::")[2] or breach.name, 200)
    return whose_of(breach)


def _by_limit(breaches: Iterable[Breach]) -> list[list[Breach]]:
    found: dict[tuple[str, str, str], list[Breach]] = {}
    for breach in breaches:
        found.setdefault((breach.scope, breach.path, breach.where), []).append(breach)
    each = [sorted(rows, key=_excess, reverse=True) for rows in found.values()]
    return sorted(each, key=_place)


def _place(rows: Sequence[Breach]) -> tuple[tuple[int, int], Decimal]:
    place = place_of_limit(rows[0].scope, rows[0].measure)
    return place, ZERO if rows[0].scope in ("run", "projection") else -_excess(rows[0])


def _excess(breach: Breach) -> Decimal:
    """How many times the limit; what grew from nothing is beyond any."""
    if breach.value is None:
        return Decimal("Infinity")
    return Decimal(breach.value) / Decimal(breach.maximum) if breach.maximum else Decimal("Infinity")


def _line(breaches: Sequence[Breach]) -> str:
    first = breaches[0]
    if len(breaches) == 1:
        return breach_line(first)
    shown = breaches if len(breaches) <= _NAMED else breaches[:1]
    named = ", ".join(f"{printable(each.name, 120)} ({_value(each)})" for each in shown)
    return f"{first.where}: {_many(breaches)}, the farthest {named}"


def _many(breaches: Sequence[Breach]) -> str:
    first = breaches[0]
    warned = first.warns or (first.value is not None and first.value <= first.maximum)
    over = _nearness(breaches) if warned else "over"
    limit = replace(first, name="") if first.scope == "projection" else first  # it is for all of them
    return f"{_counted(breaches)} {over} {limit_words(limit)}"


def _counted(breaches: Sequence[Breach]) -> str:
    scope = breaches[0].scope
    return counted(len(breaches), "month" if scope == "projection" else scope)


def _maximum(breach: Breach) -> str:
    if breach.measure in INCREASES:
        return f"+{to_json(Decimal(breach.maximum))}%"
    return f"{breach.maximum:,}" if breach.measure in UNITS else exact_dollars(Decimal(breach.maximum))


def _value(breach: Breach) -> str:
    if breach.value is None:
        return f"from $0.00 to {dollars(breach.after or ZERO)}"
    least = "at least " if breach.at_least else ""
    if breach.measure in INCREASES:
        return f"{least}+{breach.value}%"
    if breach.measure in UNITS:
        return least + counted(int(breach.value), UNITS[breach.measure])
    return least + dollars_against(Decimal(breach.value), Decimal(breach.maximum))


PASS, ACCEPT = "to pass", "to accept"
"""Titles of what to do."""
_ONE_LINE = 2
"""Steps that are said in one line."""


def hint(report: CostReport) -> list[str]:
    """Say what to do about breaches: an increase may be accepted, a limit only raised; and what is to be committed then."""
    breaches = report.verdict.breaches
    fixed = [_to_raise(rows[0]) for rows in _by_limit(each for each in breaches if each.measure not in INCREASES)]
    raised = [raise_words(fixed, _name)] if fixed else []
    if all(each.measure not in INCREASES for each in breaches):
        return told(PASS, [f"make the calls cheaper, or {raised[0]}   [over-limit]"])
    files = [*map(_name, files_of(fixed)), LOCK_FILE]
    increases = sum(1 for _ in _by_limit(each for each in breaches if each.measure in INCREASES))
    update, commit = update_steps(UPDATE, files, len(fixed), increases)
    command, _, passes = update.removeprefix("run ").partition(": ")
    update = f"{command} ({passes})" if passes else command
    steps = [*_before(report), *raised, update, f"{commit}   [over-limit]"]
    return told(ACCEPT, steps if len(steps) > _ONE_LINE else [", then ".join(steps)], numbered=True)


def _name(name: str) -> str:
    return printable(name, 120)


def _to_raise(farthest: Breach) -> ToRaise:
    most = farthest.maximum
    was = f"{most}" if farthest.measure in UNITS else plain_number(exact_dollars(Decimal(most)))
    return ToRaise(where=farthest.where, words=limit_words(farthest), to=_enough(farthest), was=was)


def _enough(farthest: Breach) -> str:
    value = farthest.value or 0
    needed = f"{value}" if farthest.measure in UNITS else plain_number(dollars_holding(Decimal(value)))
    return new_text(farthest.measure, farthest.path, needed, at_least=farthest.at_least, show=printable)


def update_words(report: CostReport, does: str) -> str:
    """`pytest --claude-budget-update writes one`, with what has to be done before: it would else be refused."""
    fixed = any(breach.measure not in INCREASES for breach in report.verdict.breaches)
    over = ["see to the limits below"] if fixed else []
    return ", then ".join([*_before(report), *over, f"{UPDATE} {does}"])


def _before(report: CostReport) -> list[str]:
    return [printable(step, 200) for step in steps_before(report)]
