"""Whether a cache entry is still there when the next call comes: in a run by its times, in production by how often it is asked for."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from pytest_claude_budget.advice.evidence import SECONDS_PER_MONTH, Side, month_of
from pytest_claude_budget.advice.lever import Month
from pytest_claude_budget.advice.look import FIVE_MINUTES, Look

SELDOM = "it is asked for so seldom that most requests would find the cache empty"


def windows(looks: Iterable[Look], lifetime: int = FIVE_MINUTES) -> Iterator[tuple[Look, bool]]:
    """Calls that begin alike, in the order of their times: is each the first, or the first after the entry has died?"""
    last: float | None = None
    for look in looks:
        yield look, last is None or look.seen.at - last > lifetime
        last = look.seen.at


def missed(calls_per_month: Fraction) -> Fraction:
    """The part of calls that come more than five minutes after the one before, at most, where each comes when it likes.

    That part is exp(-x), x being the calls that are expected in five minutes; a few terms of exp(x) are less than it.
    """
    x = calls_per_month * FIVE_MINUTES / SECONDS_PER_MONTH
    return 1 / (1 + x + x**2 / 2 + x**3 / 6 + x**4 / 24)


def months_of_prefix(
    side: Side, looks: Sequence[Look], tokens: tuple[Fraction, Fraction], now: str = "input"
) -> tuple[Month, ...]:
    """What a month saves where a prefix of so many tokens, at least and at most, is shared by all requests of a feature.

    `now` is the cell of the rates at which it is paid for today. `low` has a write for each request that comes late, `high` has none.
    """
    each = looks[0].each
    paid, write, read = (Fraction(amount) for amount in (getattr(each, now), each.cache_write_5m, each.cache_read))
    found = []
    for scenario, volume, tests in side.volumes.scenarios(side.feature):
        calls = Fraction(sum(look.seen.owner in tests for look in looks), len(tests)) * volume
        late = missed(calls)
        low = calls * tokens[0] * (paid - (1 - late) * read - late * write)
        if low > 0:
            found.append(month_of(scenario, volume, low, calls * tokens[1] * (paid - read)))
    return tuple(found)
