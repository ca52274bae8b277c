"""Answers that a network brought, and answers that only look so: exchanges of both clients with a server on this machine.

The server counts as live here, as a proxy that bills would by `loopback: live`, so that the evidence alone decides.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from typing import Any

import httpx
import httpx2
import pytest

from pytest_claude_budget.calls.call import Origin
from pytest_claude_budget.calls.host_rules import HostRules, Origins
from tests.builders.watched import ASKED, Told, message, watched

# What quarrels with the tests' own environment has one of its own: `nox --session replays`.
collect_ignore = [] if find_spec("respx") else ["others"]
BODY = json.dumps(message()).encode()
ITEM = json.dumps({"custom_id": "a", "result": {"type": "succeeded", "message": message()}}).encode() + b"\n"
LIVE, SIMULATED = [Origin.LIVE], [Origin.SIMULATED]


@pytest.fixture(scope="module", autouse=True)
def no_certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No server here has one: each client would read all authorities that a machine trusts, 15 ms of work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE", raising=False)
        patch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("certificates")))
        yield


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(ITEM)

    def do_POST(self) -> None:
        self.answer(BODY)

    def answer(self, body: bytes) -> None:
        self.server.asked += 1  # type: ignore[attr-defined]  # our own server
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Answers as the API would, with 1,000 tokens in and 100 out."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked = 0

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1/messages"

    @property
    def results(self) -> str:
        """The results of a batch."""
        return f"{self.url}/batches/msgbatch_1/results"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One of the two clients, synchronous or not."""

    module: Any
    asynchronous: bool
    client: Callable[..., Any] = field(repr=False)

    def ask(self, url: str, *, stream: bool = False, **how: Any) -> bytes | None:
        """One exchange in a client of its own; a stream is left unread."""
        return self.ask_with(lambda: self.client(**how), url, stream=stream)

    def ask_with(
        self, make: Callable[[], Any], url: str, *, stream: bool = False, method: str = "POST"
    ) -> bytes | None:
        """The same in a client that is made for it."""
        asked = {"headers": {"anthropic-version": "2023-06-01"}, **({"json": ASKED} if method == "POST" else {})}
        if not self.asynchronous:
            with make() as client:
                if not stream:
                    return client.request(method, url, **asked).content  # type: ignore[no-any-return]
                with client.stream(method, url, **asked):
                    return None

        async def work() -> bytes | None:
            async with make() as client:
                if not stream:
                    return (await client.request(method, url, **asked)).content  # type: ignore[no-any-return]
                async with client.stream(method, url, **asked):
                    return None

        return asyncio.run(asyncio.wait_for(work(), 60))

    @property
    def network(self) -> Any:
        """The client's own transport."""
        return self.module.AsyncHTTPTransport if self.asynchronous else self.module.HTTPTransport

    def transport(self, handle: Callable[[Any], Any], **attributes: Any) -> Any:
        """A transport class's instance that answers by `handle`, a coroutine function for asynchronous clients."""
        base = self.module.AsyncBaseTransport if self.asynchronous else self.module.BaseTransport
        name = "handle_async_request" if self.asynchronous else "handle_request"
        close = _aclose if self.asynchronous else _close
        methods = {name: lambda self, request: handle(request), close.__name__.strip("_"): close}
        made = type("Wrapping", (base,), methods)()
        vars(made).update(attributes)
        return made

    def send(self, inner: Any, request: Any) -> Any:
        """Pass a request on."""
        return inner.handle_async_request(request) if self.asynchronous else inner.handle_request(request)


def _close(wrapping: Any) -> None:
    for inner in vars(wrapping).values():
        inner.close()


async def _aclose(wrapping: Any) -> None:
    for inner in vars(wrapping).values():
        await inner.aclose()


KINDS = {
    f"{module.__name__}-{'async' if asynchronous else 'sync'}": Kind(
        module=module, asynchronous=asynchronous, client=module.AsyncClient if asynchronous else module.Client
    )
    for module in (httpx, httpx2)
    for asynchronous in (False, True)
}


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    kind: Kind = request.param
    return kind


@pytest.fixture
def told() -> Iterator[Told]:
    with watched() as told:
        told.hosts = HostRules(Origins(loopback=Origin.LIVE))
        yield told


def origins(told: Told) -> list[Origin]:
    """Of each exchange, in their order; each must have been measured whole."""
    assert {(1_000, 100)} == {(each.usage.input_tokens, each.usage.output_tokens) for each in told.answers}
    assert {"measured"} == {each.status.value for each in told.answers}
    return [told.origins[key] for key in sorted(told.origins)]
