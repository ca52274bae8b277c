"""What each scope of a record came to: the run, and each owner, model, feature and tier, as limits take them."""

from collections.abc import Iterable, Iterator
from datetime import date
from operator import itemgetter

from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.record.record import Group, OwnerRecord, cost_of_group
from pytest_claude_budget.record.totals import Totals, added_by_name


def scoped_totals(owners: Iterable[OwnerRecord], rates: RateTable, day: date) -> dict[str, dict[str, Totals]]:
    """Totals by scope, then by name, sorted; the run's name is empty, and it is always there."""
    added = {("run", ""): Totals(), **added_by_name(_scopes(owners, rates, day))}
    found: dict[str, dict[str, Totals]] = {}
    for (scope, name), totals in sorted(added.items(), key=itemgetter(0)):
        found.setdefault(scope, {})[name] = totals
    return found


def _scopes(owners: Iterable[OwnerRecord], rates: RateTable, day: date) -> Iterator[tuple[tuple[str, str], Totals]]:
    """The totals of each group, under every scope and name that it is part of."""
    for owner in owners:
        for group in owner.groups:
            totals = _totals(group, rates, day)
            yield ("run", ""), totals
            yield (owner.kind, owner.owner), totals
            for scope, name in (("feature", group.feature), ("tier", group.tier), ("model", group.terms.model)):
                if name:
                    yield (scope, name), totals


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
