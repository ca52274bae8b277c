"""What is said of a run that goes on: what was spent, never less certain than it is."""

from decimal import Decimal

import pytest

from pytest_claude_budget.calls.call import Answer, Call, Labels, Origin, Owner, Status, Usage
from pytest_claude_budget.files.rates_file import packaged_rates
from pytest_claude_budget.judge.so_far import SoFar, so_far
from pytest_claude_budget.render.so_far import line_so_far, near_the_cap, spent_so_far, watched_line

CAP = Decimal("0.01")


def call(number: int, owner: str = "test_a.py::test_one", origin: Origin = Origin.LIVE, **answer: object) -> Call:
    """1,000 in and 100 out on Haiku 4.5: 1,000 x $1 + 100 x $5 a million = $0.0015."""
    usage = Usage(input_tokens=1000, output_tokens=100)
    said = {"status": Status.MEASURED, "endpoint": "messages", "model": "claude-haiku-4-5", "usage": usage, **answer}
    whose = Owner(id=owner, kind="test", phase="call")
    return Call(id=number, at=1_795_000_000.0, answer=Answer(**said), owner=whose, labels=Labels(), origin=origin)  # type: ignore[arg-type]


UNKNOWN = {"status": Status.UNMEASURED, "model": None, "usage": Usage(), "reason": "cut"}


def of(*calls: Call, damaged: bool = False) -> SoFar:
    return so_far(calls, packaged_rates(), damaged=damaged)


@pytest.mark.parametrize(
    ("calls", "spent"),
    [
        ([], ""),
        ([call(1, origin=Origin.SIMULATED)], ""),
        ([call(1), call(2, origin=Origin.SIMULATED)], "spent $0.0015"),
        ([call(1), call(2)], "spent $0.003"),
        ([call(1), call(2, **UNKNOWN)], "spent at least $0.0015"),
        ([call(1, **UNKNOWN)], "spent an unknown amount"),
        ([call(1), call(2, origin=Origin.SIMULATED, **UNKNOWN)], "spent $0.0015"),
        ([call(1, status=Status.FAILED)], ""),
    ],
)
def test_what_was_spent_is_of_live_calls_and_says_what_is_not_known(calls: list[Call], spent: str) -> None:
    assert spent == spent_so_far(of(*calls))
    assert (f"{spent} of $0.01" if spent else "") == spent_so_far(of(*calls), CAP)


def test_what_cannot_be_read_makes_it_a_lower_bound() -> None:
    assert "spent at least $0.0015" == spent_so_far(of(call(1), damaged=True))


def test_the_line_names_who_spent_most() -> None:
    now = of(call(1), call(2, "test_b.py::test_two"), call(3, "test_b.py::test_two"))
    assert "spent $0.0045 of $0.01 so far in 3 live calls; dearest: test_b.py::test_two $0.003" == line_so_far(now, CAP)
    assert "spent an unknown amount so far in 1 live call" == line_so_far(of(call(1, **UNKNOWN)))


def test_the_warning_names_the_three_dearest_and_never_looks_under_what_it_is() -> None:
    calls = [call(at, f"test_{'abcd'[at % 4]}.py::test") for at in range(6)]  # a, b: two each; c, d: one each
    assert (
        "80% of the cap of $0.01 is spent: $0.009; dearest so far:"
        " test_a.py::test $0.003, test_b.py::test $0.003, test_c.py::test $0.0015"
    ) == near_the_cap(of(*calls), CAP, 80)


def test_who_watches_is_told_of_calls_that_cost_nothing_too() -> None:
    assert "no calls so far" == watched_line(of())
    simulated = [call(at, origin=Origin.SIMULATED) for at in range(2)]
    said = "spent nothing so far; 2 replayed, mocked or local calls, $0.003 at list price"
    assert said == watched_line(of(*simulated))
    assert "spent $0.0015 so far in 1 live call; dearest: test_a.py::test_one $0.0015" == watched_line(of(call(3)))
