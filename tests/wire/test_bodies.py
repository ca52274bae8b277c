"""Which reader a body gets, and what it has said by the time its caller leaves."""

import gzip
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_budget.calls.call import Answer, Status
from pytest_claude_budget.wire import pieces as in_pieces
from pytest_claude_budget.wire.bodies import LONGEST_JSON, BatchBody, JsonBody, body_of, encoded_body_of, read_whole
from pytest_claude_budget.wire.encodings import UndecodableError
from pytest_claude_budget.wire.messages import unmeasured
from pytest_claude_budget.wire.pieces import WINDOW, windows
from pytest_claude_budget.wire.routes import Kind
from pytest_claude_budget.wire.said import Said
from pytest_claude_budget.wire.stream_bodies import StreamBody
from tests.wire.answers import MODEL, NORMAL, OVERLOADED, body, cut, exchange, message, read, text

JSON = body(message())
MEASURED, _ = read(JsonBody(exchange()), [JSON])
STREAMED, _ = read(StreamBody(exchange()), [NORMAL])
COUNTED = Answer(status=Status.FREE, endpoint="count_tokens", http_status=200)


def test_the_answers_that_these_tests_stand_on_are_measured() -> None:
    """Stream and JSON say the same here."""
    assert MEASURED is not None
    assert (MEASURED.status, MEASURED.model, MEASURED.usage.output_tokens) == (Status.MEASURED, MODEL, 45)
    assert STREAMED == MEASURED


@pytest.mark.parametrize("pieces", [[JSON], [JSON[n : n + 1] for n in range(len(JSON))], [b"", JSON, b""]])
def test_a_json_answer_is_read_when_its_last_byte_has_come(pieces: list[bytes]) -> None:
    """However it was cut."""
    assert read(JsonBody(exchange()), pieces) == (MEASURED, [])


@pytest.mark.parametrize("data", [JSON, b"  " + JSON + b"\r\n"])
def test_a_json_answer_that_came_whole_counts_though_its_end_was_not_seen(data: bytes) -> None:
    """A caller who has all that it needs may close early."""
    assert read(JsonBody(exchange()), [data], complete=False) == (MEASURED, [])


@pytest.mark.parametrize("size", [1, 50, len(JSON) - 1])
def test_a_json_answer_that_was_left_in_the_middle_is_unmeasured(size: int) -> None:
    """Its usage stands at the end."""
    expected = unmeasured(exchange(), "the answer was not read to its end")
    assert read(JsonBody(exchange()), [JSON[:size]], complete=False) == (expected, [])


def test_a_cut_that_looks_whole_is_unmeasured() -> None:
    """An inner brace is the last byte that came."""
    expected = unmeasured(exchange(), "the answer was not read to its end")
    for cut_off in (JSON[: JSON.index(b"}") + 1], b'{"a":' * 200_000 + b"}"):
        assert read(JsonBody(exchange()), [cut_off], complete=False) == (expected, [])


def test_a_json_answer_that_nobody_read_is_unmeasured() -> None:
    """Absent is not zero."""
    assert read(JsonBody(exchange()), [], complete=False) == (unmeasured(exchange(), "the answer was not read"), [])


def test_an_empty_answer_is_unmeasured() -> None:
    """A 200 with nothing in it."""
    assert read(JsonBody(exchange()), []) == (unmeasured(exchange(), "the answer is not JSON"), [])


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("pieces", [[], [b'{"input_tok'], [b'{"input_tokens":14}'], [b"<html>"]])
def test_a_token_count_is_free_however_it_was_read(pieces: list[bytes], complete: bool) -> None:
    """Nothing about it is billed."""
    assert read(JsonBody(exchange(Kind.COUNT_TOKENS)), pieces, complete=complete) == (COUNTED, [])


@pytest.mark.parametrize(("data", "complete"), [(JSON[:50], False), (b"", False), (b"", True), (b"{}", True)])
def test_a_guess_that_says_nothing_is_not_recorded(data: bytes, complete: bool) -> None:
    """Only a message proves that it was with Claude."""
    assert read(JsonBody(exchange(Kind.GUESS)), [data], complete=complete) == (None, [])


def test_a_guess_that_is_a_message_is_recorded() -> None:
    """At its end."""
    assert read(JsonBody(exchange(Kind.GUESS)), [JSON]) == (MEASURED, [])


def test_an_answer_that_is_too_long_is_unmeasured_and_not_held() -> None:
    """Twice the longest JSON comes by; no more than the longest is ever held."""
    answer, size = JsonBody(exchange()), 1_000_000
    tracemalloc.start()
    try:
        for _ in range(2 * LONGEST_JSON // size):
            answer.feed(bytes(size))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.end(complete=True) == Said(own=unmeasured(exchange(), "the answer is too long to read"))
    assert peak < LONGEST_JSON + 5_000_000


SSE = "text/event-stream"


TYPES = ["", SSE, "text/plain", "application/json", "application/x-ndjson", "application/octet-stream"]


@pytest.mark.parametrize("content_type", [SSE, "text/event-stream; charset=utf-8", "Text/Event-Stream", f"x, {SSE}"])
@pytest.mark.parametrize("kind", [Kind.MESSAGES, Kind.GUESS])
def test_a_body_that_says_nothing_of_itself_is_what_its_type_says(content_type: str, kind: Kind) -> None:
    """In any case and with any parameters."""
    said = read(body_of(exchange(kind), content_type), [b"neither of the two\n\n", NORMAL])
    assert said == (MEASURED, [])
    assert type(body_of(exchange(), content_type, b"neither of the two")) is StreamBody


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize(
    "start",
    [
        b"event: message_",
        b"data: {",
        b": hello",
        b"\n\nevent: x",
        b" data:{",
        b"id: 1",
        b"retry: 9",
        b"\xef\xbb\xbfdata:",
    ],
)
def test_a_stream_is_known_by_its_first_bytes(content_type: str, start: bytes) -> None:
    """A gateway or a double may give no type, or a wrong one."""
    assert type(body_of(exchange(), content_type, start)) is StreamBody


@pytest.mark.parametrize("content_type", [*TYPES, "text/html", "application/vnd.amazon.eventstream"])
@pytest.mark.parametrize("start", [b'{"id": "msg_', b"[", b'{"data:', b"\xef\xbb\xbf{", b"\n {"])
def test_json_is_known_by_its_first_byte(content_type: str, start: bytes) -> None:
    """Also where it is called a stream of events."""
    assert type(body_of(exchange(), content_type, start)) is JsonBody


@pytest.mark.parametrize("content_type", ["", "application/json", "text/html"])
def test_everything_else_is_read_as_json(content_type: str) -> None:
    """And is unmeasured, since it is none."""
    assert type(body_of(exchange(), content_type, b"<html>")) is JsonBody


def test_what_is_called_binary_frames_and_is_none_is_read_as_those() -> None:
    """And is unmeasured, since a frame is damaged."""
    said, _ = read(body_of(exchange(), "application/vnd.amazon.eventstream", b"<html>"), [b"<html></html>"])
    assert said is not None
    assert said.status is Status.UNMEASURED
    assert said.reason == "a frame of the stream is damaged: its prelude's checksum does not match its bytes"


@pytest.mark.parametrize("content_type", ["", SSE, "application/x-jsonl", "application/json"])
def test_batch_results_are_known_by_their_route(content_type: str) -> None:
    """Servers give them several types."""
    assert type(body_of(exchange(Kind.BATCH_RESULTS, batch_id="b"), content_type)) is BatchBody


@pytest.mark.parametrize("kind", [Kind.COUNT_TOKENS, Kind.BATCH_CREATE])
def test_counts_and_batches_are_no_streams(kind: Kind) -> None:
    """Whatever type they come with."""
    assert type(body_of(exchange(kind), SSE, b"data: ")) is JsonBody
    assert type(body_of(exchange(kind), "")) is JsonBody


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("step", [1, 5, 6, 10**6])
@pytest.mark.parametrize("data", [JSON, NORMAL, b"\n\n" + NORMAL, b": hi\n\n" + NORMAL, b"\xef\xbb\xbf" + NORMAL])
def test_a_body_of_any_type_is_read_by_its_first_bytes(content_type: str, step: int, data: bytes) -> None:
    """As it passes, when no byte of it was there to look at before."""
    pieces = [data[n : n + step] for n in range(0, len(data), step)]
    assert read(encoded_body_of(exchange(), content_type, ""), pieces) == (MEASURED, [])
    assert read(encoded_body_of(exchange(), content_type, ""), pieces, complete=False) == (MEASURED, [])


@given(
    st.lists(st.integers(min_value=0, max_value=1_000), max_size=5),
    st.sampled_from([JSON, NORMAL, b"\n" + NORMAL, b"\xef\xbb\xbf" + NORMAL]),
    st.sampled_from(TYPES),
    st.booleans(),
)
def test_a_body_of_any_type_cut_anywhere_says_the_same(
    places: list[int], data: bytes, content_type: str, packed: bool
) -> None:
    """Compressed or not."""
    data = gzip.compress(data) if packed else data
    said = read(encoded_body_of(exchange(), content_type, "gzip" if packed else ""), cut(data, places))
    assert said == (MEASURED, [])


def test_blank_bytes_are_given_to_the_reader_of_the_type() -> None:
    """After the first few thousand: to look at all of them again with each piece would take for ever."""
    answer = body_of(exchange(), "application/json")
    tracemalloc.start()
    try:
        for _ in range(1_000):
            answer.feed(b" " * 10_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.end(complete=True) == Said(own=unmeasured(exchange(), "the answer is not JSON"))
    assert peak < 12_000_000


@pytest.mark.parametrize(
    ("data", "complete", "reason"),
    [
        (b"", False, "the answer was not read"),
        (b"", True, "the answer is not JSON"),
        (b"{", False, "the answer was not read to its end"),
        (b"{", True, "the answer is not JSON"),
        (b"data:", True, "the stream ended without a message"),
        (b"data:", False, "the stream was not read"),
        (NORMAL[:20], True, "the stream ended without a message"),
    ],
)
def test_a_short_body_without_a_type_is_unmeasured(data: bytes, complete: bool, reason: str) -> None:
    """Too short to tell, or told and too short to measure."""
    expected = unmeasured(exchange(), reason)
    assert read(encoded_body_of(exchange(), "", ""), [data] if data else [], complete=complete) == (expected, [])


def test_an_unknown_coding_is_told_before_a_byte_is_read() -> None:
    """By raising what the hooks turn into an unmeasured answer."""
    with pytest.raises(UndecodableError):
        encoded_body_of(exchange(), SSE, "rot13")


def test_a_body_that_is_here_already_is_read_at_once() -> None:
    """As from a double or a cassette."""
    assert list(read_whole(body_of(exchange(), "", JSON[:16]), JSON)) == [Said(own=MEASURED)]
    assert list(read_whole(body_of(exchange(), "", NORMAL[:16]), NORMAL)) == [Said(own=MEASURED)]
    failed = list(read_whole(body_of(exchange(), SSE), OVERLOADED))[-1].own
    assert failed is not None
    assert failed.status is Status.FAILED


@given(st.binary(max_size=300), st.integers(min_value=4, max_value=20), st.sampled_from([b"\n\n", b"\n", b"x"]))
def test_windows_lose_no_byte(data: bytes, size: int, often: bytes) -> None:
    """None is longer than the window, none is empty but that of an empty body."""
    data = often.join(data[n : n + 3] for n in range(0, len(data), 3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_pieces, "WINDOW", size)
        pieces = list(windows(data))
    assert b"".join(pieces) == data
    assert all(0 < len(piece) <= size for piece in pieces) or data == b""


def test_windows_end_where_events_end() -> None:
    """So that the quick path of a stream sees whole events."""
    data = text("Hello") * 5_000
    pieces = list(windows(data))
    assert b"".join(pieces) == data
    assert len(pieces) > len(data) // WINDOW
    assert all(piece.endswith(b"\n\n") for piece in pieces)


@given(st.lists(st.integers(min_value=0, max_value=1_000), max_size=5))
def test_a_json_body_cut_anywhere_says_the_same(places: list[int]) -> None:
    """In a UTF-8 sequence too."""
    data = body(message(content=[{"type": "text", "text": "日本語 🎉"}]))
    assert read(JsonBody(exchange()), cut(data, places)) == (MEASURED, [])
