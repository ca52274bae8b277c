"""What a run used, as counts that can be priced again: the form of lock files, and of every comparison.

Calls of one owner that were asked alike and are priced alike are one group. Nothing here depends on the order of the
calls or on who ran them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from pytest_claude_budget.base.money import EXACT, ZERO
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.call import Usage, summed
from pytest_claude_budget.pricing.in_force import InForce, Refusal, add_others, add_tokens, in_force
from pytest_claude_budget.pricing.rates import RateTable

LOCK_FILE = "claude-budget.lock.json"
"""The file at pytest's rootdir that a record is committed in, as the baseline of later runs."""
OWNER_KINDS = ("test", "fixture", "outside")
"""Who may pay for a call; `outside` is what is called at import or collection."""


class Terms(NamedTuple):
    """All that decides at which rates tokens are priced, but for the day. A tuple, since each group is looked up by it."""

    model: str
    """As the rate table names it; where it knows none, as the answer spells it."""
    speed: str | None = None
    geo: str | None = None
    tier: str | None = None
    batch: bool = False
    regional: bool = False
    long_prompt: bool = False
    """Priced at the rates of prompts above the model's threshold."""


@value_class(frozen=True, kw_only=True, slots=True)
class Samples:
    """The spread of the output tokens of a group over live runs; whole numbers, so that files stay the same."""

    count: int
    total: int
    squares: int
    """Sum of the squares."""
    others: tuple[tuple[str, int, int], ...] = ()
    """Name, sum and sum of squares of `calls` and of each other count that varied; what is not named never did."""

    @property
    def mean(self) -> float:
        """Output tokens a run."""
        return self.total / self.count

    @property
    def variance(self) -> float:
        """Of a single run, with n - 1; 0 for a single sample."""
        return self._variance(self.total, self.squares)

    def of(self, name: str) -> tuple[float, float] | None:
        """The mean and the variance of another count that varied; None of one that never did."""
        for known, total, squares in self.others:
            if known == name:
                return total / self.count, self._variance(total, squares)
        return None

    def _variance(self, total: int, squares: int) -> float:
        if self.count < 2:
            return 0.0
        return max(0.0, (squares - total * total / self.count) / (self.count - 1))


Sites = tuple[tuple[str, int], ...]
"""Call sites without their lines, `helpdesk/replies.py Desk.reply`, each with its number of answers; sorted."""


@value_class(frozen=True, slots=True)
class Group:
    """Calls of one owner that were asked alike and are priced alike.

    Made by keywords, but where a run's calls become groups: there they would take twice as long.
    """

    terms: Terms
    on_top: str = ""
    """What it is where it comes on top of the answers' own counts, such as `compaction`; its calls are 0."""
    request: str | None = None
    """Fingerprints of the requests (wire/requests.py); None where they could not be read."""
    feature: str | None = None
    tier: str | None = None
    """The customer's, not the service's."""
    case: str | None = None
    calls: int = 0
    attempts: int = 0
    """Calls and the tries that failed."""
    live: int = 0
    """Calls that reached a remote host."""
    unknown: int = 0
    """Calls whose cost is not known, or not in full."""
    usage: Usage = Usage()
    samples: Samples | None = None
    """Only in a baseline, and only of live runs."""
    sites: Sites = field(default=(), compare=False)
    """Where in the user's code the calls come from. No part of what was used: who renames a function changes no cost."""

    @property
    def key(self) -> "Key":
        """What makes calls alike."""
        return (self.terms, self.on_top, self.request, self.feature, self.tier, self.case, self.live > 0)


Key = tuple[Terms, str, str | None, str | None, str | None, str | None, bool]


@value_class(frozen=True, kw_only=True, slots=True)
class OwnerRecord:
    """What one owner used."""

    owner: str
    kind: str
    """`test`, `fixture` or `outside`."""
    groups: tuple[Group, ...]
    """In a fixed order."""
    benchmark: bool = False
    """It was repeated by a benchmark: `groups` has one call of each kind."""

    @property
    def calls(self) -> int:
        """Answers that were billed or could be."""
        return sum(group.calls for group in self.groups)

    @property
    def attempts(self) -> int:
        """Calls and the tries that failed."""
        return sum(group.attempts for group in self.groups)

    @property
    def usage(self) -> Usage:
        """All counts."""
        return summed([group.usage for group in self.groups])


@value_class(frozen=True, kw_only=True, slots=True)
class Record:
    """What a run used, by owner."""

    rates_as_of: date
    """The day on which the table that priced it was checked."""
    owners: Mapping[str, OwnerRecord]
    """By the owner's id, sorted."""

    def without_owners(self) -> "Record":
        """An empty record of the same rates."""
        return replace(self, owners={})


@value_class(frozen=True, kw_only=True, slots=True)
class Cost:
    """What counts cost at one table on one day."""

    amount: Decimal = ZERO
    """US dollars at list price."""
    at_least: bool = False
    """A lower bound: something in it is not priced, or not in full."""

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(amount=EXACT.add(self.amount, other.amount), at_least=self.at_least or other.at_least)


def cost_of_group(group: Group, rates: RateTable, day: date) -> Cost:
    """What a group costs; where its model has no rates, a lower bound of nothing."""
    held = rates_of_terms(group.terms, rates, day)
    if isinstance(held, Refusal):
        return Cost(amount=ZERO, at_least=bool(group.calls or group.usage != Usage()))
    return Cost(amount=amount_of(group.usage, held, long_prompt=group.terms.long_prompt), at_least=group.unknown > 0)


def cost_of_owner(owner: OwnerRecord, rates: RateTable, day: date) -> Cost:
    """What an owner's calls cost."""
    costs = [cost_of_group(group, rates, day) for group in owner.groups]
    return costs[0] if len(costs) == 1 else sum(costs, Cost())


def amount_of(usage: Usage, held: InForce, *, long_prompt: bool) -> Decimal:
    """What counts cost at rates in force."""
    each = (held.high or held.low).each if long_prompt else held.low.each
    return add_others(add_tokens(ZERO, usage, each), usage, held)


@lru_cache(maxsize=4096)
def rates_of_terms(terms: Terms, rates: RateTable, day: date) -> InForce | Refusal:
    """The rates of a group on a day, or why there are none."""
    return in_force(rates, day, terms.model, None, (terms.speed, terms.geo, terms.tier, terms.batch, terms.regional))


class _InOrder(tuple[Group, ...]):
    """Groups that were put in order, and need not be again."""

    __slots__ = ()


def in_order(groups: Iterable[Group]) -> tuple[Group, ...]:
    """Groups in the one order that files have them in."""
    if type(groups) is _InOrder:
        return groups
    held = tuple(groups)
    if len(held) < 2:
        return held
    terms = held[0].terms
    for group in held:  # all() takes three times as long
        if group.terms is not terms:
            return _InOrder(sorted(held, key=_place))
    return _InOrder(sorted(held, key=_place_within))


def _place_within(group: Group) -> tuple[str | bool, ...]:
    """The place among groups of the same terms, as nearly all groups of an owner are."""
    feature, case, tier, request = group.feature or "", group.case or "", group.tier or "", group.request or ""
    return (group.on_top, feature, case, tier, group.live > 0, request)


def _place(group: Group) -> tuple[str | bool, ...]:
    terms = group.terms
    return (
        terms.model,
        group.on_top,
        group.feature or "",
        group.case or "",
        group.tier or "",
        terms.speed or "",
        terms.geo or "",
        terms.tier or "",
        terms.batch,
        terms.regional,
        terms.long_prompt,
        group.live > 0,
        group.request or "",
    )


def joined(one: Group, other: Group) -> Group:
    """Two groups of one key together."""
    return replace(
        one,
        calls=one.calls + other.calls,
        attempts=one.attempts + other.attempts,
        live=one.live + other.live,
        unknown=one.unknown + other.unknown,
        usage=summed((one.usage, other.usage)),
        sites=_joined_sites(one.sites, other.sites),
    )


def _joined_sites(one: Sites, other: Sites) -> Sites:
    if not one or not other:
        return one or other
    counts = dict(one)
    for site, count in other:
        counts[site] = counts.get(site, 0) + count
    return tuple(sorted(counts.items()))
