"""Each lever planted in calls of whole requests, with its dollars worked out by hand; and calls that show none."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_budget.advice.evidence import NO_VOLUME
from pytest_claude_budget.advice.lever import (
    AFTER_CHANGE,
    AGAIN,
    BATCH,
    CONVERSATION,
    CUT,
    KINDS,
    LIFETIME,
    MODEL,
    NEVER_READ,
    PREFIX,
    TWICE,
    UNUSED_TOOLS,
    Lever,
)
from pytest_claude_budget.advice.levers import find_levers
from pytest_claude_budget.advice.warm_cache import SELDOM
from pytest_claude_budget.budget.increases_and_volumes import Feature
from pytest_claude_budget.calls.seen import Seen
from pytest_claude_budget.wire.canonical import name_hash
from tests.builders.priced import TABLE, TODAY
from tests.builders.seen import question, seen

MARK = {"cache_control": {"type": "ephemeral"}}
HOUR = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
VOLUME = Feature(name="f", tests=("t*",), requests_per_month={"average": 50_000}, where="claude-budget.yml:9")
D = Decimal


def found(calls: Sequence[Seen], volume: Feature | None = VOLUME) -> dict[str, Lever]:
    """The levers of calls, by kind: at most one of each here."""
    features = () if volume is None else (volume,)
    levers = find_levers(calls, TABLE, TODAY, features, lambda owner: None if volume is None else "f")
    kinds = [lever.kind for lever in levers]
    assert len(kinds) == len(set(kinds))
    return {lever.kind: lever for lever in levers}


def ends(lever: Lever) -> tuple[Decimal, Decimal]:
    assert lever.saving is not None
    return lever.saving.low, lever.saving.high


def micro(amount: Fraction) -> Decimal:
    """Rounded down to a whole micro-dollar."""
    return D(amount.numerator * 10**6 // amount.denominator) / 10**6


def turns(*prompts: int, system: object = "s", **fields: Any) -> list[Seen]:
    """A conversation of some 5,000 bytes: each turn repeats the one before, its answer and a new question."""
    calls, messages = [], question("Q0" + " and what then" * 350)
    for at, tokens in enumerate(prompts):
        asked = {"messages": list(messages), "system": system}
        calls.append(seen(asked, at * 10, input_tokens=tokens, output_tokens=200, **fields))
        messages += [{"role": "assistant", "content": f"A{at}"}, *question(f"Q{at + 1}")]
    return calls


def test_a_conversation_that_sends_all_again_is_told_by_its_counts() -> None:
    """Turn 1 writes 2,100; turns 2 and 3 read 2,000 and 3,000 and write 1,100 each.

    2,100 x -0.75 + (3,100 x 3 - 2,000 x 0.3 - 1,100 x 3.75) + (4,100 x 3 - 3,000 x 0.3 - 1,100 x 3.75)
    = -1,575 + 4,575 + 7,275 = 10,275 micro-dollars of 9,300 x 3 + 600 x 15 = 36,900.
    """
    lever = found(turns(2_100, 3_100, 4_100))[CONVERSATION]
    assert ends(lever) == (D("0.010275"), D("0.010275"))
    assert (lever.paid, lever.calls, lever.tests) == (D("0.0369"), 3, 1)
    assert "1 conversation sends again" in lever.text
    assert "5,000 of 9,300 input tokens" in lever.text
    assert [(month.scenario, month.saving.low) for month in lever.month] == [("average", D("513.75"))]


@pytest.mark.parametrize(
    "calls",
    [
        turns(300, 400, 500),  # too short to be cached
        turns(2_100, 3_100, 4_100, model="claude-haiku-5-5"),  # caches from 4,096 on, as far as is known
        turns(2_100, 3_100, 4_100, cache_read_input_tokens=1),  # the cache is used
        turns(9_100, 9_200, 9_300),  # more tokens than bytes: a double has made them up
        turns(2_100),
        [*turns(2_100), *turns(2_000, owner="t2")],
    ],
)
def test_no_conversation_lever_without_evidence(calls: Sequence[Seen]) -> None:
    """Short, cached, or no conversation at all."""
    assert CONVERSATION not in found(calls)


SYSTEM = "s" * 8_000
"""8,002 bytes with its quotes; a question such as Q1 is 32 bytes of canonical JSON."""


def singles(*times: int, **fields: Any) -> list[Seen]:
    """Calls of tests of their own, with one system prompt."""
    return [
        seen(
            {"messages": question(f"Q{number}"), "system": SYSTEM},
            at,
            **{"owner": f"t{number}", "input_tokens": 2_132, "output_tokens": 200} | fields,
        )
        for number, at in enumerate(times)
    ]


def test_a_beginning_that_is_sent_again_is_proven_by_the_bytes_of_the_rest() -> None:
    """2,132 - 32 bytes - 100 around = 2,000 tokens at least; 2,132 x 8,002 / 8,034 = 2,123 by their share.

    The first call and the one after six minutes write, two read: 2,000 x (2 x -0.75 + 2 x 2.7) = 7,800 micro-dollars.
    """
    lever = found(singles(0, 1, 2, 400))[PREFIX]
    assert ends(lever) == (D("0.0078"), D("2123") * D("3.9") / 10**6)
    assert "at least 2,000 tokens" in lever.text
    x = Fraction(50_000 * 300, 31 * 86_400)
    late = 1 / (1 + x + x**2 / 2 + x**3 / 6 + x**4 / 24)
    low = 50_000 * 2_000 * (3 - (1 - late) * Fraction("0.3") - late * Fraction("3.75")) / 10**6
    (month,) = lever.month
    assert (month.saving.low, month.saving.high) == (micro(low), D(50_000) * 2_123 * D("2.7") / 10**6)
    assert month.saving.low > 260


def test_no_month_where_most_requests_would_find_the_cache_empty() -> None:
    """2,000 a month come 22 minutes apart."""
    seldom = Feature(name="f", tests=("t*",), requests_per_month={"average": 2_000}, where="")
    lever = found(singles(0, 1, 2), seldom)[PREFIX]
    assert (lever.month, lever.month_unknown) == ((), SELDOM)
    assert found(singles(0, 1, 2), None)[PREFIX].month_unknown == NO_VOLUME


def test_calls_about_one_document_share_it_too() -> None:
    """Messages of 6,083 bytes, 6,000 of them the document: 1,700 - 83 - 100 = 1,517 tokens are proven.

    One write and one read save 1,517 x (2.7 - 0.75) = 2,958.15 micro-dollars.
    """
    document = {"type": "text", "text": "d" * 6_000}
    asked = [[{"role": "user", "content": [document, {"type": "text", "text": f"Q{number}"}]}] for number in range(2)]
    lever = found([seen({"messages": each, "system": "s"}, input_tokens=1_700) for each in asked])[PREFIX]
    assert lever.saving is not None
    assert lever.saving.low == D("0.00295815")
    assert "system prompt and first document" in lever.text


@pytest.mark.parametrize(
    "fields",
    [
        {"input_tokens": 1_100},  # 968 proven, fewer than 1,024
        {"input_tokens": 9_500},  # of 8,034 bytes: made up
        {"web_search_requests": 1},
        {"facts": '{"open":true}'},
        {"cache_read_input_tokens": 5},
        {"model": "claude-unheard-of"},
        {"phase": "call 2"},  # a rerun
    ],
)
def test_no_beginning_is_named_that_is_not_proven(fields: dict[str, object]) -> None:
    """Short, with tokens that are not in the bytes, cached already, unpriced, or repeated by the runner."""
    assert PREFIX not in found(singles(0, 1, 2, **fields))


def test_counts_that_contradict_each_other_prove_nothing() -> None:
    """A prompt of 300 tokens does not begin with 2,000: a double has made up one of the two counts."""
    calls = singles(0, 1, 2)
    assert PREFIX not in found([*calls[:2], calls[2]._replace(input_tokens=300)])


def test_what_is_asked_again_is_paid_again() -> None:
    """Each of two calls after the first: 1,000 x 3 + 200 x 15 = 6,000 micro-dollars. Another test's call is none of it."""
    same = [seen({"messages": question("Q")}, at, input_tokens=1_000, output_tokens=200) for at in range(3)]
    lever = found([*same, same[0]._replace(owner="t2")])[AGAIN]
    assert ends(lever) == (D("0.012"), D("0.012"))
    assert lever.calls == 2
    (month,) = lever.month
    assert month.saving.low == D(50_000) * D("0.012") / 2


def cut(cap: int, at: int = 0, **fields: Any) -> Seen:
    asked = {"messages": question("Q"), "max_tokens": cap}
    return seen(asked, at, stop_reason="max_tokens", input_tokens=100, output_tokens=cap, **fields)


def test_a_cut_answer_that_is_asked_for_again_was_paid_for_nothing() -> None:
    """100 x 3 + 200 x 15 = 3,300 micro-dollars; the second, which is whole, is wanted."""
    calls = [cut(200), seen({"messages": question("Q"), "max_tokens": 900}, 1, input_tokens=100, output_tokens=300)]
    levers = found(calls)
    assert ends(levers[CUT]) == (D("0.0033"), D("0.0033"))
    assert levers[CUT].paid == D("0.0033")
    assert AGAIN not in levers


def test_a_cut_answer_that_nobody_asked_for_again_saves_nothing() -> None:
    """It was paid, and to let it finish costs more."""
    lever = found([cut(200)])[CUT]
    assert (lever.saving, lever.paid, lever.month) == (None, D("0.0033"), ())
    assert CUT not in found([cut(16)])


def blocks(day: str, **fields: Any) -> Seen:
    """A call whose cached system prompt begins with the date: 35 bytes of JSON, then 8,025 with the mark."""
    system = [{"type": "text", "text": day}, {"type": "text", "text": SYSTEM, **MARK}]
    return seen({"messages": question("Q"), "system": system}, **fields)


def test_a_mark_behind_a_block_that_varies_is_told_with_the_block() -> None:
    """2,046 tokens written; the first block is 35 bytes, so 2,011 are the same; 2,046 x 8,025 / 8,060 = 2,037 by share.

    Now 2,046 x 3.75 twice; then 35 sent twice, 2,011 written once and read once:
    15,345 - 35 x 3 x 2 - 2,011 x (3.75 + 0.3) = 15,345 - 210 - 8,144.55 = 6,990.45 micro-dollars.
    The same with 9 and 2,037: 15,345 - 54 - 8,249.85 = 7,041.15.
    """
    days = ("2026-11-23", "2026-11-24")
    calls = [blocks(day, owner=day, cache_creation_5m_input_tokens=2_046, input_tokens=9) for day in days]
    levers = found(calls, None)
    lever = levers[AFTER_CHANGE]
    assert ends(lever) == (D("0.00699045"), D("0.00704115"))
    assert "block 1 of the system prompt, before the mark at block 2" in lever.text
    assert lever.do.startswith("put block 1 after block 2")
    assert NEVER_READ not in levers
    same = [call._replace(request=calls[0].request) for call in calls]
    assert AFTER_CHANGE not in found(same, None)


def document(text: str, mark: dict[str, object] = MARK, **fields: Any) -> Seen:
    content = [{"type": "text", "text": text, **mark}, {"type": "text", "text": "Q"}]
    return seen({"messages": [{"role": "user", "content": content}]}, **fields)


def test_what_is_written_and_never_read_costs_the_surcharge() -> None:
    """Two texts of 2,000 tokens: 4,000 x (3.75 - 3) = 3,000 micro-dollars. One that is read, or written twice, is none."""
    calls = [document(each, owner=each, cache_creation_5m_input_tokens=2_000) for each in ("one", "two")]
    lever = found(calls)[NEVER_READ]
    assert ends(lever) == (D("0.003"), D("0.003"))
    assert lever.month == ()
    assert NEVER_READ not in found([*calls, document("one", cache_read_input_tokens=2_000)])
    assert NEVER_READ not in found([calls[0], calls[0]])
    assert NEVER_READ not in found(calls[:1])


def test_an_hour_is_too_long_where_every_use_comes_at_once() -> None:
    """2,000 x (6 - 3.75) = 4,500 micro-dollars, of live calls only: a cassette's times are not those of the calls."""
    calls = [
        document("one", HOUR, cache_creation_1h_input_tokens=2_000, origin="live"),
        document("one", HOUR, at=200, cache_read_input_tokens=2_000, origin="live"),
    ]
    lever = found(calls)[LIFETIME]
    assert ends(lever) == (D("0.0045"), D("0.0045"))
    assert lever.text.startswith("1 write to the cache is for an hour, ")
    assert LIFETIME not in found([call._replace(origin="simulated") for call in calls])
    assert LIFETIME not in found([calls[0], calls[1]._replace(at=calls[0].at + 301)])


def test_five_minutes_are_too_short_where_the_next_use_comes_later() -> None:
    """The first write costs 2,000 x (6 - 3.75) more; two that become reads save 2,000 x (3.75 - 0.3) each: 9,300."""
    calls = [document("one", at=at, cache_creation_5m_input_tokens=2_000, origin="live") for at in (0, 400, 900)]
    assert ends(found(calls)[LIFETIME]) == (D("0.0093"), D("0.0093"))
    assert LIFETIME not in found([*calls[:2], calls[2]._replace(at=calls[0].at + 5_000)])


def test_short_answers_are_priced_with_each_cheaper_current_model() -> None:
    """3 x (1,000 x 3 + 100 x 15) = 13,500 micro-dollars with Sonnet 4.5; the others make up to 1.35 tokens of one.

    Sonnet 5.5 at 2 and 10: 3 x 3,000 x 1 to 1.35 = 9,000 to 12,150. Haiku 5.5 at 0.1 and 0.5: 450 to 607.5.
    Opus 5.5 at 4 and 20 is dearer.
    """
    calls = [seen({"messages": question(f"Q{at}")}, input_tokens=1_000, output_tokens=100) for at in range(3)]
    lever = found(calls)[MODEL]
    assert [(option.model, option.saving.low, option.saving.high) for option in lever.options] == [
        ("claude-sonnet-5-5", D("0.00135"), D("0.0045")),
        ("claude-haiku-5-5", D("0.012892"), D("0.01305")),
    ]
    assert ends(lever) == (D("0.00135"), D("0.0045"))
    assert lever.rests_on[0].startswith("not tried")
    assert MODEL not in found([*calls[:2], calls[2]._replace(output_tokens=101)])
    assert MODEL not in found(calls[:2])


def test_work_that_can_wait_costs_half_in_a_batch() -> None:
    """3 x (1,000 x 3 + 200 x 15) = 18,000; half is saved, where a label says so."""
    calls = [
        seen({"messages": question(f"Q{at}")}, input_tokens=1_000, output_tokens=200, tier="nightly") for at in range(3)
    ]
    lever = found(calls)[BATCH]
    assert ends(lever) == (D("0.009"), D("0.009"))
    assert lever.text.startswith("3 calls are labelled ")
    assert (
        found(calls[:1])[BATCH].text == "1 call is labelled as work that can wait and was not sent in a message batch"
    )
    assert BATCH not in found([call._replace(tier="debatched") for call in calls])


def test_many_calls_of_one_test_that_stand_alone_could_wait() -> None:
    """20 x 6,000 micro-dollars, half; 19 are not many, and one that is asked twice looks like something else."""
    calls = [seen({"messages": question(f"Q{at}")}, input_tokens=1_000, output_tokens=200) for at in range(20)]
    lever = found(calls)[BATCH]
    assert ends(lever) == (D("0.06"), D("0.06"))
    assert "nothing says that nobody waits" in lever.rests_on[0]
    assert BATCH not in found(calls[:19])
    assert BATCH not in found([*calls, calls[0]])


def test_tools_that_no_answer_calls_are_told_by_their_place() -> None:
    """Tool 2 of two has 55 bytes, of 55 + 54 and two brackets and a comma, and 32 of a question: 144 in all.

    1,440 x 55 / 144 = 550 tokens; half to half as much again: 275 to 825, at 3 micro-dollars, in each of three calls.
    """
    tools = [{"name": name, "input_schema": {"type": "object"}} for name in ("get_time_1", "get_weather")]
    used = name_hash("get_time_1")
    calls = [
        seen({"messages": question(f"Q{at}"), "tools": tools}, input_tokens=1_440, output_tokens=200, called=used)
        for at in range(3)
    ]
    lever = found(calls)[UNUSED_TOOLS]
    assert ends(lever) == (D(3 * 275 * 3) / 10**6, D(3 * 825 * 3) / 10**6)
    assert "not tool 2 of the 2" in lever.text
    both = f"{used},{name_hash('get_weather')}"
    assert UNUSED_TOOLS not in found([calls[0]._replace(called=both), *calls[1:]])
    assert UNUSED_TOOLS not in found([calls[0]._replace(called=None), *calls[1:]])
    assert UNUSED_TOOLS not in found(calls[:2])


def test_a_text_that_a_request_sends_twice_is_told_by_its_bytes() -> None:
    """2,000 of 4,118 bytes, which are as many tokens here: 1,000 to 3,000 of them at 3 micro-dollars."""
    text = {"type": "text", "text": "d" * 2_000}
    messages = [{"role": "user", "content": [text, text, {"type": "text", "text": "Who signed?"}]}]
    lever = found([seen({"messages": messages}, input_tokens=4_118)])[TWICE]
    assert ends(lever) == (D("0.003"), D("0.009"))


def test_calls_that_show_nothing_get_no_advice() -> None:
    """A cached prompt, a conversation that is cached, tools that are called, long answers of a current cheap model."""
    system = [{"type": "text", "text": SYSTEM, **MARK}]
    tool = {"name": "get_time", "input_schema": {"type": "object"}}
    prompt = {"system": system, "tools": [tool]}
    called = name_hash("get_time")
    first = seen({**prompt, "messages": question("Q0")}, cache_creation_5m_input_tokens=5_000, output_tokens=300)
    later = [
        seen({**prompt, "messages": question(f"Q{at}")}, at, cache_read_input_tokens=5_000, output_tokens=300)
        for at in (1, 2, 3)
    ]
    cached = turns(50, 60, 70, system=system, cache_read_input_tokens=5_000, owner="t2")
    calls = [each._replace(model="claude-haiku-5-5", called=called) for each in (first, *later, *cached)]
    assert found(calls) == found([]) == {}


def test_each_kind_is_in_the_documents() -> None:
    """With what shows it."""
    page = (Path(__file__).parents[3] / "docs" / "advice.md").read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f"| `{kind}` |" not in page] == []


def test_what_is_less_than_one_part_in_a_hundred_is_not_named() -> None:
    """6,000 micro-dollars for nothing, of 606,000: not worth a sentence."""
    same = [seen({"messages": question("Q")}, at, input_tokens=1_000, output_tokens=200) for at in range(2)]
    long = seen({"messages": question("Long")}, output_tokens=39_600, owner="t9")
    assert AGAIN in found([*same, long._replace(output_tokens=39_000)])
    assert AGAIN not in found([*same, long])
