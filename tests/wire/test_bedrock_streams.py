"""Amazon Bedrock's streams: the usage of binary frames, cut anywhere, damaged, broken off."""

import base64
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_claude_budget.calls.call import Answer, Status, Usage
from pytest_claude_budget.files.read_write import load_rates_document
from pytest_claude_budget.pricing.price import price
from pytest_claude_budget.pricing.rates import parse_rates
from pytest_claude_budget.wire.bodies import body_of, encoded_body_of
from pytest_claude_budget.wire.messages import Exchange
from pytest_claude_budget.wire.requests import Fingerprints
from pytest_claude_budget.wire.routes import Kind
from pytest_claude_budget.wire.stream_bodies import StreamBody
from tests.wire import frames
from tests.wire.answers import Json, body, cut, event, exchange, message, read, usage
from tests.wire.frames import BEGUN, BLOCK_END, STOPPED, TYPE, chunk, exception, metadata, text, told

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
TABLE, TODAY = parse_rates(load_rates_document()), date(2026, 11, 24)
CUTS = st.lists(st.integers(0, 10_000), max_size=12)
INVOKE = exchange(model=MODEL, requested=None)
CONVERSE = exchange(Kind.CONVERSE, model=MODEL, requested=None)

SPLIT = {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 600}
CACHED = usage(
    input_tokens=1_000,
    output_tokens=1,
    cache_creation_input_tokens=1_000,
    cache_creation=SPLIT,
    cache_read_input_tokens=5_000,
)
COUNTS = Usage(
    input_tokens=1_000,
    cache_creation_5m_input_tokens=400,
    cache_creation_1h_input_tokens=600,
    cache_read_input_tokens=5_000,
    output_tokens=200,
)
"""Sonnet 4.5 at 3 / 3.75 / 6 / 0.30 / 15 a million: 3,000 + 1,500 + 3,600 + 1,500 + 3,000 = 12,600 millionths of a dollar,
and a tenth more at a regional endpoint: $0.01386."""


def piece(words: str) -> Json:
    return {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": words}}


METRICS = {"inputTokenCount": 1_000, "outputTokenCount": 200, "invocationLatency": 9, "firstByteLatency": 2}
START: Json = {"type": "message_start", "message": message(content=[], stop_reason=None, usage=CACHED)}
BLOCK: Json = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
BLOCK_STOP: Json = {"type": "content_block_stop", "index": 0}
END: Json = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 200}}
STOP: Json = {"type": "message_stop", "amazon-bedrock-invocationMetrics": METRICS}
EVENTS = [START, BLOCK, {"type": "ping"}, piece("Hello"), piece(" wörld"), piece(' "quoted"\n'), BLOCK_STOP, END, STOP]
INVOKED = b"".join(map(chunk, EVENTS))
CONVERSED = b"".join(
    (
        *(BEGUN, text("Hello"), text(" wörld"), BLOCK_END, STOPPED),
        metadata(
            inputTokens=1_000,
            outputTokens=200,
            cacheReadInputTokens=5_000,
            cacheReadInputTokenCount=5_000,
            cacheWriteInputTokens=1_000,
            cacheWriteInputTokenCount=1_000,
            cacheDetails=[{"ttl": "1h", "inputTokens": 600}, {"ttl": "5m", "inputTokens": 400}],
            serverToolUsage={},
            totalTokens=7_200,
        ),
    )
)


def of(data: bytes, asked: Exchange, *, complete: bool = True, pieces: list[bytes] | None = None) -> Answer:
    """The last that a stream says; it holds one message."""
    own, items = read(encoded_body_of(asked, TYPE, ""), pieces or [data], complete=complete)
    assert items == []
    assert own is not None
    return own


def dollars(answer: Answer) -> Decimal | None:
    return price(answer, TODAY, TABLE).amount


_NO_JSON = "the answer is not JSON"
_OTHER_FORMS = {":": "the stream ended without a message", "[": _NO_JSON, "{": _NO_JSON}


@pytest.mark.parametrize(("data", "asked"), [(INVOKED, INVOKE), (CONVERSED, CONVERSE)], ids=["invoke", "converse"])
@given(places=CUTS)
def test_each_kind_of_token_is_counted_in_any_chunking(data: bytes, asked: Exchange, places: list[int]) -> None:
    """Cache writes by their lifetime: $0.01386, worked out above."""
    answer = of(data, asked, pieces=cut(data, places))
    assert (answer.status, answer.usage, answer.model, answer.reason) == (Status.MEASURED, COUNTS, MODEL, None)
    assert dollars(answer) == Decimal("0.01386")


@pytest.mark.parametrize("content_type", ["", "application/json", "text/event-stream", "application/octet-stream"])
@pytest.mark.parametrize("step", [1, 11, 12, 10**6])
@pytest.mark.parametrize(("data", "asked"), [(INVOKED, INVOKE), (CONVERSED, CONVERSE)], ids=["invoke", "converse"])
def test_frames_are_known_by_their_first_bytes(data: bytes, asked: Exchange, step: int, content_type: str) -> None:
    """A gateway or a double may give no type, or a wrong one."""
    pieces = [data[at : at + step] for at in range(0, len(data), step)]
    own, _ = read(encoded_body_of(asked, content_type, ""), pieces)
    assert own is not None
    assert own.usage == COUNTS
    assert type(body_of(asked, content_type, data[:16])) is StreamBody


@given(
    events=st.lists(
        st.sampled_from([START, BLOCK, piece("Hello"), piece('a "b" \\ c\n'), piece("ö"), BLOCK_STOP, END, STOP]),
        max_size=9,
    ),
    places=CUTS,
    complete=st.booleans(),
)
def test_the_events_in_frames_say_what_they_say_as_server_sent_ones(
    events: list[Json], places: list[int], complete: bool
) -> None:
    """In any order, as far as they came: also the estimate of what was seen. Bedrock's metrics aside."""
    events = [{"type": "message_stop"} if one is STOP else one for one in events]
    packed = cut(b"".join(map(chunk, events)), places)
    plain = [event(str(one["type"]), one) for one in events]
    told_by_frames = read(body_of(INVOKE, TYPE, chunk({})[:12]), packed, complete=complete)
    told_by_lines = read(body_of(INVOKE, "text/event-stream", b"event:"), plain, complete=complete)
    assert told_by_frames == told_by_lines


@pytest.mark.parametrize("kind", ["throttlingException", "modelStreamErrorException", "internalServerException"])
def test_an_exception_in_mid_stream_breaks_it_off(kind: str) -> None:
    """What message_start counted holds, and the output that was seen: 35 characters at 3.5 a token are 10."""
    data = b"".join(map(chunk, [START, BLOCK, piece("x" * 35)])) + exception(kind)
    answer = of(data, INVOKE)
    assert (answer.status, answer.reason) == (Status.AT_LEAST, "the stream broke off with an error event")
    assert answer.usage == replace(COUNTS, output_tokens=10)
    conversed = of(BEGUN + text("x" * 35) + exception(kind), CONVERSE)
    assert (conversed.status, conversed.reason) == (answer.status, answer.reason)
    assert conversed.usage == Usage(output_tokens=10)


@pytest.mark.parametrize("asked", [INVOKE, CONVERSE], ids=["invoke", "converse"])
def test_an_exception_before_the_message_is_a_failed_try(asked: Exchange) -> None:
    """Never billed, always recorded; also where the frame is an error without a model."""
    error = frames.frame(b"", {":error-code": "500", ":error-message": "x", ":message-type": "error"})
    for data in (exception(), error):
        answer = of(data, asked)
        assert (answer.status, answer.reason) == (Status.FAILED, "an error event before the message began")


@pytest.mark.parametrize(("data", "asked"), [(INVOKED, INVOKE), (CONVERSED, CONVERSE)], ids=["invoke", "converse"])
@given(place=st.integers(0, 10_000), flip=st.integers(1, 255), places=CUTS)
@example(place=0, flip=ord(":"), places=[])
@example(place=0, flip=ord("["), places=[1])
@example(place=0, flip=ord("{"), places=[])
def test_damage_is_told_and_no_count_is_made_up(
    data: bytes, asked: Exchange, place: int, flip: int, places: list[int]
) -> None:
    """At least what was read before; exact only where the message was over by then.

    The first byte is zero, and says what the body is: one that begins JSON or events has it read as that.
    """
    changed = bytearray(data)
    changed[place % len(data)] ^= flip
    answer = of(data, asked, pieces=cut(bytes(changed), places))
    if answer.status is Status.MEASURED:
        assert answer.usage == COUNTS
    else:
        assert answer.reason is not None
        other = _OTHER_FORMS.get(changed[:1].decode("latin-1"), "a frame of the stream is damaged: its ")
        assert answer.reason.startswith(other)
        assert answer.usage.prompt_tokens in (0, COUNTS.prompt_tokens)


def test_damage_after_the_message_was_over_changes_nothing() -> None:
    """Its counts are final."""
    assert of(INVOKED + b"junk that is no frame", INVOKE).status is Status.MEASURED
    assert of(CONVERSED + b"junk that is no frame", CONVERSE).status is Status.MEASURED


def test_a_stream_that_broke_off_is_a_lower_bound_or_unknown() -> None:
    """Converse says what was read from the prompt in its last event only."""
    assert of(INVOKED[: INVOKED.index(chunk(END))], INVOKE).reason == "the stream broke off before its last usage"
    cut_off = of(BEGUN + text("x" * 36), CONVERSE)
    assert (cut_off.status, cut_off.reason) == (Status.AT_LEAST, "the stream broke off before its usage")
    assert (cut_off.usage, cut_off.notes) == (Usage(output_tokens=10), ("output estimated from 36 characters seen",))
    left = of(BEGUN, CONVERSE, complete=False)
    assert (left.status, left.reason) == (Status.UNMEASURED, "the stream was not read to its end")
    assert of(BEGUN, CONVERSE).status is Status.UNMEASURED


def test_an_event_that_is_no_json_is_told() -> None:
    """Its reason, and what was seen."""
    bad = frames.frame(b"[1]", {":event-type": "metadata", ":message-type": "event"})
    assert of(BEGUN + bad, CONVERSE).reason == "the stream's metadata event is not a JSON object"
    packed = told("chunk", {"bytes": "a"})
    assert of(chunk(START) + packed, INVOKE).reason == "a frame of the stream holds bytes that are not base64"
    line = told("chunk", {"bytes": base64.b64encode(b'{"type":"message_delta"').decode()})
    assert of(chunk(START) + line, INVOKE).reason == "the stream's message_delta event is not JSON"


def test_a_tool_in_the_answer_counts_as_output_seen() -> None:
    """Its usage says 0 tokens of output, which cannot be."""
    tool = told("contentBlockStart", {"contentBlockIndex": 0, "start": {"toolUse": {"name": "f", "toolUseId": "t"}}})
    answer = of(BEGUN + tool + STOPPED + metadata(inputTokens=9, outputTokens=0, totalTokens=9), CONVERSE)
    assert (answer.status, answer.reason) == (
        Status.AT_LEAST,
        "the answer has content and its usage counts no output",
    )


# --- what Bedrock states beside Anthropic's events


def with_metrics(*events: Json, **more: int) -> bytes:
    last = {"type": "message_stop", "amazon-bedrock-invocationMetrics": {**METRICS, **more}}
    return b"".join(map(chunk, [*events, last]))


def test_bedrocks_own_counts_stand_in_for_a_last_event_that_counts_nothing() -> None:
    """The rest, with the lifetimes of the cache writes, is of message_start: $0.01386."""
    bare = {name: value for name, value in END.items() if name != "usage"}
    answer = of(with_metrics(START, BLOCK, piece("Hi"), bare), INVOKE)
    assert (answer.status, answer.usage) == (Status.MEASURED, COUNTS)
    assert dollars(answer) == Decimal("0.01386")


def test_bedrocks_own_counts_never_replace_anthropics() -> None:
    """They do not tell lifetimes, nor what a tool loop used."""
    answer = of(with_metrics(START, BLOCK, piece("Hi"), END, outputTokenCount=999), INVOKE)
    assert (answer.status, answer.usage) == (Status.MEASURED, COUNTS)


def test_a_stream_of_which_only_bedrocks_own_counts_came_is_measured() -> None:
    """1,000 x 3 + 5,000 x 0.30 + 200 x 15 = 7,500 millionths, and a tenth more: $0.00825."""
    answer = of(with_metrics(piece("Hi"), cacheReadInputTokenCount=5_000), INVOKE)
    expected = Usage(input_tokens=1_000, cache_read_input_tokens=5_000, output_tokens=200)
    assert (answer.status, answer.usage, answer.model) == (Status.MEASURED, expected, MODEL)
    assert dollars(answer) == Decimal("0.00825")


@pytest.mark.parametrize(
    ("ttl", "expected"),
    [
        ("1h", Usage(input_tokens=1_000, cache_creation_1h_input_tokens=70, output_tokens=200)),
        ("5m", Usage(input_tokens=1_000, cache_creation_5m_input_tokens=70, output_tokens=200)),
    ],
)
def test_cache_writes_of_bedrocks_own_counts_have_the_lifetime_that_was_asked_for(ttl: str, expected: Usage) -> None:
    """The request's breakpoints tell; without a request to look at, it is a lower bound."""
    system = [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": ttl}}]
    request = body({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": [], "system": system})
    print_, *_ = Fingerprints().of_messages(request)
    data = with_metrics(piece("Hi"), cacheWriteInputTokenCount=70)
    answer = of(data, INVOKE._replace(request=print_))
    assert (answer.status, answer.usage) == (Status.MEASURED, expected)
    unseen = of(data, INVOKE)
    assert (unseen.status, unseen.reason) == (
        Status.AT_LEAST,
        "only the sum of the cache writes is known: priced at the 5-minute rate",
    )


@pytest.mark.parametrize("metrics", [None, 7, {}, {"inputTokenCount": "many", "outputTokenCount": 1}])
def test_counts_of_bedrocks_that_cannot_be_read_are_not_taken(metrics: object) -> None:
    """Never a number that nobody said."""
    answer = of(chunk({"type": "message_stop", "amazon-bedrock-invocationMetrics": metrics}), INVOKE)
    assert answer.status is Status.UNMEASURED


# --- cost of looking on


@pytest.mark.parametrize(("begun", "delta"), [(chunk(START), chunk(piece("Hi"))), (BEGUN, text("Hi"))])
def test_a_frame_like_the_last_passes_by_one_call(begun: bytes, delta: bytes) -> None:
    """Whatever its text; a damaged one is fed, and found out."""
    stream = body_of(CONVERSE if begun is BEGUN else INVOKE, TYPE, begun[:12])
    assert isinstance(stream, StreamBody)
    assert not stream.passes(begun)
    stream.feed(begun)
    for one in (delta, delta):
        stream.feed(one)
    assert stream.passes(delta)
    assert stream.passes(text("Ho") if begun is BEGUN else chunk(piece("Ho")))
    damaged = delta[:-5] + b"!" + delta[-4:]
    assert not stream.passes(damaged)
    assert not stream.passes(delta[:-1])
    said = stream.feed(damaged)
    assert said is not None
    assert said.own is not None
    assert said.own.reason == "a frame of the stream is damaged: its checksum does not match its bytes"
