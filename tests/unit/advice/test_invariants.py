"""What holds of every lever, whatever the calls: a saving is proven, no more than what was paid, and never twice the same lever."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_budget.advice.lever import KINDS, place
from pytest_claude_budget.advice.levers import find_levers
from pytest_claude_budget.budget.increases_and_volumes import Feature
from pytest_claude_budget.calls.seen import Seen
from tests.builders.priced import TABLE, TODAY
from tests.builders.seen import SONNET, question, seen

MARK = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
LONG = {"type": "text", "text": "x" * 5_000}
TALK = [*question("Q"), {"role": "assistant", "content": "A"}, *question("R")]
REQUESTS: list[dict[str, Any]] = [
    {"messages": question("Q"), "system": "s" * 9_000},
    {"messages": question("R"), "system": "s" * 9_000},
    {"messages": TALK, "system": "s" * 9_000},
    {"messages": question("Q"), "system": [{"type": "text", "text": "day 1"}, {**LONG, **MARK}]},
    {"messages": question("Q"), "system": [{"type": "text", "text": "day 2"}, {**LONG, **MARK}]},
    {"messages": [{"role": "user", "content": [{**LONG, **MARK}, LONG]}]},
    {"messages": [{"role": "user", "content": [LONG, LONG]}], "tools": [{"name": "t", "input_schema": {}}]},
]
TOKENS = st.sampled_from([0, 40, 3_000, 8_000, 250_000])
SELDOM = st.sampled_from([0] * 9 + [3_000])
CALLS = st.builds(
    seen,
    st.sampled_from(REQUESTS),
    st.sampled_from([0, 1, 2, 299, 310, 3_999]),
    owner=st.sampled_from(["a", "a", "a", "b"]),
    owner_kind=st.sampled_from(["test", "test", "test", "fixture"]),
    feature=st.sampled_from([None, "nightly", "f", "f", "f"]),
    model=st.sampled_from([SONNET] * 5 + ["claude-opus-4-7", "claude-haiku-5-5", "claude-unheard-of", None]),
    origin=st.sampled_from(["live", "simulated"]),
    speed=st.sampled_from([None, "fast"]),
    stop_reason=st.sampled_from([None, "end_turn", "max_tokens"]),
    called=st.sampled_from([None, "", "0badc0de"]),
    input_tokens=TOKENS,
    cache_creation_5m_input_tokens=SELDOM,
    cache_creation_1h_input_tokens=SELDOM,
    cache_read_input_tokens=SELDOM,
    output_tokens=TOKENS,
)
FEATURES = [Feature(name="f", tests=("a",), requests_per_month={"average": 90_000, "light": 30}, where="")]


@given(st.lists(CALLS, max_size=8))
def test_a_saving_is_proven_and_no_more_than_what_was_paid(calls: list[Seen]) -> None:
    """Also that of each option, and no month is less than nothing."""
    levers = find_levers(sorted(calls, key=lambda call: call.at), TABLE, TODAY, FEATURES)
    assert list(levers) == sorted(levers, key=place)
    for lever in levers:
        assert lever.kind in KINDS
        assert 0 < lever.calls <= len(calls)
        assert bool(lever.month) != bool(lever.month_unknown)
        savings = [option.saving for option in lever.options] + ([lever.saving] if lever.saving else [])
        assert all(0 < saving.low <= saving.high <= lever.paid for saving in savings)
        assert all(0 <= month.saving.low <= month.saving.high for month in lever.month)
