"""LiteLLM asks Amazon Bedrock over httpx, in both of its ways, synchronous or not."""

import asyncio
import os
from decimal import Decimal
from typing import Any

import pytest

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else its import asks the network

import litellm

from pytest_claude_budget.calls.call import Answer, Status
from tests.bedrock.answers import COST, COUNTS, MODEL, conversed, conversed_stream, dollars, invoked, invoked_stream
from tests.bedrock.conftest import Bedrock
from tests.builders.watched import watched

pytestmark = pytest.mark.filterwarnings("ignore")  # what its own models warn of is its own business
MESSAGES = [{"role": "user", "content": "Is it so?"}]


def asked(bedrock: Bedrock, way: str, **how: Any) -> dict[str, Any]:
    return {
        "model": f"bedrock/{way}/{MODEL}",
        "messages": MESSAGES,
        "max_tokens": 200,
        "aws_bedrock_runtime_endpoint": bedrock.url,
        "aws_region_name": "us-east-1",
        "num_retries": 0,
        **how,
    }


def is_exact(answers: list[Answer]) -> bool:
    """Was it measured, with all its counts, at $0.01386?"""
    assert [(Status.MEASURED, COUNTS)] == [(one.status, one.usage) for one in answers]
    assert [COST] == [dollars(one) for one in answers]
    return True


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(("way", "reply"), [("invoke", invoked), ("converse", conversed)], ids=["invoke", "converse"])
def test_an_answer_is_exact(bedrock: Bedrock, way: str, reply: Any, asynchronous: bool) -> None:
    bedrock.replies = [reply()]
    with watched() as told:
        if asynchronous:
            asyncio.run(litellm.acompletion(**asked(bedrock, way)))
        else:
            litellm.completion(**asked(bedrock, way))
    assert is_exact(told.answers)


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(
    ("way", "reply"), [("invoke", invoked_stream), ("converse", conversed_stream)], ids=["invoke", "converse"]
)
def test_a_stream_is_exact(bedrock: Bedrock, way: str, reply: Any, asynchronous: bool) -> None:
    bedrock.replies = [reply()]

    async def work() -> None:
        async for _ in await litellm.acompletion(**asked(bedrock, way, stream=True)):
            pass

    with watched() as told:
        if asynchronous:
            asyncio.run(work())
        else:
            list(litellm.completion(**asked(bedrock, way, stream=True)))
    assert is_exact(told.answers)


def test_the_global_profile_has_no_premium(bedrock: Bedrock) -> None:
    """12,600 millionths."""
    bedrock.replies = [conversed()]
    with watched() as told:
        litellm.completion(
            **{**asked(bedrock, "converse"), "model": f"bedrock/converse/{MODEL.replace('us.', 'global.')}"}
        )
    assert dollars(told.answers[0]) == Decimal("0.0126")
