"""How much of an account's rate limits a month would take, at the volumes of the budget and at an even pace."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.call import Usage
from pytest_claude_budget.forecast.month import Volumes, own_part, scenarios, volume_of
from pytest_claude_budget.record.rate_limits import Limits, RateLimits
from pytest_claude_budget.record.record import OwnerRecord, Record

WORKING_DAYS, HOURS = 22, 8
MINUTES = WORKING_DAYS * HOURS * 60
"""Of a month, over which its requests are taken to be spread evenly: 22 days of 8 hours."""
_Used = tuple[int, int, int]
"""Requests, tokens of input that no cache gave, and tokens of output."""
_WHAT = ("requests", "input tokens", "output tokens")


@value_class(frozen=True, kw_only=True, slots=True)
class Share:
    """How much of one limit of one model is taken a minute in one scenario."""

    model: str
    scenario: str
    what: str
    """`requests`, `input tokens` or `output tokens`."""
    limit: int
    used: Fraction
    """Of them, a minute."""
    at_least: bool = False
    """A feature that asks this model has no volume in the scenario, or one made no call in this run."""

    @property
    def percent(self) -> int:
        """Rounded up: what is over a limit never looks within."""
        part = self.used * 100 / self.limit
        return -(-part.numerator // part.denominator)


def shares(volumes: Volumes, record: Record, limits: Limits) -> tuple[tuple[Share, ...], ...]:
    """Of each model and scenario the share that is largest; the model with the largest first, its scenarios as the file has them.

    Nothing where no limit or no volume is known.
    """
    tests = [
        (feature, [part for owner in record.owners.values() if (part := own_part(feature, owner)) is not None])
        for feature in volumes.features
    ]
    named = dict.fromkeys(name for feature in volumes.features for name, _, _ in scenarios(feature, volumes.growth))
    found: dict[str, list[Share]] = {}
    for scenario in named:
        month = _Month(blind=any(not parts for _, parts in tests))
        for feature, parts in tests:
            month.add(parts, volume_of(feature, scenario, volumes.growth))
        for share in month.largest(scenario, limits):
            found.setdefault(share.model, []).append(share)
    return tuple(
        sorted(map(tuple, found.values()), key=lambda own: (-max(each.used / each.limit for each in own), own[0].model))
    )


class _Month:
    """What the features take of each model in one scenario: the means of their tests, as often as production asks."""

    def __init__(self, *, blind: bool) -> None:
        """`blind`: a feature made no call in this run, and nobody knows which models it asks."""
        self._blind = blind
        self._used: dict[str, list[Fraction]] = {}
        self._more: set[str] = set()
        """Models of features without a volume."""

    def add(self, parts: Sequence[OwnerRecord], volume: tuple[str, int] | None) -> None:
        """Add a feature by its tests, with the case that stands for the scenario and the requests."""
        case, requests = volume or ("", 0)
        tests = [part for part in parts if any(group.case == case for group in part.groups)] or parts
        for group in (group for test in tests for group in test.groups if group.calls or group.on_top):
            model = group.terms.model
            if volume is None:
                self._more.add(model)
                continue
            known = self._used.setdefault(model, [Fraction(0)] * 3)
            part = (Fraction(count * requests, len(tests)) for count in _used(group.calls, group.usage))
            self._used[model] = [a + b for a, b in zip(known, part, strict=True)]

    def largest(self, scenario: str, limits: Limits) -> Iterator[Share]:
        """The share of each model that is nearest to its limit."""
        for model, used in self._used.items():
            own = limits.get(model, RateLimits())
            named = zip(_WHAT, (own.requests, own.input_tokens, own.output_tokens), used, strict=True)
            least = self._blind or model in self._more
            each = [
                Share(model=model, scenario=scenario, what=what, limit=limit, used=part / MINUTES, at_least=least)
                for what, limit, part in named
                if limit
            ]
            if each:
                yield max(each, key=lambda share: share.used / share.limit)


def _used(calls: int, usage: Usage) -> _Used:
    writes = usage.cache_creation_5m_input_tokens + usage.cache_creation_1h_input_tokens
    return calls, usage.input_tokens + writes, usage.output_tokens
