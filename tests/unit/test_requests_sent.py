"""Requests that do not look like Claude's at first: packed, or led to Claude by a redirect."""

import gzip
import json
from typing import Any

import pytest

from pytest_claude_budget.usage import Status
from tests.unit.test_failed_tries import BOTH, CLIENTS
from tests.unit.watched import ASKED, message, send, watched

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
    "content", [b"\x1f\x8b broken", gzip.compress(json.dumps(ASKED).encode())[:-20]], ids=["damaged", "cut"]
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
