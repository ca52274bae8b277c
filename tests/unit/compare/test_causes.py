"""Why a cost moved: each cause with its dollars, worked out by hand, adding up to the change exactly."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_claude_budget.base.money import exact
from pytest_claude_budget.calls.call import Usage
from pytest_claude_budget.compare.causes import causes_of
from pytest_claude_budget.compare.pairing import pair_up
from pytest_claude_budget.compare.result import Cause, OwnerChange, Standing
from pytest_claude_budget.compare.shapley import Prices
from pytest_claude_budget.record.record import Group, OwnerRecord, cost_of_owner
from pytest_claude_budget.render.explanation import explanation_lines
from tests.builders.priced import TABLE, TODAY
from tests.builders.records import HAIKU, SONNET, group, owner, usage
from tests.builders.tries import tries

OPUS = "claude-opus-4-7"


def asked(**parts: Any) -> str:
    """A fingerprint; `system="a:100"` and so on."""
    return json.dumps({"system": "a:100", "messages": "m:50", "max_tokens": 100, **parts})


def explained(before: list[Group], after: list[Group]) -> list[tuple[str, str, str]]:
    """Cause, dollars and sentence of each."""
    return [(cause.cause, f"{cause.amount.normalize():f}", cause.text) for cause in causes(before, after)]


def causes(before: list[Group], after: list[Group]) -> tuple[Cause, ...]:
    """All causes, which add up."""
    old, new = owner("t", *before), owner("t", *after)
    with exact():
        found = causes_of(old, new, pair_up(before, after), Prices(rates=TABLE, day=TODAY))
        change = cost_of_owner(new, TABLE, TODAY).amount - cost_of_owner(old, TABLE, TODAY).amount
        assert sum((cause.amount for cause in found), Decimal(0)) == change
    return found


def test_calls_that_came_on_top_are_one_cause() -> None:
    """Sonnet: 1,000 x $3 + 100 x $15 per million = $0.0045 a call; two more are $0.009."""
    one = group(usage(1000, 100), request=asked())
    others = [group(usage(1000, 100), request=asked(messages=f"{name}:50")) for name in ("b", "c")]
    assert explained([one], [one, *others]) == [("calls", "0.009", "makes 3 calls (was 1)")]


def test_the_same_request_made_again_is_said_to_be_what_retries_do() -> None:
    """Twice the money for the same question."""
    before, after = group(usage(1000, 100), request=asked()), group(usage(2000, 200), calls=2, request=asked())
    assert explained([before], [after]) == [
        ("calls", "0.0045", "makes 2 calls (was 1): it asks the same thing again, as retries do")
    ]


def test_the_parts_of_one_cause_are_all_kept() -> None:
    """Two requests that put out more: 100 and 200 tokens of Haiku's output, $0.0015."""
    before = [
        group(usage(1000, 100), HAIKU, request=asked()),
        group(usage(1000, 100), HAIKU, request=asked(system="b:9")),
    ]
    after = [
        group(usage(1000, 200), HAIKU, request=asked()),
        group(usage(1000, 300), HAIKU, request=asked(system="b:9")),
    ]
    (cause,) = causes(before, after)
    assert (cause.cause, f"{cause.amount.normalize():f}") == ("output", "0.0015")
    assert cause.text == "output 100 → 300 tokens; in other calls output 100 → 200 tokens"
    assert cause.more == ("output 100 → 200 tokens",)


def test_a_reason_that_two_calls_share_is_said_once() -> None:
    """5,000 tokens of a prefix that one call read and the other wrote: $0.0135 more, and $0.00375 less for 1,000 fewer of them."""
    mark = {"cache": [["system[1]", "5m"]]}
    then = {**mark, "prefix": ["p"], "system_blocks": ["x:9", "y:9"]}
    now = {**mark, "prefix": ["q"], "system_blocks": ["x:9", "z:9"], "system": "b:100"}
    before = [
        group(usage(100, 10, read=5000), request=asked(**then)),
        group(usage(100, 10, write=5000), request=asked(**then, messages="n:50")),
    ]
    after = [
        group(usage(5100, 10), request=asked(**now)),
        group(usage(100, 10, write=4000), request=asked(**now, messages="n:50")),
    ]
    texts = [cause.text for cause in causes(before, after) if cause.cause == "cache"]
    why = "block 2 of the system prompt changed"
    assert texts == [f"cache reads 5,000 → 0; in other calls cache writes 5,000 → 4,000: {why}"]


def test_an_explanation_says_every_sentence_whole_at_80_columns() -> None:
    """The amounts stand behind the first line of each cause, and add up."""
    text = (
        "cache reads 5,000 → 0: "
        + "the block of the system prompt that comes after the tools and names the shop changed"
    )
    row = OwnerChange(
        owner="a.py::t",
        kind="test",
        standing=Standing.CHANGED,
        before=Decimal("0.10"),
        after=Decimal("0.1152"),
        change=Decimal("0.0152"),
        judged=Decimal("0.0152"),
        causes=(
            Cause(cause="cache", amount=Decimal("0.0142"), text=text),
            Cause(
                cause="output",
                amount=Decimal("0.001"),
                text="output 1 → 2 tokens (and 1 more)",
                more=("output 3 → 4 tokens",),
            ),
        ),
    )
    lines = explanation_lines(row)
    assert lines == [
        "a.py::t: $0.10 → $0.1152, changed",
        "  cache reads 5,000 → 0: the block of the system prompt that comes       +0.0142",
        "      after the tools and names the shop changed",
        "  output 1 → 2 tokens (and 1 more)                                        +0.001",
        "    also: output 3 → 4 tokens",
        "  change                                                                 +0.0152",
    ]
    assert max(map(len, lines)) <= 80


def test_a_model_that_changed() -> None:
    """1,000 in, 100 out: Haiku $0.0015, Opus 4.7 $0.0075."""
    before, after = (group(usage(1000, 100), model, request=asked()) for model in (HAIKU, OPUS))
    assert explained([before], [after]) == [("model", "0.006", f"model {HAIKU} → {OPUS}")]


def test_a_system_prompt_that_grew() -> None:
    """130 tokens of Sonnet's input: $0.00039."""
    before = group(usage(1000, 100), request=asked())
    after = group(usage(1130, 100), request=asked(system="b:620"))
    assert explained([before], [after]) == [("system", "0.00039", "system prompt +130 tokens")]


def test_two_parts_that_grew_share_the_tokens_by_their_lengths() -> None:
    """300 tokens more: 600 of 900 bytes are the system prompt's, so 200 tokens or $0.0006; 100 are the tools'."""
    before = group(usage(1000, 0), request=asked(tools="t:1000"))
    after = group(usage(1300, 0), request=asked(system="b:700", tools="u:1300"))
    assert explained([before], [after]) == [
        ("system", "0.0006", "system prompt +200 tokens"),
        ("tools", "0.0003", "tools +100 tokens"),
    ]


def test_a_cache_that_was_lost_names_the_block_that_changed() -> None:
    """5,000 tokens read at $0.30 a million are $0.0015; sent anew at $3 they are $0.015."""
    cached = {"cache": [["system", "5m"]], "tools": "t:900"}
    before = group(usage(100, 10, read=5000), request=asked(**cached, prefix=["p"]))
    after = group(usage(5100, 10), request=asked(**{**cached, "tools": "u:900"}, prefix=["q"]))
    assert explained([before], [after]) == [("cache", "0.0135", "cache reads 5,000 → 0: the tools block changed")]


@pytest.mark.parametrize(
    ("then", "now", "why"),
    [
        ({"cache": [["system", "5m"]], "prefix": ["p"]}, {}, "a cache breakpoint was removed"),
        ({}, {"cache": [["system", "5m"]], "prefix": ["p"]}, "a cache breakpoint was added"),
        (
            {"cache": [["system", "5m"]], "prefix": ["p"]},
            {"cache": [["system", "1h"]], "prefix": ["p"]},
            "its time to live 5m → 1h",
        ),
        (
            {"cache": [["system", "5m"]], "prefix": ["p"]},
            {"cache": [["system", "5m"]], "prefix": ["p"]},
            "the request is the same, so other calls wrote or found the cache",
        ),
        (
            {"cache": [["system[1]", "5m"]], "prefix": ["p"], "system_blocks": ["x:9", "y:9"]},
            {"cache": [["system[1]", "5m"]], "prefix": ["q"], "system_blocks": ["x:9", "z:9"], "system": "b:100"},
            "block 2 of the system prompt changed",
        ),
        (
            {"cache": [["system[1]", "5m"]], "prefix": ["p"], "system_blocks": ["x:9", "y:900"]},
            {
                "cache": [["system[2]", "5m"]],
                "prefix": ["q"],
                "system_blocks": ["n:412", "x:9", "y:900"],
                "system": "b:1321",
            },
            "a system block of 412 bytes was put before the cached block: put it after it",
        ),
        (  # alone, a block is told with the brackets of its list: 900 + 2
            {"cache": [["system[0]", "5m"]], "prefix": ["p"], "system": "a:902"},
            {
                "cache": [["system[1]", "5m"]],
                "prefix": ["q"],
                "system_blocks": ["n:412", "y:900"],
                "system": "b:1315",
            },
            "a system block of 412 bytes was put before the cached block: put it after it",
        ),
        (  # a part of it was taken out of it, or another one took its place
            {"cache": [["system[0]", "5m"]], "prefix": ["p"], "system": "a:902"},
            {
                "cache": [["system[1]", "5m"]],
                "prefix": ["q"],
                "system_blocks": ["n:412", "y:899"],
                "system": "b:1314",
            },
            "the system prompt changed",
        ),
        (  # something came behind it, too
            {"cache": [["system[0]", "5m"]], "prefix": ["p"], "system": "a:902"},
            {
                "cache": [["system[1]", "5m"]],
                "prefix": ["q"],
                "system_blocks": ["n:412", "y:900", "m:50"],
                "system": "b:1366",
            },
            "the system prompt changed",
        ),
        (
            {"cache": [["system[1]", "5m"]], "prefix": ["p"], "system_blocks": ["x:9", "y:900"]},
            {"cache": [["system[1]", "5m"]], "prefix": ["q"], "system_blocks": ["z:9", "y:900"], "system": "b:909"},
            "block 1 of the system prompt changed, before the cached block 2: put what changes after block 2",
        ),
        (
            {"cache": [["system[1]", "5m"]], "prefix": ["p"], "system_blocks": ["x:9", "y:900"]},
            {
                "cache": [["system[2]", "5m"]],
                "prefix": ["q"],
                "system_blocks": ["n:1", "z:9", "y:900"],
                "system": "b:910",
            },
            "block 1 of the system prompt changed",
        ),
        (
            {"cache": [["messages[0]", "5m"]], "prefix": ["p"]},
            {"cache": [["messages[0]", "5m"]], "prefix": ["q"], "messages": "n:50"},
            "the messages before the breakpoint changed",
        ),
    ],
)
def test_why_a_cache_was_used_otherwise(then: dict[str, Any], now: dict[str, Any], why: str) -> None:
    """Told from the requests alone."""
    before = group(usage(100, 10, read=5000), request=asked(**then))
    after = group(usage(100, 10, write=5000), request=asked(**now))
    (text,) = [cause.text for cause in causes([before], [after]) if cause.cause == "cache"]
    assert text == f"cache reads 5,000 → 0: {why}"


def test_longer_answers_and_the_limit_that_allows_them() -> None:
    """150 tokens of Sonnet's output: $0.00225."""
    before = group(usage(1000, 100), request=asked())
    after = group(usage(1000, 250), request=asked(max_tokens=4096))
    assert explained([before], [after]) == [("output", "0.00225", "output 100 → 250 tokens (max_tokens 100 → 4,096)")]


def test_a_batch_that_became_single_calls() -> None:
    """Half of $0.0045 came on top."""
    before, after = group(usage(1000, 100), batch=True, request=asked()), group(usage(1000, 100), request=asked())
    assert explained([before], [after]) == [("service_tier", "0.00225", "priced as standard (was batch)")]


def test_running_time() -> None:
    """From 15 minutes to an hour and a half, at $0.08 an hour: 1.25 x 0.08."""
    before, after = (
        group(Usage(input_tokens=1000, session_microhours=ran), request=asked()) for ran in (250_000, 1_500_000)
    )
    assert explained([before], [after]) == [("session_time", "0.1", "running time 15 min 0 s → 1 h 30 min")]


def test_web_searches() -> None:
    """$0.01 each."""
    before, after = (group(Usage(input_tokens=1000, web_search_requests=count), request=asked()) for count in (0, 2))
    assert explained([before], [after]) == [("web_search", "0.02", "web searches 0 → 2")]


def test_failed_tries_are_told_though_they_cost_nothing() -> None:
    """Each is waited for."""
    before = group(usage(1000, 100), request=asked())
    after = Group(**{**{name: getattr(before, name) for name in before.__dataclass_fields__}, "attempts": 3})
    assert explained([before], [after]) == [("attempts", "0", "2 failed tries (was 0): each is waited for")]


def test_two_factors_that_meet_share_what_they_do_together() -> None:
    """Model and output: Haiku 100 out is $0.0005, Opus 200 out is $0.005.

    The model alone adds $0.002 at 100 tokens and $0.004 at 200: $0.003 on average. The output adds $0.0005 on Haiku and
    $0.0025 on Opus: $0.0015.
    """
    before, after = group(usage(0, 100), HAIKU, request=asked()), group(usage(0, 200), OPUS, request=asked())
    assert explained([before], [after]) == [
        ("model", "0.003", f"model {HAIKU} → {OPUS}"),
        ("output", "0.0015", "output 100 → 200 tokens"),
    ]


def test_three_factors_leave_no_rest_though_thirds_do_not_end() -> None:
    """The last digit goes to the largest cause."""
    before = group(usage(1001, 101), HAIKU, request=asked())
    after = group(usage(2333 * 2, 207 * 2), OPUS, calls=2, request=asked(system="b:9999"))
    assert {"calls", "model", "system", "output"} == {cause.cause for cause in causes([before], [after])}


def test_requests_that_cannot_be_told_apart_still_explain_their_input() -> None:
    """No fingerprint: `input`."""
    assert explained([group(usage(1000, 100))], [group(usage(1200, 100))]) == [("input", "0.0006", "input +200 tokens")]


def test_an_unknown_model_explains_what_it_can() -> None:
    """It has no price, and the causes still add up to what the known side costs."""
    assert causes([group(usage(1000, 100))], [group(usage(1000, 100), "unknown-9")])[0].cause == "model"


COUNT = st.integers(0, 100_000)
USAGES = st.builds(
    Usage,
    input_tokens=COUNT,
    cache_creation_5m_input_tokens=COUNT,
    cache_creation_1h_input_tokens=COUNT,
    cache_read_input_tokens=COUNT,
    output_tokens=COUNT,
    web_search_requests=st.integers(0, 3),
    session_microhours=st.integers(0, 3_000_000),
)
PARTS = st.fixed_dictionaries(
    {"system": st.sampled_from(["a:10", "b:900"]), "messages": st.sampled_from(["m:50", "n:70", "o:9"])},
    optional={"tools": st.sampled_from(["t:90", "u:3"]), "max_tokens": st.sampled_from([10, 99])},
)


@st.composite
def groups(draw: st.DrawFn) -> list[Group]:
    """Any calls of one owner; no two groups are alike."""
    made: dict[object, Group] = {}
    for used in draw(st.lists(USAGES, min_size=1, max_size=4)):
        one = group(
            used,
            draw(st.sampled_from([SONNET, HAIKU, OPUS, "claude-haiku-5-5", "unknown-9"])),
            calls=draw(st.integers(1, 3)),
            batch=draw(st.booleans()),
            long_prompt=draw(st.booleans()),
            request=draw(st.none() | PARTS.map(json.dumps)),
        )
        made[one.key] = one
    return list(made.values())


@given(groups(), groups())
@settings(max_examples=tries(150), deadline=None)
def test_causes_add_up_to_the_change_whatever_moved(before: list[Group], after: list[Group]) -> None:
    """Exactly, and in whatever order the groups come."""
    found = causes(before, after)
    assert found == causes(before[::-1], after[::-1])
    assert [cause.cause for cause in found] == list(dict.fromkeys(cause.cause for cause in found))


@given(groups(), groups())
@settings(max_examples=tries(80), deadline=None)
def test_the_way_back_has_the_same_causes_with_the_other_sign(before: list[Group], after: list[Group]) -> None:
    """Shapley values know no direction; only what rounding leaves over may sit elsewhere."""
    there = {cause.cause: cause.amount for cause in causes(before, after)}
    back = {cause.cause: cause.amount for cause in causes(after, before)}
    for cause in there.keys() | back.keys():
        assert abs(there.get(cause, Decimal(0)) + back.get(cause, Decimal(0))) < Decimal("1e-9"), cause


def test_an_owner_that_did_not_move_has_no_cause() -> None:
    """Nothing to say."""
    one = [group(usage(1000, 100), request=asked())]
    assert causes(one, one) == ()
    assert isinstance(owner("t", *one), OwnerRecord)
