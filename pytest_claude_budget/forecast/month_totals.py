"""What all features together cost a month, by scenario."""

from collections.abc import Iterable
from decimal import Decimal

from pytest_claude_budget.base.money import EXACT, ZERO
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.forecast.month_rows import Row


@value_class(frozen=True, kw_only=True, slots=True)
class ScenarioTotal:
    """All features together in one scenario, by the figure that limits judge."""

    scenario: str
    after: Decimal
    """US dollars a month of the features that have a figure."""
    compared_before: Decimal
    """Of the features that have both sides, the baseline's known in full, and whose month is known or known to be dearer."""
    compared_after: Decimal
    increase: tuple[Decimal, Decimal] | None
    """What an increase goes from and to: with the features that are new, from $0.00; None where nothing is known of before."""
    at_least: bool
    """A feature is a lower bound on one of its sides, or has no figure."""
    before_at_least: bool = False
    """One is a lower bound in the baseline."""
    after_at_least: bool = False
    """One is a lower bound in this run, or has no figure."""
    missing: tuple[str, ...] = ()
    """Features without a figure."""


def totals_by_scenario(rows: Iterable[Row]) -> tuple[ScenarioTotal, ...]:
    """Sums over the features, by scenario in the order of the rows."""
    by_scenario: dict[str, list[Row]] = {}
    for row in rows:
        by_scenario.setdefault(row.scenario, []).append(row)
    return tuple(_total(scenario, own) for scenario, own in by_scenario.items())


def _total(scenario: str, rows: Iterable[Row]) -> ScenarioTotal:
    after = compared_before = compared_after = new = ZERO
    compared, unsure, after_at_least, missing = False, False, False, list[str]()
    for row in rows:
        now, then = row.judged, row.judged_before
        unsure, after_at_least = unsure or row.before_at_least, after_at_least or row.after_at_least
        if now is None:
            missing.append(row.feature)
            continue
        after = EXACT.add(after, now)
        new = EXACT.add(new, now) if row.new else new
        both = then is not None and not row.before_at_least  # nothing grows from a lower bound
        compared = compared or row.new or both
        if then is not None and both and not (row.after_at_least and now <= then):  # else what is not known would save
            compared_before, compared_after = EXACT.add(compared_before, then), EXACT.add(compared_after, now)
    return ScenarioTotal(
        scenario=scenario,
        after=after,
        compared_before=compared_before,
        compared_after=compared_after,
        increase=(compared_before, EXACT.add(compared_after, new)) if compared else None,
        at_least=unsure or after_at_least or bool(missing),
        before_at_least=unsure,
        after_at_least=after_at_least or bool(missing),
        missing=tuple(missing),
    )
