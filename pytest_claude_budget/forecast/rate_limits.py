"""How much of an account's rate limits a month would take, at the volumes of the budget and at an even pace."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.budget.increases_and_volumes import AVERAGE, Feature
from pytest_claude_budget.calls.call import Usage
from pytest_claude_budget.forecast.month import own_part
from pytest_claude_budget.record.rate_limits import Limits
from pytest_claude_budget.record.record import Record

WORKING_DAYS, HOURS = 22, 8
MINUTES = WORKING_DAYS * HOURS * 60
"""Of a month, over which its requests are taken to be spread evenly: 22 days of 8 hours."""
_Used = tuple[int, int, int]
"""Requests, tokens of input that no cache gave, and tokens of output."""


@value_class(frozen=True, kw_only=True, slots=True)
class Share:
    """How much of one limit of one model is taken a minute."""

    model: str
    what: str
    """`requests`, `input tokens` or `output tokens`."""
    limit: int
    used: Fraction
    """Of them, a minute."""

    @property
    def percent(self) -> int:
        """Rounded up: what is over a limit never looks within."""
        part = self.used * 100 / self.limit
        return -(-part.numerator // part.denominator)


def shares(features: Sequence[Feature], record: Record, limits: Limits) -> tuple[Share, ...]:
    """Of each model the share that is largest, largest first; nothing where no limit or no volume is known."""
    month: dict[str, list[Fraction]] = {}
    for feature in features:
        for model, part in _month(feature, record):
            known = month.setdefault(model, [Fraction(0)] * 3)
            month[model] = [a + b for a, b in zip(known, part, strict=True)]
    found = []
    for model, used in month.items():
        if (own := limits.get(model)) is None:
            continue
        named = zip(
            ("requests", "input tokens", "output tokens"),
            (own.requests, own.input_tokens, own.output_tokens),
            used,
            strict=True,
        )
        each = [Share(model=model, what=what, limit=limit, used=part / MINUTES) for what, limit, part in named if limit]
        if each:
            found.append(max(each, key=lambda share: share.used / share.limit))
    return tuple(sorted(found, key=lambda share: (-share.used / share.limit, share.model)))


def _month(feature: Feature, record: Record) -> Iterator[tuple[str, list[Fraction]]]:
    """What a feature takes of each model: the mean of its tests, as often as it is asked for at average volume."""
    volume = feature.requests_per_month.get(AVERAGE)
    parts = [part for owner in record.owners.values() if (part := own_part(feature, owner)) is not None]
    if volume is None or not parts:
        return
    marked = [part for part in parts if any(group.case == AVERAGE for group in part.groups)]
    tests = marked or parts
    for test in tests:
        for group in test.groups:
            if group.terms.model is not None:
                used = _used(group.calls, group.usage)
                yield group.terms.model, [Fraction(count * volume, len(tests)) for count in used]


def _used(calls: int, usage: Usage) -> _Used:
    writes = usage.cache_creation_5m_input_tokens + usage.cache_creation_1h_input_tokens
    return calls, usage.input_tokens + writes, usage.output_tokens
