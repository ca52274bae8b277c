"""Frames of `application/vnd.amazon.eventstream`, as Amazon Bedrock sends them."""

import base64
from zlib import crc32

from tests.wire.answers import body

TYPE = "application/vnd.amazon.eventstream"
PADDING = "abcdefghijklm"
"""Bedrock hides the length of what it sends behind some of this."""


def frame(payload: bytes, headers: dict[str, str]) -> bytes:
    """One frame whose headers are texts."""
    packed = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + len(value).to_bytes(2, "big") + value.encode()
        for name, value in headers.items()
    )
    sizes = (16 + len(packed) + len(payload)).to_bytes(4, "big") + len(packed).to_bytes(4, "big")
    whole = sizes + crc32(sizes).to_bytes(4, "big") + packed + payload
    return whole + crc32(whole).to_bytes(4, "big")


def told(kind: str, value: object) -> bytes:
    """One event with a JSON payload."""
    return frame(body(value), {":event-type": kind, ":content-type": "application/json", ":message-type": "event"})


def chunk(event: object) -> bytes:
    """One event of Anthropic's, as `invoke-with-response-stream` packs it."""
    return told("chunk", {"bytes": base64.b64encode(body(event)).decode(), "p": PADDING})


def exception(kind: str = "throttlingException") -> bytes:
    """What ends a stream before its time."""
    headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return frame(body({"message": "Too many tokens, please wait before trying again."}), headers)


def text(words: str) -> bytes:
    """A piece of the model's text, of Converse."""
    return told("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": words}, "p": PADDING})


def metadata(**usage: object) -> bytes:
    """The last event of Converse."""
    return told("metadata", {"metrics": {"latencyMs": 12}, "p": PADDING, "usage": usage})


BLOCK_END = told("contentBlockStop", {"contentBlockIndex": 0, "p": PADDING})
BEGUN = told("messageStart", {"p": PADDING, "role": "assistant"})
STOPPED = told("messageStop", {"p": PADDING, "stopReason": "end_turn"})
