"""What each scope of a record came to: the run, and each owner, model, feature and tier, as limits take them."""

from collections.abc import Iterable
from datetime import date

from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.record.record import Group, OwnerRecord, cost_of_group
from pytest_claude_budget.record.totals import Sum, Totals


def scoped_totals(owners: Iterable[OwnerRecord], rates: RateTable, day: date) -> dict[str, dict[str, Totals]]:
    """Totals by scope, then by name, sorted; the run's name is empty, and it is always there."""
    sums: dict[tuple[str, str], Sum] = {("run", ""): Sum()}
    for owner in owners:
        for group in owner.groups:
            totals = _totals(group, rates, day)
            named = (("feature", group.feature), ("tier", group.tier), ("model", group.terms.model or None))
            scopes = [("run", ""), (owner.kind, owner.owner), *((scope, name) for scope, name in named if name)]
            for each in scopes:
                sums.setdefault(each, Sum()).include(totals)
    found: dict[str, dict[str, Totals]] = {}
    for scope, name in sorted(sums):
        found.setdefault(scope, {})[name] = sums[scope, name].totals()
    return found


def _totals(group: Group, rates: RateTable, day: date) -> Totals:
    cost = cost_of_group(group, rates, day)
    spent = cost.amount if group.live else 0 * cost.amount
    unknown = max(group.unknown, int(cost.at_least))
    return Totals(
        calls=group.calls,
        attempts=group.attempts,
        cost=cost.amount,
        spent=spent,
        unknown=unknown,
        unknown_live=unknown if group.live else 0,
        usage=group.usage,
    )
