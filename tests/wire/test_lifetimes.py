"""Cache writes that the answer only sums up: the request says for how long they were meant."""

import json
from typing import Any

import pytest

from pytest_claude_budget.calls.call import Answer, Status
from pytest_claude_budget.wire.lifetimes import lifetimes_in, lifetimes_of
from pytest_claude_budget.wire.messages import Exchange, answer_of, read_answer
from pytest_claude_budget.wire.requests import LARGEST_CANONICAL, LARGEST_PARSED, Fingerprints
from pytest_claude_budget.wire.routes import Kind, Route
from pytest_claude_budget.wire.stream_bodies import StreamBody
from pytest_claude_budget.wire.usage_fields import MIXED
from tests.wire.answers import STOP, body, delta, message, read, start, usage

ASSUMED = "cache writes without a stated lifetime priced at the 5-minute rate"
HOUR = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
FIVE = {"cache_control": {"type": "ephemeral", "ttl": "5m"}}
DEFAULT = {"cache_control": {"type": "ephemeral"}}
OTHER = {"cache_control": {"type": "ephemeral", "ttl": "24h"}}
WRITTEN = usage(input_tokens=10, cache_creation_input_tokens=1_000, cache_creation=None, output_tokens=10)


def block(**more: Any) -> dict[str, Any]:
    return {"type": "text", "text": "Hi", **more}


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(content)}


def request(**parts: Any) -> bytes:
    asked = {"max_tokens": 9, "messages": [user(block())], "model": "claude-sonnet-4-5", **parts}
    return json.dumps(asked, separators=(",", ":")).encode()


def seen(sent: bytes | None) -> Exchange:
    """The exchange of a request as the watch makes it."""
    text, *_ = Fingerprints().of_messages(sent)
    return Exchange(Route(kind=Kind.MESSAGES), 200, None, text, long_lifetimes=lifetimes_in(sent))


def of(sent: bytes | None, counts: Any = WRITTEN) -> Answer:
    return answer_of(message(usage=counts), seen(sent))


def writes(answer: Answer) -> tuple[int, int]:
    return answer.usage.cache_creation_5m_input_tokens, answer.usage.cache_creation_1h_input_tokens


PLACES = [
    lambda mark: {"system": [block(**mark)]},
    lambda mark: {"tools": [{"name": "find", "input_schema": {}, **mark}]},
    lambda mark: {"messages": [user(block(**mark))]},
    lambda mark: {"messages": [user({"type": "tool_result", "tool_use_id": "t", "content": [block(**mark)]})]},
    lambda mark: mark,
]
IDS = ["system", "tools", "messages", "in a tool's result", "automatic"]


@pytest.mark.parametrize("place", PLACES, ids=IDS)
def test_an_hour_that_all_breakpoints_ask_for_is_an_hour(place: Any) -> None:
    """Wherever they stand."""
    answer = of(request(**place(HOUR)))
    assert (answer.status, writes(answer), answer.notes) == (Status.MEASURED, (0, 1_000), ())


@pytest.mark.parametrize("mark", [FIVE, DEFAULT, {"cache_control": {"type": "ephemeral", "ttl": None}}, {}])
@pytest.mark.parametrize("place", PLACES, ids=IDS)
def test_five_minutes_are_the_default(place: Any, mark: Any) -> None:
    """Nothing is assumed: the request was seen."""
    answer = of(request(**place(mark)))
    assert (answer.status, writes(answer), answer.notes) == (Status.MEASURED, (1_000, 0), ())


@pytest.mark.parametrize(
    "parts",
    [
        {"system": [block(**HOUR)], "messages": [user(block(**FIVE))]},
        {"system": [block(**HOUR), block(**DEFAULT)]},
        {**DEFAULT, "tools": [{"name": "find", "input_schema": {}, **HOUR}]},
        {"system": [block(**OTHER)]},
    ],
)
def test_lifetimes_that_differ_leave_a_lower_bound(parts: Any) -> None:
    """At the 5-minute rate, which is the least."""
    answer = of(request(**parts))
    assert (answer.status, answer.reason, writes(answer)) == (Status.AT_LEAST, MIXED, (1_000, 0))


@pytest.mark.parametrize("sent", [None, b"no JSON", b"[1]"])
def test_five_minutes_are_assumed_of_a_request_that_was_not_seen(sent: bytes | None) -> None:
    """With a note."""
    answer = of(sent)
    assert (answer.status, writes(answer), answer.notes) == (Status.MEASURED, (1_000, 0), (ASSUMED,))


def test_batch_results_know_no_request() -> None:
    """Each of their requests had its own breakpoints, and was sent in another exchange."""
    answer = answer_of(message(usage=WRITTEN), Exchange(Route(kind=Kind.BATCH_RESULTS, batch_id="b"), 200, None), "a")
    assert (answer.status, writes(answer), answer.notes) == (Status.MEASURED, (1_000, 0), (ASSUMED,))


def test_a_split_that_the_answer_states_holds() -> None:
    """Whatever was asked; only what it leaves over is told by the request."""
    stated = {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 600}
    whole = {**WRITTEN, "cache_creation": stated}
    assert writes(of(request(system=[block(**FIVE)]), whole)) == (400, 600)
    partly = {**WRITTEN, "cache_creation": {**stated, "ephemeral_5m_input_tokens": 100}}
    assert writes(of(request(system=[block(**HOUR)]), partly)) == (100, 900)
    assert writes(of(request(system=[block(**FIVE)]), partly)) == (400, 600)


def test_a_stream_says_the_same() -> None:
    """The sum comes in its first event."""
    stream = start(usage={**WRITTEN, "output_tokens": 1}) + delta(output_tokens=10) + STOP
    own, _ = read(StreamBody(seen(request(system=[block(**HOUR)]))), [stream])
    assert own is not None
    assert (own.status, writes(own)) == (Status.MEASURED, (0, 1_000))


def test_iterations_are_of_the_same_request_but_for_an_advisor() -> None:
    """Which has a prompt of its own."""
    entry = {"input_tokens": 1, "cache_creation_input_tokens": 5}
    rounds = [
        {"type": kind, "model": "claude-opus-5", **entry} for kind in ("message", "compaction", "advisor_message")
    ]
    answer = of(request(system=[block(**HOUR)]), {**WRITTEN, "iterations": rounds})
    told = [
        (each.usage.cache_creation_5m_input_tokens, each.usage.cache_creation_1h_input_tokens)
        for each in answer.iterations
    ]
    assert told == [(0, 5), (0, 5), (5, 0)]
    assert answer.notes == (ASSUMED,)


@pytest.mark.parametrize("size", [LARGEST_CANONICAL, LARGEST_PARSED])
@pytest.mark.parametrize(("mark", "expected"), [(HOUR, (0, 1_000)), (FIVE, (1_000, 0)), ({}, (1_000, 0))])
def test_a_request_of_megabytes_is_looked_at_too(size: int, mark: Any, expected: tuple[int, int]) -> None:
    """In the SDK's layout and in another one; a text about breakpoints is none."""
    words = json.dumps({"cache_control": {"ttl": "24h"}}) + "x" * size
    parts = {"messages": [user({"type": "text", "text": words, **mark})]}
    for sent in (request(**parts), b" " + request(**parts)):
        answer = of(sent)
        assert (answer.status, writes(answer), answer.notes) == (Status.MEASURED, expected, ())


def test_lifetimes_are_read_off_the_fingerprint() -> None:
    """So that no request is decoded twice; one that was hashed as one piece does not tell."""
    text, *_ = Fingerprints().of_messages(request(system=[block(**HOUR), block(**DEFAULT)]))
    assert lifetimes_of(text) == {"1h", "5m"}
    assert lifetimes_of('{"messages":"0123456789:9"}') is None
    assert lifetimes_of('{"max_tokens":9,"messages":"0123456789:9"}') == frozenset()


def test_json_answers_ask_only_where_they_must() -> None:
    """An answer that splits its writes, or has none, needs no request."""
    for counts in (usage(), usage(cache_creation_input_tokens=5, cache_creation={"ephemeral_5m_input_tokens": 5})):
        answer = read_answer(body(message(usage=counts)), Exchange(Route(kind=Kind.MESSAGES), 200, None, "no JSON"))
        assert answer is not None
        assert answer.status is Status.MEASURED
