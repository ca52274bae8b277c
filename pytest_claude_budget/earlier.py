"""What each scope came to in the baseline.

A limit that was exceeded there already is not held against a change that does not worsen it.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache

from pytest_claude_budget.comparison import Comparison, Standing
from pytest_claude_budget.rates import RateTable
from pytest_claude_budget.record import Group, OwnerRecord, Record, cost_of_group
from pytest_claude_budget.totals import Sum, Totals

Earlier = Callable[[str, str, str], Decimal | int | None]


def earlier_of(before: Record | None, comparison: Comparison | None, rates: RateTable, day: date) -> Earlier:
    """Tell what a scope, name and measure came to, of the owners that ran again; None where there was none."""

    @cache
    def sums() -> Mapping[tuple[str, str], Totals]:
        if before is None or comparison is None:
            return {}
        ran = {row.owner for row in comparison.owners if row.standing not in (Standing.REMOVED, Standing.DESELECTED)}
        return _scoped([owner for owner in before.owners.values() if owner.owner in ran], rates, day)

    def earlier(scope: str, name: str, measure: str) -> Decimal | int | None:
        totals = sums().get((scope, name))
        return None if totals is None else totals.measure(measure)

    return earlier


def _scoped(owners: list[OwnerRecord], rates: RateTable, day: date) -> dict[tuple[str, str], Totals]:
    found: dict[tuple[str, str], Sum] = {}
    for owner in owners:
        for group in owner.groups:
            totals = _totals(group, rates, day)
            scopes = [("run", ""), (owner.kind, owner.owner), ("model", group.terms.model)]
            scopes += [(scope, name) for scope, name in (("feature", group.feature), ("tier", group.tier)) if name]
            for scope in scopes:
                found.setdefault(scope, Sum()).include(totals)
    return {scope: added.totals() for scope, added in found.items()}


def _totals(group: Group, rates: RateTable, day: date) -> Totals:
    cost = cost_of_group(group, rates, day)
    unknown = max(group.unknown, int(cost.at_least))
    return Totals(calls=group.calls, attempts=group.attempts, cost=cost.amount, unknown=unknown, usage=group.usage)
