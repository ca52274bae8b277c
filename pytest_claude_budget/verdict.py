"""The one outcome of a run. Nothing after this compares a number with a limit."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from pytest_claude_budget.budget import MEASURES, Budget, Limit, applicable
from pytest_claude_budget.totals import Totals

Scoped = Mapping[str, Mapping[str, Totals]]
"""Totals by scope (`run`, `test`, …), then by name; the run's name is empty."""


class Outcome(StrEnum):
    """From best to worst, but for `unjudged`."""

    UNJUDGED = "unjudged"
    """Nobody wrote a limit."""
    WITHIN = "within"
    WARNED = "warned"
    INCOMPLETE = "incomplete"
    OVER = "over"


@dataclass(frozen=True, kw_only=True, slots=True)
class Breach:
    """A limit that was exceeded, or one whose `warn_at` was reached."""

    scope: str
    name: str
    measure: str
    value: Decimal | int
    limit: Limit
    at_least: bool
    """The value is a lower bound."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What is to be said and done about a run."""

    outcome: Outcome
    breaches: tuple[Breach, ...] = ()
    warnings: tuple[Breach, ...] = ()
    incomplete: tuple[str, ...] = ()
    """Why the cost is not known in full, a sentence each."""

    @property
    def fails(self) -> bool:
        """Should the session end as a failure?"""
        return self.outcome in (Outcome.OVER, Outcome.INCOMPLETE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """All that was written about what a run may cost."""

    budget: Budget | None
    markers: Mapping[str, Sequence[Limit]]
    """Limits of tests' own markers, by node id."""
    spellings: Callable[[str], Sequence[str]]
    """Other names of a model that a limit may match."""

    def for_(self, scope: str, name: str, measure: str) -> Limit | None:
        """Find the one limit that holds."""
        candidates = [*self._of_budget(scope, measure)]
        if scope == "test":
            candidates += self.markers.get(name, ())
        if not candidates:
            return None
        names = (name, *self.spellings(name)) if scope == "model" else (name,)
        found = [limit for each in names if (limit := applicable(candidates, scope, each, measure)) is not None]
        return max(found, key=lambda limit: limit.glob.rank, default=None)

    def _of_budget(self, scope: str, measure: str) -> Iterable[Limit]:
        limits = self.budget.limits if self.budget is not None else ()
        return (limit for limit in limits if limit.scope == scope and limit.measure == measure)


def evaluate(limits: Limits, scoped: Scoped, incomplete: Sequence[str]) -> Verdict:
    """Judge totals against a budget file's limits and the markers' own, by test."""
    budget, markers = limits.budget, limits.markers
    if budget is None and not markers:
        return Verdict(outcome=Outcome.UNJUDGED, incomplete=tuple(incomplete))
    breaches: list[Breach] = []
    warnings: list[Breach] = []
    written = {(limit.scope, limit.measure) for limit in (budget.limits if budget is not None else ())}
    if any(markers.values()):
        written |= {("test", measure) for measure in MEASURES}
    for scope, measure in sorted(written):
        for name, totals in scoped.get(scope, {}).items():
            limit = limits.for_(scope, name, measure)
            if limit is not None:
                value, at_least = totals.measure(measure), totals.at_least
                found = Breach(scope=scope, name=name, measure=measure, value=value, limit=limit, at_least=at_least)
                _judge(found, breaches, warnings)
    return Verdict(
        outcome=_outcome(budget, breaches, warnings, incomplete),
        breaches=tuple(breaches),
        warnings=tuple(warnings),
        incomplete=tuple(incomplete),
    )


def _judge(found: Breach, breaches: list[Breach], warnings: list[Breach]) -> None:
    limit = found.limit
    if found.value > limit.maximum:
        breaches.append(found)
    elif limit.warn_at is not None and limit.maximum and found.value >= limit.maximum * limit.warn_at:
        warnings.append(found)


def _outcome(
    budget: Budget | None, breaches: Sequence[Breach], warnings: Sequence[Breach], incomplete: Sequence[str]
) -> Outcome:
    if breaches:
        return Outcome.OVER
    if incomplete:
        tolerated = budget is not None and budget.on_incomplete == "warn"
        return Outcome.WARNED if tolerated else Outcome.INCOMPLETE
    return Outcome.WARNED if warnings else Outcome.WITHIN
