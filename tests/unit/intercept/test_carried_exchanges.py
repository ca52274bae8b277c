"""One client carries what another asks: the same exchange, which is hooked in two places and counted once."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from pytest_claude_budget.calls.call import Status
from pytest_claude_budget.intercept.plain_http import Asked, Got, Plain, url_of
from pytest_claude_budget.intercept.runs_that_watch import Watchers
from tests.builders.watched import ASKED, MODEL, URL, Told, message, watched

BODY = json.dumps(ASKED, separators=(",", ":")).encode()


class Socket:
    """A client of another package than httpx."""


class OwnClient(httpx.Client):
    """Of the same module as `Socket`, and httpx's."""


def asked_over(carry: Callable[[Watchers], None], *, transport: type | None = None, url: str = URL) -> Told:
    """What is told of an exchange of httpx whose transport carries it over a client that is watched too."""
    with watched() as told:
        watchers = Watchers()
        watchers.add(told)

        def answer(request: httpx.Request) -> httpx.Response:
            carry(watchers)
            return httpx.Response(200, json=message())

        made = transport or type("Carrying", (httpx.BaseTransport,), {"handle_request": lambda _, ask: answer(ask)})
        with OwnClient(transport=made(answer) if transport else made()) as client:
            client.post(url, content=BODY, headers={"content-type": "application/json"})
    return told


def carried(watchers: Watchers, url: str = URL, body: bytes | None = BODY, client: object | None = None) -> None:
    seen = watchers.begin(Plain(client or Socket(), frozenset()), Asked("POST", url_of(url), [], body))
    if seen is not None:
        seen.answered(Got(200, [("content-type", "application/json")], json.dumps(message()).encode()))


@pytest.mark.parametrize("body", [BODY, None], ids=["its body is the same", "its body is a stream"])
def test_what_another_client_carries_is_counted_once(body: bytes | None) -> None:
    told = asked_over(lambda watchers: carried(watchers, body=body))
    assert [(each.status, each.usage.input_tokens) for each in told.answers] == [(Status.MEASURED, 1_000)]


@pytest.mark.parametrize(
    "other",
    [
        {"url": "https://api.anthropic.com/v1/messages"},
        {"url": "https://gateway.example/other/v1/messages"},
        {"body": json.dumps({"model": MODEL, "messages": []}).encode()},
        {"client": httpx.Client()},
    ],
    ids=["host", "path", "body", "a client of the same package"],
)
def test_what_differs_is_a_call_of_its_own(other: dict[str, Any]) -> None:
    told = asked_over(lambda watchers: carried(watchers, **other))
    assert [each.status for each in told.answers] == [Status.MEASURED] * 2


def test_a_gateway_of_this_process_with_the_name_of_the_real_host_hides_nothing() -> None:
    """What the gateway asks is billed; its own answer is that answer once more."""
    told = asked_over(carried, transport=httpx.MockTransport)
    assert [each.status for each in told.answers] == [Status.FREE, Status.MEASURED]


def test_a_call_after_the_answer_counts() -> None:
    """The client sends no more: the same may be asked again."""
    with watched() as told:
        watchers = Watchers()
        watchers.add(told)
        transport = httpx.MockTransport(lambda request: httpx.Response(200, json=message()))
        with httpx.Client(transport=transport) as client:
            client.post(URL, content=BODY)
        carried(watchers)
    assert [each.status for each in told.answers] == [Status.MEASURED] * 2
