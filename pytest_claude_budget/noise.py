"""Is a difference of output the model's own noise? Judged against the spread that live runs have shown.

Floats are fine here: they weigh evidence, they never become dollars. Lengths of answers are skewed to the right and never
negative, so their spread is read as a log-normal one. Few samples say little of it, so each spread is moderated by what
is known of such answers beforehand (Smyth's moderated t: a prior variance with degrees of freedom of its own).
"""

import math
from collections.abc import Sequence
from functools import lru_cache

from pytest_claude_budget.record import Samples

FEWEST_SAMPLES = 3
"""Below that, a spread says nothing."""
WINDOW = 20
"""Runs that a spread remembers."""
FALSE_ALARMS = 0.01
"""How often a whole run may be called changed by noise alone. `make bench` measures what becomes of it."""
PRIOR_SPREAD, PRIOR_FREEDOM = 0.35, 4
"""Of one answer's length as a part of it, and how many samples that weighs as much as: 15 to 40% is what is seen."""


def most_of(spreads: Sequence[Samples], *, judged: int) -> float:
    """The output tokens up to which a run is within the noise of earlier ones.

    Args:
        spreads: of the groups whose outputs are added up, each with FEWEST_SAMPLES at least.
        judged: how many such sums a run is judged by; the more, the wider each may be. Half of all false alarms are
            left to the sum over the whole run, which is judged alone: a drift shows there first.
    """
    mean = sum(spread.mean for spread in spreads)
    if mean <= 0:
        return 0.0
    parts = [(_variance_of_next(spread), spread.count - 1 + PRIOR_FREEDOM) for spread in spreads]
    variance = sum(part for part, _ in parts)
    freedom = int(variance**2 / sum(part**2 / own for part, own in parts))
    width = math.log1p(variance / mean**2)
    reach = quantile(1 - FALSE_ALARMS / 2 / max(1, judged), max(1, freedom))
    return mean * math.exp(reach * math.sqrt(width) - width / 2)


def _variance_of_next(spread: Samples) -> float:
    """Of the next run around the mean of the earlier ones."""
    if not spread.total:
        return 0.0
    own, freedom = math.log1p(spread.variance / spread.mean**2), spread.count - 1
    prior = math.log1p(PRIOR_SPREAD**2)
    moderated = (PRIOR_FREEDOM * prior + freedom * own) / (PRIOR_FREEDOM + freedom)
    return spread.mean**2 * math.expm1(moderated) * (1 + 1 / spread.count)


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
    """The spread with one more run. A full window forgets an average run for each that comes."""
    if samples is None:
        return Samples(count=1, total=output, squares=output * output)
    count, total, squares = samples.count, samples.total, samples.squares
    if count >= WINDOW:
        total, squares = total * (WINDOW - 1) // count, squares * (WINDOW - 1) // count
        count = WINDOW - 1
    return Samples(count=count + 1, total=total + output, squares=squares + output * output)
