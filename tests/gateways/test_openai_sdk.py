"""OpenAI's own SDK with the base URL of a gateway: each answer costs what the model's list price says, by hand."""

import asyncio
from decimal import Decimal
from typing import Any

import openai
import pytest

from pytest_claude_budget.calls.call import Status
from pytest_claude_budget.wire.openai_stream import NO_USAGE
from tests.builders.watched import Told
from tests.gateways.conftest import ASK, COST, MODEL, USAGE, chunks, completion, costs
from tests.shapes.double import Double, error, json_reply, sse_bytes, stream_of

RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": MODEL,
    "status": "completed",
    "error": None,
    "output": [],
    "parallel_tool_calls": False,
    "tool_choice": "auto",
    "tools": [],
    "usage": {
        "input_tokens": 10_000,
        "input_tokens_details": {"cached_tokens": 6_000, "cache_write_tokens": 1_000},
        "output_tokens": 200,
        "output_tokens_details": {"reasoning_tokens": 150},
        "total_tokens": 10_200,
    },
}
BEGUN = {**RESPONSE, "status": "in_progress", "usage": None}
EVENTS = sse_bytes(
    (
        {"type": "response.created", "sequence_number": 0, "response": BEGUN},
        {"type": "response.completed", "sequence_number": 1, "response": RESPONSE},
    )
)


def client(url: str, **how: Any) -> openai.OpenAI:
    return openai.OpenAI(api_key="none", base_url=f"{url}/v1", **how)


def test_an_answer_in_one_piece(told: Told, double: Double) -> None:
    """Created, and as its raw response."""
    with client(double.url(completion(), completion())) as asking:
        assert asking.chat.completions.create(**ASK).choices[0].message.content == "Hello"
        assert asking.chat.completions.with_raw_response.create(**ASK).parse().usage is not None
    assert costs(told) == [COST] * 2


@pytest.mark.parametrize("size", [None, 1, 7, 100_000])
def test_a_stream(told: Told, double: Double, size: int | None) -> None:
    """However it is cut, each piece comes through and the last one counts."""
    with client(double.url(chunks(size=size))) as asking:
        stream = asking.chat.completions.create(**ASK, stream=True, stream_options={"include_usage": True})
        said = [chunk.choices[0].delta.content for chunk in stream if chunk.choices]
    assert said == ["Hel", "lo", ""]
    assert costs(told) == [COST]


def test_a_stream_that_was_not_asked_for_its_usage_says_so(told: Told, double: Double) -> None:
    """It is billed and never silently free."""
    with client(double.url(chunks(usage=None))) as asking:
        assert sum(1 for _ in asking.chat.completions.create(**ASK, stream=True)) == 3
    assert [(answer.status, answer.reason) for answer in told.answers] == [(Status.UNMEASURED, NO_USAGE)]


def test_an_asynchronous_client(told: Told, double: Double) -> None:
    """In one piece and streamed."""

    async def work() -> None:
        async with openai.AsyncOpenAI(api_key="none", base_url=double.url(completion(), chunks())) as asking:
            await asking.chat.completions.create(**ASK)
            async for _ in await asking.chat.completions.create(**ASK, stream=True):
                pass

    asyncio.run(work())
    assert costs(told) == [COST] * 2


def test_the_responses_api(told: Told, double: Double) -> None:
    """Its counts have other names, and its stream ends with the whole answer."""
    with client(double.url(json_reply(RESPONSE), stream_of(EVENTS))) as asking:
        asking.responses.create(model=MODEL, input="Hi")
        assert [event.type for event in asking.responses.create(model=MODEL, input="Hi", stream=True)] == [
            "response.created",
            "response.completed",
        ]
    assert costs(told) == [COST] * 2


def test_a_router_that_chose_claude_counts_and_one_that_chose_another_does_not(told: Told, double: Double) -> None:
    """The request names none."""
    replies = (completion(), completion(model="openai/gpt-5"), json_reply({**RESPONSE, "model": "x-ai/grok"}), chunks())
    with client(double.url(*replies)) as asking:
        for _ in range(2):
            asking.chat.completions.create(**{**ASK, "model": "openrouter/auto"})
        asking.responses.create(model="openrouter/auto", input="Hi")
        list(asking.chat.completions.create(**{**ASK, "model": "openrouter/auto"}, stream=True))
    assert costs(told) == [COST] * 2


def test_what_a_gateway_says_it_charges_is_kept_beside(told: Told, double: Double) -> None:
    """OpenRouter's field, LiteLLM's header."""
    replies = (
        completion(usage={**USAGE, "cost": 0.0123}),
        completion(x_litellm_response_cost="1.755e-02"),
        completion(),
    )
    with client(double.url(*replies)) as asking:
        for _ in replies:
            asking.chat.completions.create(**ASK)
    assert costs(told) == [COST] * 3
    assert [answer.stated_cost for answer in told.answers] == [Decimal("0.0123"), Decimal("0.01755"), None]


def test_a_failed_try_costs_nothing(told: Told, double: Double) -> None:
    """The SDK asks again."""
    with client(double.url(error(429, retry_after_ms=1), completion()), max_retries=1) as asking:
        asking.chat.completions.create(**ASK)
    assert [answer.status for answer in told.answers] == [Status.FAILED, Status.MEASURED]
    assert costs(told)[1:] == [COST]


def test_a_stream_that_the_caller_leaves_is_a_lower_bound(told: Told, double: Double) -> None:
    """Where each chunk counts, as some gateways do: what it had counted by then."""
    first = {
        "object": "chat.completion.chunk",
        "model": MODEL,
        "usage": {**USAGE, "completion_tokens": 1, "total_tokens": 10_001},
    }
    body = json_reply({**first, "id": "g", "created": 1, "choices": [{"index": 0, "delta": {"content": "H"}}]}).body
    with (
        client(double.url(stream_of(b"data: %b\n\n" % body * 9))) as asking,
        asking.chat.completions.create(**ASK, stream=True) as stream,
    ):
        next(iter(stream))
    assert [answer.status for answer in told.answers] == [Status.AT_LEAST]
    assert [answer.usage.output_tokens for answer in told.answers] == [1]
