"""When a difference of output is the model's own noise."""

import math

import pytest

from pytest_claude_budget.noise import WINDOW, most_of, quantile, with_sample
from pytest_claude_budget.record import Samples


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


def test_more_runs_and_less_spread_narrow_what_counts_as_noise() -> None:
    """The bound lies above the mean, and comes closer to it."""
    few, many = most_of([spread(90, 100, 110)], judged=1), most_of([spread(*[90, 100, 110] * 6)], judged=1)
    wide = most_of([spread(*[50, 100, 150] * 6)], judged=1)
    assert 100 < many < few
    assert many < wide


def test_the_more_tests_are_judged_the_wider_each_may_be() -> None:
    """Else a large suite would fail by chance."""
    one = spread(*[90, 100, 110] * 6)
    assert most_of([one], judged=1) < most_of([one], judged=30)


def test_the_sum_of_many_tests_is_steadier_than_each_of_them() -> None:
    """Thirty tests that each spread by 30%: their sum spreads by 30% / sqrt(30), so a drift of 20% stands out."""
    one = spread(*[70, 100, 130] * 6)
    assert most_of([one], judged=30) > 120 * 1.0
    assert most_of([one] * 30, judged=1) < 30 * 120


def test_nothing_put_out_so_far_makes_any_output_a_change() -> None:
    """There is no spread around nothing."""
    assert most_of([spread(0, 0, 0)], judged=1) == 0.0
    assert math.isfinite(most_of([spread(0, 0, 0), spread(5, 5, 5)], judged=2))
