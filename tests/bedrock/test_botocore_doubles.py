"""Doubles within botocore, where no bytes pass: what they answer is read once, and is simulated."""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from types import ModuleType
from typing import Any

import boto3
import botocore.client
import pytest
import urllib3.connectionpool
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from pytest_claude_budget.calls.call import Origin, Status, Usage
from pytest_claude_budget.intercept import botocore_hooks, urllib3_hooks
from tests.bedrock.answers import COST, COUNTS, MODEL, conversed, conversed_stream, dollars, invoked, invoked_stream
from tests.bedrock.conftest import Bedrock, Reply
from tests.builders.watched import Told, watched_by_all

CONTENT = [{"role": "user", "content": [{"text": "Is it so?"}]}]
HOUR = {"cachePoint": {"type": "default", "ttl": "1h"}}
ASKED = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 200, "messages": [{"role": "user", "content": "Hi"}]}


@contextmanager
def watching() -> Iterator[Told]:
    hooks = {urllib3_hooks.hook_module: urllib3.connectionpool, botocore_hooks.hook_module: botocore.client}
    with watched_by_all(hooks) as told:
        yield told


@pytest.fixture
def client(bedrock: Bedrock) -> Any:
    """One whose host is nowhere, so that the evidence alone decides what is simulated."""
    retries = {"total_max_attempts": 3, "mode": "standard"}
    yield boto3.client("bedrock-runtime", endpoint_url="https://bedrock.invalid", config=Config(retries=retries))  # type: ignore[arg-type]  # a dict
    assert bedrock.paths == []


def plain(reply: Reply, **without: object) -> dict[str, Any]:
    """An answer of Converse as botocore's values."""
    said: dict[str, Any] = json.loads(reply.body)
    for name in ("cacheReadInputTokenCount", "cacheWriteInputTokenCount", "serverToolUsage"):
        del said["usage"][name]
    return {**said, **without}


def only(told: Told) -> tuple[Status, Usage, str | None, Decimal | None]:
    """The one answer, which is simulated."""
    [answer] = told.answers
    assert [Origin.SIMULATED] == list(told.origins.values())
    return answer.status, answer.usage, answer.model, dollars(answer)


EXACT = (Status.MEASURED, COUNTS, MODEL, COST)


def test_a_stubbed_converse_is_exact(client: Any) -> None:
    with Stubber(client) as stub, watching() as told:
        stub.add_response("converse", plain(conversed()))
        assert client.converse(modelId=MODEL, messages=CONTENT)["usage"]["outputTokens"] == 200
    assert EXACT == only(told)


def test_cache_writes_that_a_stub_does_not_split_have_the_lifetime_that_was_asked_for(client: Any) -> None:
    """As where an older botocore knows no details: 1,000 x 3 + 1,000 x 6 + 200 x 15 = 12,000 millionths, and a tenth more."""
    usage = {"inputTokens": 1_000, "outputTokens": 200, "cacheWriteInputTokens": 1_000, "totalTokens": 2_200}
    with Stubber(client) as stub, watching() as told:
        stub.add_response("converse", plain(conversed(), usage=usage))
        client.converse(modelId=MODEL, messages=CONTENT, system=[{"text": "Be brief."}, HOUR])
    assert only(told)[1].cache_creation_1h_input_tokens == 1_000
    assert only(told)[3] == Decimal("0.0132")


def test_a_stubbed_invocation_is_exact_and_its_body_left_unread(client: Any) -> None:
    body = invoked().body
    answer = {"body": StreamingBody(io.BytesIO(body), len(body)), "contentType": "application/json"}
    with Stubber(client) as stub, watching() as told:
        stub.add_response("invoke_model", answer)
        got = client.invoke_model(modelId=MODEL, body=json.dumps(ASKED))
        assert got["body"].read() == body
    assert EXACT == only(told)


def test_what_botocore_only_signs_with_makes_no_stub_live(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`awscrt` could reach the network unseen, and botocore asks Bedrock by urllib3 alone."""
    monkeypatch.setitem(sys.modules, "awscrt", ModuleType("awscrt"))
    with Stubber(client) as stub, watching() as told:
        stub.add_response("converse", plain(conversed()))
        client.converse(modelId=MODEL, messages=CONTENT)
    assert EXACT == only(told)


def test_a_stubbed_error_is_an_attempt(client: Any) -> None:
    with Stubber(client) as stub, watching() as told:
        stub.add_client_error("converse", "ThrottlingException", http_status_code=429)
        with pytest.raises(ClientError):
            client.converse(modelId=MODEL, messages=CONTENT)
    assert [(Status.FAILED, "HTTP status 429")] == [(one.status, one.reason) for one in told.answers]


def test_a_call_that_was_never_sent_is_none(client: Any) -> None:
    with watching() as told, pytest.raises(ParamValidationError):
        client.converse(modelId=MODEL, messages="Hi")
    assert [] == told.answers


def test_other_makers_and_other_operations_are_nobodys_business(client: Any) -> None:
    with Stubber(client) as stub, watching() as told:
        stub.add_response("converse", plain(conversed()))
        client.converse(modelId="us.amazon.nova-pro-v1:0", messages=CONTENT)
        stub.add_response("count_tokens", {"inputTokens": 9})
        client.count_tokens(modelId=MODEL, input={"converse": {"messages": CONTENT}})
    assert [] == told.answers


class Raw(io.BytesIO):
    """The body of an answer, as moto has it."""

    def stream(self, **_: object) -> Iterator[bytes]:
        while piece := self.read(64):
            yield piece


def answering(client: Any, *replies: Reply) -> None:
    """Answer before anything is sent, as moto does."""
    coming = iter(replies)

    def before_send(request: Any, **_: object) -> AWSResponse:
        reply = next(coming)
        headers = {"content-type": reply.content_type, **reply.headers}
        return AWSResponse(request.url, reply.status, headers, Raw(reply.body))  # type: ignore[arg-type]  # a raw body

    client.meta.events.register("before-send.bedrock-runtime", before_send)


@pytest.mark.parametrize(
    ("ask", "reply", "part"),
    [
        ("invoke_model", invoked, "body"),
        ("invoke_model_with_response_stream", invoked_stream, "body"),
        ("converse", conversed, ""),
        ("converse_stream", conversed_stream, "stream"),
    ],
)
def test_what_answers_before_anything_is_sent_is_exact(client: Any, ask: str, reply: Any, part: str) -> None:
    """By its bytes where it is a stream, and with nothing taken from the reader."""
    answering(client, reply())
    asked = {"body": json.dumps(ASKED)} if part == "body" else {"messages": CONTENT}
    with watching() as told:
        got = getattr(client, ask)(modelId=MODEL, **asked)
        if part:
            assert (got[part].read() == invoked().body) if ask == "invoke_model" else len(list(got[part])) > 5
    assert EXACT == only(told)


def test_tries_of_a_double_that_were_refused_are_attempts(client: Any) -> None:
    """botocore tells how many there were."""
    refused = Reply(body=b'{"message":"Too many"}', status=429, headers={"x-amzn-errortype": "ThrottlingException"})
    answering(client, refused, conversed())
    with watching() as told:
        assert client.converse(modelId=MODEL, messages=CONTENT)["ResponseMetadata"]["RetryAttempts"] == 1
    assert [Status.FAILED, Status.MEASURED] == [one.status for one in told.answers]
    assert "no answer came (EarlierTry)" == told.answers[0].reason


def test_an_endpoint_that_is_not_there_is_an_attempt(bedrock: Bedrock) -> None:
    """Over sockets, seen there: once."""
    nobody = boto3.client(
        "bedrock-runtime", endpoint_url="http://127.0.0.1:9", config=Config(retries={"total_max_attempts": 1})
    )
    with watching() as told, pytest.raises(EndpointConnectionError):
        nobody.converse(modelId=MODEL, messages=CONTENT)
    assert [Status.FAILED] == [one.status for one in told.answers]
