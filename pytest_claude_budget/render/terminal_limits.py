"""The limits that a run reached, in lines for a terminal: one line each, however many tests are over it; and what to do."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from pytest_claude_budget.base.money import dollars_against
from pytest_claude_budget.judge.acceptable import steps_before
from pytest_claude_budget.judge.increases import INCREASES, Breach
from pytest_claude_budget.judge.report import CostReport
from pytest_claude_budget.render.sentences import breach_line, limit_words, short_breach
from pytest_claude_budget.render.terminal_text import counted, printable

_NAMED = 3
"""Tests over one limit, and limits to raise, that are named."""
UPDATE = "pytest --claude-budget-update"


def limit_lines(breaches: Iterable[Breach], before: str = "") -> list[str]:
    """A line a limit, those of the run first, then those that are exceeded the farthest; `before` begins each."""
    return [f"{before}{_line(rows)}" for rows in _by_limit(breaches)]


def short_lines(breaches: Iterable[Breach]) -> list[tuple[str, str]]:
    """Where each limit stands, and what is over it in a few words, in the order of `limit_lines`."""
    return [(rows[0].where, short_breach(rows[0]) if len(rows) == 1 else _many(rows)) for rows in _by_limit(breaches)]


def _by_limit(breaches: Iterable[Breach]) -> list[list[Breach]]:
    found: dict[tuple[str, str, str], list[Breach]] = {}
    for breach in breaches:
        found.setdefault((breach.scope, breach.path, breach.where), []).append(breach)
    each = [sorted(rows, key=_excess, reverse=True) for rows in found.values()]
    order = ("run", "projection")
    return sorted(
        each, key=lambda rows: (order.index(rows[0].scope) if rows[0].scope in order else 2, -_excess(rows[0]))
    )


def _excess(breach: Breach) -> Decimal:
    """How many times the limit; what grew from nothing is beyond any."""
    if breach.value is None:
        return Decimal("Infinity")
    return Decimal(breach.value) / Decimal(breach.maximum) if breach.maximum else Decimal("Infinity")


def _line(breaches: Sequence[Breach]) -> str:
    first = breaches[0]
    if len(breaches) == 1:
        return breach_line(first)
    named = ", ".join(f"{printable(each.name, 120)} ({_value(each)})" for each in breaches[:_NAMED])
    more = f" and {len(breaches) - _NAMED:,} more" if len(breaches) > _NAMED else ""
    return f"{first.where}: {_many(breaches)}: most {named}{more}"


def _many(breaches: Sequence[Breach]) -> str:
    first = breaches[0]
    over = "close to" if first.warns or (first.value is not None and first.value <= first.maximum) else "over"
    return f"{counted(len(breaches), first.scope)} {over} {limit_words(first)}"


def _value(breach: Breach) -> str:
    if breach.value is None:
        return "from $0.00"
    if breach.measure in INCREASES:
        return f"+{breach.value}%"
    if isinstance(breach.value, Decimal):
        least = "at least " if breach.at_least else ""
        return least + dollars_against(breach.value, Decimal(breach.maximum))
    return f"{breach.value:,}"


def hint(report: CostReport) -> str:
    """Say what to do about breaches: an increase may be accepted, a limit only raised; each by its own line and words."""
    breaches = report.verdict.breaches
    fixed = [rows[0] for rows in _by_limit(each for each in breaches if each.measure not in INCREASES)]
    raised = [f"raise {_named(fixed)}"] if fixed else []
    if all(breach.measure not in INCREASES for breach in breaches):
        return f"  hint: make the calls cheaper, or {raised[0]}   [over-limit]"
    before = steps_before(report)
    steps = ", then ".join([*before, *raised, UPDATE])
    return f"  hint: if this is on purpose, {'' if fixed or before else 'accept it: '}{steps}   [over-limit]"


def _named(fixed: Sequence[Breach]) -> str:
    said = [f"{breach.where} ({limit_words(breach)})" for breach in fixed[:_NAMED]]
    if len(fixed) > _NAMED:
        said.append(f"{len(fixed) - _NAMED:,} more of the limits above")
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"


def update_words(report: CostReport, does: str) -> str:
    """`pytest --claude-budget-update writes one`, with what has to be done before: it would else be refused."""
    fixed = any(breach.measure not in INCREASES for breach in report.verdict.breaches)
    over = ["see to the limits below"] if fixed else []
    return ", then ".join([*steps_before(report), *over, f"{UPDATE} {does}"])
