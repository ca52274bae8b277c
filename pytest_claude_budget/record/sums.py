"""Sums over calls by all that they are part of: owner, model, feature and tier. The parts agree with the whole exactly."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from decimal import Decimal
from operator import itemgetter

from pytest_claude_budget.base.money import ZERO
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.call import Answer, Call, Status
from pytest_claude_budget.pricing.by_kind import ByKind, added_kinds, of_one_rate, of_parts
from pytest_claude_budget.pricing.in_force import InForce
from pytest_claude_budget.pricing.price import Price
from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.record.failed_tries import FailedTally, FailedTries
from pytest_claude_budget.record.near_window import NearWindow, WindowWatch
from pytest_claude_budget.record.rate_limits import RateLimits, limits_of, lowest
from pytest_claude_budget.record.repeats import Repeat
from pytest_claude_budget.record.sites import SiteBook, SiteTotals, StackTotals
from pytest_claude_budget.record.totals import Sum, Totals, added, added_by_name

_Paid = Mapping[tuple[str, str, str | None], Totals]
"""By name and kind of the owner, and by where in the user's code the calls come from."""
_Work = tuple[str | None, str | None, str | None, int]
"""Model, feature and tier of a call; and the id of the rates that were all that it was billed at, or of None."""
Scoped = Mapping[str, Mapping[str, Totals]]
"""Totals by scope (`run`, `test`, …), then by name; the run's name is empty."""

# Python 3.11 searches an enum's class at each look.
_FREE, _FAILED, _UNMEASURED = Status.FREE, Status.FAILED, Status.UNMEASURED


@value_class(frozen=True, kw_only=True, slots=True)
class Answers:
    """Proof that nothing was missed: `seen` is the sum of the next three."""

    seen: int = 0
    priced: int = 0
    unpriced: int = 0
    """No rate is known."""
    unmeasured: int = 0
    """The usage is not known, or not in full."""
    free: int = 0
    """Not billed, and not among the seen."""


@value_class(frozen=True, kw_only=True, slots=True)
class OwnerTotals:
    """What one owner paid."""

    owner: str
    kind: str
    totals: Totals
    place: str = ""
    """`file:line` of the test, where it is known."""


def owners_in_order(rows: Iterable[OwnerTotals]) -> tuple[OwnerTotals, ...]:
    """Rows as every report has them: tests first, then fixtures, then what is outside of both; each by name."""
    return tuple(sorted(rows, key=lambda row: (row.kind != "test", row.kind, row.owner)))


@value_class(frozen=True, kw_only=True, slots=True)
class Stated:
    """What gateways say they charge, beside the list price of the same answers; in no other sum."""

    cost: Decimal = ZERO
    """US dollars, as stated."""
    list_price: Decimal = ZERO
    """US dollars at list price."""
    at_least: bool = False
    """The list price is a lower bound."""
    calls: int = 0

    def __add__(self, other: "Stated") -> "Stated":
        return Stated(
            cost=self.cost + other.cost,
            list_price=self.list_price + other.list_price,
            at_least=self.at_least or other.at_least,
            calls=self.calls + other.calls,
        )


@value_class(frozen=True, kw_only=True, slots=True)
class Unpriced:
    """Answers whose cost is not known, or not in full."""

    owner: str
    model: str | None
    reason: str
    calls: int
    kind: str
    """`unpriced`, `unmeasured` or `at_least`."""


class Book:
    """Enters each call twice: under who pays for it, and under what it was for. All sums are made of these."""

    def __init__(self, rates: RateTable) -> None:
        self._rates = rates
        self._owners: dict[tuple[str, str, str | None], Sum] = {}
        """By name and kind, and by where in the user's code the calls come from."""
        self._work: dict[_Work, Sum] = {}
        self._rates_of: dict[int, InForce | None] = {}
        """By their id, which nothing else has while they are kept."""
        self._taken_apart: dict[str, Decimal] = {}
        """Of answers that were billed at more than one set of rates: what each kind of count came to."""
        self._unpriced: Counter[tuple[str, str, str, str]] = Counter()
        self._seen: Counter[str] = Counter()
        self._notes: Counter[str] = Counter()
        self._stated = Stated()
        self._failed = FailedTally()
        self._near = WindowWatch(rates)
        self._limits: dict[str, RateLimits] = {}
        self._model_names: dict[str, str] = {}
        self._aliases = dict.fromkeys(rates.aliases, False)

    def enter(self, call: Call, cost: Price) -> None:
        """Enter one call at its price."""
        answer, labels, owner = call.answer, call.labels, call.owner
        status, spelled = answer.status, answer.model
        model = None if spelled is None or status is _FREE else self._model_name(spelled)
        only = cost.only
        paid = (owner.id, owner.kind, call.site)
        work = (model, labels.feature, labels.tier, id(only))
        own, alike = self._owners.get(paid), self._work.get(work)
        if own is None:
            own = self._owners[paid] = Sum()
        if alike is None:
            alike = self._work[work] = Sum()
            self._rates_of[id(only)] = only
        own.add(call, cost)
        alike.add(call, cost)
        if cost.parts is not None:
            apart = of_parts(cost.parts, answer.usage)
            self._taken_apart = added_kinds(self._taken_apart.items(), apart)
        if self._aliases:
            self._aliases.update((name, True) for name in _names_in(answer) if name in self._aliases)
        if status is _FAILED or answer.failure is not None:
            self._failed.add(call)
        if status is _FREE:
            self._seen["free"] += call.count
        elif status is not _FAILED:
            self._judge_completeness(call, cost)
            if call.count == 1 and model is not None:
                self._near.add(call, model)
        if answer.rate_limits is not None and model is not None:
            self._limits = lowest([*self._limits.items(), (model, limits_of(answer.rate_limits))])
        if answer.notes or cost.notes:
            for note in (*answer.notes, *cost.notes):
                self._notes[note] += call.count
        if answer.stated_cost is not None and status is not _FREE:
            unknown = cost.amount is None or cost.at_least
            self._stated += Stated(
                cost=answer.stated_cost, list_price=cost.amount or ZERO, at_least=unknown, calls=call.count
            )

    def _model_name(self, spelled: str) -> str:
        name = self._model_names.get(spelled)
        if name is None:
            model = self._rates.find(spelled)
            name = self._model_names[spelled] = spelled if model is None else model.name
        return name

    def _judge_completeness(self, call: Call, cost: Price) -> None:
        status = call.answer.status
        if status is _UNMEASURED:
            kind = "unmeasured"
        elif cost.amount is None:
            kind = "unpriced"
        elif cost.at_least:
            kind = "at_least"
        else:
            self._seen["priced"] += call.count
            return
        self._seen["unpriced" if kind == "unpriced" else "unmeasured"] += call.count
        reason = cost.reason or call.answer.reason or "the cost is not known"
        self._unpriced[(call.owner.id, call.answer.model or "", reason, kind)] += call.count

    def _owner_rows(self, paid: _Paid, places: Mapping[str, str]) -> tuple[OwnerTotals, ...]:
        whole: dict[tuple[str, str], Totals] = {}
        for (owner, kind, _), own in paid.items():
            known = whole.setdefault((owner, kind), own)
            if known is not own:
                whole[owner, kind] = added((known, own))
        return owners_in_order(
            OwnerTotals(owner=owner, kind=kind, totals=totals, place=places.get(owner, ""))
            for (owner, kind), totals in whole.items()
        )

    def _named(self, name_of: Callable[[_Work], str | None]) -> dict[str, Totals]:
        """Totals by model, feature or tier, in the order of their names; all of the run's under one name."""
        named = ((name_of(work), alike) for work, alike in self._work.items())
        return added_by_name((name, alike.totals()) for name, alike in named if name is not None)

    def _by_kind(self) -> ByKind:
        """What each kind of count came to, from the sums of the calls that have the same rates."""
        alike = (
            of_one_rate(own.totals().usage, held)
            for work, own in self._work.items()
            if (held := self._rates_of[work[3]]) is not None
        )
        return added_kinds(self._taken_apart.items(), *alike)

    def _unpriced_rows(self) -> tuple[Unpriced, ...]:
        return tuple(
            Unpriced(owner=owner, model=model or None, reason=reason, kind=kind, calls=calls)
            for (owner, model, reason, kind), calls in sorted(self._unpriced.items())
        )

    def _answers(self) -> Answers:
        priced, unpriced, unmeasured = (self._seen[kind] for kind in ("priced", "unpriced", "unmeasured"))
        return Answers(
            seen=priced + unpriced + unmeasured,
            priced=priced,
            unpriced=unpriced,
            unmeasured=unmeasured,
            free=self._seen["free"],
        )

    def sums(self, places: Mapping[str, str]) -> "Sums":
        """All sums, once every call is entered."""
        paid = {key: own.totals() for key, own in self._owners.items()}
        sites = SiteBook()
        for (owner, kind, site), own in paid.items():
            if site is not None:
                sites.enter(site, owner, kind, own)
        return Sums(
            totals=self._named(lambda work: "").get("", Totals()),
            by_owner=self._owner_rows(paid, places),
            by_model=self._named(itemgetter(0)),
            by_feature=self._named(itemgetter(1)),
            by_tier=self._named(itemgetter(2)),
            by_kind=self._by_kind(),
            by_site=sites.by_site(),
            stacks=sites.stacks(),
            unpriced=self._unpriced_rows(),
            notes=dict(sorted(self._notes.items())),
            stated=self._stated,
            failed=self._failed.rows(),
            near_window=self._near.rows(),
            rate_limits=self._limits,
            answers=self._answers(),
            aliases=dict(sorted(self._aliases.items())),
        )


def _names_in(answer: Answer) -> Iterator[str]:
    """Every name of a model that its price may come from, as it was spelled."""
    names = (answer.model, answer.requested_model, *(part.model for part in answer.iterations))
    return (name for name in names if name is not None)


@value_class(frozen=True, kw_only=True, slots=True)
class Sums:
    """What a run came to, by all that it is made of."""

    totals: Totals = Totals()
    by_owner: tuple[OwnerTotals, ...] = ()
    by_model: Mapping[str, Totals] = field(default_factory=dict)
    by_feature: Mapping[str, Totals] = field(default_factory=dict)
    by_tier: Mapping[str, Totals] = field(default_factory=dict)
    by_kind: ByKind | None = None
    """What each kind of token cost; None where nobody told, as in reports of earlier versions."""
    by_site: tuple[SiteTotals, ...] = ()
    """By the line that sends calls; without those that come from no code of the user's."""
    stacks: tuple[StackTotals, ...] = ()
    unpriced: tuple[Unpriced, ...] = ()
    notes: Mapping[str, int] = field(default_factory=dict)
    """What was assumed, with the number of calls."""
    stated: Stated = Stated()
    failed: tuple[FailedTries, ...] = ()
    """Tries that brought no answer, also those of what would have been free."""
    near_window: tuple[NearWindow, ...] = ()
    """Calls whose prompt nearly fills the context window."""
    rate_limits: Mapping[str, RateLimits] = field(default_factory=dict)
    """By model, as live answers told them."""
    answers: Answers = Answers()
    aliases: Mapping[str, bool] = field(default_factory=dict)
    """The user's own names of models, and whether a call had it. One that is not here may have been used or not."""
    repeats: tuple[Repeat, ...] = ()
    """What the runner did more than once; of fixtures, also what it did once."""

    def scoped(self) -> Scoped:
        """By the scopes that limits have."""
        return {
            "run": {"": self.totals},
            "test": {row.owner: row.totals for row in self.by_owner if row.kind == "test"},
            "fixture": {row.owner: row.totals for row in self.by_owner if row.kind == "fixture"},
            "feature": self.by_feature,
            "tier": self.by_tier,
            "model": self.by_model,
        }
