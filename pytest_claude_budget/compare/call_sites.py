"""Which code of the user's a change comes from: the dollars of each owner's change, by the call sites of its calls.

A group of calls is nearly always of one site. Where it is of several, they share its cost by their numbers of answers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Context, Decimal

from pytest_claude_budget.base.money import EXACT, ZERO
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.compare.result import OwnerChange, SiteChange
from pytest_claude_budget.compare.shapley import Prices
from pytest_claude_budget.record.record import OwnerRecord, cost_of_group
from pytest_claude_budget.record.sites import Lines

_SMALLEST = Decimal("0.000000000001")
_WIDE = Context(prec=400, rounding=ROUND_HALF_EVEN)
_NOWHERE = ""
"""The site of calls that have none."""


@value_class(frozen=True, kw_only=True, slots=True)
class OfOwner:
    """The two sides of an owner whose change is known."""

    row: OwnerChange
    before: OwnerRecord
    after: OwnerRecord


def site_changes(owners: Iterable[OfOwner], prices: Prices, lines: Lines) -> tuple[SiteChange, ...]:
    """What each site's calls cost more or less, the largest change first."""
    amounts: dict[str, Decimal] = {}
    moved: dict[str, int] = {}
    for owner in owners:
        for site, change in changes_of(owner, prices).items():
            amounts[site] = EXACT.add(amounts.get(site, ZERO), change)
            moved[site] = moved.get(site, 0) + 1
    rows = (_row(site, amount, moved[site], lines) for site, amount in amounts.items() if amount)
    return tuple(sorted(rows, key=lambda row: (-row.change.copy_abs(), row.file, row.function)))


def with_site(owner: OfOwner, prices: Prices, lines: Lines) -> OwnerChange:
    """The owner's change with the site that moved it most, in its own direction."""
    sign = 1 if owner.row.change > 0 else -1
    changes = changes_of(owner, prices)
    most = max(changes, key=lambda site: (sign * changes[site], site), default=None)
    if most is None or sign * changes[most] <= 0:
        return owner.row
    return replace(owner.row, site=_row(most, changes[most], 1, lines))


def changes_of(owner: OfOwner, prices: Prices) -> Mapping[str, Decimal]:
    """What each site's calls cost one owner more or less. Nothing where one side does not tell, unless there is one site alone."""
    before, after = (_costs(side, prices) for side in (owner.before, owner.after))
    there, now = before.keys() - {_NOWHERE}, after.keys() - {_NOWHERE}
    if not there:
        return {next(iter(now)): owner.row.change} if len(now) == len(after) == 1 else {}
    if not now:
        return {}
    gone, come = there - now, now - there
    if len(gone) == len(come) == 1:  # it has another name or place
        before[come.pop()] = before.pop(gone.pop())
    sites = sorted({*before, *after} - {_NOWHERE})
    changes = {site: EXACT.subtract(after.get(site, ZERO), before.get(site, ZERO)) for site in sites}
    return {site: change for site, change in changes.items() if change}


def _costs(owner: OwnerRecord, prices: Prices) -> dict[str, Decimal]:
    """What an owner's calls cost, by their sites."""
    costs: dict[str, Decimal] = {}
    for group in owner.groups:
        amount = cost_of_group(group, prices.rates, prices.day).amount
        for site, share in _shares(amount, group.sites or ((_NOWHERE, 1),)):
            costs[site] = EXACT.add(costs.get(site, ZERO), share)
    return costs


def _shares(amount: Decimal, sites: Iterable[tuple[str, int]]) -> list[tuple[str, Decimal]]:
    """An amount by numbers of answers, to the last digit: what rounding leaves over goes to the first."""
    (first, _), *others = sites
    if not others:
        return [(first, amount)]
    whole = sum(count for _, count in sites) or 1
    shares = [
        (site, _WIDE.divide(_WIDE.multiply(amount, count), whole).quantize(_SMALLEST, context=_WIDE))
        for site, count in others
    ]
    return [(first, EXACT.subtract(amount, sum((share for _, share in shares), ZERO))), *shares]


def _row(site: str, change: Decimal, owners: int, lines: Lines) -> SiteChange:
    file, _, function = site.rpartition(" ")
    return SiteChange(file=file, function=function, line=lines.get((file, function)), change=change, owners=owners)
