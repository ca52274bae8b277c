"""A server on this machine that answers in each form that HTTP has; it counts as live, as a proxy that bills would.

A message has 1,000 tokens in and 100 out.
"""

import gzip
import http.client
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from typing import Any

import pytest
import urllib3.connectionpool

from pytest_claude_budget.calls.call import Origin
from pytest_claude_budget.calls.host_rules import HostRules, Origins
from pytest_claude_budget.intercept import urllib3_hooks
from tests.builders.watched import Told, message, sse, watched_by

# What replaces urllib3 in its environment has one of its own: `nox --session niquests`.
collect_ignore = [] if find_spec("niquests") else ["others"]
BODY = json.dumps(message()).encode()
STREAM = sse(
    ("message_start", {"message": message(1_000, 1)}),
    ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
    ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": "Hello."}}),
    ("content_block_stop", {"index": 0}),
    ("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 100}}),
    ("message_stop", {}),
)
BODIES = {"json": BODY, "sse": STREAM}
CUT = 61
"""Bytes of a chunk: events and lines are cut anywhere."""


class _Handler(BaseHTTPRequestHandler):
    """The path says the form: `/chunked/gzip/sse/v1/messages`; `/status/429/` refuses, and `once` does so once; `/away/` is redirected to another name, `/models/` to Anthropic's, `/lost/` to no answer."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        words = self.path.partition("?")[0].split("/")
        server: Any = self.server
        if "chunked" in self.headers.get("transfer-encoding", ""):
            while size := int(self.rfile.readline(), 16):
                self.rfile.read(size + 2)
            self.rfile.readline()
        self.rfile.read(int(self.headers.get("content-length") or 0))
        server.asked.append(self.path)
        if "gone" in words:
            self.close_connection = True
            return
        if "status" in words and ("once" not in words or len(server.asked) == 1):
            self.refuse(int(words[words.index("status") + 1]))
            return
        self.answer(words)

    def refuse(self, status: int) -> None:
        body = b'{"type": "error"}'
        self.send_response(status)
        if status in (303, 307):
            away = f"http://localhost:{self.connection.getsockname()[1]}" if "/away/" in self.path else ""
            form = "gone" if "/lost/" in self.path else "json"
            kept = "http://api.anthropic.com:1/v1/models" if "/models/" in self.path else f"{away}/{form}/v1/messages"
            self.send_header("location", "/plain" if status == 303 else kept)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer(self, words: list[str]) -> None:
        body = BODIES["sse" if "sse" in words else "json"]
        self.send_response(200)
        self.send_header("content-type", "text/event-stream" if "sse" in words else "application/json")
        if "gzip" in words:
            body = gzip.compress(body)
            self.send_header("content-encoding", "gzip")
        if "closed" in words:
            self.send_header("connection", "close")
        elif "chunked" in words:
            self.send_header("transfer-encoding", "chunked")
        else:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if "cut" in words:
            body, self.close_connection = body[: len(body) // 2], True
        if "chunked" not in words:
            self.wfile.write(body)
            return
        for at in range(0, len(body), CUT):
            piece = body[at : at + CUT]
            self.wfile.write(b"%x;a=b\r\n%s\r\n" % (len(piece), piece))
        if "cut" not in words:
            self.wfile.write(b"0\r\nx-trailer: 1\r\n\r\n")

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Answers as the path says."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader that goes away early is what some tests are about."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


LIVE_HERE = HostRules(Origins(loopback=Origin.LIVE))


@pytest.fixture(autouse=True)
def _others_look_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who watches these tests themselves would see urllib3 1.26 ask by `http.client` what is told here."""
    latch = getattr(http.client.HTTPConnection.request, "_claude_budget_latch", None)
    if latch is not None:
        monkeypatch.setattr(latch, "_runs", ())


@pytest.fixture
def told() -> Iterator[Told]:
    """What is told of exchanges of urllib3."""
    with watched_by(urllib3_hooks.hook_module, urllib3.connectionpool) as told:
        told.hosts = LIVE_HERE
        yield told


def states(told: Told) -> list[str]:
    """Of each exchange: what it came to."""
    return [each.status.value for each in told.answers]


def counted(told: Told) -> list[tuple[str, int, int]]:
    """Of each exchange: what it came to, and its tokens."""
    return [(each.status.value, each.usage.input_tokens, each.usage.output_tokens) for each in told.answers]
