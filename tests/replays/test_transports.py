"""Transports that nobody knows: what they pass on is live, what they answer themselves without a network is simulated."""

import asyncio
import http.client
import json
import threading
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpcore2
import httpx
import pytest

from pytest_claude_budget.intercept.reached_network import look_no_more
from tests.builders.watched import ASKED, URL, Told, message, watched
from tests.replays.conftest import BODY, LIVE, SIMULATED, Kind, Server, origins

CORES = {"httpx": httpcore, "httpx2": httpcore2}


def mock(kind: Kind) -> Any:
    return kind.module.MockTransport(lambda request: kind.module.Response(200, json=message()))


def passing(kind: Kind, inner: Any) -> Any:
    """A transport that counts, logs or tries again, and passes on what it got."""
    return kind.transport(lambda request: kind.send(inner, request), inner=inner)


def rebuilding(kind: Kind, inner: Any) -> Any:
    """A transport that reads an answer and makes a new one of it, without any mark of the old one."""

    def made(response: Any) -> Any:
        return kind.module.Response(response.status_code, headers=response.headers, content=response.content)

    def handle(request: Any) -> Any:
        response = inner.handle_request(request)
        response.read()
        return made(response)

    async def handle_async(request: Any) -> Any:
        response = await inner.handle_async_request(request)
        await response.aread()
        return made(response)

    return kind.transport(handle_async if kind.asynchronous else handle, inner=inner)


def answering(kind: Kind, response: Any, **attributes: Any) -> Any:
    """A recorder that plays an answer, and holds the transport that it would record from."""

    async def handle_async(request: Any) -> Any:
        return response()

    return kind.transport(handle_async if kind.asynchronous else lambda request: response(), **attributes)


def recorded(kind: Kind) -> Any:
    return lambda: kind.module.Response(200, json=message())


def test_a_server_s_answer_is_live(kind: Kind, told: Told, server: Server) -> None:
    kind.ask(server.url)
    assert LIVE == origins(told)


@pytest.mark.parametrize("depth", [1, 3])
def test_what_a_transport_passes_on_is_live(kind: Kind, told: Told, server: Server, depth: int) -> None:
    transport = kind.network()
    for _ in range(depth):
        transport = passing(kind, transport)
    kind.ask(server.url, transport=transport)
    assert LIVE == origins(told)


def test_a_mock_inside_of_other_transports_is_simulated(kind: Kind, told: Told) -> None:
    kind.ask(URL, transport=passing(kind, passing(kind, mock(kind))))
    assert SIMULATED == origins(told)


def test_a_mock_at_a_mount_is_simulated(kind: Kind, told: Told) -> None:
    kind.ask(URL, mounts={"all://": passing(kind, mock(kind))})
    kind.ask(URL, mounts={"all://": mock(kind)})
    assert SIMULATED * 2 == origins(told)


def test_a_rebuilt_answer_of_a_server_is_live(kind: Kind, told: Told, server: Server) -> None:
    """It has no mark of the network any more; what was seen to reach it decides."""
    kind.ask(server.url, transport=passing(kind, rebuilding(kind, kind.network())))
    assert LIVE == origins(told)


def test_a_rebuilt_answer_of_a_mock_is_simulated(kind: Kind, told: Told) -> None:
    kind.ask(URL, transport=rebuilding(kind, mock(kind)))
    assert SIMULATED == origins(told)


def test_a_recorder_that_plays_is_simulated(kind: Kind, told: Told) -> None:
    """Its network transport was there, and not used."""
    kind.ask(URL, transport=answering(kind, recorded(kind), next_transport=kind.network()))
    assert SIMULATED == origins(told)


def test_a_transport_that_answers_in_a_way_nobody_sees_is_live(kind: Kind, told: Told) -> None:
    """It passes nothing on to a transport that is known: whatever it does may bill."""
    kind.ask(URL, transport=answering(kind, recorded(kind)))
    kind.ask(URL, transport=answering(kind, recorded(kind), unused=kind.network(), other=answering(kind, lambda: None)))
    assert LIVE * 2 == origins(told)


@pytest.mark.parametrize("threaded", [False, True], ids=["here", "in-a-thread"])
def test_a_transport_that_asks_by_another_client_is_live(
    kind: Kind, told: Told, server: Server, threaded: bool
) -> None:
    """Python's own client, which is below `requests`, `urllib3` and `boto3` too; in a thread that inherits no context."""
    answers: list[bytes] = []

    def ask() -> None:
        parts = urlsplit(server.url)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port)
        connection.request("POST", parts.path, json.dumps(ASKED), {"content-type": "application/json"})
        answers.append(connection.getresponse().read())
        connection.close()

    def answer() -> Any:
        if threaded:
            thread = threading.Thread(target=ask)
            thread.start()
            thread.join()
        else:
            ask()
        return kind.module.Response(200, content=answers.pop())

    kind.ask(server.url, transport=answering(kind, answer, unused=kind.network()))
    assert LIVE == origins(told)


def test_what_another_exchange_reaches_is_not_laid_to_a_replay(told: Told, server: Server) -> None:
    """Both at once, on one loop."""
    kind = Kind(module=httpx, asynchronous=True, client=httpx.AsyncClient)

    async def slow(request: Any) -> Any:
        await asyncio.sleep(0)
        async with httpx.AsyncClient(transport=passing(kind, kind.network())) as client:
            await asyncio.create_task(client.post(server.url, json=ASKED))
        return httpx.Response(200, json=message())

    async def work() -> None:
        other = kind.transport(slow, next_transport=kind.network())
        async with httpx.AsyncClient(transport=other) as client:
            await client.post(URL, json=ASKED)

    asyncio.run(work())
    assert [*SIMULATED, *LIVE] == origins(told)


def test_a_pool_that_a_mock_stands_in_for_is_no_network(
    kind: Kind, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `responses` does for another library: patched in the middle of a run, put back after it."""
    core = CORES[kind.module.__name__]
    kind.ask(URL, transport=passing(kind, mock(kind)))  # the pools are watched from here on
    name = "handle_async_request" if kind.asynchronous else "handle_request"
    pool = core.AsyncConnectionPool if kind.asynchronous else core.ConnectionPool

    def handle(self: Any, request: Any) -> Any:
        return core.Response(200, content=kind.module.ByteStream(BODY))

    async def handle_async(self: Any, request: Any) -> Any:
        return handle(self, request)

    with monkeypatch.context() as patched:
        patched.setattr(pool, name, handle_async if kind.asynchronous else handle)
        kind.ask(URL, transport=passing(kind, kind.network()))
        kind.ask(URL, stream=True)
    assert SIMULATED * 3 == origins(told)


def test_a_hook_that_somebody_took_out_leaves_a_doubt(told: Told, server: Server) -> None:
    """A mock that ends within an exchange puts back what it had found: what was reached after that, nobody saw."""
    kind = Kind(module=httpx, asynchronous=False, client=httpx.Client)
    original = httpcore.ConnectionPool.handle_request

    def handle(request: Any) -> Any:
        httpcore.ConnectionPool.handle_request = original  # type: ignore[method-assign]  # as a mock does
        response = inner.handle_request(request)
        response.read()
        return httpx.Response(200, content=response.content)

    inner = kind.network()
    kind.ask(server.url, transport=kind.transport(handle, inner=inner))
    assert LIVE == origins(told)


def test_httpcore_s_own_mock_is_simulated(kind: Kind, told: Told) -> None:
    """Its network stream is there, and no network behind it."""
    core = CORES[kind.module.__name__]
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(BODY)
    transport = kind.network()
    if kind.asynchronous:
        transport._pool = core.AsyncConnectionPool(network_backend=core.AsyncMockBackend([head, BODY]))
    else:
        transport._pool = core.ConnectionPool(network_backend=core.MockBackend([head, BODY]))
    kind.ask(URL, transport=transport)
    assert SIMULATED == origins(told)


def test_a_replayed_body_that_nobody_reads_is_measured(kind: Kind, told: Told) -> None:
    """It is in memory, as a cassette's is; the caller's stream stays unread."""

    def response() -> Any:
        return kind.module.Response(
            200, headers={"content-type": "application/json"}, stream=kind.module.ByteStream(BODY)
        )

    transport = answering(kind, response, next_transport=kind.network())
    kind.ask(URL, stream=True, transport=transport)
    assert SIMULATED == origins(told)
    assert BODY == kind.ask(URL, transport=transport)


def test_every_class_is_as_it_was(server: Server) -> None:
    """What was hooked to see the network is put back with the last who watches."""
    kind = Kind(module=httpx, asynchronous=False, client=httpx.Client)
    places = [
        (http.client.HTTPConnection, "getresponse"),
        (httpcore.ConnectionPool, "handle_request"),
        (httpcore2.AsyncConnectionPool, "handle_async_request"),
    ]
    with watched() as told:
        kind.ask(URL, transport=passing(kind, mock(kind)))
        assert all(hasattr(vars(cls)[name], "__claude_budget_reached__") for cls, name in places)
    del told
    look_no_more()  # as the last sink would have it: whoever watches these tests may be left
    assert not any(hasattr(vars(cls)[name], "__claude_budget_reached__") for cls, name in places)
