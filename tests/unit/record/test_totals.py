"""Sums of usages hold every count there is, each in its own place: a count that is new must be added up here, too."""

import pytest

from pytest_claude_budget.calls.call import COUNTS, Usage
from pytest_claude_budget.record.totals import Totals, added


@pytest.mark.parametrize("name", COUNTS)
def test_each_count_is_added_up_by_itself(name: str) -> None:
    whole = added([Totals(usage=Usage(**{name: 2})), Totals(usage=Usage(**{name: 3})), Totals()])
    assert whole == Totals(usage=Usage(**{name: 5}))


def test_all_counts_are_added_up_together() -> None:
    """1 to 9, and ten times that."""
    few, many = (Usage(**{name: times * at for at, name in enumerate(COUNTS, 1)}) for times in (1, 10))
    whole = added([Totals(usage=few), Totals(usage=many)]).usage
    assert [getattr(whole, name) for name in COUNTS] == [11 * at for at in range(1, len(COUNTS) + 1)]
