"""Lengths of time as a person reads them."""

import pytest

from pytest_claude_budget.base.durations import running_time


@pytest.mark.parametrize(
    ("microhours", "said"),
    [
        (0, "0 s"),
        (1_000, "3.6 s"),
        (16_640, "59.9 s"),
        (16_667, "1 min 0 s"),
        (25_000, "1 min 30 s"),
        (999_999, "1 h 0 min"),
        (1_500_000, "1 h 30 min"),
    ],
)
def test_it_is_said_in_its_two_largest_units(microhours: int, said: str) -> None:
    """A millionth of an hour is 3.6 ms."""
    assert said == running_time(microhours)
