"""When a difference of output is the model's own noise."""

import math
from dataclasses import replace

import pytest

from pytest_claude_budget.compare.noise import (
    WINDOW,
    Spread,
    joint_spread,
    next_answer,
    quantile,
    summed_spread,
    with_run,
    with_sample,
)
from pytest_claude_budget.record.record import Group, Samples
from tests.builders.records import HAIKU, group, usage


def spread(*outputs: int) -> Samples:
    """Runs one after the other."""
    samples = None
    for output in outputs:
        samples = with_sample(samples, output)
    assert samples is not None
    return samples


@pytest.mark.parametrize(
    ("probability", "freedom", "expected"),
    [
        (0.975, 1, 12.706),
        (0.95, 2, 2.920),
        (0.975, 5, 2.571),
        (0.99, 10, 2.764),
        (0.999, 19, 3.579),
        (0.995, 1000, 2.576),
    ],
)
def test_quantiles_are_those_of_any_table_of_students_t(probability: float, freedom: int, expected: float) -> None:
    """To three digits after the point."""
    assert expected == pytest.approx(quantile(probability, freedom), abs=0.001)


def test_samples_are_counted_exactly_until_the_window_is_full() -> None:
    """100 + 110 + 90 = 300; 10,000 + 12,100 + 8,100 = 30,200; the variance is 100."""
    assert spread(100, 110, 90) == Samples(count=3, total=300, squares=30_200)
    assert (spread(100, 110, 90).mean, spread(100, 110, 90).variance) == (100.0, 100.0)
    assert spread(7).variance == 0.0


def test_a_full_window_forgets_an_average_run_for_each_that_comes() -> None:
    """Twenty runs of 100, then one of 200: 19 * 100 + 200 = 2,100, of twenty."""
    full = spread(*[100] * WINDOW)
    assert with_sample(full, 200) == Samples(count=WINDOW, total=2_100, squares=19 * 10_000 + 40_000)


def above(*spreads: Samples, chance: float = 0.005) -> float:
    """What the sum of the next runs is hardly above."""
    answers = [next_answer(samples, samples.mean, samples.variance) for samples in spreads]
    return summed_spread(answers).bounds(chance)[1]


def test_more_runs_and_less_spread_narrow_what_counts_as_noise() -> None:
    """The bound lies above the mean, and comes closer to it."""
    few, many = above(spread(90, 100, 110)), above(spread(*[90, 100, 110] * 6))
    wide = above(spread(*[50, 100, 150] * 6))
    assert 100 < many < few
    assert many < wide


def test_the_more_tests_are_judged_the_wider_each_may_be() -> None:
    """Else a large suite would fail by chance."""
    one = spread(*[90, 100, 110] * 6)
    assert above(one) < above(one, chance=0.005 / 30)


def test_the_sum_of_many_tests_is_steadier_than_each_of_them() -> None:
    """Thirty tests that each spread by 30%: their sum spreads by 30% / sqrt(30), so a drift of 20% stands out."""
    one = spread(*[70, 100, 130] * 6)
    assert above(one, chance=0.005 / 30) > 120
    assert above(*[one] * 30) < 30 * 120


def test_far_too_little_is_no_noise_either() -> None:
    """A tenth of what was ever seen."""
    one = spread(*[90, 100, 110] * 6)
    answer = next_answer(one, one.mean, one.variance)
    assert [answer.has(amount, 0.005) for amount in (10, 70, 100, 150, 900)] == [False, True, True, True, False]


def test_nothing_put_out_so_far_makes_any_output_a_change() -> None:
    """There is no spread around nothing."""
    nothing, some = spread(0, 0, 0), spread(5, 5, 5)
    assert above(nothing) == 0.0
    assert math.isfinite(above(nothing, some))


def test_amounts_that_rise_and_fall_together_spread_as_widely_as_all_of_them() -> None:
    """Standard deviations of 3 and 4: 5 if neither knows of the other, 7 if both go the same way."""
    parts = [Spread(mean=10.0, variance=variance, freedom=9.0) for variance in (9.0, 16.0)]
    assert (summed_spread(parts).variance, joint_spread(parts).variance) == (25.0, 49.0)


def run(calls: int, output: int, fresh: int = 1000) -> Group:
    return group(usage(fresh, output), HAIKU, calls=calls, live=calls)


def test_a_count_has_a_spread_once_it_varied_and_not_before() -> None:
    """Calls 1, 1, 3: sum 5, squares 1 + 1 + 9 = 11. Input was 1,000 each time: nothing is written down."""
    entry = run(1, 100)
    for one in (run(1, 100), run(1, 110), run(3, 90)):
        entry = replace(entry, samples=with_run(entry if entry.samples else None, one))
    assert entry.samples == Samples(count=3, total=300, squares=30_200, others=(("calls", 5, 11),))
    assert entry.samples.of("calls") == (5 / 3, pytest.approx(4 / 3))
    assert entry.samples.of("input_tokens") is None
