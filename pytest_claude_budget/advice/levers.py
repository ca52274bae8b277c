"""All levers of a run: its calls are looked at once for each kind of lever, feature by feature and model by model."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from pytest_claude_budget.advice import again, batches, conversations, marks, models, prefixes, trimming
from pytest_claude_budget.advice.evidence import Side, Volumes
from pytest_claude_budget.advice.lever import Lever, place
from pytest_claude_budget.advice.look import Look, looked_at, total_cost
from pytest_claude_budget.base.money import EXACT, exact
from pytest_claude_budget.budget.increases_and_volumes import Feature
from pytest_claude_budget.calls.seen import Seen
from pytest_claude_budget.pricing.rates import RateTable

WORTH_SAYING = 100
"""A lever is named where it saves, or was paid for nothing, at least one part in so many of what the run cost."""


def find_levers(
    calls: Sequence[Seen],
    rates: RateTable,
    day: date,
    features: Sequence[Feature] = (),
    feature_of: Callable[[str], str | None] = lambda owner: None,
) -> tuple[Lever, ...]:
    """Find the levers of a run, those with the most proven saving first. `calls` come in the order of their times."""
    with exact():
        looks = looked_at(calls, rates, feature_of)
        least = EXACT.divide(total_cost(looks), WORTH_SAYING)
        found = [
            lever
            for side in _sides(looks, features)
            for lever in _levers(side, rates, day)
            if 0 < worth(lever) >= least
        ]
        return tuple(sorted(found, key=place))


def _sides(looks: Sequence[Look], features: Sequence[Feature]) -> Iterator[Side]:
    volumes = Volumes(features, looks)
    groups: dict[tuple[str | None, str], list[Look]] = {}
    for look in looks:
        groups.setdefault((look.feature, look.held.model.name), []).append(look)
    for (feature, model), own in groups.items():
        yield Side(feature=feature, model=model, looks=own, volumes=volumes)


def _levers(side: Side, rates: RateTable, day: date) -> Iterator[Lever]:
    yield from conversations.find(side)
    yield from prefixes.find(side)
    yield from marks.find(side)
    yield from again.find(side)
    yield from models.find(side, rates, day)
    yield from batches.find(side, rates, day)
    yield from trimming.find(side)


def worth(lever: Lever) -> Decimal:
    """What it saves; where that is not known, what was paid."""
    return lever.paid if lever.saving is None else lever.saving.low
