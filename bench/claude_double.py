"""Answers as Claude gives them, made up here and handed to the real SDK by a mock transport."""

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

MODEL = "claude-sonnet-4-6"
ANSWER_BYTES = 5_000
WORDS = "The customer asks for a refund of the second order, which was delivered twice. "
USAGE = {
    "input_tokens": 812,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 2048,
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 1090,
    "service_tier": "standard",
}
REQUEST: dict[str, Any] = {
    "model": MODEL,
    "max_tokens": 4096,
    "system": "You sort tickets.",
    "messages": [{"role": "user", "content": WORDS * 4}],
}


def requests_with_other_messages() -> Iterator[dict[str, Any]]:
    """The same request with a new question each time."""
    for number in count():
        yield {**REQUEST, "messages": [{"role": "user", "content": f"Ticket {number}: {WORDS * 4}"}]}


def message(text: str, **changes: object) -> dict[str, object]:
    """A message as the API answers with it."""
    return {
        "id": "msg_01Bench",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": USAGE,
        **changes,
    }


def answer() -> bytes:
    """A JSON answer of about 5 KB."""
    rest = len(json.dumps(message("")))
    return json.dumps(message((WORDS * 100)[: ANSWER_BYTES - rest])).encode()


def event(kind: str, **fields: object) -> bytes:
    """A server-sent event."""
    data = json.dumps({"type": kind, **fields}, separators=(",", ":"))
    return f"event: {kind}\ndata: {data}\n\n".encode()


def events(number: int) -> Iterator[bytes]:
    """A stream of so many events: two before the text, three after it."""
    start = message("", content=[], stop_reason=None, usage={**USAGE, "output_tokens": 1})
    yield event("message_start", message=start)
    yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    words = WORDS.split(" ")
    deltas = [event("content_block_delta", index=0, delta={"type": "text_delta", "text": f" {word}"}) for word in words]
    for at in range(number - 5):
        yield deltas[at % len(deltas)]
    yield event("content_block_stop", index=0)
    delta = {"stop_reason": "end_turn", "stop_sequence": None}
    yield event("message_delta", delta=delta, usage={"output_tokens": number})
    yield event("message_stop")


def batch_lines(lines: int) -> Iterator[bytes]:
    """So many lines of batch results as the API writes them, about 800 bytes each, with a `custom_id` and counts of their own."""
    usage = {**USAGE, "input_tokens": "%d", "output_tokens": "%d"}
    result = {"type": "succeeded", "message": message(WORDS * 4, id="msg_%08d", usage=usage)}
    line = json.dumps({"custom_id": "ticket-%08d", "result": result}, separators=(",", ":")).replace('"%d"', "%d")
    form = line.encode() + b"\n"
    for number in range(lines):
        yield form % (number, number, 812 + number % 4_093, 90 + number % 1_021)


def pieces(parts: Iterator[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of one size, cut anywhere."""
    held = bytearray()
    for part in parts:
        held += part
        while len(held) >= size:
            yield bytes(held[:size])
            del held[:size]
    if held:
        yield bytes(held)


def grouped(parts: Iterator[bytes], number: int) -> Iterator[bytes]:
    """So many parts in one piece."""
    held: list[bytes] = []
    for part in parts:
        held.append(part)
        if len(held) == number:
            yield b"".join(held)
            held.clear()
    if held:
        yield b"".join(held)


def client(respond: Callable[[Any], Any]) -> Any:
    """The real SDK's client on a mock transport."""
    import anthropic
    import httpx2

    return anthropic.Anthropic(api_key="none", http_client=httpx2.Client(transport=httpx2.MockTransport(respond)))
