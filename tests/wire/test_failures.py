"""Errors of every server, and the kind of failure that each is."""

import gzip
import json
from collections.abc import Mapping
from typing import Any

import pytest

from pytest_claude_budget.calls.call import Answer, Status
from pytest_claude_budget.calls.failure import Failure
from pytest_claude_budget.wire.batches import BatchReader
from pytest_claude_budget.wire.bodies import body_of, read_whole
from pytest_claude_budget.wire.failures import failure_of, failure_of_error
from pytest_claude_budget.wire.refused_body import LONGEST, RefusedBody
from pytest_claude_budget.wire.routes import Kind
from tests.wire.answers import exchange
from tests.wire.frames import TYPE, exception


def anthropic(kind: str, message: str = "") -> Mapping[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


def openai(message: str, **fields: object) -> Mapping[str, Any]:
    return {"error": {"message": message, **fields}}


ERRORS = [
    (401, anthropic("authentication_error", "invalid x-api-key"), Failure.AUTHENTICATION),
    (403, anthropic("permission_error"), Failure.AUTHENTICATION),
    (402, anthropic("billing_error"), Failure.BILLING),
    (400, anthropic("invalid_request_error", "Your credit balance is too low to access the API"), Failure.BILLING),
    (400, anthropic("invalid_request_error", "You have reached your specified API usage limits."), Failure.BILLING),
    (404, anthropic("not_found_error", "model: claude-sonet-4-6"), Failure.MODEL),
    (404, anthropic("not_found_error", "Not Found"), Failure.OTHER),
    (413, anthropic("request_too_large"), Failure.CONTEXT_LENGTH),
    (400, anthropic("invalid_request_error", "prompt is too long: 213000 tokens > 200000"), Failure.CONTEXT_LENGTH),
    (400, anthropic("invalid_request_error", "input length and `max_tokens` exceed context limit"), Failure.CONTEXT_LENGTH),
    (400, anthropic("invalid_request_error", "max_tokens: 99999 > 8192"), Failure.MALFORMED),
    (400, anthropic("invalid_request_error", "messages: at least one message is required"), Failure.MALFORMED),
    (429, anthropic("rate_limit_error", "This request would exceed your rate limit"), Failure.RATE_LIMIT),
    (529, anthropic("overloaded_error", "Overloaded"), Failure.OVERLOADED),
    (500, anthropic("api_error"), Failure.SERVER),
    (504, anthropic("timeout_error"), Failure.SERVER),
    # A type that nobody knows yet goes by the status.
    (429, anthropic("a_new_error"), Failure.RATE_LIMIT),
    # OpenAI's form: `code` is narrower than `type`.
    (400, openai("too many", type="invalid_request_error", code="context_length_exceeded"), Failure.CONTEXT_LENGTH),
    (404, openai("no", type="invalid_request_error", code="model_not_found"), Failure.MODEL),
    (401, openai("no", type="invalid_request_error", code="invalid_api_key"), Failure.AUTHENTICATION),
    (401, openai("no", type="invalid_request_error", code=None), Failure.AUTHENTICATION),
    (429, openai("no", type="insufficient_quota", code="insufficient_quota"), Failure.BILLING),
    (429, openai("no", type="tokens", code="rate_limit_exceeded"), Failure.RATE_LIMIT),
    # OpenRouter and LiteLLM's proxy.
    (402, openai("Insufficient credits", code=402), Failure.BILLING),
    (400, openai("anthropic/claude-x is not a valid model ID", code=400), Failure.MODEL),
    (404, openai("No endpoints found for anthropic/claude-x.", code=404), Failure.MODEL),
    (500, openai("litellm.AuthenticationError: AnthropicException - {}", type=None, code="500"), Failure.AUTHENTICATION),
    (400, openai("litellm.ContextWindowExceededError: prompt", type=None), Failure.CONTEXT_LENGTH),
    (400, openai("/chat/completions: Invalid model name passed in model=x", type="None"), Failure.MODEL),
    # Vertex, also as a list.
    (429, openai("Quota exceeded", code=429, status="RESOURCE_EXHAUSTED"), Failure.RATE_LIMIT),
    (404, [openai("Publisher Model `projects/p/x` was not found", code=404, status="NOT_FOUND")], Failure.MODEL),
    (400, openai("Prompt is too long", code=400, status="INVALID_ARGUMENT"), Failure.CONTEXT_LENGTH),
    # Bedrock names its errors in a header; see below.
    (400, {"message": "The provided model identifier is invalid."}, Failure.MODEL),
    (400, {"message": "Input is too long for requested model."}, Failure.CONTEXT_LENGTH),
    (403, {"message": "The security token included in the request is invalid."}, Failure.AUTHENTICATION),
    (400, {"__type": "com.amazon.coral.service#ThrottlingException", "message": "slow"}, Failure.RATE_LIMIT),
]  # fmt: skip


@pytest.mark.parametrize(("status", "error", "kind"), ERRORS)
def test_the_kind_of_an_error(status: int, error: object, kind: Failure) -> None:
    assert failure_of(status, json.dumps(error).encode()) is kind


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (502, b"<html>Bad Gateway</html>", Failure.SERVER),
        (503, b"", Failure.OVERLOADED),
        (404, b"404 page not found", Failure.OTHER),
        (418, b"[]", Failure.OTHER),
        (599, b"null", Failure.SERVER),
        (400, b'{"error":{"error":{"message":7,"type":[]}}}', Failure.MALFORMED),
        (400, b"[" * 100_000, Failure.MALFORMED),
        (0, b"\xff", Failure.OTHER),
    ],
)
def test_whatever_stands_in_a_body_goes_by_the_status(status: int, body: bytes, kind: Failure) -> None:
    assert failure_of(status, body) is kind


def test_a_header_of_aws_names_the_error() -> None:
    named = "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/"
    assert failure_of(400, b'{"message":"slow down"}', named) is Failure.RATE_LIMIT
    assert failure_of(400, None, "ValidationException") is Failure.MALFORMED


def test_exceptions_of_clients_are_connections() -> None:
    class ReadTimeout(Exception):  # noqa: N818  # as clients call theirs
        pass

    assert failure_of_error(ConnectionRefusedError()) is Failure.CONNECTION
    assert failure_of_error(ReadTimeout()) is Failure.CONNECTION
    assert failure_of_error(ValueError()) is failure_of_error(KeyboardInterrupt()) is Failure.OTHER


def test_a_body_that_passes_may_tell_more_than_the_status() -> None:
    """Packed and cut anywhere; nothing is said where it tells no more."""
    told = Answer(status=Status.FAILED, endpoint="messages", http_status=400, failure=Failure.MALFORMED)
    packed = gzip.compress(json.dumps(anthropic("invalid_request_error", "prompt is too long")).encode())
    body = RefusedBody(told, "", "gzip")
    assert body.begin().own is told
    assert [body.feed(packed[at : at + 7]) for at in range(0, len(packed), 7)] == [None] * -(-len(packed) // 7)
    said = body.end(complete=True)
    assert said is not None
    assert said.own is not None
    assert (said.own.failure, said.own.status, said.own.reason) == (Failure.CONTEXT_LENGTH, Status.FAILED, None)
    for coding, data in (("", b"{}"), ("gzip", b"no gzip"), ("odd", b"{}"), ("", b"x" * (LONGEST + 9))):
        plain = RefusedBody(told, "", coding)
        plain.feed(data)
        assert (plain.so_far(), plain.end(complete=False)) == (None, None)


def kind_in(kind: Kind, data: bytes, content_type: str) -> Failure | None:
    """What the last state of an answer with status 200 says."""
    *_, said = read_whole(body_of(exchange(kind), content_type), data)
    assert said.own is not None
    assert said.own.status is Status.FAILED
    return said.own.failure


def test_errors_inside_of_answers_with_status_200() -> None:
    overloaded = json.dumps(anthropic("overloaded_error")).encode()
    assert kind_in(Kind.MESSAGES, overloaded, "application/json") is Failure.OVERLOADED
    assert kind_in(Kind.MESSAGES, b"event: error\ndata: %b\n\n" % overloaded, "text/event-stream") is Failure.OVERLOADED
    chunk = b'data: {"error":{"code":429,"message":"slow"},"choices":[]}\n\n'
    assert kind_in(Kind.COMPATIBLE, chunk, "text/event-stream") is Failure.RATE_LIMIT
    for kind in (Kind.MESSAGES, Kind.CONVERSE):
        assert kind_in(kind, exception("throttlingException"), TYPE) is Failure.RATE_LIMIT


def test_an_item_of_a_batch_that_failed_says_why() -> None:
    result = {"type": "errored", "error": anthropic("invalid_request_error", "prompt is too long")}
    line = json.dumps({"custom_id": "a", "result": result}).encode() + b"\n"
    (answer,) = BatchReader(exchange(Kind.BATCH_RESULTS)).feed(line)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.failure) == (Status.FAILED, Failure.CONTEXT_LENGTH)
