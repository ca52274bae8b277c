"""Clients of OpenAI-compatible gateways, asking a server on this machine that answers as those do."""

from collections.abc import Iterator
from decimal import Decimal
from importlib.util import find_spec
from typing import Any

import pytest

from tests.builders.priced import dollars_of
from tests.builders.watched import Told, watched
from tests.shapes.double import Double, Reply, json_reply, stream_of

# One of these packages is a plugin of pytest: they have an environment of their own, `nox --session gateways`.
collect_ignore = [] if find_spec("litellm") and find_spec("langchain_openai") else ["others"]

MODEL = "anthropic/claude-sonnet-4.5"
ASK: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]}
USAGE = {
    "prompt_tokens": 10_000,
    "completion_tokens": 200,
    "total_tokens": 10_200,
    "prompt_tokens_details": {"cached_tokens": 6_000, "cache_write_tokens": 1_000},
}
COST = Decimal("0.01755")
"""Sonnet 4.5 at $3, writes $3.75, reads $0.30, output $15 a million:
3,000 x 3 + 1,000 x 3.75 + 6,000 x 0.3 + 200 x 15 = 9,000 + 3,750 + 1,800 + 3,000 = 17,550 millionths."""


def completion(*, x_litellm_response_cost: str | None = None, **fields: Any) -> Reply:
    """An answer of chat completions, in one piece."""
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}
    whole = {
        "id": "gen-1",
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "choices": [choice],
        "usage": USAGE,
    }
    headers = {} if x_litellm_response_cost is None else {"x_litellm_response_cost": x_litellm_response_cost}
    return json_reply({**whole, **fields}, **headers)


def chunks(*, usage: Any = USAGE, size: int | None = None) -> Reply:
    """The same as a stream, as OpenRouter and LiteLLM send it: usage in a chunk of its own."""
    begun = {"id": "gen-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL}
    said = [
        {**begun, "choices": [{"index": 0, "delta": {"role": "assistant", "content": word}, "finish_reason": end}]}
        for word, end in (("Hel", None), ("lo", None), ("", "stop"))
    ]
    counted = [] if usage is None else [{**begun, "choices": [], "usage": usage}]
    lines = [json_reply(each).body for each in (*said, *counted)]
    body = b": PROCESSING\n\n" + b"".join(b"data: %b\n\n" % line for line in lines) + b"data: [DONE]\n\n"
    return stream_of(body, size=size)


@pytest.fixture
def told() -> Iterator[Told]:
    """What is seen of both clients."""
    with watched() as told:
        yield told


@pytest.fixture(scope="module")
def double() -> Double:
    """The server."""
    return Double()


def costs(told: Told) -> list[Decimal | None]:
    """What each answer costs at list price."""
    return [dollars_of(answer) for answer in told.answers]
