"""Requests that do not look like Claude's at first: packed, or led to Claude by a redirect."""

import gzip
import json
from typing import Any

import pytest

from pytest_claude_budget.calls.call import Status
from tests.builders.watched import ASKED, message, send, watched
from tests.unit.intercept.test_failed_tries import BOTH, CLIENTS

VERTEX = "https://new.example/v1/projects/p/locations/global/publishers/anthropic/models/claude-haiku-4-5:rawPredict"
PACKED = {"json": None, "headers": {"content-encoding": "gzip"}}


@CLIENTS
@BOTH
def test_a_packed_request_is_read_like_any_other(module: Any, *, asynchronous: bool) -> None:
    """Without Anthropic's version header, only its body says that it is for Claude."""
    with watched() as told:
        plain = send(module, lambda request: module.Response(200, json=message()), asynchronous=asynchronous)
        packed = {**PACKED, "content": gzip.compress(plain.request.content)}
        send(module, lambda request: module.Response(200, json=message()), asynchronous=asynchronous, **packed)
    one, other = told.answers
    assert (other.status, other.usage.input_tokens) == (Status.MEASURED, 1_000)
    assert other.request == one.request is not None


@pytest.mark.parametrize(
    "content", [b"\x1f\x8b broken", gzip.compress(json.dumps(ASKED).encode())[:40]], ids=["damaged", "cut"]
)
@CLIENTS
def test_a_packed_request_that_cannot_be_read_is_claudes_by_its_path(module: Any, content: bytes) -> None:
    """Its answer says what it was."""
    with watched() as told:
        send(
            module, lambda request: module.Response(200, json=message()), asynchronous=False, **PACKED, content=content
        )
    (answer,) = told.answers
    assert answer.status is Status.MEASURED


@CLIENTS
@BOTH
@pytest.mark.parametrize("status", [307, 308])
def test_an_answer_that_a_redirect_led_to_is_seen(module: Any, status: int, *, asynchronous: bool) -> None:
    """By its last request, where the first said nothing of Claude; one that was Claude's from the start is seen once."""

    def respond(request: Any) -> Any:
        if request.url.host == "old.example":
            return module.Response(status, headers={"location": VERTEX})
        return module.Response(200, json=message())

    for url, known in (("https://old.example/llm", False), ("https://old.example/v1/messages", True)):
        with watched() as told:
            asked = ASKED if known else {"anthropic_version": "vertex-2023-10-16", "messages": []}
            send(module, respond, asynchronous=asynchronous, url=url, json=asked, follow_redirects=True)
        assert [(one.status, one.usage.input_tokens) for one in told.answers] == [(Status.MEASURED, 1_000)]


@CLIENTS
@BOTH
@pytest.mark.parametrize("raises", ["transport", "hook"])
def test_a_try_that_a_redirect_led_to_is_recorded(module: Any, raises: str, *, asynchronous: bool) -> None:
    """A read that timed out may have been billed; an answer over which a hook raises is measured."""

    def respond(request: Any) -> Any:
        if request.url.host == "old.example":
            return module.Response(307, headers={"location": VERTEX})
        if raises == "transport":
            raise module.ReadTimeout("no answer", request=request) from OSError("timed out")
        return module.Response(200, json=message())

    def hook(response: Any) -> None:
        if raises == "hook" and response.status_code == 200:
            raise LookupError

    how = {"url": "https://old.example/llm", "json": {"messages": []}, "follow_redirects": True, "hook": hook}
    with watched() as told, pytest.raises((LookupError, module.ReadTimeout)):
        send(module, respond, asynchronous=asynchronous, **how)
    (answer,) = told.answers
    if raises == "hook":
        assert (answer.status, answer.usage.input_tokens) == (Status.MEASURED, 1_000)
    else:
        assert answer.reason is not None
        assert answer.reason.startswith("no answer came (ReadTimeout)")


@CLIENTS
@BOTH
def test_an_error_of_another_exchange_is_nobodys(module: Any, *, asynchronous: bool) -> None:
    """The user gets it as it is."""

    def respond(request: Any) -> Any:
        raise module.ConnectError("no", request=request)

    with watched() as told, pytest.raises(module.ConnectError):
        send(module, respond, asynchronous=asynchronous, url="https://shop.example/a", json={})
    assert told.answers == []


@CLIENTS
@BOTH
def test_a_redirect_that_leads_elsewhere_is_nobodys(module: Any, *, asynchronous: bool) -> None:
    """Redirects of others are none of ours."""

    def respond(request: Any) -> Any:
        moved = request.url.path == "/a"
        return module.Response(307, headers={"location": "/b"}) if moved else module.Response(200, json=message())

    with watched() as told:
        answer = send(
            module, respond, asynchronous=asynchronous, url="https://shop.example/a", json={}, follow_redirects=True
        )
    assert (answer.status_code, told.answers) == (200, [])


@CLIENTS
def test_a_batch_that_a_gateway_of_this_process_passes_on_is_one_batch(module: Any) -> None:
    """Its creation is seen twice, under one id, and billed once."""

    def upstream(request: Any) -> Any:
        if request.method == "POST":
            return module.Response(200, json={"id": "msgbatch_1", "type": "message_batch"})
        line = {"custom_id": "1", "result": {"type": "succeeded", "message": message(1_000, 10)}}
        return module.Response(200, content=json.dumps(line) + "\n")

    with watched() as told, module.Client(transport=module.MockTransport(upstream)) as inner:

        def gateway(request: Any) -> Any:
            answer = inner.request(
                request.method, f"https://api.anthropic.com{request.url.path}", content=request.content
            )
            return module.Response(answer.status_code, content=answer.content)

        creation = {"requests": [{"custom_id": "1", "params": ASKED}]}
        url = "https://gateway.example/v1/messages/batches"
        send(module, gateway, asynchronous=False, url=url, json=creation)
        send(module, gateway, asynchronous=False, method="GET", url=f"{url}/msgbatch_1/results", json=None)
    creations = [one.batch_id for one in told.answers if one.endpoint == "batch_create"]
    assert sorted(creations, key=str) == [None, "msgbatch_1"]
