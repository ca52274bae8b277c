"""aioboto3, over aiohttp: each shape is read from the bytes, since its botocore is older and knows no lifetimes of cache writes."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import aioboto3
import aiobotocore.client
import aiohttp
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.stub import AioStubber
from blockbuster import blockbuster_ctx
from botocore.exceptions import ClientError

from pytest_claude_budget.calls.call import Origin, Status
from pytest_claude_budget.intercept import aiohttp_hooks, botocore_hooks
from tests.bedrock.answers import COST, COUNTS, MODEL, conversed, conversed_stream, dollars, invoked, invoked_stream
from tests.bedrock.conftest import Bedrock, as_json
from tests.builders.watched import Told, watched_by_all

CONTENT = [{"role": "user", "content": [{"text": "Is it so?"}]}]
ASKED = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 200, "messages": [{"role": "user", "content": "Hi"}]}
THROTTLED = as_json({"message": "Too many requests"}, status=429, headers={"x-amzn-errortype": "ThrottlingException"})
USAGE = {"inputTokens": 1_000, "outputTokens": 200, "totalTokens": 1_200}


@contextmanager
def watching() -> Iterator[Told]:
    """Both places where a call is seen, as in every run."""
    with watched_by_all({aiohttp_hooks.hook_module: aiohttp, botocore_hooks.hook_module: aiobotocore.client}) as told:
        yield told


def client(bedrock: Bedrock, tries: int = 1) -> Any:
    config = AioConfig(retries={"total_max_attempts": tries, "mode": "standard"})
    return aioboto3.Session().client("bedrock-runtime", endpoint_url=bedrock.url, config=config)


async def ask(asking: Any, operation: str) -> None:
    """One call, whose answer is read to its end."""
    asked: dict[str, Any] = {"body": json.dumps(ASKED)} if "invoke" in operation else {"messages": CONTENT}
    got = await getattr(asking, operation)(modelId=MODEL, **asked)
    if operation == "invoke_model":
        assert json.loads(await got["body"].read())["usage"]["output_tokens"] == 200
    elif "stream" in operation:
        assert len([event async for event in got.get("stream") or got["body"]]) > 5


SHAPES = [
    ("invoke_model", invoked),
    ("invoke_model_with_response_stream", invoked_stream),
    ("converse", conversed),
    ("converse_stream", conversed_stream),
]
shapes = pytest.mark.parametrize(("operation", "reply"), SHAPES, ids=[name for name, _ in SHAPES])


@shapes
def test_each_shape_is_exact_and_seen_once(bedrock: Bedrock, operation: str, reply: Any) -> None:
    bedrock.replies = [reply()]

    async def work() -> None:
        async with client(bedrock) as asking:
            await ask(asking, operation)

    with watching() as told:
        asyncio.run(work())
    assert [(Status.MEASURED, COUNTS, MODEL, COST)] == [(a.status, a.usage, a.model, dollars(a)) for a in told.answers]
    assert [Origin.SIMULATED] == list(told.origins.values())


def test_tries_that_were_throttled_are_attempts(bedrock: Bedrock) -> None:
    """Seen one by one, though botocore tells their number too."""
    bedrock.replies = [THROTTLED, THROTTLED, conversed()]

    async def work() -> None:
        async with client(bedrock, tries=3) as asking:
            await ask(asking, "converse")

    with watching() as told:
        asyncio.run(work())
    assert [Status.FAILED, Status.FAILED, Status.MEASURED] == [one.status for one in told.answers]


def test_what_its_stubber_answers_is_simulated_and_touches_no_file_on_the_loop(bedrock: Bedrock) -> None:
    """1,000 x 3 + 200 x 15 = 6,000 millionths, and a tenth more; an error is an attempt."""
    said: dict[str, Any] = {**json.loads(conversed().body), "usage": USAGE}

    async def work() -> None:
        async with client(bedrock) as asking:
            with AioStubber(asking) as stub, blockbuster_ctx("pytest_claude_budget"):
                stub.add_response("converse", said)
                await asking.converse(modelId=MODEL, messages=CONTENT)
                stub.add_client_error("converse", "ThrottlingException", http_status_code=429)
                with pytest.raises(ClientError):
                    await asking.converse(modelId=MODEL, messages=CONTENT)

    with watching() as told:
        asyncio.run(work())
    assert [(Status.MEASURED, Decimal("0.0066")), (Status.FAILED, None)] == [
        (one.status, dollars(one) if one.status is Status.MEASURED else None) for one in told.answers
    ]
    assert {Origin.SIMULATED} == set(told.origins.values())
    assert bedrock.paths == []
