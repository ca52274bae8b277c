"""Frames of `application/vnd.amazon.eventstream`: cut anywhere, checked, held no longer than needed."""

import zlib

from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_budget.wire.event_stream import LONGEST_HELD, Frames, headers_of, is_frame, payload_of
from tests.wire.answers import cut
from tests.wire.frames import BEGUN, chunk, exception, frame, metadata, text, told

WHOLE = [BEGUN, text("Hello"), text(""), exception(), metadata(inputTokens=9), frame(b"", {})]
CHUNKS = st.lists(st.integers(0, 10_000), max_size=12)


def test_the_frames_of_these_tests_are_those_that_botocore_reads() -> None:
    """Names, values and payloads of every one."""
    theirs = EventStreamBuffer()
    theirs.add_data(b"".join(WHOLE))
    seen = [(message.headers, message.payload) for message in theirs]
    ours = [({k.decode(): v.decode() for k, v in headers_of(each).items()}, payload_of(each)) for each in WHOLE]
    assert seen == ours


@given(at=CHUNKS)
def test_any_chunking_gives_the_same_frames(at: list[int]) -> None:
    """Also where a piece ends within a length."""
    frames = Frames()
    got = [each for piece in cut(b"".join(WHOLE), at) for each in frames.take(piece)]
    assert got == WHOLE
    assert frames.fault is None
    assert frames.at_start


@given(at=CHUNKS, place=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_no_damage_goes_unseen(at: list[int], place: int, flip: int) -> None:
    """One changed byte: what came before is read, nothing after it, and there is a reason."""
    data = bytearray(b"".join(WHOLE))
    place %= len(data)
    data[place] ^= flip
    frames = Frames()
    got = [each for piece in cut(bytes(data), at) for each in frames.take(piece)]
    assert got == WHOLE[: len(got)]
    assert sum(map(len, got)) <= place
    assert frames.fault is not None
    assert frames.fault.startswith("a frame of the stream is damaged: its ")
    assert frames.take(WHOLE[0]) == []


def test_a_frame_that_is_cut_off_is_no_damage() -> None:
    """The stream broke off, which others say."""
    frames = Frames()
    assert frames.take(BEGUN[:-1]) == []
    assert frames.fault is None
    assert not frames.at_start


def test_a_frame_shorter_than_its_own_frame_is_damaged() -> None:
    """Its checksum holds, and its length cannot be."""
    sizes = (12).to_bytes(4, "big") + bytes(4)

    frames = Frames()
    assert frames.take(sizes + zlib.crc32(sizes).to_bytes(4, "big") + bytes(4)) == []
    assert frames.fault is not None


def test_a_frame_too_long_to_hold_passes_by_its_length() -> None:
    """An image in an answer has no usage: the frames after it are read."""
    long = told("contentBlockDelta", {"image": "A" * LONGEST_HELD})
    frames = Frames()
    held = 0
    for start in range(0, len(long), 65_536):
        assert frames.take(long[start : start + 65_536]) == []
        held = max(held, len(frames._held))
    assert held <= 65_536
    assert frames.take(BEGUN) == [BEGUN]


def test_headers_of_other_types_are_passed_over() -> None:
    """A flag, a number, a time stamp and bytes before the one that matters."""
    other = b"\x01a\x00" + b"\x01b\x04\x00\x00\x00\x09" + b"\x01c\x08" + bytes(8) + b"\x01d\x06\x00\x02hi"
    named = frame(b"{}", {":event-type": "chunk"})
    packed = other + named[12:-6]
    sizes = (16 + len(packed) + 2).to_bytes(4, "big") + len(packed).to_bytes(4, "big")
    whole = sizes + bytes(4) + packed + b"{}" + bytes(4)
    assert dict(headers_of(whole)) == {b":event-type": b"chunk"}
    assert payload_of(whole) == b"{}"


@given(st.binary(max_size=64))
def test_headers_that_cannot_be_read_raise_nothing(junk: bytes) -> None:
    """A fault of theirs is none of ours."""
    sizes = (16 + len(junk)).to_bytes(4, "big") + (len(junk) + 5).to_bytes(4, "big")
    headers_of(sizes + bytes(4) + junk + bytes(4))


@given(st.binary(max_size=40))
def test_only_a_frame_is_taken_for_one(start: bytes) -> None:
    """By the checksum over its first eight bytes."""
    assert is_frame(chunk({})[:12])
    assert not is_frame(b"{" + start)
    assert not is_frame(b"event: message_start\n")
    assert not is_frame(chunk({})[:11])
