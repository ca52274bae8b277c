"""Frameworks that ask Amazon Bedrock by boto3: langchain-aws and pydantic-ai, each of their ways read exactly."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import botocore.client
import pytest
import urllib3.connectionpool
from langchain_aws import ChatBedrock, ChatBedrockConverse
from pydantic_ai import Agent
from pydantic_ai.models.bedrock import BedrockConverseModel
from pydantic_ai.providers.bedrock import BedrockProvider

from pytest_claude_budget.calls.call import Origin, Status
from pytest_claude_budget.intercept import botocore_hooks, urllib3_hooks
from tests.bedrock.answers import COST, COUNTS, MODEL, conversed, conversed_stream, dollars, invoked, invoked_stream
from tests.bedrock.conftest import Bedrock
from tests.builders.watched import Told, watched_by_all

pytestmark = pytest.mark.filterwarnings("ignore")  # what they warn of is their own business
QUESTION = "Is it so?"


@contextmanager
def watching() -> Iterator[Told]:
    hooks = {urllib3_hooks.hook_module: urllib3.connectionpool, botocore_hooks.hook_module: botocore.client}
    with watched_by_all(hooks) as told:
        yield told


def is_exact(told: Told) -> bool:
    """Was one call measured, with all its counts, at $0.01386?"""
    assert [(Status.MEASURED, COUNTS, COST)] == [(one.status, one.usage, dollars(one)) for one in told.answers]
    assert [Origin.SIMULATED] == list(told.origins.values())
    return True


@pytest.mark.parametrize(
    ("chat", "reply", "streamed"),
    [(ChatBedrock, invoked, invoked_stream), (ChatBedrockConverse, conversed, conversed_stream)],
)
@pytest.mark.parametrize("way", ["invoke", "stream", "ainvoke"])
def test_langchain_is_exact(bedrock: Bedrock, chat: Any, reply: Any, streamed: Any, way: str) -> None:
    bedrock.replies = [streamed() if way == "stream" else reply()]
    asking = boto3.client("bedrock-runtime", endpoint_url=bedrock.url)
    model = chat(model=MODEL, client=asking, region_name="us-east-1")
    with watching() as told:
        if way == "ainvoke":
            asyncio.run(model.ainvoke(QUESTION))
        elif way == "stream":
            list(model.stream(QUESTION))
        else:
            model.invoke(QUESTION)
    assert is_exact(told)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_pydantic_ai_is_exact(bedrock: Bedrock, streamed: bool) -> None:
    """It streams either way."""
    bedrock.replies = [conversed_stream()]
    asking = boto3.client("bedrock-runtime", endpoint_url=bedrock.url)
    agent = Agent(BedrockConverseModel(MODEL, provider=BedrockProvider(bedrock_client=asking)))

    async def work() -> None:
        if not streamed:
            await agent.run(QUESTION)
            return
        async with agent.run_stream(QUESTION) as answer:
            await answer.get_output()

    with watching() as told:
        asyncio.run(work())
    assert is_exact(told)
