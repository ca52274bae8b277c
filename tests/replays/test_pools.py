"""Pools and transports that are used without a client: their exchanges count, and those of a client count once."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpcore2
import httpx
import httpx2
import pytest

from pytest_claude_budget.calls.call import Origin, Status
from pytest_claude_budget.calls.host_rules import HostRules, Origins
from pytest_claude_budget.intercept.httpcore_hooks import hook_module
from pytest_claude_budget.intercept.reached_network import look_no_more
from tests.builders.watched import ASKED, URL, Told, message, sse, watched
from tests.builders.watched_aiohttp import Answers, Run, serving, whole
from tests.replays.conftest import BODY, LIVE, SIMULATED, Kind, Server, origins

CORES: dict[Any, Any] = {httpx: httpcore, httpx2: httpcore2}
HEADERS = [("host", "claude.example"), ("content-type", "application/json"), ("anthropic-version", "2023-06-01")]
SENT = json.dumps(ASKED).encode()
STREAM = sse(
    ("message_start", {"message": message(output_tokens=1)}),
    ("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 100}}),
    ("message_stop", {}),
)


@contextmanager
def watched_pools() -> Iterator[Told]:
    """Watch pools as well as clients; whoever watches these tests themselves looks away."""
    with watched() as told:
        told.hosts = HostRules(Origins(loopback=Origin.LIVE))
        run = Run(told)
        seams = [hook_module(core, run) for core in CORES.values()]
        kept = [(seam, seam.runs, seam._watchers) for seam in seams]
        for seam in seams:
            seam.runs, seam._watchers = (run,), None
        try:
            yield told
        finally:
            for seam, runs, watchers in kept:
                seam.runs, seam._watchers = runs, watchers
                seam.remove(run)
    assert told.faults == []


@pytest.fixture
def told() -> Iterator[Told]:
    with watched_pools() as told:
        yield told


def by_pool(kind: Kind, url: str, **pool: Any) -> bytes:
    """Ask by a pool of httpcore."""
    core = CORES[kind.module]
    if not kind.asynchronous:
        with core.ConnectionPool(**pool) as connections:
            return connections.request("POST", url, headers=HEADERS, content=SENT).content  # type: ignore[no-any-return]

    async def work() -> bytes:
        async with core.AsyncConnectionPool(**pool) as connections:
            return (await connections.request("POST", url, headers=HEADERS, content=SENT)).content  # type: ignore[no-any-return]

    return asyncio.run(work())


def by_transport(kind: Kind, url: str, *, read: bool = True) -> bytes:
    """Ask by a transport of httpx without a client."""
    request = kind.module.Request("POST", url, headers=HEADERS, content=SENT)
    if not kind.asynchronous:
        with kind.network() as transport:
            response = transport.handle_request(request)
            try:
                return response.read() if read else b""
            finally:
                response.close()

    async def work() -> bytes:
        async with kind.network() as transport:
            response = await transport.handle_async_request(request)
            try:
                return await response.aread() if read else b""
            finally:
                await response.aclose()

    return asyncio.run(work())


@pytest.mark.parametrize("ask", [by_pool, by_transport])
def test_what_is_asked_without_a_client_is_counted(
    kind: Kind, told: Told, server: Server, ask: Callable[..., bytes]
) -> None:
    assert BODY == ask(kind, server.url)
    assert LIVE == origins(told)
    assert told.answers[0].request is not None


def test_what_a_client_asks_is_counted_once(kind: Kind, told: Told, server: Server) -> None:
    assert BODY == kind.ask(server.url)
    assert LIVE == origins(told)


def test_what_a_client_asks_by_a_transport_within_others_is_counted_once(
    kind: Kind, told: Told, server: Server
) -> None:
    inner = kind.network()
    outer = kind.transport(lambda request: kind.send(inner, request), inner=inner)
    kind.ask(server.url, transport=kind.transport(lambda request: kind.send(outer, request), outer=outer))
    assert LIVE == origins(told)


def test_a_client_with_a_transport_for_some_urls_is_counted_once(kind: Kind, told: Told, server: Server) -> None:
    kind.ask(server.url, mounts={"http://127.0.0.1": kind.network()})
    assert LIVE == origins(told)


@pytest.mark.parametrize("first", ["/v1/messages", "/elsewhere"], ids=["to Claude", "to others"])
def test_a_redirect_of_a_client_is_counted_once(kind: Kind, told: Told, first: str) -> None:
    """Where it leads to is not what was asked, and may be the first that has to do with Claude."""
    answers = Answers(whole(b"", ("location", "/proxy/v1/messages"), status=307), whole(BODY))

    def asked(url: str) -> None:
        kind.ask(f"{url}{first}", follow_redirects=True)

    async def work() -> None:
        async with serving(answers) as url:
            await asyncio.to_thread(asked, url)

    asyncio.run(work())
    assert ["/proxy/v1/messages"] == [target for target, _ in answers.asked][1:]
    assert LIVE == origins(told)


def test_a_stream_that_nobody_reads_is_not_taken_for_free(kind: Kind, told: Told, server: Server) -> None:
    by_transport(kind, server.url, read=False)
    assert [Status.UNMEASURED] == [each.status for each in told.answers]


@pytest.mark.parametrize("events", [False, True], ids=["json", "stream"])
def test_what_a_pool_s_own_double_answers_is_simulated(kind: Kind, told: Told, events: bool) -> None:
    core = CORES[kind.module]
    backend = core.AsyncMockBackend if kind.asynchronous else core.MockBackend
    body, media = (STREAM, "text/event-stream") if events else (BODY, "application/json")
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {media}\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    answer = by_pool(kind, "http://claude.example/v1/messages", network_backend=backend([head, body]))
    assert body == answer
    assert SIMULATED == origins(told)


def test_a_request_that_never_left_is_an_attempt_that_failed(kind: Kind, told: Told) -> None:
    with pytest.raises(CORES[kind.module].ConnectError):
        by_pool(kind, "http://127.0.0.1:1/v1/messages")
    assert [Status.FAILED] == [each.status for each in told.answers]


def test_a_body_that_breaks_off_is_an_attempt_that_failed(told: Told, server: Server) -> None:
    """The caller's own code raised, and no whole request left."""

    def body() -> Iterator[bytes]:
        yield SENT[:9]
        raise LookupError

    with httpcore.ConnectionPool() as pool, pytest.raises(LookupError):
        pool.request("POST", server.url, headers=[*HEADERS, ("transfer-encoding", "chunked")], content=body())
    assert [Status.FAILED] == [each.status for each in told.answers]


def test_a_server_that_goes_away_may_have_billed(told: Told) -> None:
    def asked(url: str) -> None:
        with httpcore.ConnectionPool() as pool, pytest.raises(httpcore.RemoteProtocolError):
            pool.request("POST", f"{url}/v1/messages", headers=HEADERS, content=SENT)

    async def work() -> None:
        async with serving(Answers([])) as url:
            await asyncio.to_thread(asked, url)

    asyncio.run(work())
    assert [Status.UNMEASURED] == [each.status for each in told.answers]


def test_an_application_of_this_process_that_asks_by_a_pool_is_counted_once(told: Told, server: Server) -> None:
    """Its client sends by no pool; what the application says is what the pool brought."""

    async def app(scope: Any, receive: Any, respond: Any) -> None:
        async with httpcore.AsyncConnectionPool() as pool:
            body = (await pool.request("POST", server.url, headers=HEADERS, content=SENT)).content
        await respond(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]}
        )
        await respond({"type": "http.response.body", "body": body})

    async def work() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
            await client.post(server.url, content=SENT)

    asyncio.run(work())
    assert [Status.FREE, Status.MEASURED] == [each.status for each in told.answers]


def test_looking_for_a_network_and_watching_pools_leave_nothing_behind(kind: Kind, server: Server) -> None:
    """Both put wrappers into the same classes."""
    look_no_more()
    core = CORES[kind.module]
    before = [vars(core.ConnectionPool)["handle_request"], vars(core.AsyncConnectionPool)["handle_async_request"]]
    with watched_pools() as told:
        inner = kind.network()
        kind.ask(server.url, transport=kind.transport(lambda request: kind.send(inner, request), inner=inner))
        look_no_more()
    assert LIVE == origins(told)
    after = [vars(core.ConnectionPool)["handle_request"], vars(core.AsyncConnectionPool)["handle_async_request"]]
    assert before == after


def test_a_client_that_sends_in_its_own_way_is_counted_once(kind: Kind, told: Told, server: Server) -> None:
    """Its `send` never calls httpx's own."""
    name = "handle_async_request" if kind.asynchronous else "handle_request"

    def send(self: Any, request: Any, **_: Any) -> Any:
        return getattr(self._transport, name)(request)

    cls = type("OwnWay", (kind.client,), {"send": send})
    request = kind.module.Request("POST", server.url, headers=HEADERS, content=SENT)
    if kind.asynchronous:

        async def work() -> bytes:
            async with cls() as client:
                return await (await client.send(request)).aread()  # type: ignore[no-any-return]

        assert BODY == asyncio.run(work())
    else:
        with cls() as client:
            assert BODY == client.send(request).read()
    assert LIVE == origins(told)


@pytest.mark.parametrize("module", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_a_double_below_a_client_that_sends_in_its_own_way_is_not_seen(module: Any, told: Told) -> None:
    """docs/what-is-counted.md says so: it passes no place that is watched."""

    def send(self: Any, request: Any, **_: Any) -> Any:
        return self._transport.handle_request(request)

    cls = type("OwnWay", (module.Client,), {"send": send})
    with cls(transport=module.MockTransport(lambda request: module.Response(200, content=BODY))) as client:
        assert BODY == client.send(module.Request("POST", URL, headers=HEADERS, content=SENT)).read()
    assert told.answers == []
