"""What each scope came to in the baseline.

A limit that was exceeded there already is not held against a change that does not worsen it.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache

from pytest_claude_budget.compare.result import Comparison
from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.record.record import Record
from pytest_claude_budget.record.totals import MEASURED, Totals
from pytest_claude_budget.record.totals_by_scope import scoped_totals

Earlier = Callable[[str, str, str], Decimal | int | None]


def earlier_of(before: Record | None, comparison: Comparison | None, rates: RateTable, day: date) -> Earlier:
    """Tell what a scope, name and measure came to, of the owners that can be compared; None where there was none."""

    @cache
    def scoped() -> Mapping[str, Mapping[str, Totals]]:
        if before is None or comparison is None:
            return {}
        ran = {row.owner for row in comparison.owners if row.is_compared}
        return scoped_totals((owner for owner in before.owners.values() if owner.owner in ran), rates, day)

    def earlier(scope: str, name: str, measure: str) -> Decimal | int | None:
        if measure == "max_spent":
            return None  # a record does not hold what was live
        totals = scoped().get(scope, {}).get(name)
        return None if totals is None else MEASURED[measure](totals)

    return earlier
