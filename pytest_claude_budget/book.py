"""Sums over calls by all that they are part of: owner, model, feature and tier. The parts agree with the whole exactly."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import field
from operator import attrgetter
from typing import TypeVar

from pytest_claude_budget.pricing import Price
from pytest_claude_budget.rates import RateTable
from pytest_claude_budget.totals import Sum, Totals
from pytest_claude_budget.usage import Call, Status
from pytest_claude_budget.values import value_class

_Key = TypeVar("_Key")
Scoped = Mapping[str, Mapping[str, Totals]]
"""Totals by scope (`run`, `test`, …), then by name; the run's name is empty."""


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


@value_class(frozen=True, kw_only=True, slots=True)
class Unpriced:
    """Answers whose cost is not known, or not in full."""

    owner: str
    model: str | None
    reason: str
    calls: int
    kind: str
    """`unpriced`, `unmeasured` or `at_least`."""


@value_class(frozen=True, slots=True)
class Cell:
    """All that decides in which sums a call is. Each call is added once, to its cell; the sums are made of cells."""

    owner: str
    kind: str
    model: str | None
    feature: str | None
    tier: str | None


class Book:
    """Enters each call under all that it is part of."""

    def __init__(self, rates: RateTable) -> None:
        self._rates = rates
        self._sums: dict[tuple[str, str, str | None, str | None, str | None], Sum] = {}
        self._unpriced: Counter[tuple[str, str, str, str]] = Counter()
        self._seen: Counter[str] = Counter()
        self._notes: Counter[str] = Counter()
        self._model_names: dict[str, str] = {}
        self._cells: list[tuple[Cell, Totals]] = []

    def enter(self, call: Call, cost: Price) -> None:
        """Enter one call at its price."""
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
            self._notes[note] += call.count

    def _gathered(self, key: Callable[[Cell], _Key | None]) -> dict[_Key, Totals]:
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

    def _owners(self, places: Mapping[str, str]) -> tuple[OwnerTotals, ...]:
        rows = [
            OwnerTotals(owner=owner, kind=kind, totals=totals, place=places.get(owner, ""))
            for (owner, kind), totals in self._gathered(lambda cell: (cell.owner, cell.kind)).items()
        ]
        return tuple(sorted(rows, key=lambda row: (row.kind != "test", row.kind, row.owner)))

    def _named(self, kind: str) -> dict[str, Totals]:
        """Totals by model, feature or tier, in the order of their names."""
        return dict(sorted(self._gathered(attrgetter(kind)).items()))

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
        self._cells = [(Cell(*cell), added.totals()) for cell, added in self._sums.items()]
        return Sums(
            totals=self._gathered(lambda cell: "").get("", Totals()),
            by_owner=self._owners(places),
            by_model=self._named("model"),
            by_feature=self._named("feature"),
            by_tier=self._named("tier"),
            unpriced=self._unpriced_rows(),
            notes=dict(sorted(self._notes.items())),
            answers=self._answers(),
        )


@value_class(frozen=True, kw_only=True, slots=True)
class Sums:
    """What a run came to, by all that it is made of."""

    totals: Totals = Totals()
    by_owner: tuple[OwnerTotals, ...] = ()
    by_model: Mapping[str, Totals] = field(default_factory=dict)
    by_feature: Mapping[str, Totals] = field(default_factory=dict)
    by_tier: Mapping[str, Totals] = field(default_factory=dict)
    unpriced: tuple[Unpriced, ...] = ()
    notes: Mapping[str, int] = field(default_factory=dict)
    """What was assumed, with the number of calls."""
    answers: Answers = Answers()

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
