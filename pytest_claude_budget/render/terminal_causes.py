"""Why a run is over its limits, in dollars, and what would bring it down again: a line each, at the end of a run."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal

from pytest_claude_budget.base.money import dollars_moved
from pytest_claude_budget.compare.result import Comparison, OwnerChange, Standing
from pytest_claude_budget.judge.increases import Breach
from pytest_claude_budget.judge.report import CostReport
from pytest_claude_budget.render.groups import NEW, Group, also_words, grouped, kind_words, of_each
from pytest_claude_budget.render.moved_owners import moved_by
from pytest_claude_budget.render.phrases import signed, with_part
from pytest_claude_budget.render.remedies import (
    NOBODY_KNOWS,
    Above,
    Dearer,
    Step,
    above_increase,
    as_far_as_needed,
    of_step,
    remedies,
)
from pytest_claude_budget.render.terminal_text import counted, printable, told

MOST_CAUSES = 3
"""Causes that are named; what else moved stands in the comparison."""
DOWN = "to bring it down"
"""The title of what would."""
_NAME = 40
_SENTENCE = 120
"""Characters of a cause."""


def why(report: CostReport) -> list[str]:
    """The causes that account for most of what fails, a line each; none where nothing became dearer."""
    said = causes_told(report)
    more, whole = _in_all(report)
    return told("why", [*said, *([f"{more}in all {whole}"] if whole else [])]) if said else []


def causes_told(report: CostReport) -> list[str]:
    """The same without a title: the largest first."""
    return [": ".join(filter(None, parts)) for parts in causes_in_two(report)]


def causes_in_two(report: CostReport, name: Callable[[str], str] | None = None) -> list[tuple[str, str]]:
    """By how much what moved, and why; `name` shows a single test otherwise. A name may hold whatever stands between the two."""
    shown = name or (lambda owner: printable(owner, _SENTENCE))
    return [main_cause(group, shown) for group in _dearer_groups(report)[:MOST_CAUSES]]


def _in_all(report: CostReport) -> tuple[str, str]:
    """How many causes have no line, and what all together come to where one line does not say it."""
    groups, comparison = _dearer_groups(report), report.comparison
    alone = len(groups) == 1 and len(groups[0].rows) == 1
    if not groups or alone or comparison is None or comparison.at_least or _single(report) is not None:
        return "", ""
    *_, change = dollars_moved(comparison.before, comparison.after)  # as beside the two, at the comparison
    more = f"with {counted(len(groups) - MOST_CAUSES, 'more cause')}, " if len(groups) > MOST_CAUSES else ""
    return more, with_part(change, comparison.change, comparison.before)


def main_cause(group: Group, shown: Callable[[str], str]) -> tuple[str, str]:
    """`+$0.048 in 24 tests` and `model claude-haiku-4-5 → claude-sonnet-4-6`; of what is new, the first says all."""
    many, name = len(group.rows), shown(group.rows[0].owner)
    if group.kind == NEW:
        return f"{signed(group.change)} in {f'{name}, which is new' if many == 1 else counted(many, 'new test')}", ""
    text = kind_words(group.kind, (row.text for row in group.rows)) if group.example else group.text
    if many > 1:
        return f"{signed(group.change)} in {many:,} tests", f"{printable(of_each(text), _SENTENCE)}{_also(group)}"
    return f"{signed(group.change)} in {name}", f"{printable(text, _SENTENCE)}{_also(group)}"


def _also(group: Group) -> str:
    """What else moved the same tests: a step against it may be advised below, and its dollars are in the sum."""
    return "".join(f"; also {printable(text, _SENTENCE)}" for text in also_words(group, 1))


def down(report: CostReport) -> list[str]:
    """What would bring down what fails for its cost, a line for each step; none where nothing is known to."""
    steps, enough = steps_down(report)
    if not steps:
        return []
    said = [f"{printable(step.words, 160)} ({of_step(step, _name(step.owners[0]))})" for step in steps]
    if len(said) == 1:
        return told(DOWN, [f"{said[0]}; {enough}"])
    return told(DOWN, [*said, enough])


def steps_down(report: CostReport) -> tuple[Sequence[Step], str]:
    """The steps of `down`, and whether they are enough; no step where none is known."""
    causes = list(_dearer(_rows(report)))
    steps: Sequence[Step] = remedies(causes)
    if not steps or report.comparison is None:
        return (), ""
    known = not (report.comparison.at_least or report.verdict.capped)  # what was refused is not in the cost
    limits = [_above(each, report.comparison) if known else NOBODY_KNOWS for each in report.verdict.breaches]
    return as_far_as_needed(steps, causes, limits)


def _name(owner: str) -> str:
    return printable(owner.partition("::")[2] or owner, _NAME)


def _above(breach: Breach, comparison: Comparison) -> Above:
    """The limit in dollars; of calls, tokens and months nobody knows what a step does to them."""
    scope, name, most = breach.scope, breach.name, Decimal(breach.maximum)
    if breach.measure == "max_increase" and breach.before is not None and breach.after is not None:
        rows = [row for row in comparison.owners if scope == "run" or row.owner == name]
        sides = (comparison.before, comparison.after) if scope == "run" else (breach.before, breach.after)
        sides = (rows[0].before, rows[0].after) if rows and scope != "run" else sides
        drawn = ((row.judged, row.change) for row in rows if row.is_compared)
        return above_increase(scope, name, sides, most, drawn)
    if breach.measure != "max_cost" or breach.value is None:
        return NOBODY_KNOWS
    return Above(scope=scope, name=name, cost=Decimal(breach.value), most=most)


def _dearer_groups(report: CostReport) -> list[Group]:
    return [group for group in grouped(map(moved_by, _rows(report))) if group.change > 0]


def _rows(report: CostReport) -> Sequence[OwnerChange]:
    """What moved of what is over: of single tests alone where nothing else is. Of what is not known nobody can say why."""
    if not report.verdict.breaches or report.comparison is None:
        return ()
    names = _single(report)
    rows = [row for row in report.comparison.owners if names is None or row.owner in names]
    return [row for row in rows if row.change and row.standing.ran and not (row.noise or row.at_least or row.not_known)]


def _single(report: CostReport) -> set[str] | None:
    """The tests and fixtures that are over a limit; None where something else is, too."""
    breaches = report.verdict.breaches
    return {each.name for each in breaches} if all(each.scope in ("test", "fixture") for each in breaches) else None


def _dearer(rows: Iterable[OwnerChange]) -> Iterator[Dearer]:
    for row in rows:
        if row.standing is Standing.NEW:
            yield Dearer(kind=NEW, amount=row.change, text=row.kind, owner=row.owner)
        for cause in row.causes:
            text, in_part = cause.first or cause.text, bool(cause.first)
            yield Dearer(kind=cause.cause, amount=cause.amount, text=text, owner=row.owner, in_part=in_part)
