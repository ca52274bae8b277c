"""Frameworks that ask a gateway through OpenAI's SDK: each answer costs what the model's list price says, by hand."""

import asyncio
import gc
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would ask the network for it as it is imported

import litellm
from langchain_openai import ChatOpenAI
from litellm.llms.anthropic.chat.transformation import AnthropicConfig

from pytest_claude_budget.calls.call import Status
from pytest_claude_budget.wire.messages import Exchange, read_answer
from pytest_claude_budget.wire.routes import Kind, Route
from tests.builders.watched import Told
from tests.gateways.conftest import ASK, COST, MODEL, chunks, completion, costs
from tests.shapes.double import Double

pytestmark = pytest.mark.filterwarnings("ignore")  # of these packages, about their own types and event loops
LITELLM = {**ASK, "model": f"openai/{MODEL}", "api_key": "none", "max_retries": 0}


@pytest.fixture(autouse=True)
def leftovers() -> Iterator[None]:
    """Let go of the event loop that litellm leaves open, while its warnings are ignored."""
    yield
    asyncio.set_event_loop(None)
    gc.collect()


def test_litellm(told: Told, double: Double) -> None:
    """In one piece and streamed, with the usage that it asks for when told to."""
    url = double.url(completion(), chunks())
    litellm.completion(**LITELLM, api_base=url)
    list(litellm.completion(**LITELLM, api_base=url, stream=True, stream_options={"include_usage": True}))
    assert costs(told) == [COST] * 2


def test_litellm_asynchronously(told: Told, double: Double) -> None:
    """Over the transport of its own."""
    url = double.url(completion(), chunks())

    async def work() -> None:
        await litellm.acompletion(**LITELLM, api_base=url)
        async for _ in await litellm.acompletion(**LITELLM, api_base=url, stream=True):
            pass

    asyncio.run(work())
    assert costs(told) == [COST] * 2


WRITES = {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 40}
ANTHROPICS: list[dict[str, Any]] = [
    {"input_tokens": 120, "output_tokens": 45},
    {
        "input_tokens": 7,
        "cache_read_input_tokens": 600,
        "cache_creation_input_tokens": 340,
        "cache_creation": WRITES,
        "output_tokens": 45,
        "service_tier": "batch",
        "inference_geo": "us",
        "server_tool_use": {"web_search_requests": 2},
    },
    {"input_tokens": 7, "cache_read_input_tokens": 600, "output_tokens": 0, "speed": "fast"},
]


@pytest.mark.parametrize("usage", ANTHROPICS)
def test_what_litellms_proxy_makes_of_anthropics_usage_is_read_back_as_it_was(usage: dict[str, Any]) -> None:
    """By its own code: a price that held before holds after."""
    made = json.loads(AnthropicConfig().calculate_usage(usage, None).model_dump_json())
    choice = {"message": {"content": "Hello"} if usage["output_tokens"] else {}, "finish_reason": "stop"}
    answer = {"object": "chat.completion", "model": "claude-opus-4-6", "choices": [choice], "usage": made}
    exchange = Exchange(Route(kind=Kind.COMPATIBLE), 200, None)
    read = read_answer(json.dumps(answer).encode(), exchange)
    message = {"type": "message", "model": "claude-opus-4-6", "content": [], "usage": usage}
    direct = read_answer(json.dumps(message).encode(), exchange)
    assert read is not None
    assert direct is not None
    assert replace(read, endpoint="messages") == direct


def test_langchain(told: Told, double: Double) -> None:
    """Invoked, and streamed with `stream_usage`."""
    url = double.url(completion(), chunks())
    chat = ChatOpenAI(model=MODEL, base_url=url, api_key="none", stream_usage=True, max_retries=0)
    assert chat.invoke("Hi").content == "Hello"
    assert "".join(str(piece.content) for piece in chat.stream("Hi")) == "Hello"
    assert costs(told) == [COST] * 2


def test_langchain_without_usage_in_its_stream(told: Told, double: Double) -> None:
    """It says what to do."""
    chat = ChatOpenAI(model=MODEL, base_url=double.url(chunks(usage=None)), api_key="none", max_retries=0)
    list(chat.stream("Hi"))
    assert [answer.status for answer in told.answers] == [Status.UNMEASURED]
