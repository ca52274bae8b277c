"""What real clients' exchanges come to in dollars, where one answer holds several messages or leaves something out."""

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import pytest

from pytest_claude_budget.calls.call import Status
from tests.builders.watched import ASKED, message, send, sse, watched
from tests.unit.intercept.test_failed_tries import BOTH, CLIENTS, totals_of

SONNET, OPUS = "claude-sonnet-4-5", "claude-opus-4-1"


def begun(name: str, model: str, input_tokens: int) -> tuple[str, dict[str, Any]]:
    return "message_start", {"message": {**message(input_tokens, 1, model), "id": name, "stop_reason": None}}


def ended(output_tokens: int) -> tuple[str, dict[str, Any]]:
    return "message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": output_tokens}}


def streamed(module: Any, data: bytes, *, asynchronous: bool, content_type: str = "text/event-stream") -> Any:
    """An answer that comes in small pieces, so that a tap sees them pass."""

    def pieces() -> Iterator[bytes]:
        yield from (data[at : at + 50] for at in range(0, len(data), 50))

    async def pieces_async() -> AsyncIterator[bytes]:
        for piece in pieces():
            yield piece

    content = pieces_async() if asynchronous else pieces()
    return module.Response(200, headers={"content-type": content_type}, content=content)


@CLIENTS
@BOTH
@pytest.mark.parametrize("content_type", ["text/event-stream", "application/json"])
def test_each_message_of_a_stream_is_a_call(module: Any, content_type: str, *, asynchronous: bool) -> None:
    """Opus 4.1: 50,000 x $15 + 1,000 x $75 = $0.825; Sonnet 4.5: 50,000 x $3 + 80 x $15 = $0.1512, a million each."""
    data = sse(begun("a", OPUS, 50_000), ended(1_000), begun("b", SONNET, 50_000), ended(80), ("message_stop", {}))
    with watched() as told:
        answer = streamed(module, data, asynchronous=asynchronous, content_type=content_type)
        received = send(module, lambda request: answer, asynchronous=asynchronous)
    assert received.content == data
    assert [each.status for each in told.answers] == [Status.MEASURED] * 2
    totals = totals_of(told)
    assert (totals.calls, totals.attempts, totals.cost) == (2, 2, Decimal("0.9762"))


@CLIENTS
@BOTH
def test_json_that_is_called_a_stream_is_measured_as_it_passes(module: Any, *, asynchronous: bool) -> None:
    """1,000 x $1 + 100 x $5, a million each."""
    with watched() as told:
        data = module.Response(200, json=message()).content
        answer = streamed(module, data, asynchronous=asynchronous)
        send(module, lambda request: answer, asynchronous=asynchronous)
    assert totals_of(told).cost == Decimal("0.0015")


@CLIENTS
@BOTH
@pytest.mark.parametrize(("ttl", "cost"), [("1h", "0.00618"), ("5m", "0.00393")])
def test_the_request_tells_the_rate_of_cache_writes(module: Any, ttl: str, cost: str, *, asynchronous: bool) -> None:
    """10 x $3 + 1,000 x $6 + 10 x $15 a million for an hour, and 1,000 x $3.75 for five minutes."""
    counts = {"input_tokens": 10, "cache_creation_input_tokens": 1_000, "output_tokens": 10}
    system = [{"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral", "ttl": ttl}}]
    reply = {**message(model=SONNET), "usage": counts}
    with watched() as told:
        asked = {**ASKED, "model": SONNET, "system": system}
        send(module, lambda request: module.Response(200, json=reply), asynchronous=asynchronous, json=asked)
    (answer,) = told.answers
    assert (answer.status, answer.notes) == (Status.MEASURED, ())
    assert totals_of(told).cost == Decimal(cost)
