"""The whole flow on one screen: calls, prices, sums, verdict."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from operator import attrgetter
from typing import TypeVar

from pytest_claude_budget.budget import Budget, Limit
from pytest_claude_budget.money import exact
from pytest_claude_budget.pricing import Price, price
from pytest_claude_budget.rates import RateTable
from pytest_claude_budget.settlement import settle
from pytest_claude_budget.totals import Sum, Totals
from pytest_claude_budget.usage import Call, Status
from pytest_claude_budget.verdict import Limits, Scoped, Verdict, evaluate

_Key = TypeVar("_Key")


@dataclass(frozen=True, kw_only=True, slots=True)
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


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnerTotals:
    """What one owner paid."""

    owner: str
    kind: str
    totals: Totals
    place: str = ""
    """`file:line` of the test, where it is known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unpriced:
    """Answers whose cost is not known, or not in full."""

    owner: str
    model: str | None
    reason: str
    calls: int
    kind: str
    """`unpriced`, `unmeasured` or `at_least`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CostReport:
    """All that a run is told of."""

    rates: RateTable
    totals: Totals
    by_owner: tuple[OwnerTotals, ...]
    by_model: Mapping[str, Totals]
    by_feature: Mapping[str, Totals]
    by_tier: Mapping[str, Totals]
    unpriced: tuple[Unpriced, ...]
    notes: Mapping[str, int]
    """What was assumed, with the number of calls."""
    answers: Answers
    verdict: Verdict
    budget: Budget | None
    warnings: tuple[str, ...] = ()
    """What the reader should know besides, such as a rate table that is old."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFacts:
    """What a run knows besides its calls."""

    rates: RateTable
    budget: Budget | None = None
    markers: Mapping[str, Sequence[Limit]] = field(default_factory=dict)
    """Limits of tests' own markers, by node id."""
    places: Mapping[str, str] = field(default_factory=dict)
    """`file:line` of tests, by node id."""
    faults: Sequence[str] = ()
    """Why measuring itself failed."""
    warnings: Sequence[str] = ()


def build_report(calls: Iterable[Call], facts: RunFacts) -> CostReport:
    """Price and add up a run's calls, and judge them."""
    with exact():
        return _build_report(calls, facts)


def _build_report(calls: Iterable[Call], facts: RunFacts) -> CostReport:
    ledger = _Book(facts.rates)
    for call, cost in priced_calls(calls, facts.rates):
        ledger.enter(call, cost)
    ledger.close()
    owners = ledger.owners(facts.places)
    totals = ledger.whole()
    unpriced = ledger.unpriced()
    limits = Limits(budget=facts.budget, markers=facts.markers, spellings=facts.rates.spellings)
    verdict = evaluate(limits, ledger.scoped(owners, totals), _incomplete(unpriced, facts.faults))
    return CostReport(
        rates=facts.rates,
        totals=totals,
        by_owner=owners,
        by_model=ledger.named("model"),
        by_feature=ledger.named("feature"),
        by_tier=ledger.named("tier"),
        unpriced=unpriced,
        notes=dict(sorted(ledger.notes.items())),
        answers=ledger.answers(),
        verdict=verdict,
        budget=facts.budget,
        warnings=tuple(facts.warnings),
    )


def priced_calls(calls: Iterable[Call], rates: RateTable) -> Iterator[tuple[Call, Price]]:
    """Settle and price calls, without judging them."""
    for call in settle(calls):
        yield call, price(call.answer, _day(int(call.at // 86_400)), rates)


@dataclass(frozen=True, slots=True)
class _Cell:
    """All that decides in which sums a call is. Each call is added once, to its cell; the sums are made of cells."""

    owner: str
    kind: str
    model: str | None
    feature: str | None
    tier: str | None


class _Book:
    """Enters each call under all that it is part of."""

    def __init__(self, rates: RateTable) -> None:
        self._rates = rates
        self._sums: dict[tuple[str, str, str | None, str | None, str | None], Sum] = {}
        self._unpriced: Counter[tuple[str, str, str, str]] = Counter()
        self._seen: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self._model_names: dict[str, str] = {}
        self._cells: list[tuple[_Cell, Totals]] = []

    def enter(self, call: Call, cost: Price) -> None:
        answer, labels = call.answer, call.labels
        status, spelled = answer.status, answer.model
        model = None if spelled is None or status is Status.FREE else self._model_name(spelled)
        cell = (call.owner.id, call.owner.kind, model, labels.feature, labels.tier)
        added = self._sums.get(cell)
        if added is None:
            added = self._sums[cell] = Sum()
        added.add(call, cost)
        if status is Status.FREE:
            self._seen["free"] += call.count
        elif status is not Status.FAILED:
            self._judge_completeness(call, cost)
        for note in (*answer.notes, *cost.notes):
            self.notes[note] += call.count

    def close(self) -> None:
        """All calls are entered."""
        self._cells = [(_Cell(*cell), added.totals()) for cell, added in self._sums.items()]

    def whole(self) -> Totals:
        return self._gathered(lambda cell: "").get("", Totals())

    def _gathered(self, key: Callable[[_Cell], _Key | None]) -> dict[_Key, Totals]:
        sums: dict[_Key, Sum] = {}
        for cell, totals in self._cells:
            name = key(cell)
            if name is not None:
                sums.setdefault(name, Sum()).include(totals)
        return {name: added.totals() for name, added in sums.items()}

    def _model_name(self, spelled: str) -> str:
        name = self._model_names.get(spelled)
        if name is None:
            model = self._rates.find(spelled)
            name = self._model_names[spelled] = spelled if model is None else model.name
        return name

    def _judge_completeness(self, call: Call, cost: Price) -> None:
        status = call.answer.status
        if status is Status.UNMEASURED:
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

    def owners(self, places: Mapping[str, str]) -> tuple[OwnerTotals, ...]:
        rows = [
            OwnerTotals(owner=owner, kind=kind, totals=totals, place=places.get(owner, ""))
            for (owner, kind), totals in self._gathered(lambda cell: (cell.owner, cell.kind)).items()
        ]
        return tuple(sorted(rows, key=lambda row: (row.kind != "test", row.kind, row.owner)))

    def named(self, kind: str) -> dict[str, Totals]:
        """Totals by model, feature or tier, in the order of their names."""
        return dict(sorted(self._gathered(attrgetter(kind)).items()))

    def unpriced(self) -> tuple[Unpriced, ...]:
        return tuple(
            Unpriced(owner=owner, model=model or None, reason=reason, kind=kind, calls=calls)
            for (owner, model, reason, kind), calls in sorted(self._unpriced.items())
        )

    def answers(self) -> Answers:
        priced, unpriced, unmeasured = (self._seen[kind] for kind in ("priced", "unpriced", "unmeasured"))
        return Answers(
            seen=priced + unpriced + unmeasured,
            priced=priced,
            unpriced=unpriced,
            unmeasured=unmeasured,
            free=self._seen["free"],
        )

    def scoped(self, owners: Sequence[OwnerTotals], totals: Totals) -> Scoped:
        return {
            "run": {"": totals},
            "test": {row.owner: row.totals for row in owners if row.kind == "test"},
            "fixture": {row.owner: row.totals for row in owners if row.kind == "fixture"},
            "feature": self.named("feature"),
            "tier": self.named("tier"),
            "model": self.named("model"),
        }


@lru_cache(maxsize=64)
def _day(days: int) -> date:
    return datetime.fromtimestamp(days * 86_400, UTC).date()


def _incomplete(unpriced: Sequence[Unpriced], faults: Sequence[str]) -> list[str]:
    by_reason: Counter[tuple[str, str]] = Counter()
    owners: dict[tuple[str, str], str] = {}
    for row in unpriced:
        key = (row.kind, row.reason)
        by_reason[key] += row.calls
        owners.setdefault(key, row.owner)
    sentences = []
    for (kind, reason), calls in by_reason.items():
        word = {"unpriced": "unpriced", "unmeasured": "unmeasured", "at_least": "priced only in part"}[kind]
        answers = "1 answer is" if calls == 1 else f"{calls:,} answers are"
        sentences.append(f"{answers} {word}: {reason} (first in {owners[kind, reason]})")
    return [*sentences, *faults]
