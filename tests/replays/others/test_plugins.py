"""Mocks and recorders that are plugins of pytest: what they play is simulated, what they let through is live."""

import json
from typing import Any

import httpx
import httpx_aiohttp
import pook
import pytest
import respx
from http_snapshot._integrations._httpx import AsyncSnapshotTransport, SyncSnapshotTransport
from pytest_httpx import HTTPXMock

from tests.builders.watched import URL, Told, message
from tests.replays.conftest import BODY, KINDS, LIVE, SIMULATED, Kind, Server, origins

KINDS_OF_HTTPX = {name: kind for name, kind in KINDS.items() if kind.module is httpx}
both = pytest.mark.parametrize("kind", KINDS_OF_HTTPX.values(), ids=KINDS_OF_HTTPX)


@both
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "unread-stream"])
@pytest.mark.parametrize("using", ["httpcore", "httpx"])
def test_respx_is_simulated_and_what_it_lets_through_is_live(
    kind: Kind, told: Told, server: Server, using: str, stream: bool
) -> None:
    with respx.mock(using=using) as router:
        router.post(URL).respond(json=message())
        router.post(server.url).pass_through()
        kind.ask(URL, stream=stream)
        kind.ask(server.url)
    kind.ask(server.url)
    assert [*SIMULATED, *LIVE * 2] == origins(told)


@both
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "unread-stream"])
def test_pook_is_simulated_and_what_it_lets_through_is_live(
    kind: Kind, told: Told, server: Server, stream: bool
) -> None:
    """It says `network_stream`, and that it is none."""
    with pook.use(network=True):
        pook.post(URL).reply(200).json(message())
        kind.ask(URL, stream=stream)
        kind.ask(server.url)
    assert [*SIMULATED, *LIVE] == origins(told)


def test_pook_over_aiohttp_is_simulated_and_what_it_lets_through_is_live(told: Told, server: Server) -> None:
    """It answers before aiohttp is asked, in front of a transport that never opened a session."""
    kind = KINDS_OF_HTTPX["httpx-async"]
    with pook.use(network=True):
        pook.post(URL).reply(200).json(message())
        for url in (URL, server.url):
            kind.ask_with(lambda: kind.client(transport=httpx_aiohttp.AiohttpTransport()), url)
    assert [*SIMULATED, *LIVE] == origins(told)


@both
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "unread-stream"])
def test_http_snapshot_is_simulated_and_what_it_records_is_live(
    kind: Kind, told: Told, server: Server, stream: bool
) -> None:
    """A transport of its own that plays without the one inside of it."""
    transport: Any = AsyncSnapshotTransport if kind.asynchronous else SyncSnapshotTransport
    response = {"status_code": 200, "headers": {"content-type": "application/json"}, "body": json.loads(BODY)}
    taken: list[Any] = [{"request": {"method": "POST", "url": URL, "headers": {}, "body": ""}, "response": response}]
    kind.ask(URL, stream=stream, transport=transport(kind.network(), taken, is_recording=False))
    kind.ask(server.url, transport=transport(kind.network(), [], is_recording=True))
    assert [*SIMULATED, *LIVE] == origins(told)


@both
def test_pytest_httpx_is_simulated(kind: Kind, told: Told, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(url=URL, json=message())
    kind.ask(URL)
    assert SIMULATED == origins(told)


@both
@pytest.mark.httpx_mock(should_mock=lambda request: request.url.host != "127.0.0.1")
def test_what_pytest_httpx_lets_through_is_live(kind: Kind, told: Told, server: Server, httpx_mock: HTTPXMock) -> None:
    kind.ask(server.url)
    assert LIVE == origins(told)
