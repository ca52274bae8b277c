"""The most tokens that an image can be, by its size as the head of its file tells it.

Documented: a token for each 28 by 28 pixels once the image is scaled down, or by the older formula for each 750 pixels. Neither is
told for sizes in between, so the larger counts, and never more than the most that a model takes of one image.
"""

import base64
import binascii
import struct

from pytest_claude_budget.calls.token_estimates import has_newer_tokenizer

MOST = 4_784
MOST_BEFORE_4_7 = 1_600
"""1,568 by the formula of patches, "about 1,600" by the older one."""
_PATCH, _PIXELS_PER_TOKEN = 28, 750
_HEAD = 512 * 1024
"""Characters of base64 in which a size must stand; a JPEG's may follow large metadata."""
_NO_SIZES = frozenset((0xC4, 0xC8, 0xCC))
"""Marks of a JPEG from 0xC0 to 0xCF that begin no frame."""


def tokens_of_image(data: str | None, model: str) -> int:
    """Tokens at most of an image in base64; of one whose size is not to be had, those of the largest."""
    most = MOST if has_newer_tokenizer(model) else MOST_BEFORE_4_7
    size = None if data is None else size_of(data)
    if size is None:
        return most
    wide, high = size
    patches = -(-wide // _PATCH) * -(-high // _PATCH)
    return min(most, max(patches, -(-wide * high // _PIXELS_PER_TOKEN)))


def size_of(data: str) -> tuple[int, int] | None:
    """Width and height of a PNG, JPEG, GIF or WebP in base64; None where they cannot be told."""
    try:
        head = base64.b64decode(data[: _HEAD - _HEAD % 4], validate=False)
        found = _size(head)
    except (binascii.Error, ValueError, struct.error, IndexError):
        return None
    return found if found is not None and min(found) > 0 else None


def _size(head: bytes) -> tuple[int, int] | None:
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        wide, high = struct.unpack_from(">II", head, 16)
        return wide, high
    if head[:6] in (b"GIF87a", b"GIF89a"):
        wide, high = struct.unpack_from("<HH", head, 6)
        return wide, high
    if head.startswith(b"\xff\xd8"):
        return _size_of_jpeg(head)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _size_of_webp(head)
    return None


def _size_of_jpeg(head: bytes) -> tuple[int, int] | None:
    at = 2
    while True:
        while head[at + 1] == 0xFF:  # padding
            at += 1
        mark = head[at + 1]
        if head[at] != 0xFF or mark == 0xDA:
            return None
        if 0xC0 <= mark <= 0xCF and mark not in _NO_SIZES:
            high, wide = struct.unpack_from(">HH", head, at + 5)
            return wide, high
        (length,) = struct.unpack_from(">H", head, at + 2)
        at += 2 + length


def _size_of_webp(head: bytes) -> tuple[int, int] | None:
    kind = head[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", head, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        wide, high = struct.unpack_from("<HH", head, 26)
        return wide & 0x3FFF, high & 0x3FFF
    return None
