"""Frames of `application/vnd.amazon.eventstream`, the binary form in which Amazon Bedrock streams, cut out as the bytes pass.

A frame is its length and the length of its headers, 4 bytes each, a CRC-32 of those two, the headers, the payload, and a
CRC-32 of all before it; every number is big-endian.
"""

from collections.abc import Mapping
from struct import Struct
from zlib import crc32

PRELUDE = 12
"""Bytes of a frame before its headers."""
SHORTEST = PRELUDE + 4
LONGEST_HELD = 4_000_000
"""Bytes of a frame that is held until it is whole; a longer one is no event with usage, and passes by its length."""
_NUMBER = Struct(">I").unpack_from
_TEXT = 7
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a header's value by its type, where they are not counted before it."""
_DAMAGED = "a frame of the stream is damaged: its {} does not match its bytes"


class Frames:
    """Cuts bytes, in chunks cut anywhere, into whole frames whose checksums hold."""

    def __init__(self) -> None:
        self._held = bytearray()
        """The start of a frame whose end has not come yet."""
        self._wanted = PRELUDE
        """Bytes that must be there before there is anything to do."""
        self._to_pass = 0
        """Bytes still to come of a frame that is too long to hold."""
        self.fault: str | None = None
        """Why nothing can be read any more."""
        self.at_start = True
        """The next byte begins a frame."""

    def take(self, data: bytes) -> list[bytes]:
        """Take the next bytes; returns the frames that they complete. Never raises: `fault` says what is wrong."""
        if self.fault is not None:
            return []
        if self._to_pass:
            passed = min(self._to_pass, len(data))
            self._to_pass -= passed
            data = data[passed:]
        if len(self._held) + len(data) < self._wanted:
            self._held += data
            self.at_start = not self._held and not self._to_pass
            return []
        if self._held:
            data = bytes(self._held) + data
            self._held.clear()
        frames: list[bytes] = []
        self._hold(data, self._cut(data, frames))
        return frames

    def _cut(self, data: bytes, frames: list[bytes]) -> int:
        """Add the whole frames; returns where the first one begins that is not."""
        at, end = 0, len(data)
        while end - at >= PRELUDE:
            total = int.from_bytes(data[at : at + 4], "big")
            if crc32(data[at : at + 8]) != int.from_bytes(data[at + 8 : at + 12], "big") or total < SHORTEST:
                self.fault = _DAMAGED.format("prelude's checksum")
                return end
            if end - at < total:
                break
            frame = data[at : at + total]
            if not is_intact(frame):
                self.fault = _DAMAGED.format("checksum")
                return end
            frames.append(frame)
            at += total
        return at

    def _hold(self, data: bytes, at: int) -> None:
        """Hold the start of a frame, unless it is one that only passes."""
        rest = len(data) - at
        self._wanted = PRELUDE if rest < PRELUDE else int.from_bytes(data[at : at + 4], "big")
        if self._wanted > LONGEST_HELD:
            self._to_pass, self._wanted = self._wanted - rest, PRELUDE
        else:
            self._held += data[at:]
        self.at_start = not self._held and not self._to_pass and self.fault is None


def is_intact(data: bytes) -> bool:
    """Is this one whole frame, whose checksum at the end matches all before it?"""
    size = len(data)
    return bool(_NUMBER(data, 0)[0] == size and crc32(data[:-4]) == _NUMBER(data, size - 4)[0])


def is_frame(start: bytes) -> bool:
    """Is this the start of a frame? Its first 12 bytes tell for certain."""
    return len(start) >= PRELUDE and crc32(start[:8]) == int.from_bytes(start[8:PRELUDE], "big")


def payload_of(frame: bytes) -> bytes:
    """The payload of a whole frame."""
    return frame[PRELUDE + int.from_bytes(frame[4:8], "big") : -4]


def headers_of(frame: bytes) -> Mapping[bytes, bytes]:
    """The headers of a whole frame whose values are texts, by name, as far as they can be read."""
    headers: dict[bytes, bytes] = {}
    at, end = PRELUDE, min(PRELUDE + int.from_bytes(frame[4:8], "big"), len(frame) - 4)
    while at < end:
        name_end = at + 1 + frame[at]
        kind = frame[name_end] if name_end < end else -1
        if kind == _TEXT or kind == _TEXT - 1:
            start = name_end + 3
            value_end = start + int.from_bytes(frame[name_end + 1 : start], "big")
            if kind == _TEXT and value_end <= end:
                headers[frame[at + 1 : name_end]] = frame[start:value_end]
            at = value_end
        elif kind in _SIZES:
            at = name_end + 1 + _SIZES[kind]
        else:
            break
    return headers
