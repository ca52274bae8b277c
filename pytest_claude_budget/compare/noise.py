"""Is a difference the model's own noise? Judged against the spread that live runs have shown.

Floats are fine here: they weigh evidence, they never become dollars. What answers cost is skewed to the right and never
negative, so its spread is read as a log-normal one. Few samples say little of it, so spreads of what the model decides
are moderated by what is known of such answers beforehand (Smyth's moderated t: a prior variance with degrees of freedom
of its own).
"""

import math
from collections.abc import Sequence
from functools import lru_cache

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.call import COUNTS
from pytest_claude_budget.record.record import Group, Samples

FEWEST_SAMPLES = 3
"""Below that, a spread says nothing."""
WINDOW = 20
"""Runs that a spread remembers."""
FALSE_ALARMS = 0.005
"""How often a whole run may be called changed by noise alone: half of what is promised, since no spread is quite
log-normal. `make bench` measures what becomes of it."""
PRIOR_SPREAD, PRIOR_FREEDOM = 0.35, 4
"""Of one answer's length as a part of it, and how many samples that weighs as much as: 15 to 40% is what is seen."""
CALLS = "calls"
OUTPUT = "output_tokens"


@value_class(frozen=True, kw_only=True, slots=True)
class Spread:
    """An amount that differs from run to run, in whatever unit."""

    mean: float
    variance: float
    """Of the next run around the mean of the earlier ones."""
    freedom: float
    """How many samples the variance is worth, less one."""

    def bounds(self, chance: float) -> tuple[float, float]:
        """What the next run is hardly below, and hardly above: each with no more than this chance."""
        if self.mean <= 0:
            return 0.0, 0.0
        width = math.log1p(self.variance / self.mean**2)
        reach = quantile(1 - chance, max(1, int(self.freedom))) * math.sqrt(width)
        return self.mean * math.exp(-reach - width / 2), self.mean * math.exp(reach - width / 2)

    def has(self, amount: float, chance: float) -> bool:
        """May an amount be one more of these?"""
        low, high = self.bounds(chance)
        return low <= amount <= high


def summed_spread(spreads: Sequence[Spread]) -> Spread:
    """The sum of amounts that know nothing of one another (Welch and Satterthwaite)."""
    variance = sum(spread.variance for spread in spreads)
    weight = sum(spread.variance**2 / spread.freedom for spread in spreads)
    return Spread(
        mean=sum(spread.mean for spread in spreads), variance=variance, freedom=variance**2 / weight if weight else 1.0
    )


def joint_spread(spreads: Sequence[Spread]) -> Spread:
    """The sum of amounts that may rise and fall together, as more calls have more of everything: at its widest."""
    if len(spreads) == 1:
        return spreads[0]
    widths = [math.sqrt(spread.variance) for spread in spreads]
    width = sum(widths)
    weight = sum(each / spread.freedom for each, spread in zip(widths, spreads, strict=True))
    return Spread(
        mean=sum(spread.mean for spread in spreads), variance=width**2, freedom=width / weight if weight else 1.0
    )


def next_run(samples: Samples, mean: float, variance: float, prior: float) -> Spread:
    """What the next run has of one count; `prior` is the variance that is supposed beforehand, 0 where none is."""
    freedom, more = samples.count - 1, 1 + 1 / samples.count
    if not prior:
        return Spread(mean=mean, variance=variance * more, freedom=freedom)
    moderated = (PRIOR_FREEDOM * prior + freedom * variance) / (PRIOR_FREEDOM + freedom)
    return Spread(mean=mean, variance=moderated * more, freedom=PRIOR_FREEDOM + freedom)


def next_answer(samples: Samples, mean: float, variance: float) -> Spread:
    """The same of a count that the model decides: its prior spread is a part of the mean."""
    if not mean:
        return Spread(mean=0.0, variance=0.0, freedom=PRIOR_FREEDOM)
    own = next_run(samples, 0.0, math.log1p(variance / mean**2), math.log1p(PRIOR_SPREAD**2))
    narrow = own.variance / (1 + 1 / samples.count)
    return Spread(mean=mean, variance=mean**2 * math.expm1(narrow) * (1 + 1 / samples.count), freedom=own.freedom)


@lru_cache(maxsize=512)
def quantile(probability: float, freedom: int) -> float:
    """Student's t: the value that is exceeded with 1 - `probability`, at least a half."""
    low, high = 0.0, 1.0
    while _above(high, freedom) > 1 - probability:
        low, high = high, high * 2
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if _above(middle, freedom) > 1 - probability else (low, middle)
    return high


def _above(value: float, freedom: int) -> float:
    """The probability of more than `value` >= 0: the finite sums that hold for whole degrees of freedom."""
    if freedom > 200:
        return math.erfc(value / math.sqrt(2)) / 2
    angle = math.atan(value / math.sqrt(freedom))
    odd, square = freedom % 2, math.cos(angle) ** 2
    term, total = (math.cos(angle) if odd else 1.0), 0.0
    for step in range(1, freedom // 2 + 1):
        total += term
        term *= square * ((2 * step) / (2 * step + 1) if odd else (2 * step - 1) / (2 * step))
    inside = math.sin(angle) * total
    return max(0.0, (1 - (2 / math.pi * (angle + inside) if odd else inside)) / 2)


def with_sample(samples: Samples | None, output: int) -> Samples:
    """The spread of the output with one more run. A full window forgets an average run for each that comes."""
    if samples is None:
        return Samples(count=1, total=output, squares=output * output)
    total, squares = _forgetting(samples.count, samples.total), _forgetting(samples.count, samples.squares)
    count = min(samples.count, WINDOW - 1)
    return Samples(count=count + 1, total=total + output, squares=squares + output * output)


def _forgetting(count: int, total: int) -> int:
    return total if count < WINDOW else total * (WINDOW - 1) // count


def with_run(earlier: Group | None, run: Group) -> Samples:
    """The spreads of all counts of a group with one more run; `earlier` is its entry in the baseline."""
    output = run.usage.output_tokens
    if earlier is None or earlier.samples is None:
        return with_sample(None, output)
    old, made = earlier.samples, with_sample(earlier.samples, output)
    known = {name: sums for name, *sums in old.others}
    others = []
    for name in (CALLS, *COUNTS):
        if name == OUTPUT:
            continue
        was, now = value_of(earlier, name), value_of(run, name)
        sums = known.get(name)
        if sums is None and was == now:
            continue
        total, squares = sums or (old.count * was, old.count * was * was)  # never varied: each run had the same
        total, squares = _forgetting(old.count, total) + now, _forgetting(old.count, squares) + now * now
        if squares * made.count != total * total:
            others.append((name, total, squares))
    return Samples(count=made.count, total=made.total, squares=made.squares, others=tuple(sorted(others)))


def value_of(group: Group, name: str) -> int:
    """The number of calls, or a count by its name."""
    value: int = group.calls if name == CALLS else getattr(group.usage, name)
    return value
