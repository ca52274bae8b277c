"""Google's own client for Vertex over gRPC, in front of a server on this machine. It has an environment of its own: `nox --session vertex`.

A message has 1,000 tokens in and 100 out.
"""

import asyncio
import inspect
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.api import httpbody_pb2
from google.api_core import exceptions
from google.cloud import aiplatform_v1
from google.cloud.aiplatform_v1.services.prediction_service import async_client, client, transports

from pytest_claude_budget.calls.call import Origin
from pytest_claude_budget.intercept import vertex_grpc_hooks
from pytest_claude_budget.intercept.guard import GUARDS
from tests.builders.refusing import NotAllowed, Refusing
from tests.builders.watched import ASKED, Told, message, sse, watched_by, watched_by_all

MODEL = "claude-sonnet-4-5@20250929"
ENDPOINT = f"projects/p/locations/us-east5/publishers/anthropic/models/{MODEL}"
BODY = httpbody_pb2.HttpBody(data=json.dumps({**ASKED, "anthropic_version": "vertex-2023-10-16"}).encode())
ANSWER = json.dumps(message(model="claude-sonnet-4-5-20250929")).encode()
STREAM = sse(
    ("message_start", {"message": message(1_000, 1, "claude-sonnet-4-5-20250929")}),
    ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": "Hello."}}),
    ("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 100}}),
    ("message_stop", {}),
)
WHOLE = [("measured", 1_000, 100, True)]


class _Service(grpc.GenericRpcHandler):
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fails_with: grpc.StatusCode | None = None

    def service(self, details: Any) -> Any:
        self.asked.append(details.method)
        if details.method.endswith("/RawPredict"):
            return grpc.unary_unary_rpc_method_handler(self.once)
        return grpc.unary_stream_rpc_method_handler(self.stream)

    def once(self, _: bytes, context: Any) -> bytes:
        if self.fails_with is not None:
            context.abort(self.fails_with, "no")
        return httpbody_pb2.HttpBody(content_type="application/json", data=ANSWER).SerializeToString()

    def stream(self, _: bytes, context: Any) -> Iterator[bytes]:
        for at in range(0, len(STREAM), 61):
            piece = httpbody_pb2.HttpBody(content_type="text/event-stream", data=STREAM[at : at + 61])
            yield piece.SerializeToString()


@pytest.fixture
def service() -> Iterator[tuple[_Service, str]]:
    made = _Service()
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((made,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield made, f"127.0.0.1:{port}"
    server.stop(0).wait()


@pytest.fixture
def told() -> Iterator[Told]:
    with watched_by(vertex_grpc_hooks.hook_module, client) as told:
        yield told


def connected(service: tuple[_Service, str]) -> Any:
    transport = transports.PredictionServiceGrpcTransport(channel=grpc.insecure_channel(service[1]))
    return aiplatform_v1.PredictionServiceClient(transport=transport)


def counted(told: Told) -> list[tuple[str, int, int, bool]]:
    return [
        (each.status.value, each.usage.input_tokens, each.usage.output_tokens, each.regional) for each in told.answers
    ]


def test_an_answer_counts_once_at_the_rates_of_its_region(told: Told, service: tuple[_Service, str]) -> None:
    answer = connected(service).raw_predict(endpoint=ENDPOINT, http_body=BODY)
    assert answer.data == ANSWER
    assert counted(told) == WHOLE
    assert (told.answers[0].model, told.origins[0]) == ("claude-sonnet-4-5-20250929", Origin.LIVE)


@pytest.mark.parametrize("as_dict", [True, False])
def test_a_request_as_an_object_counts_too(told: Told, service: tuple[_Service, str], *, as_dict: bool) -> None:
    request: Any = {"endpoint": ENDPOINT, "http_body": BODY}
    connected(service).raw_predict(request if as_dict else aiplatform_v1.RawPredictRequest(request))
    assert counted(told) == WHOLE


def test_a_stream_is_measured_as_it_passes(told: Told, service: tuple[_Service, str]) -> None:
    pieces = connected(service).stream_raw_predict(endpoint=ENDPOINT, http_body=BODY)
    assert b"".join(piece.data for piece in pieces) == STREAM
    assert counted(told) == WHOLE


def test_a_stream_that_is_left_is_a_lower_bound(told: Told, service: tuple[_Service, str]) -> None:
    pieces = connected(service).stream_raw_predict(endpoint=ENDPOINT, http_body=BODY)
    for _ in range(6):
        next(pieces)
    pieces.cancel()
    del pieces
    assert [each[0] for each in counted(told)] == ["at_least"]


@pytest.mark.parametrize(
    ("code", "state"),
    [(grpc.StatusCode.RESOURCE_EXHAUSTED, "failed"), (grpc.StatusCode.DEADLINE_EXCEEDED, "unmeasured")],
)
def test_a_refusal_is_an_attempt_and_no_answer_may_have_been_billed(
    told: Told, service: tuple[_Service, str], code: Any, state: str
) -> None:
    service[0].fails_with = code
    with pytest.raises(exceptions.GoogleAPICallError):
        connected(service).raw_predict(endpoint=ENDPOINT, http_body=BODY)
    assert [each.status.value for each in told.answers] == [state]


def test_another_maker_s_model_is_nobody_s_business(told: Told, service: tuple[_Service, str]) -> None:
    other = ENDPOINT.replace("anthropic", "meta").replace(MODEL, "llama-4")
    connected(service).raw_predict(endpoint=other, http_body=BODY)
    assert told.answers == []


def test_the_asynchronous_client_counts_too(service: tuple[_Service, str]) -> None:
    async def work() -> None:
        channel = grpc.aio.insecure_channel(service[1])
        transport = transports.PredictionServiceGrpcAsyncIOTransport(channel=channel)
        asking = aiplatform_v1.PredictionServiceAsyncClient(transport=transport)
        answer = await asking.raw_predict(endpoint=ENDPOINT, http_body=BODY)
        assert answer.data == ANSWER
        pieces = await asking.stream_raw_predict(endpoint=ENDPOINT, http_body=BODY)
        assert b"".join([piece.data async for piece in pieces]) == STREAM
        await channel.close()

    with watched_by_all({vertex_grpc_hooks.hook_module: async_client}) as told:
        asyncio.run(work())
    assert counted(told) == WHOLE * 2


def test_the_classes_are_left_as_they_were_found(told: Told) -> None:
    hooked = client.PredictionServiceClient.raw_predict
    assert inspect.getfullargspec(hooked) == inspect.getfullargspec(inspect.unwrap(hooked))
    assert not inspect.iscoroutinefunction(hooked)


def test_what_was_never_sent_was_not_billed(told: Told, service: tuple[_Service, str]) -> None:
    with pytest.raises(TypeError):
        connected(service).raw_predict(endpoint=ENDPOINT, http_body=BODY, timeout=object())
    assert [each.status.value for each in told.answers] == ["failed"]


@pytest.mark.parametrize("verb", ["raw_predict", "stream_raw_predict"])
def test_what_is_denied_is_not_sent(
    told: Told, service: tuple[_Service, str], monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setitem(GUARDS, told, Refusing())
    with pytest.raises(NotAllowed):
        getattr(connected(service), verb)(endpoint=ENDPOINT, http_body=BODY)
    assert (service[0].asked, told.answers) == ([], [])
