"""Answers that are streamed in OpenAI's form, in chunks cut anywhere, and what they have said by the time a reader leaves."""

import gzip
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_budget.calls.call import Answer, Status, Usage
from pytest_claude_budget.wire.bodies import Body, body_of, encoded_body_of
from pytest_claude_budget.wire.openai_stream import LONGEST_EVENT, NO_USAGE, is_anthropics
from pytest_claude_budget.wire.pieces import takes_nothing
from pytest_claude_budget.wire.routes import Kind
from tests.wire.answers import NORMAL, body, cut, exchange, read

MODEL = "anthropic/claude-sonnet-4.5"
USAGE = {
    "prompt_tokens": 1_000,
    "completion_tokens": 45,
    "total_tokens": 1_045,
    "prompt_tokens_details": {"cached_tokens": 600, "cache_write_tokens": 100},
}
COUNTED = Usage(input_tokens=300, cache_read_input_tokens=600, cache_creation_5m_input_tokens=100, output_tokens=45)
"""1,000 - 600 - 100 = 300."""
DONE = b"data: [DONE]\n\n"


def chunk(said: str = "", *, finish: str | None = None, usage: object = "absent", **fields: object) -> bytes:
    """One chunk of chat completions."""
    delta = {"role": "assistant", "content": said}
    value = {
        "id": "gen-1",
        "object": "chat.completion.chunk",
        "model": MODEL,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}],
        **({} if usage == "absent" else {"usage": usage}),
        **fields,
    }
    return b"data: %s\n\n" % body(value)


def event(kind: str, **fields: object) -> bytes:
    """One event of the responses API."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


TEXT = chunk("Hel") + chunk('lo "usage": {"prompt_tokens": 9} [DONE]')
USAGE_LAST = TEXT + chunk(finish="stop") + chunk(usage=USAGE, choices=[]) + DONE
WITH_NULLS = (
    chunk("Hello", usage=None)
    + chunk(finish="stop", usage=None)
    + chunk(usage=USAGE, choices=[], service_tier="default")
    + DONE
)
CUMULATIVE = b"".join(
    chunk("Hel", usage={**USAGE, "completion_tokens": n, "total_tokens": 1_000 + n}) for n in (1, 20)
) + (chunk(finish="stop", usage=USAGE) + DONE)
OPENROUTER = b": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n" + TEXT + chunk(finish="stop", usage=USAGE) + DONE
WITHOUT_DONE = TEXT + chunk(finish="stop", usage=USAGE)
CREATED = {"id": "resp_1", "object": "response", "model": MODEL, "usage": None, "output": [], "error": None}
RESPONSES_USAGE = {
    "input_tokens": 1_000,
    "input_tokens_details": {"cached_tokens": 600, "cache_write_tokens": 100},
    "output_tokens": 45,
    "total_tokens": 1_045,
}
BEGUN = event("response.created", response=CREATED) + event("response.output_text.delta", delta="Hello")
RESPONSES = BEGUN + event("response.completed", response={**CREATED, "usage": RESPONSES_USAGE})
INCOMPLETE = BEGUN + event("response.incomplete", response={**CREATED, "usage": RESPONSES_USAGE}) + DONE
STREAMS = [
    USAGE_LAST,
    WITH_NULLS,
    CUMULATIVE,
    OPENROUTER,
    WITHOUT_DONE,
    RESPONSES,
    INCOMPLETE,
    USAGE_LAST.replace(b"\n", b"\r\n"),
    USAGE_LAST.replace(b"data: ", b"data:"),
]


def streamed(
    data: bytes, *, at: list[int] | None = None, complete: bool = True, kind: Kind = Kind.COMPATIBLE
) -> Answer:
    own, items = read(body_of(exchange(kind), "text/event-stream"), cut(data, at or []), complete=complete)
    assert items == []
    assert own is not None
    return own


def passed(stream: Body, pieces: list[bytes]) -> Answer | None:
    """As a client's stream is read: what `passes` takes is not fed."""
    own = stream.begin().own
    passes = takes_nothing
    for piece in pieces:
        if not passes(piece):
            own = (said.own if (said := stream.feed(piece)) is not None else None) or own
            passes = getattr(stream, "passes", None) or takes_nothing
    return (said.own if (said := stream.end(complete=True)) is not None else None) or own


@pytest.mark.parametrize("data", STREAMS)
@pytest.mark.parametrize("complete", [True, False])
def test_a_stream_with_usage_is_measured(data: bytes, complete: bool) -> None:
    """In the last chunk, in each, or in the last event; a reader may leave once it was stated."""
    answer = streamed(data, complete=complete)
    assert (answer.status, answer.reason, answer.model) == (Status.MEASURED, None, MODEL)
    assert (answer.usage, answer.endpoint) == (COUNTED, "openai_compatible")


@given(st.lists(st.integers(min_value=0, max_value=3_000), max_size=9), st.sampled_from(STREAMS), st.booleans())
def test_chunks_cut_anywhere_change_nothing(places: list[int], data: bytes, fast: bool) -> None:
    """Also where whole chunks of text pass without being read."""
    pieces = cut(data, places)
    answer = passed(body_of(exchange(Kind.COMPATIBLE), ""), pieces) if fast else streamed(data, at=places)
    assert answer == streamed(data)


@pytest.mark.parametrize("data", STREAMS)
def test_a_stream_byte_by_byte_and_compressed_says_the_same(data: bytes) -> None:
    """What travels is not what is read."""
    squeezed = gzip.compress(data)
    stream = encoded_body_of(exchange(Kind.COMPATIBLE), "text/event-stream", "gzip")
    own, _ = read(stream, [squeezed[n : n + 1] for n in range(len(squeezed))])
    assert own == streamed(data) == streamed(data, at=list(range(len(data))))


@pytest.mark.parametrize(
    "data",
    [
        TEXT + chunk(finish="stop") + DONE,
        TEXT + chunk(finish="stop"),
        TEXT + DONE,
        TEXT + chunk(finish="stop", usage=None) + DONE,
    ],
)
def test_a_stream_that_states_no_usage_says_how_to_ask_for_it(data: bytes) -> None:
    """OpenAI's own API, and who does as it does, states it only where asked."""
    answer = streamed(data)
    assert (answer.status, answer.reason, answer.model) == (Status.UNMEASURED, NO_USAGE, MODEL)
    assert '"include_usage": true' in NO_USAGE


def test_no_chunk_of_text_is_read_once_the_model_is_known() -> None:
    """A stream costs next to nothing as it passes."""
    stream = body_of(exchange(Kind.COMPATIBLE), "text/event-stream")
    stream.begin()
    stream.feed(chunk("Hel"))
    passes = stream.passes  # type: ignore[attr-defined]  # of a stream that has begun
    assert [passes(chunk("lo")), passes(chunk("lo", usage=None)), passes(chunk("a") + chunk("b"))] == [True] * 3
    assert [passes(chunk("lo")[:-1]), passes(chunk(usage=USAGE)), passes(DONE), passes(chunk(finish="stop"))] == [
        False
    ] * 4


@pytest.mark.parametrize(
    ("data", "complete", "status", "reason"),
    [
        (b"", True, Status.UNMEASURED, "the stream ended without an answer"),
        (b"", False, Status.UNMEASURED, "the stream was not read"),
        (b": OPENROUTER PROCESSING\n\n", False, Status.UNMEASURED, "the stream was not read"),
        (TEXT, True, Status.UNMEASURED, "the stream broke off before its usage"),
        (TEXT, False, Status.UNMEASURED, "the stream was not read to its end"),
        (BEGUN, True, Status.UNMEASURED, "the stream broke off before its usage"),
        (CUMULATIVE[:-700], True, Status.AT_LEAST, "the stream broke off before its last usage"),
        (CUMULATIVE[:-700], False, Status.AT_LEAST, "the stream was not read to its end"),
        (
            chunk("Hel", usage=USAGE) + chunk("lo", finish="stop") + DONE,
            True,
            Status.AT_LEAST,
            "the stream's last event stated no usage",
        ),
    ],
)
def test_a_stream_that_was_left_or_broke_off_is_no_whole_answer(
    data: bytes, complete: bool, status: Status, reason: str
) -> None:
    """What it had counted by then is a lower bound."""
    answer = streamed(data, complete=complete)
    assert (answer.status, answer.reason) == (status, reason)


ERROR = b'data: {"error":{"code":502,"message":"x"},"choices":[{"delta":{"content":""},"finish_reason":"error"}]}\n\n'


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (ERROR, Status.FAILED, "an error event before the message began"),
        (b'data: {"error":{"message":"x"}}\n\n', Status.FAILED, "an error event before the message began"),
        (event("error", message="x"), Status.FAILED, "an error event before the message began"),
        (TEXT + ERROR, Status.UNMEASURED, "the stream broke off with an error event, and stated no usage"),
        (
            BEGUN + event("response.failed", response={**CREATED, "error": {"code": "x"}}),
            Status.UNMEASURED,
            "the stream broke off with an error event, and stated no usage",
        ),
        (chunk("Hel", usage=USAGE) + ERROR, Status.AT_LEAST, "the stream broke off with an error event"),
    ],
)
def test_an_error_in_a_stream_is_billed_for_what_came_before(data: bytes, status: Status, reason: str) -> None:
    """Nothing came: a failed try."""
    answer = streamed(data)
    assert (answer.status, answer.reason) == (status, reason)


def test_what_a_gateway_says_it_charges_stands_in_the_last_usage() -> None:
    """To the last digit."""
    last = chunk(finish="stop", usage={**USAGE, "cost": 0.5}).replace(b"0.5", b"0.01755000000000000000001")
    assert streamed(TEXT + last + DONE).stated_cost == Decimal("0.01755000000000000000001")
    assert streamed(USAGE_LAST).stated_cost is None


@pytest.mark.parametrize("count", [b"1e99999999", b"-1e99999999", b"1e-99999999", b"NaN", b"0.5"])
def test_a_number_that_is_no_count_is_refused_at_once(count: bytes) -> None:
    """However large it would be if it were written out."""
    last = chunk(finish="stop", usage={**USAGE, "prompt_tokens": "?"}).replace(b'"?"', count)
    answer = streamed(TEXT + last + DONE)
    reason = "usage.prompt_tokens is not a whole number from zero up"
    assert (answer.status, answer.reason) == (Status.UNMEASURED, reason)
    assert streamed(TEXT + last.replace(count, b"1000.0") + DONE).usage == COUNTED


def test_an_error_after_the_last_usage_changes_no_count() -> None:
    """All was said by then."""
    assert streamed(TEXT + chunk(finish="stop", usage=USAGE) + b'data: {"error":null}\n\n').status is Status.MEASURED


def test_a_refusal_in_mid_stream_is_billed_and_one_before_any_output_is_not() -> None:
    """Where a gateway passes Anthropic's word on."""
    nothing = {"prompt_tokens": 100, "completion_tokens": 0, "total_tokens": 100}
    assert streamed(chunk(finish="refusal", usage=nothing)).usage == Usage()
    assert streamed(chunk("Hel") + chunk(finish="refusal", usage=USAGE)).usage == COUNTED


def test_an_event_too_long_to_hold_leaves_the_answer_unmeasured() -> None:
    """Memory has an end."""
    answer = streamed(chunk("Hel") + b"data: " + b"x" * (LONGEST_EVENT + 1))
    assert (answer.status, answer.reason) == (Status.UNMEASURED, "an event of the stream is too long to read")


@pytest.mark.parametrize(
    "noise", [b"data: {broken\n\n", b"data: 7\n\n", b"id: 7\nretry: 9\n\n", b"data:\n\n", b"\xff\xfe\n\n"]
)
def test_what_is_no_event_of_an_answer_is_passed_over(noise: bytes) -> None:
    """Before, between and after."""
    assert streamed(noise + TEXT + noise + chunk(finish="stop", usage=USAGE) + noise).usage == COUNTED


def test_the_first_model_may_come_late() -> None:
    """Azure's first chunk names none."""
    assert streamed(chunk(model="") + USAGE_LAST).model == MODEL


def test_a_guessed_stream_counts_where_it_or_the_request_names_claude() -> None:
    """`openrouter/auto` turned out to be Claude."""
    auto = exchange(Kind.GUESS, requested="openrouter/auto", unnamed=True)
    own, _ = read(body_of(auto, "text/event-stream"), [OPENROUTER])
    assert own is not None
    assert (own.status, own.usage) == (Status.MEASURED, COUNTED)
    other = OPENROUTER.replace(b"anthropic/claude", b"openai/gpt-----")
    assert read(body_of(auto, "text/event-stream"), [other])[0] is None
    assert streamed(other, kind=Kind.GUESS).status is Status.MEASURED
    silent, _ = read(body_of(auto, "text/event-stream"), [TEXT + chunk(finish="stop") + DONE])
    assert silent is not None
    assert (silent.status, silent.reason) == (Status.UNMEASURED, NO_USAGE)


def test_a_stream_in_anthropics_form_on_such_a_route_is_read_as_that() -> None:
    """A path that serves a model says nothing of the form."""
    answer = streamed(NORMAL)
    assert (answer.status, answer.usage) == (Status.MEASURED, Usage(input_tokens=120, output_tokens=45))


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (b"", None),
        (b": hello\n\n", None),
        (b"data: {", None),
        (b'event: message_start\ndata: {"type"', True),
        (b'event: ping\ndata: {"type": "ping"}\n', True),
        (b'data: {"type":"message_start"}\n', True),
        (chunk("message_ content_block"), False),
        (BEGUN, False),
        (b"data: " + b"x" * 5_000, False),
    ],
)
def test_the_first_event_tells_the_form(start: bytes, expected: bool | None) -> None:
    """Comments come before it."""
    assert is_anthropics(start) is expected
