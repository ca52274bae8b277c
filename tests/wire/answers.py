"""Answers of Claude as bytes, in the exact shape that the API sends them."""

import itertools
import json
from collections.abc import Iterable

from pytest_claude_budget.calls.alike import Alike
from pytest_claude_budget.calls.call import Answer
from pytest_claude_budget.wire.bodies import Body
from pytest_claude_budget.wire.messages import Exchange
from pytest_claude_budget.wire.routes import Kind, Route

MODEL = "claude-sonnet-4-6"
Json = dict[str, object]


def exchange(kind: Kind = Kind.MESSAGES, *, requested: str | None = "claude-requested", **route: object) -> Exchange:
    """An exchange with status 200 on a route of this kind."""
    found = Route(kind=kind, **route)  # type: ignore[arg-type]  # fields of Route by name
    return Exchange(route=found, http_status=200, asked=requested)


def usage(**counts: object) -> Json:
    """A usage object with all fields that the API always sends."""
    return {
        "input_tokens": 120,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": 45,
        "service_tier": "standard",
        "inference_geo": "not_available",
        **counts,
    }


def message(**fields: object) -> Json:
    """A whole answer of the Messages API."""
    return {
        "id": "msg_01XFDUDYJgAACzvnptvVoYEL",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": [{"type": "text", "text": "Hello"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": usage(),
        **fields,
    }


def body(value: object) -> bytes:
    """As the API writes JSON: no spaces, UTF-8 as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def event(name: str, data: object) -> bytes:
    """One server-sent event."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), body(data))


def start(**fields: object) -> bytes:
    """The first event; its output_tokens is a placeholder."""
    first: Json = {"content": [], "stop_reason": None, "usage": usage(output_tokens=1)}
    return event("message_start", {"type": "message_start", "message": message(**{**first, **fields})})


def block(**content: object) -> bytes:
    """The start of a content block, a text block unless said otherwise."""
    value = content or {"type": "text", "text": ""}
    return event("content_block_start", {"type": "content_block_start", "index": 0, "content_block": value})


def text(words: str) -> bytes:
    """A piece of the model's text."""
    delta = {"type": "text_delta", "text": words}
    return event("content_block_delta", {"type": "content_block_delta", "index": 0, "delta": delta})


def delta(stop_reason: str | None = "end_turn", **counts: object) -> bytes:
    """A message_delta with these cumulative counts, without usage where there are none."""
    value: Json = {"type": "message_delta", "delta": {"stop_reason": stop_reason, "stop_sequence": None}}
    return event("message_delta", {**value, "usage": counts} if counts else value)


BLOCK_END = event("content_block_stop", {"type": "content_block_stop", "index": 0})
PING = event("ping", {"type": "ping"})
STOP = event("message_stop", {"type": "message_stop"})
OVERLOADED = event("error", {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
NORMAL = b"".join(
    (start(), block(), PING, text("Hello"), text(" wörld"), BLOCK_END, delta(output_tokens=45, input_tokens=120), STOP)
)


def cut(data: bytes, at: Iterable[int]) -> list[bytes]:
    """The same bytes in pieces."""
    borders = [0, *sorted({place % (len(data) + 1) for place in at}), len(data)]
    return [data[begin:end] for begin, end in itertools.pairwise(borders)]


def read(body_: Body, pieces: Iterable[bytes], *, complete: bool = True) -> tuple[Answer | None, list[Answer]]:
    """Feed pieces and end; returns the last state of the exchange itself, and the answers of their own."""
    own = body_.begin().own
    items: list[Answer] = []
    for piece in pieces:
        if (said := body_.feed(piece)) is not None:
            own = said.own or own
            items += singly(said.items)
    if (said := body_.end(complete=complete)) is not None:
        own = said.own or own
        items += said.items
    return own, items


def singly(items: Iterable[Answer | Alike]) -> list[Answer]:
    """Each answer by itself."""
    return [each for item in items for each in (item if isinstance(item, Alike) else [item])]
