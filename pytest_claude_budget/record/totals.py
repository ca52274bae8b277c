"""Sums over calls. Each sum is exact, and the sums of the parts are the sum of the whole."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from operator import add, attrgetter
from typing import TypeVar

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.call import COUNTS, Call, Origin, Status, Usage
from pytest_claude_budget.pricing.price import Price

ZERO = Decimal(0)
_Name = TypeVar("_Name", str, tuple[str, str])


@value_class(frozen=True, kw_only=True, slots=True)
class Totals:
    """What a number of calls came to."""

    calls: int = 0
    """Answers that were billed or could be."""
    attempts: int = 0
    """Calls and the tries that failed."""
    free: int = 0
    """Answers that are not billed, such as token counts."""
    cost: Decimal = ZERO
    """US dollars at list price; a lower bound where answers are unknown."""
    spent: Decimal = ZERO
    """The part of `cost` that reached a remote host."""
    unknown: int = 0
    """Answers whose cost is not known, or not in full."""
    unknown_live: int = 0
    """Those of them that reached a remote host: `spent` is a lower bound too."""
    usage: Usage = Usage()

    @property
    def at_least(self) -> bool:
        """The cost is a lower bound."""
        return self.unknown > 0

    def minus(self, earlier: "Totals") -> "Totals":
        """What came on top of earlier sums of the same calls."""
        return replace(
            self,
            calls=self.calls - earlier.calls,
            attempts=self.attempts - earlier.attempts,
            free=self.free - earlier.free,
            cost=self.cost - earlier.cost,
            spent=self.spent - earlier.spent,
            unknown=self.unknown - earlier.unknown,
            unknown_live=self.unknown_live - earlier.unknown_live,
            usage=Usage(**{name: getattr(self.usage, name) - getattr(earlier.usage, name) for name in COUNTS}),
        )


MEASURED: Mapping[str, Callable[[Totals], Decimal | int]] = {
    "max_cost": attrgetter("cost"),
    "max_spent": attrgetter("spent"),
    "max_calls": attrgetter("calls"),
    "max_attempts": attrgetter("attempts"),
    "max_input_tokens": attrgetter("usage.input_tokens"),
    "max_output_tokens": attrgetter("usage.output_tokens"),
    "max_tokens_total": attrgetter("usage.total_tokens"),
}
"""The value of each limit's measure, by its name in the budget file."""

# Python 3.11 searches an enum's class at each look.
_FREE, _FAILED, _LIVE = Status.FREE, Status.FAILED, Origin.LIVE


class Sum:
    """Adds calls up, in any order, to the same Totals."""

    __slots__ = (
        *("_attempts", "_calls", "_cost", "_free", "_spent", "_unknown", "_unknown_live"),
        *("_fresh", "_output", "_read", "_others"),
    )

    def __init__(self) -> None:
        self._calls = self._attempts = self._free = self._unknown = self._unknown_live = 0
        self._cost = self._spent = ZERO
        self._fresh = self._output = self._read = 0
        """Of the counts those that nearly all answers have."""
        self._others: tuple[int, ...] | None = None
        """The other ones."""

    def add(self, call: Call, price: Price) -> None:
        """Add one call at its price."""
        status = call.answer.status
        count = call.count
        if status is _FREE:
            self._free += count
            return
        self._attempts += count
        if status is _FAILED:
            return
        self._calls += count
        amount, live = price.amount, call.origin is _LIVE
        if amount is not None:
            self._cost += amount
            if live:
                self._spent += amount
        if amount is None or price.at_least:
            self._unknown += count
            self._unknown_live += count if live else 0
        self._add_usage(call.answer.usage)
        if price.on_top is not None:
            self._add_usage(price.on_top)

    def include(self, totals: Totals) -> None:
        """Add sums that were made before."""
        self._calls += totals.calls
        self._attempts += totals.attempts
        self._free += totals.free
        self._cost += totals.cost
        self._spent += totals.spent
        self._unknown += totals.unknown
        self._unknown_live += totals.unknown_live
        self._add_usage(totals.usage)

    def _add_usage(self, usage: Usage) -> None:
        self._fresh += usage.input_tokens
        self._output += usage.output_tokens
        self._read += usage.cache_read_input_tokens
        if (
            usage.cache_creation_5m_input_tokens
            or usage.cache_creation_1h_input_tokens
            or usage.web_search_requests
            or usage.web_fetch_requests
            or usage.code_execution_requests
            or usage.session_microhours
        ):
            others = _others_of(usage)
            self._others = others if self._others is None else tuple(map(add, self._others, others))

    def totals(self) -> Totals:
        """The sums so far."""
        five, hour, search, fetch, code, ran = self._others or _NO_OTHERS
        return Totals(
            calls=self._calls,
            attempts=self._attempts,
            free=self._free,
            cost=self._cost,
            spent=self._spent,
            unknown=self._unknown,
            unknown_live=self._unknown_live,
            usage=Usage(self._fresh, five, hour, self._read, self._output, search, fetch, code, ran),
        )


_OTHERS = (
    *("cache_creation_5m_input_tokens", "cache_creation_1h_input_tokens"),
    *("web_search_requests", "web_fetch_requests", "code_execution_requests", "session_microhours"),
)
_others_of: Callable[[Usage], tuple[int, ...]] = attrgetter(*_OTHERS)
_NO_OTHERS = (0,) * len(_OTHERS)


def total(priced: Iterable[tuple[Call, Price]]) -> Totals:
    """Add up calls with their prices."""
    added = Sum()
    for call, price in priced:
        added.add(call, price)
    return added.totals()


def added(parts: Iterable[Totals]) -> Totals:
    """Add up sums that were made before."""
    whole = Sum()
    for part in parts:
        whole.include(part)
    return whole.totals()


def added_by_name(parts: Iterable[tuple[_Name, Totals]]) -> dict[_Name, Totals]:
    """Add up what has the same name, such as one model's totals of several owners; in the order of the names."""
    sums: dict[_Name, Sum] = {}
    for name, part in parts:
        sums.setdefault(name, Sum()).include(part)
    return {name: sums[name].totals() for name in sorted(sums)}
