"""boto3, which rides on urllib3: every shape of answer, with each of its tries, read exactly from the bytes."""

import json
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import botocore.client
import pytest
import urllib3.connectionpool
import vcr
from botocore.config import Config
from botocore.exceptions import EventStreamError

from pytest_claude_budget.calls.call import Origin, Status
from pytest_claude_budget.intercept import botocore_hooks, urllib3_hooks
from tests.bedrock.answers import (
    COST,
    COUNTS,
    EVENTS,
    MODEL,
    SEEN,
    conversed,
    conversed_stream,
    dollars,
    invoked,
    invoked_stream,
)
from tests.bedrock.conftest import Bedrock, Reply, as_frames, as_json
from tests.builders.watched import Told, watched_by_all
from tests.clients.conftest import LIVE_HERE
from tests.wire.frames import chunk, exception

ASKED = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 200}
CONTENT = [{"role": "user", "content": [{"text": "Is it so?"}]}]
THROTTLED = as_json({"message": "Too many requests"}, status=429, headers={"x-amzn-errortype": "ThrottlingException"})


def client(bedrock: Bedrock, *, tries: int = 1) -> Any:
    retries = {"total_max_attempts": tries, "mode": "standard"}
    return boto3.client("bedrock-runtime", endpoint_url=bedrock.url, config=Config(retries=retries))  # type: ignore[arg-type]  # a dict


def invoke(bedrock: Bedrock, model: str = MODEL) -> None:
    body = json.dumps({**ASKED, "messages": [{"role": "user", "content": "Is it so?"}]})
    told = client(bedrock).invoke_model(modelId=model, body=body)
    assert json.loads(told["body"].read())["usage"]["output_tokens"] == 200


def invoke_stream(bedrock: Bedrock, model: str = MODEL) -> None:
    body = json.dumps({**ASKED, "messages": [{"role": "user", "content": "Is it so?"}]})
    told = client(bedrock).invoke_model_with_response_stream(modelId=model, body=body)
    with closing(told["body"]) as stream:  # which botocore leaves open where it raises
        assert len(list(stream)) == len(EVENTS)


def converse(bedrock: Bedrock, model: str = MODEL) -> None:
    told = client(bedrock).converse(modelId=model, messages=CONTENT)
    assert told["usage"]["outputTokens"] == 200


def converse_stream(bedrock: Bedrock, model: str = MODEL) -> None:
    told = client(bedrock).converse_stream(modelId=model, messages=CONTENT)
    assert [event["metadata"]["usage"]["outputTokens"] for event in told["stream"] if "metadata" in event] == [200]


SHAPES = [
    (invoke, invoked),
    (invoke_stream, invoked_stream),
    (converse, conversed),
    (converse_stream, conversed_stream),
]
shapes = pytest.mark.parametrize(("ask", "reply"), SHAPES, ids=[ask.__name__ for ask, _ in SHAPES])
Ask = Callable[..., None]


def watching() -> Any:
    """Both places where a call is seen, as in every run."""
    return watched_by_all(
        {urllib3_hooks.hook_module: urllib3.connectionpool, botocore_hooks.hook_module: botocore.client}
    )


def is_exact(told: Told, model: str = MODEL) -> bool:
    """Was one call measured, with all its counts, at $0.01386?"""
    assert [(Status.MEASURED, COUNTS, model)] == [(one.status, one.usage, one.model) for one in told.answers]
    assert [COST] == [dollars(one) for one in told.answers]
    assert [Origin.SIMULATED] == list(told.origins.values())
    return True


@shapes
def test_each_shape_is_exact(bedrock: Bedrock, ask: Ask, reply: Callable[[], Reply]) -> None:
    bedrock.replies = [reply()]
    with watching() as told:
        ask(bedrock)
    assert is_exact(told)


@shapes
def test_an_arn_of_a_profile_is_exact(bedrock: Bedrock, ask: Ask, reply: Callable[[], Reply]) -> None:
    """Its slashes and colons are quoted in the path."""
    arn = f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{MODEL}"
    bedrock.replies = [reply()]
    with watching() as told:
        ask(bedrock, arn)
    assert "inference-profile%2F" in bedrock.paths[0]
    assert is_exact(told, arn)


def test_another_makers_model_is_nobodys_business(bedrock: Bedrock) -> None:
    bedrock.replies = [conversed(), conversed_stream()]
    with watching() as told:
        converse(bedrock, "us.amazon.nova-pro-v1:0")
        converse_stream(bedrock, "us.amazon.nova-pro-v1:0")
    assert [] == told.answers


@pytest.mark.parametrize(("ask", "reply"), [("converse", conversed), ("converse_stream", conversed_stream)])
def test_tries_that_were_throttled_are_attempts(bedrock: Bedrock, ask: str, reply: Callable[[], Reply]) -> None:
    """Two that brought nothing, and the answer."""
    bedrock.replies = [THROTTLED, THROTTLED, reply()]
    with watching() as told:
        answered = getattr(client(bedrock, tries=3), ask)(modelId=MODEL, messages=CONTENT)
        list(answered.get("stream", ()))
    assert answered["ResponseMetadata"]["RetryAttempts"] == 2
    assert [Status.FAILED, Status.FAILED, Status.MEASURED] == [one.status for one in told.answers]
    assert [None, None, COST] == [dollars(one) if one.status is Status.MEASURED else None for one in told.answers]


def test_throttling_in_mid_stream_is_a_lower_bound(bedrock: Bedrock) -> None:
    """39 characters at 3.5 a token are 11 tokens: (12,600 - 200 x 15 + 11 x 15) x 1.1 = 10,741.5 millionths."""
    bedrock.replies = [as_frames(*map(chunk, EVENTS[:5]), exception())]
    with watching() as told, pytest.raises(EventStreamError):
        invoke_stream(bedrock)
    [answer] = told.answers
    assert (answer.status, answer.reason) == (Status.AT_LEAST, "the stream broke off with an error event")
    assert answer.notes == (f"output estimated from {SEEN} characters seen",)
    assert dollars(answer) == Decimal("0.0107415")


@shapes
def test_what_vcrpy_plays_is_exact_and_simulated(
    bedrock: Bedrock, ask: Ask, reply: Callable[[], Reply], tmp_path: Path
) -> None:
    """Recorded once, from a server that counts as live here, and played without one."""
    bedrock.replies = [reply()]
    origins: list[Origin] = []
    for _ in range(2):
        with watching() as told, vcr.use_cassette(str(tmp_path / "cassette.yaml"), record_mode="once"):
            told.hosts = LIVE_HERE
            ask(bedrock)
        assert [(Status.MEASURED, COUNTS, COST)] == [(one.status, one.usage, dollars(one)) for one in told.answers]
        origins += told.origins.values()
    assert [Origin.LIVE, Origin.SIMULATED] == origins
    assert len(bedrock.paths) == 1


def test_a_stream_that_is_left_counts_what_was_seen(bedrock: Bedrock) -> None:
    bedrock.replies = [invoked_stream()]
    body = json.dumps({**ASKED, "messages": []})
    with watching() as told:
        answered = client(bedrock).invoke_model_with_response_stream(modelId=MODEL, body=body)
        stream = answered["body"]
        assert "chunk" in next(iter(stream))
        stream.close()
        del answered, stream
    [answer] = told.answers
    assert answer.usage.prompt_tokens == COUNTS.prompt_tokens
