"""What a streamed answer used, however its bytes are cut and whatever else is in them."""

import sys
import tracemalloc
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_claude_budget.calls.call import Answer, Iteration, Status, Usage
from pytest_claude_budget.wire import sse
from pytest_claude_budget.wire.routes import Kind
from pytest_claude_budget.wire.sse import LONGEST_EVENT, StreamReader
from pytest_claude_budget.wire.stream_bodies import StreamBody
from tests.wire.answers import (
    BLOCK_END,
    MODEL,
    NORMAL,
    OVERLOADED,
    PING,
    STOP,
    block,
    body,
    cut,
    delta,
    event,
    exchange,
    message,
    read,
    start,
    text,
    usage,
)

NORMAL_ANSWER = Answer(
    status=Status.MEASURED,
    endpoint="messages",
    model=MODEL,
    usage=Usage(input_tokens=120, output_tokens=45),
    inference_geo="not_available",
    service_tier="standard",
    http_status=200,
    stop_reason="end_turn",
)
MID_TEXT = start() + block() + PING + text("x" * 350)
"""350 characters on Sonnet 4.6, at 3.5 characters a token: 100 tokens."""
TEXT_THAT_LOOKS_LIKE_EVENTS = (
    '\n\nevent: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},'
    '"usage":{"output_tokens":999999,"input_tokens":999999}}\n\n"error" "fallback" message_stop'
)
HARD = b"".join(
    (
        start(),
        block(),
        PING,
        text("naïve 日本語 🎉 \u2028 \x85"),
        text(TEXT_THAT_LOOKS_LIKE_EVENTS),
        event("content_block_delta", {"delta": {"type": "input_json_delta", "partial_json": '{"city":'}}),
        event("content_block_delta", {"delta": {"type": "thinking_delta", "thinking": 'so\\ "'}}),
        b'data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"unnamed message_"}}\n\n',
        b": a comment\n\n",
        event("usage_report", {"type": "message_delta", "usage": {"output_tokens": 888888}}),
        BLOCK_END,
    )
)
"""Not ended, so that the estimate from the text shows up in the answer."""
CUTS = st.lists(st.integers(min_value=0, max_value=5_000), max_size=12)


def of(data: bytes, pieces: Iterable[bytes] = (), *, complete: bool = True) -> Answer:
    """Read a stream, in pieces where given, and return what it used."""
    own, items = read(StreamBody(exchange()), pieces or [data], complete=complete)
    assert own is not None
    assert items == []
    return own


def with_line_ends(data: bytes, end: bytes) -> bytes:
    return data.replace(b"\n", end)


def test_a_whole_stream_is_measured() -> None:
    """Input from message_start, output from message_delta."""
    assert of(NORMAL) == NORMAL_ANSWER


def test_what_only_message_start_says_holds_to_the_end() -> None:
    """Cache split, tier, geo and speed come once, in the first event."""
    first = usage(
        cache_creation_input_tokens=30,
        cache_creation={"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
        cache_read_input_tokens=7,
        output_tokens=3,
        service_tier="priority",
        inference_geo="us",
        speed="fast",
    )
    answer = of(start(usage=first) + delta(output_tokens=45, cache_creation_input_tokens=30) + STOP)
    assert answer.usage == Usage(
        input_tokens=120,
        cache_creation_5m_input_tokens=10,
        cache_creation_1h_input_tokens=20,
        cache_read_input_tokens=7,
        output_tokens=45,
    )
    assert (answer.speed, answer.inference_geo, answer.service_tier) == ("fast", "us", "priority")
    assert answer.notes == ()


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("stream", [NORMAL, HARD + delta(output_tokens=45) + STOP])
def test_every_line_end_gives_the_same_usage(end: bytes, stream: bytes) -> None:
    """LF, CRLF and a lone CR end a line."""
    assert of(with_line_ends(stream, end)) == NORMAL_ANSWER


@given(CUTS, st.sampled_from([b"\n", b"\r\n", b"\r"]), st.sampled_from([HARD, HARD + delta(output_tokens=45) + STOP]))
@example(list(range(2_500)), b"\r\n", HARD)
@example(list(range(2_500)), b"\r", HARD)
@example(list(range(2_500)), b"\n", HARD)
def test_chunks_cut_anywhere_change_nothing(places: list[int], end: bytes, stream: bytes) -> None:
    """In a UTF-8 sequence, between CR and LF, in a field's name; each byte by itself too."""
    data = with_line_ends(stream, end)
    assert of(data, cut(data, places)) == of(data)


@given(CUTS, CUTS)
def test_a_stream_that_breaks_off_anywhere_says_the_same_however_it_was_cut(
    where: list[int], places: list[int]
) -> None:
    """Also its lower bound does not depend on the network."""
    data = cut(HARD + delta(output_tokens=45), where[:1])[0]
    assert of(data, cut(data, places)) == of(data)


def test_events_and_usage_inside_the_text_are_text() -> None:
    """A model may write about this very API."""
    stream = start() + block() + text(TEXT_THAT_LOOKS_LIKE_EVENTS) + BLOCK_END + delta(output_tokens=45) + STOP
    assert of(stream) == NORMAL_ANSWER


@pytest.mark.parametrize(
    "extra",
    [
        PING,
        event("vibe_check", {"type": "vibe_check"}),
        event("usage_report", {"type": "usage_report", "usage": {"output_tokens": 777, "input_tokens": 777}}),
        event("usage_report", {"type": "message_delta", "usage": {"output_tokens": 777, "input_tokens": 777}}),
        event("message_summary", {"type": "message_summary", "usage": {"output_tokens": 777}}),
        b'data: {"type":"message_usage","usage":{"output_tokens":777}}\n\n',
        b"data: message_delta, which is no JSON\n\n",
        b"data: [1]\n\n",
        b'data: {"type":"message_delta","usage":{"output_tokens":777}}\nevent: usage_report\n\n',
        b"event: ping\n\n",
        b"event: message_delta\n\n",
        b"event: usage_report\ndata: message_delta is no JSON\n\n",
        b"data: message_delta is no JSON\nevent: usage_report\n\n",
        b": message_delta in a comment\n\n",
        b":\n\n",
        b"id: 7\nretry: 10\n\n",
        b"data\n\n",
        b"data:\n\n",
        b"\n\n\n",
        b"data: [DONE]\n\n",
    ],
)
def test_what_is_not_one_of_the_two_events_changes_nothing(extra: bytes) -> None:
    """Decoys, unknown events and idle signals, before and after the last usage."""
    stream = start() + extra + block() + text("Hello") + BLOCK_END + delta(output_tokens=45) + extra + STOP + extra
    assert of(stream) == NORMAL_ANSWER
    assert of(stream, [stream[n : n + 1] for n in range(len(stream))]) == NORMAL_ANSWER


@pytest.mark.parametrize(
    "stream",
    [
        b"".join(line + b"\n\n" for line in NORMAL.split(b"\n") if line.startswith(b"data:")),
        b"".join(b"event: message\n" + line + b"\n\n" for line in NORMAL.split(b"\n") if line.startswith(b"data:")),
        NORMAL.replace(b"data: ", b"data:").replace(b"event: ", b"event:"),
        NORMAL.replace(b',"usage"', b',\ndata: "usage"'),
        b"\xef\xbb\xbf" + NORMAL,
        b"\xef\xbb\xbf" + b"".join(line + b"\n\n" for line in NORMAL.split(b"\n") if line.startswith(b"data:")),
        b": hello\n\n" + NORMAL,
        b"".join(b"\n".join(reversed(part.split(b"\n"))) + b"\n\n" for part in NORMAL.split(b"\n\n") if part),
        NORMAL.replace(b'"type":"message_delta",', b"").replace(b'"type":"message_start",', b""),
        NORMAL.removesuffix(b"\n"),
        NORMAL.removesuffix(b"\n\n"),
    ],
    ids=["no names", "default name", "no spaces", "data in lines", "BOM", "BOM, no names", "comment first",
         "name after data", "no type", "no blank line at the end", "no line end at the end"],
)  # fmt: skip
def test_every_spelling_of_an_event_is_read(stream: bytes) -> None:
    """What the specification of server-sent events allows."""
    assert of(stream) == NORMAL_ANSWER
    assert of(stream, [stream[n : n + 1] for n in range(len(stream))]) == NORMAL_ANSWER


def test_the_last_event_counts_though_its_blank_line_is_missing() -> None:
    """Some proxies end a body with the last byte of data."""
    stream = start() + block() + text("Hello") + delta(output_tokens=45).rstrip(b"\n")
    assert of(stream) == NORMAL_ANSWER


def test_counts_of_several_deltas_are_cumulative() -> None:
    """Each overwrites the one before; none is added."""
    stream = start() + delta(None, output_tokens=10) + delta(None, output_tokens=30) + delta(output_tokens=45) + STOP
    assert of(stream) == NORMAL_ANSWER


def test_input_cache_and_searches_grow_in_a_delta() -> None:
    """A server-tool loop: 2,479 at the start, 404,500 in the final delta."""
    first = usage(input_tokens=2_479, output_tokens=1)
    stream = start(usage=first) + delta(
        input_tokens=404_500,
        cache_creation_input_tokens=60,
        cache_read_input_tokens=5_000,
        output_tokens=1_180,
        server_tool_use={"web_search_requests": 3, "web_fetch_requests": 2},
    )
    answer = of(stream + STOP)
    assert answer.usage == Usage(
        input_tokens=404_500,
        cache_creation_5m_input_tokens=60,
        cache_read_input_tokens=5_000,
        output_tokens=1_180,
        web_search_requests=3,
        web_fetch_requests=2,
    )
    assert answer.notes == ("cache writes without a stated lifetime priced at the 5-minute rate",)


def test_null_in_a_delta_keeps_the_earlier_count() -> None:
    """Null says nothing."""
    stream = start() + delta(
        output_tokens=45,
        input_tokens=None,
        cache_read_input_tokens=None,
        cache_creation_input_tokens=None,
        server_tool_use=None,
        iterations=None,
    )
    assert of(stream + STOP) == NORMAL_ANSWER


def test_a_zero_in_a_delta_is_a_count() -> None:
    """Of output, where nothing was written; the input that was said before cannot fall."""
    assert of(start() + delta(output_tokens=0, input_tokens=0) + STOP).usage == Usage(input_tokens=120)


def test_only_the_first_delta_has_usage() -> None:
    """The one with the reason to stop may say nothing more."""
    assert of(start() + delta(None, output_tokens=45) + delta() + STOP) == NORMAL_ANSWER
    assert of(start() + delta(None, output_tokens=45) + delta(input_tokens=120) + STOP) == NORMAL_ANSWER


def test_a_delta_without_usage_leaves_a_lower_bound() -> None:
    """The placeholder of message_start is no count: 350 characters are 100 tokens."""
    answer = of(MID_TEXT + delta() + STOP)
    assert answer.status is Status.AT_LEAST
    assert answer.reason == "the stream's last event stated no usage"
    assert answer.usage == Usage(input_tokens=120, output_tokens=100)


def test_iterations_come_in_the_delta() -> None:
    """With their own models and counts."""
    entries = [
        {"type": "message", "model": None, "input_tokens": 100, "output_tokens": 40},
        {"type": "compaction", "input_tokens": 9, "output_tokens": 8, "cache_read_input_tokens": 7},
        {"type": "advisor_message", "model": "claude-opus-5", "input_tokens": 6, "output_tokens": 5},
    ]
    answer = of(start() + delta(output_tokens=45, iterations=entries) + STOP)
    assert answer.iterations == (
        Iteration(kind="message", model=None, usage=Usage(input_tokens=100, output_tokens=40)),
        Iteration(
            kind="compaction", model=None, usage=Usage(input_tokens=9, output_tokens=8, cache_read_input_tokens=7)
        ),
        Iteration(kind="advisor_message", model="claude-opus-5", usage=Usage(input_tokens=6, output_tokens=5)),
    )
    assert answer.requested_model == "claude-requested"


FALLBACK = {"type": "fallback", "from": {"model": MODEL}, "to": {"model": "claude-haiku-4-5"}, "trigger": {}}


@pytest.mark.parametrize("named", [True, False])
def test_a_fallback_in_mid_stream_changes_the_model(named: bool) -> None:
    """The SDK relabels its message with `to.model` of the last fallback block, as the API does outside of streams."""
    last = block(**{**FALLBACK, "to": {"model": "claude-haiku-5-5"}})
    stream = start() + block(**FALLBACK) + BLOCK_END + last + text("Hi") + BLOCK_END + delta(output_tokens=45) + STOP
    stream = stream if named else stream.replace(b"event: content_block_start\n", b"")
    assert of(stream).model == "claude-haiku-5-5"
    assert of(stream, [stream[n : n + 1] for n in range(len(stream))]).model == "claude-haiku-5-5"


@pytest.mark.parametrize("to", [None, {}, {"model": None}, {"model": 5}, "claude-haiku-4-5"])
def test_a_fallback_block_that_names_no_model_keeps_the_model(to: object) -> None:
    """Nothing is guessed from a malformed block."""
    assert of(start() + block(**{**FALLBACK, "to": to}) + delta(output_tokens=45) + STOP) == NORMAL_ANSWER


def test_a_block_of_another_kind_names_no_model() -> None:
    """Though it has the same fields."""
    other = block(type="tool_use", name="fallback", to={"model": "claude-haiku-4-5"})
    assert of(start() + other + delta(output_tokens=45) + STOP) == NORMAL_ANSWER


def test_a_fallback_block_before_the_message_does_no_harm() -> None:
    """Out of order, so it names no message's model."""
    assert of(block(**FALLBACK) + NORMAL) == NORMAL_ANSWER


def test_a_stream_that_nobody_read_is_unmeasured() -> None:
    """Absent is not zero."""
    own, _ = read(StreamBody(exchange()), [], complete=False)
    assert own == Answer(
        status=Status.UNMEASURED,
        endpoint="messages",
        model="claude-requested",
        requested_model="claude-requested",
        http_status=200,
        reason="the stream was not read",
    )


def test_an_empty_stream_is_unmeasured() -> None:
    """Its end came without a message."""
    assert (of(b"").status, of(b"").reason) == (Status.UNMEASURED, "the stream ended without a message")


def test_a_stream_abandoned_after_its_start_is_a_lower_bound() -> None:
    """Input is known, output is the placeholder."""
    answer = of(start() + PING, complete=False)
    assert (answer.status, answer.reason) == (Status.AT_LEAST, "the stream was not read to its end")
    assert answer.usage == Usage(input_tokens=120, output_tokens=1)
    assert answer.notes == ()


@pytest.mark.parametrize(
    ("complete", "reason"),
    [(False, "the stream was not read to its end"), (True, "the stream broke off before its last usage")],
)
def test_output_is_estimated_from_the_text_seen(complete: bool, reason: str) -> None:
    """350 characters at 3.5 a token: 100 tokens."""
    answer = of(MID_TEXT, complete=complete)
    assert (answer.status, answer.reason) == (Status.AT_LEAST, reason)
    assert answer.usage == Usage(input_tokens=120, output_tokens=100)
    assert answer.notes == ("output estimated from 350 characters seen",)


def test_the_newer_tokenizer_makes_more_tokens_of_a_text() -> None:
    """350 characters at 2.5 a token: 140 tokens."""
    stream = start(model="claude-opus-4-7") + block() + text("x" * 350)
    assert of(stream, complete=False).usage.output_tokens == 140


@pytest.mark.parametrize(
    "piece",
    [
        {"type": "thinking_delta", "thinking": "x" * 35},
        {"type": "input_json_delta", "partial_json": '{"city":"Bremen, at the river and"}'[:35]},
        {"type": "input_json_delta", "partial_json": "x" * 31 + '\\":'},
        {"type": "text_delta", "text": "x" * 30 + '":"": '},
    ],
)
def test_thinking_and_tool_input_are_output_too(piece: dict[str, str]) -> None:
    """About 35 characters at 3.5 a token, quotes and backslashes being escaped: 10 to 12 tokens."""
    stream = start() + block() + event("content_block_delta", {"type": "content_block_delta", "delta": piece})
    whole, bytewise = of(stream, complete=False), of(stream, [bytes([b]) for b in stream], complete=False)
    assert 10 <= whole.usage.output_tokens <= 12
    assert bytewise == whole


@pytest.mark.parametrize("words", ["x" * 350, "message_".ljust(350, "x"), "error fallback".ljust(350, "x")])
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("apart", [True, False])
def test_text_is_counted_in_every_kind_of_event(words: str, named: bool, apart: bool) -> None:
    """With and without a name, in a piece of its own or with others, decoded or not: 350 characters, 100 tokens."""
    piece = text(words) if named else text(words).removeprefix(b"event: content_block_delta\n")
    pieces = [start(), block(), piece] if apart else [start() + block() + piece]
    answer = of(b"", pieces, complete=False)
    assert answer.usage == Usage(input_tokens=120, output_tokens=100)


def test_whole_events_in_pieces_of_their_own_say_the_same() -> None:
    """The usual way that a stream comes, which is taken by a quicker path."""
    events = [part + b"\n\n" for part in HARD.split(b"\n\n") if part]
    assert of(HARD, events) == of(HARD)


def test_the_name_of_an_event_holds_for_that_event_only() -> None:
    """Cut after its name; two events later one without a name carries the usage."""
    nameless = delta(output_tokens=45).removeprefix(b"event: message_delta\n")
    assert of(b"", [start(), b"event: ping\n", b"data: {}\n\n" + PING, nameless]) == NORMAL_ANSWER


def test_only_what_changes_the_answer_is_told() -> None:
    """Each time it is, a row is written."""
    stream = StreamBody(exchange())
    told = [
        stream.feed(piece) is not None for piece in (start(), block(), text("Hi"), PING, delta(output_tokens=1), STOP)
    ]
    assert told == [True, False, False, False, True, True]


def test_the_first_event_that_is_not_json_is_the_reason() -> None:
    """Later ones follow from it."""
    broken = b"event: message_delta\ndata: {\n\nevent: message_stop\ndata: {\n\n"
    assert of(start() + broken).reason == "the stream's message_delta event is not JSON"


def test_content_is_seen_in_pieces_of_their_own() -> None:
    """A refusal after it is billed."""
    pieces = [start(), block(), delta("refusal", output_tokens=0), STOP]
    assert of(b"", pieces).usage == Usage(input_tokens=120)


def test_many_short_events_are_not_one_long_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was held of one event does not weigh on the next."""
    monkeypatch.setattr(sse, "LONGEST_EVENT", 2_000)
    stream = start() + block() * 20 + delta(output_tokens=45).replace(b',"usage"', b',\ndata: "usage"') + STOP
    assert of(stream) == NORMAL_ANSWER


def test_the_greater_of_estimate_and_count_is_the_lower_bound() -> None:
    """A delta said 500 before the stream broke: 100 estimated tokens do not lower it."""
    answer = of(MID_TEXT + delta(None, output_tokens=500), complete=False)
    assert (answer.status, answer.usage.output_tokens, answer.notes) == (Status.AT_LEAST, 500, ())


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("rest", [b"", STOP[:9], STOP, OVERLOADED, PING])
def test_counts_are_final_once_the_reason_to_stop_is_given(complete: bool, rest: bytes) -> None:
    """What breaks after that breaks no count; message_stop may be missing."""
    stream = start() + block() + text("Hello") + delta(output_tokens=45) + rest
    assert of(stream, complete=complete) == NORMAL_ANSWER


def test_an_answer_is_final_at_its_last_event() -> None:
    """A reader that leaves right after message_stop leaves nothing open."""
    assert of(NORMAL, complete=False) == NORMAL_ANSWER
    stream = StreamBody(exchange())
    stream.feed(NORMAL)
    assert stream.end(complete=False) is None


def test_an_error_before_the_message_is_a_failed_try() -> None:
    """Overloaded inside a 200: nothing was billed."""
    answer = of(OVERLOADED)
    assert (answer.status, answer.reason) == (Status.FAILED, "an error event before the message began")
    assert answer.usage == Usage()
    assert of(OVERLOADED.removeprefix(b"event: error\n")) == answer


def test_an_error_after_the_message_began_leaves_a_lower_bound() -> None:
    """What was read and written until then is billed, as far as is known."""
    answer = of(MID_TEXT + OVERLOADED)
    assert (answer.status, answer.reason) == (Status.AT_LEAST, "the stream broke off with an error event")
    assert answer.usage == Usage(input_tokens=120, output_tokens=100)


@pytest.mark.parametrize("data", [b"{", b'{"type":"message_delta"', b"[" * 100_000, b"\xff\xfe", b"9" * 5_000 + b"x"])
def test_a_delta_that_is_not_json_leaves_a_lower_bound(data: bytes) -> None:
    """Nothing raises, and nothing passes for measured."""
    answer = of(MID_TEXT + b"event: message_delta\ndata: " + data + b"\n\n" + delta(output_tokens=200) + STOP)
    assert (answer.status, answer.reason) == (Status.AT_LEAST, "the stream's message_delta event is not JSON")
    assert answer.usage == Usage(input_tokens=120, output_tokens=200)


@pytest.mark.parametrize("data", [b"null", b"[]", b'"x"', b"5", b"{}", b'{"usage":[],"delta":"x"}'])
def test_a_delta_of_another_shape_is_no_usage(data: bytes) -> None:
    """JSON, but not what the API sends."""
    answer = of(MID_TEXT + b"event: message_delta\ndata: " + data + b"\n\n" + STOP)
    assert answer.status is Status.AT_LEAST
    assert answer.usage == Usage(input_tokens=120, output_tokens=100)


@pytest.mark.parametrize("data", [b"{", b'{"type":"message_start"}', b'{"type":"message_start","message":[]}'])
def test_a_start_that_cannot_be_read_is_unmeasured(data: bytes) -> None:
    """Input is unknown then, so the output alone is no measurement."""
    answer = of(b"event: message_start\ndata: " + data + b"\n\n" + delta(output_tokens=45) + STOP)
    assert answer.status is Status.UNMEASURED
    assert answer.reason in (
        "the stream's message_start event is not JSON",
        "the stream's message_start holds no message",
    )


@pytest.mark.parametrize("said", [None, {}, [], "x"])
def test_a_stream_that_never_states_usage_is_unmeasured(said: object) -> None:
    """Neither in its start nor in its end."""
    answer = of(start(usage=said) + block() + text("Hello") + delta() + STOP)
    assert (answer.status, answer.reason, answer.model) == (Status.UNMEASURED, "the answer states no usage", MODEL)


def test_a_start_without_usage_leaves_the_input_unknown() -> None:
    """The output of the delta alone is a lower bound."""
    answer = of(start(usage=None) + delta(output_tokens=45) + STOP)
    assert (answer.status, answer.reason) == (Status.AT_LEAST, "the answer's usage has no input_tokens")
    assert answer.usage == Usage(output_tokens=45)


@pytest.mark.parametrize("count", [-1, "45", 1.5, True])
def test_a_count_that_is_no_count_makes_the_answer_unmeasured(count: object) -> None:
    """Never read as something near it."""
    answer = of(start() + delta(output_tokens=count) + STOP)
    assert (answer.status, answer.reason) == (
        Status.UNMEASURED,
        "usage.output_tokens is not a whole number from zero up",
    )


def test_a_refusal_before_any_output_is_not_billed() -> None:
    """No content, no output: its usage is informational."""
    answer = of(start() + delta("refusal", output_tokens=0) + STOP)
    assert (answer.status, answer.usage) == (Status.MEASURED, Usage())
    assert answer.notes == ("refused before any output: not billed",)


@pytest.mark.parametrize(
    "before", [block() + text("I") + BLOCK_END, block().removeprefix(b"event: content_block_start\n")]
)
def test_a_refusal_in_mid_stream_is_billed(before: bytes) -> None:
    """Content was sent, whatever the count says."""
    answer = of(start() + before + delta("refusal", output_tokens=0) + STOP)
    assert (answer.usage, answer.notes) == (Usage(input_tokens=120), ())


def test_a_refusal_with_output_and_no_content_is_billed() -> None:
    """Hidden output is output."""
    assert of(start() + delta("refusal", output_tokens=45) + STOP) == replace(NORMAL_ANSWER, stop_reason="refusal")


def test_the_url_names_the_model_where_the_stream_does_not() -> None:
    """Then the request, whose reading costs more."""
    stream = start(model=None) + delta(output_tokens=45) + STOP
    own, _ = read(StreamBody(exchange(model="claude-sonnet-4-5@20250929")), [stream])
    assert own is not None
    assert own.model == "claude-sonnet-4-5@20250929"
    assert of(stream).model == "claude-requested"


def test_a_guess_that_is_not_a_message_was_not_with_claude() -> None:
    """Nothing is recorded for somebody else's stream."""
    assert read(StreamBody(exchange(Kind.GUESS)), [b'data: {"choices":[]}\n\n', b"data: [DONE]\n\n"]) == (None, [])
    assert read(StreamBody(exchange(Kind.GUESS)), [OVERLOADED]) == (None, [])


def test_a_guess_that_is_a_message_is_measured() -> None:
    """The answer proves what the path did not."""
    assert read(StreamBody(exchange(Kind.GUESS)), [NORMAL]) == (NORMAL_ANSWER, [])


HEADS = [
    b"data: ",
    b"event: content_block_start\ndata: ",
    b"event: message_delta\ndata: ",
    b"event: ping\ndata: ",
    b": ",
]


def peak_of(stream: StreamReader, head: bytes, piece: bytes, total: int) -> int:
    """Feed an event that goes on and on, then the rest of the stream; returns the memory that it took."""
    stream.feed(start() + head)
    tracemalloc.start()
    try:
        for _ in range(total // len(piece)):
            stream.feed(piece)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        stream.feed(b"\n\n" + delta(output_tokens=45) + STOP)


def held_by(value: object) -> int:
    """Bytes that a reader holds, its lines one by one: those of its process would be other threads' too."""
    if isinstance(value, (bytes, bytearray)):
        return sys.getsizeof(value)
    if isinstance(value, list):
        return sys.getsizeof(value) + sum(map(held_by, value))
    return sum(map(held_by, vars(value).values())) if isinstance(value, StreamReader) else 0


@pytest.mark.parametrize("piece", [b"x" * 65_536, b"data: " + b"y" * 65_000 + b"\n"], ids=["one line", "many lines"])
@pytest.mark.parametrize("head", HEADS)
def test_a_giant_event_is_not_held(head: bytes, piece: bytes) -> None:
    """50 MB of one event, in pieces: at most the longest event thrice, and the stream goes on after it."""
    stream = StreamReader(exchange())
    peak = peak_of(stream, head, piece, 50_000_000)
    answer = stream.answer(ended=True)
    assert peak < 3 * LONGEST_EVENT
    assert answer is not None
    assert answer.usage == Usage(input_tokens=120, output_tokens=45)
    assert answer.status is (Status.AT_LEAST if b"message_delta" in head else Status.MEASURED)


@pytest.mark.parametrize(
    "piece", [b"data:\n" * 1_000, b"data: message_delta\r" * 300, b"xyxyxyxy"], ids=["LF", "CR", "bytes"]
)
@pytest.mark.parametrize("head", HEADS)
def test_an_event_of_small_pieces_is_not_held(head: bytes, piece: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a piece takes besides its bytes counts too: 600 kB here, with 100 kB as the longest event."""
    monkeypatch.setattr(sse, "LONGEST_EVENT", 100_000)
    stream = StreamReader(exchange())
    stream.feed(start() + head)
    held = 0
    for at in range(600_000 // len(piece)):
        stream.feed(piece)
        if at % 500 == 0:
            held = max(held, held_by(stream))
    assert max(held, held_by(stream)) < 500_000
    stream.feed(b"\n\n" + delta(output_tokens=45) + STOP)
    answer = stream.answer(ended=True)
    assert answer is not None
    assert answer.usage == Usage(input_tokens=120, output_tokens=45)


def test_a_stream_in_one_piece_takes_no_memory_of_its_size() -> None:
    """100,000 events that a double hands over at once: 10 MB, of which less than 3 MB are taken, other threads of the process included."""
    data = start() + block() + text("Hello") * 100_000 + BLOCK_END + delta(output_tokens=45) + STOP
    tracemalloc.start()
    try:
        answer = of(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer == NORMAL_ANSWER
    assert peak < 3_000_000


@pytest.mark.parametrize("tail", [b"\r", b"x\r"])
def test_a_lone_cr_after_a_giant_line_still_ends_it(tail: bytes) -> None:
    """The end of a line is seen though the line is not held."""
    stream = StreamReader(exchange())
    for piece in (
        start(),
        b"data: " + b"x" * LONGEST_EVENT,
        tail,
        b"\r" + with_line_ends(delta(output_tokens=45), b"\r"),
    ):
        stream.feed(piece)
    stream.close()
    assert stream.answer(ended=True) == NORMAL_ANSWER


def test_the_body_of_the_helper_is_what_the_api_sends() -> None:
    """The first event, byte for byte as documented, so that these tests stand on real bytes."""
    assert event("message_stop", {"type": "message_stop"}) == b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    assert body(message(usage={}, content=[])).startswith(
        b'{"id":"msg_01XFDUDYJgAACzvnptvVoYEL","type":"message","role"'
    )
