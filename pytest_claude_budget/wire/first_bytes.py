"""Is a body a stream of events or JSON? Its first bytes say so, since headers are often wrong."""

LONGEST_FIELD = len(b"event:")
"""Bytes that tell a stream from JSON."""
LONGEST_START = 4_096
"""Bytes, most of them blank, after which the type decides."""
_STREAM_STARTS = (b"event:", b"data:", b"id:", b"retry:", b":")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def is_stream(start: bytes, *, typed: bool) -> bool | None:
    """Tell by its first bytes whether a body is a stream of events or JSON; `typed` is what its type says.

    None where more bytes are needed.
    """
    plain = start.removeprefix(_BYTE_ORDER_MARK).lstrip()
    if plain.startswith(_STREAM_STARTS):
        return True
    if plain.startswith((b"{", b"[")):
        return False
    return typed if len(plain) >= LONGEST_FIELD or len(start) >= LONGEST_START else None
