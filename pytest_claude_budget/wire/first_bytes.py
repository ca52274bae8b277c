"""Is a body JSON, a stream of server-sent events, or one of binary frames? Its first bytes say so, since headers are often wrong."""

from enum import Enum

from pytest_claude_budget.wire.event_stream import PRELUDE, is_frame


class Form(Enum):
    """How a body is laid out."""

    JSON = "json"
    EVENTS = "events"
    """Server-sent events."""
    FRAMES = "frames"
    """Frames of `application/vnd.amazon.eventstream`."""


LONGEST_FIELD = len(b"event:")
"""Bytes that tell a stream from JSON."""
LONGEST_START = 4_096
"""Bytes, most of them blank, after which the type decides."""
_STREAM_STARTS = (b"event:", b"data:", b"id:", b"retry:", b":")
_FRAME_STARTS = (b"\x00", b"\x01")
"""A frame has at most 24 MB, and begins with its length."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def typed_form(content_type: str) -> Form:
    """Tell the form that a content type, in lower case, names."""
    if "event-stream" in content_type:
        return Form.EVENTS
    return Form.FRAMES if "vnd.amazon.eventstream" in content_type else Form.JSON


def form_of(start: bytes, typed: Form) -> Form | None:
    """Tell by its first bytes what a body is; `typed` is what its type says.

    None where more bytes are needed.
    """
    if start.startswith(_FRAME_STARTS):
        if len(start) < PRELUDE:
            return None
        return Form.FRAMES if is_frame(start) else typed
    plain = start.removeprefix(_BYTE_ORDER_MARK).lstrip()
    if plain.startswith(_STREAM_STARTS):
        return Form.EVENTS
    if plain.startswith((b"{", b"[")):
        return Form.JSON
    return typed if len(plain) >= LONGEST_FIELD or len(start) >= LONGEST_START else None
