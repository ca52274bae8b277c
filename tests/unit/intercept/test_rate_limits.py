"""The account's limits are read from live answers alone, once for each model of a run."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx

from pytest_claude_budget.calls.call import Answer, Origin, Status
from pytest_claude_budget.intercept import rate_limits
from pytest_claude_budget.intercept.rate_limits import NAMES, with_limits
from tests.builders.watched import ASKED, URL, message, sse, watched

TOLD = dict(zip(NAMES, ("50", "40000", "8000"), strict=True))


def asked(run: str, headers: dict[str, str], *, model: str = "m", origin: Origin = Origin.LIVE) -> str | None:
    sink: Any = SimpleNamespace(run=run)
    answer = Answer(status=Status.MEASURED, endpoint="messages", model=model)
    return with_limits(answer, [(sink, sink, origin)], httpx.Headers(headers)).rate_limits


def test_the_first_live_answer_of_each_model_and_run_tells_them() -> None:
    assert asked("run-a", TOLD, origin=Origin.SIMULATED) is None
    assert asked("run-a", TOLD) == "50,40000,8000"
    assert asked("run-a", TOLD) is None
    assert asked("run-a", {NAMES[2]: "9", NAMES[0]: "many"}, model="n") == ",,9"
    assert asked("run-b", {"anthropic-ratelimit-requests-remaining": "1"}) is None
    assert asked("run-b", TOLD) is None
    assert with_limits(Answer(status=Status.FREE, endpoint="messages"), [], httpx.Headers(TOLD)).rate_limits is None


def test_whole_answers_and_streams_of_a_live_client_tell_them() -> None:
    """A transport of one's own reaches nobody knows whom: live. The second of each kind tells nothing more."""
    started = {"message": message(output_tokens=1)}
    stream = sse(
        ("message_start", started),
        ("message_delta", {"delta": {}, "usage": {"output_tokens": 9}}),
        ("message_stop", {}),
    )

    class Pieces(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield stream

    class Own(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if b"stream" not in request.content:
                return httpx.Response(200, json=message(), headers=TOLD)
            kind = {"content-type": "text/event-stream", **TOLD}
            return httpx.Response(200, stream=Pieces(), headers=kind)

    with watched() as told, httpx.Client(transport=Own()) as client:
        told.run = "run-of-its-own"
        for _ in range(2):
            client.post(URL, json=ASKED)
        for model in ("claude-opus-4-7", "claude-opus-4-7"):
            with client.stream("POST", URL, json={**ASKED, "model": model, "stream": True}) as response:
                response.read()
    assert [answer.rate_limits for answer in told.answers] == ["50,40000,8000", None, "50,40000,8000", None]
    assert {*told.origins.values()} == {Origin.LIVE}


def test_what_is_remembered_has_a_bound(monkeypatch: Any) -> None:
    monkeypatch.setattr(rate_limits, "_MOST", 2)
    monkeypatch.setattr(rate_limits, "_READ", set())
    assert [asked("run", TOLD, model=str(at)) is not None for at in (1, 1, 2, 3, 1)] == [True, False, True, True, True]
