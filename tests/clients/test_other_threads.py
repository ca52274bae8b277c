"""One client carries what another asks on a thread of its own, where no context tells of it: one exchange, counted once."""

import http.client
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import requests
import urllib3.connectionpool
from requests.adapters import HTTPAdapter

from pytest_claude_budget.calls.call import Origin
from pytest_claude_budget.intercept import httpx_hooks, requests_hooks, urllib3_hooks
from pytest_claude_budget.intercept.other_threads import GOING_ON
from pytest_claude_budget.intercept.seam import Seam
from pytest_claude_budget.measure import hooked_clients
from tests.builders.watched import ASKED, Told
from tests.clients.conftest import BODY, LIVE_HERE, STREAM, Server, counted

WHOLE = [("measured", 1_000, 100)]
JSON = {"content-type": "application/json"}
Ask = Callable[[str, bytes], bytes]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """What is told of exchanges, with the hooks that a run has."""
    told = Told()
    told.hosts = LIVE_HERE
    run: Any = SimpleNamespace(sink=lambda: told)
    real = Seam.watchers

    def watchers(seam: Seam) -> Any:
        found = real(seam)
        monkeypatch.setattr(found, "sinks", (told,))
        return found

    with ExitStack() as stack:
        latch = hooked_clients._latch(http.client, run)
        stack.callback(latch.remove, run)
        for hooks, module in ((urllib3_hooks, urllib3.connectionpool), (requests_hooks, requests.sessions)):
            stack.callback(hooks.hook_module(module, run).remove, run)
        over_httpx = httpx_hooks.hook_module(httpx, told)
        stack.callback(over_httpx.remove, told)
        stack.callback(monkeypatch.undo)
        monkeypatch.setattr(latch, "_runs", (run,))
        monkeypatch.setattr(latch, "_seam", None)
        monkeypatch.setattr(over_httpx.watchers, "sinks", (told,))
        monkeypatch.setattr(Seam, "watchers", watchers)
        yield told
    assert told.faults == []
    assert not GOING_ON


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


class InThreads(HTTPAdapter):
    """Sends in threads of its own."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        super().__init__()
        self.threads = threads

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        return self.threads.submit(super().send, *args, **kwargs).result()


class Carrying(httpx.BaseTransport):
    """Asks by another client in threads of its own."""

    def __init__(self, threads: ThreadPoolExecutor, ask: Ask) -> None:
        self.threads, self.ask = threads, ask

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = self.threads.submit(self.ask, str(request.url), request.read()).result()
        return httpx.Response(200, content=body, headers=JSON)


def by_requests(url: str, body: bytes) -> bytes:
    return requests.post(url, data=body, headers=JSON).content


def by_urllib3(url: str, body: bytes) -> bytes:
    with urllib3.PoolManager() as manager:
        return manager.request("POST", url, body=body, headers=JSON).data


def by_http_client(url: str, body: bytes) -> bytes:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host)
    connection.request("POST", f"/{path}", body, JSON)
    answer = connection.getresponse().read()
    connection.close()
    return answer


@pytest.mark.parametrize("stream", [False, True])
def test_an_adapter_of_requests_counts_once(
    told: Told, server: Server, threads: ThreadPoolExecutor, *, stream: bool
) -> None:
    with requests.Session() as session:
        session.mount("http://", InThreads(threads))
        for _ in range(2):
            kind = "sse" if stream else "json"
            with session.post(f"{server.url}/{kind}/v1/messages", json=ASKED, stream=stream) as response:
                assert (STREAM if stream else BODY) == response.content
    assert WHOLE * 2 == counted(told)
    assert [Origin.LIVE] * 2 == [told.origins[key] for key in sorted(told.origins)]


def test_two_at_the_same_time_count_each(told: Told, server: Server, threads: ThreadPoolExecutor) -> None:
    def ask() -> bytes:
        with requests.Session() as session:
            session.mount("http://", InThreads(threads))
            return session.post(f"{server.url}/json/v1/messages", json=ASKED).content

    with ThreadPoolExecutor(2) as callers:
        assert [BODY] * 2 == [each.result() for each in [callers.submit(ask) for _ in range(2)]]
    assert WHOLE * 2 == counted(told)


@pytest.mark.parametrize("ask", [by_requests, by_urllib3, by_http_client])
def test_a_transport_of_httpx_counts_once(told: Told, server: Server, threads: ThreadPoolExecutor, ask: Ask) -> None:
    with httpx.Client(transport=Carrying(threads, ask)) as client:
        assert BODY == client.post(f"{server.url}/json/v1/messages", json=ASKED).content
    assert WHOLE == counted(told)


@pytest.mark.parametrize("ask", [by_requests, by_urllib3, by_http_client])
def test_a_request_of_its_own_counts_though_the_same_goes_on_over_httpx(
    told: Told, server: Server, threads: ThreadPoolExecutor, ask: Ask
) -> None:
    """A client whose transport is its own carries by itself: what another thread asks is another exchange."""
    url, body = f"{server.url}/json/v1/messages", json.dumps(ASKED).encode()
    answers: list[bytes] = []

    def meanwhile(_: httpx.Request) -> None:
        answers.append(threads.submit(ask, url, body).result())

    with httpx.Client(event_hooks={"request": [meanwhile]}) as client:
        assert [BODY, BODY] == [client.post(url, content=body, headers=JSON).content, *answers]
    assert WHOLE * 2 == counted(told)


def test_another_request_counts_beside_one_that_is_carried(
    told: Told, server: Server, threads: ThreadPoolExecutor
) -> None:
    def ask(url: str, body: bytes) -> bytes:
        by_requests(url, body.replace(b"Hi", b"Ho"))
        return by_requests(url, body)

    with httpx.Client(transport=Carrying(threads, ask)) as client:
        assert BODY == client.post(f"{server.url}/json/v1/messages", json=ASKED).content
    assert WHOLE * 2 == counted(told)


def test_what_fails_is_forgotten_too(told: Told, threads: ThreadPoolExecutor) -> None:
    with requests.Session() as session:
        session.mount("http://", InThreads(threads))
        with pytest.raises(requests.ConnectionError):
            session.post("http://127.0.0.1:1/v1/messages", json=ASKED)
    with httpx.Client(transport=Carrying(threads, by_requests)) as client, pytest.raises(requests.ConnectionError):
        client.post("http://127.0.0.1:1/v1/messages", json=ASKED)
    assert [("failed", 0, 0)] * 2 == counted(told)


def test_an_application_of_this_process_that_asks_the_same_is_billed(
    told: Told, server: Server, threads: ThreadPoolExecutor
) -> None:
    """A test client of it has a transport of its own; what the application says is that answer once more."""

    class _TestClientTransport(Carrying):
        """By the name of Starlette's."""

    with httpx.Client(transport=_TestClientTransport(threads, by_requests)) as client:
        assert BODY == client.post(f"{server.url}/json/v1/messages", json=ASKED).content
    assert WHOLE * 2 == counted(told)
