"""A stand-in for the Claude API on this machine: answers what a test has scripted, byte by byte.

A test asks for a base URL of its own and says what will be answered there, in order:

    with Anthropic(api_key="none", base_url=double.url(error(429), message(input_tokens=10))) as client: ...

Only the standard library, since it runs beside every version of the SDK. Its threads are daemons: it ends with
the process, and a connection that nobody uses ends by itself.
"""

import itertools
import json
import socket
import struct
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

IDLE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: Sequence[bytes] = ()
    """The body; each piece is a chunk of its own on the wire."""
    delay: float = 0.0
    """Seconds before the status line."""
    breaks_off: bool = False
    """The connection is reset after the last piece, without the end of the body."""

    @property
    def body(self) -> bytes:
        """All that is sent."""
        return b"".join(self.pieces)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a client asked for."""

    method: str
    path: str
    """Without the part that names the script."""
    headers: Mapping[str, str]
    body: Any


class Script:
    """The answers that one test has planned, and the requests that came for them."""

    def __init__(self, replies: Sequence[Reply], *, repeat: bool) -> None:
        self.requests: list[Request] = []
        self._replies: Iterator[Reply] = itertools.cycle(replies) if repeat else iter(replies)
        self._lock = threading.Lock()

    def next(self, request: Request) -> Reply:
        """Take the next answer; too many requests are an error that no test expects."""
        with self._lock:
            self.requests.append(request)
            return next(self._replies, error(418, kind="the test has scripted no more answers"))


class Double:
    """The server."""

    def __init__(self) -> None:
        self._scripts: dict[str, Script] = {}
        self._numbers = itertools.count(1)
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.scripts = self._scripts
        self.root = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()

    def url(self, *replies: Reply, repeat: bool = False) -> str:
        """Plan answers; returns the base URL at which they are given, in this order."""
        name = f"s{next(self._numbers)}"
        self._scripts[name] = Script(replies, repeat=repeat)
        return f"{self.root}/{name}"

    def plan_batch(
        self,
        batch_id: str,
        lines: Sequence[Mapping[str, Any]],
        *,
        results: int = 1,
        created: bool = True,
        first: int = 0,
    ) -> str:
        """Plan a batch: created, unless somebody else did, then looked up and downloaded as often as `results` says.

        `first` is the size of the first piece of a download.
        """
        name = f"s{next(self._numbers)}"
        url = f"{self.root}/{name}"
        begin = (batch(batch_id, url),) if created else ()
        read = (batch(batch_id, url), jsonl(lines, first=first))
        self._scripts[name] = Script((*begin, *read * results), repeat=False)
        return url

    def requests(self, url: str) -> list[Request]:
        """Return what was asked for at a base URL."""
        return self._scripts[url.removeprefix(self.root).split("/")[1]].requests


def closed_port() -> str:
    """Return the base URL of a port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


# The shapes of the API's answers.


def message_object(
    *,
    model: str = "claude-sonnet-4-6",
    content: Sequence[Mapping[str, Any]] | None = None,
    text: str = "Hello from the double.",
    stop_reason: str | None = "end_turn",
    **usage: Any,
) -> dict[str, Any]:
    """A message as the Messages API answers it. Keyword arguments that are not its own are usage."""
    return {
        "id": "msg_01ShapeSuite",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": list(content) if content is not None else [{"type": "text", "text": text}],
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": usage,
    }


def json_reply(value: Any, *, status: int = 200, pieces: int = 1, delay: float = 0.0, **headers: str) -> Reply:
    """A JSON answer, sent in so many chunks."""
    return Reply(
        status=status,
        headers={"content-type": "application/json", "request-id": "req_shape", **_header_names(headers)},
        pieces=cut(_compact(value), pieces),
        delay=delay,
    )


def message(*, delay: float = 0.0, **fields: Any) -> Reply:
    """A message answered as JSON."""
    return json_reply(message_object(**fields), delay=delay)


def error(status: int, *, kind: str = "", retry_after_ms: int | None = None) -> Reply:
    """An error as the API answers it. A time to wait asks the SDK to come back at once."""
    kinds = {400: "invalid_request_error", 429: "rate_limit_error", 529: "overloaded_error"}
    value = {"type": "error", "error": {"type": kinds.get(status, "api_error"), "message": kind or f"status {status}"}}
    headers = {} if retry_after_ms is None else {"retry_after_ms": str(retry_after_ms), "x_should_retry": "true"}
    return json_reply(value, status=status, **headers)


def events(
    *,
    model: str = "claude-sonnet-4-6",
    start: Mapping[str, Any],
    final: Mapping[str, Any] | None,
    text: Sequence[str] = ("Hello ", "from ", "the double."),
    stop_reason: str = "end_turn",
) -> list[dict[str, Any]]:
    """The events of a streamed message: `start` and `final` are the usage at its begin and its end.

    Without text there is no content block, as in a refusal before any output.
    """
    begun = message_object(model=model, content=[], stop_reason=None, **start)
    ended = {"type": "message_delta", "delta": {"stop_reason": stop_reason, "stop_sequence": None}}
    deltas = (
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": part}} for part in text
    )
    block = [
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        *deltas,
        {"type": "content_block_stop", "index": 0},
    ]
    return [
        {"type": "message_start", "message": begun},
        *(block if text else [{"type": "ping"}]),
        ended if final is None else {**ended, "usage": dict(final)},
        {"type": "message_stop"},
    ]


def sse_bytes(said: Iterable[Mapping[str, Any]], *, newline: str = "\n") -> bytes:
    """Write events as they stand in a stream."""
    return b"".join(
        f"event: {event['type']}{newline}data: {_compact(event).decode()}{newline * 2}".encode() for event in said
    )


def stream_of(body: bytes, *, size: int | None = None, breaks_off: bool = False, **headers: str) -> Reply:
    """An event stream, in chunks of so many bytes, else an event a chunk."""
    if size is None:
        pieces = [event + b"\n\n" for event in body.split(b"\n\n") if event]
    else:
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return Reply(
        headers={"content-type": "text/event-stream; charset=utf-8", **_header_names(headers)},
        pieces=pieces,
        breaks_off=breaks_off,
    )


def stream(**fields: Any) -> Reply:
    """A streamed message, an event a chunk."""
    return stream_of(sse_bytes(events(**fields)))


def batch(batch_id: str, url: str) -> Reply:
    """A batch that has ended."""
    at = "2026-11-20T10:00:00Z"
    counts = {"processing": 0, "succeeded": 1, "errored": 0, "canceled": 0, "expired": 0}
    return json_reply(
        {
            "id": batch_id,
            "type": "message_batch",
            "processing_status": "ended",
            "request_counts": counts,
            "created_at": at,
            "expires_at": at,
            "ended_at": at,
            "archived_at": None,
            "cancel_initiated_at": None,
            "results_url": f"{url}/v1/messages/batches/{batch_id}/results",
        }
    )


def succeeded(custom_id: str, **fields: Any) -> dict[str, Any]:
    """A line of batch results."""
    return {"custom_id": custom_id, "result": {"type": "succeeded", "message": message_object(**fields)}}


def unanswered(custom_id: str, kind: str) -> dict[str, Any]:
    """A line of batch results that brought no message: `errored`, `canceled` or `expired`."""
    problem = {"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}
    return {"custom_id": custom_id, "result": {"type": kind, **({"error": problem} if kind == "errored" else {})}}


def jsonl(lines: Sequence[Mapping[str, Any]], *, first: int = 0) -> Reply:
    """Batch results in pieces that end within a line; the first piece has so many bytes."""
    body = b"".join(_compact(line) + b"\n" for line in lines)
    pieces = [body[:first], *cut(body[first:], 7)] if first else cut(body, 7)
    return Reply(headers={"content-type": "application/x-jsonl"}, pieces=pieces)


def cut(body: bytes, pieces: int) -> list[bytes]:
    """Cut a body into so many pieces of one size."""
    size = max(1, -(-len(body) // pieces))
    return [body[at : at + size] for at in range(0, len(body), size)]


def _compact(value: Any) -> bytes:
    """As the API writes JSON: no spaces, and text in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _header_names(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


# The server itself.


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    scripts: Mapping[str, Script]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *args: Any) -> None:
        """Quiet."""

    def _answer(self) -> None:
        _, name, *rest = self.path.split("/")
        length = int(self.headers.get("content-length") or 0)
        sent = self.rfile.read(length)
        with suppress(ValueError):
            sent = json.loads(sent)
        request = Request(method=self.command, path="/" + "/".join(rest), headers=dict(self.headers), body=sent)
        script = self.server.scripts.get(name)
        reply = error(404, kind="no such script") if script is None else script.next(request)
        if reply.delay:
            time.sleep(reply.delay)
        with suppress(ConnectionError):
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for piece in reply.pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        if reply.breaks_off:
            time.sleep(0.05)  # a reset may overtake what was sent: let the client take it first
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        self.wfile.write(b"0\r\n\r\n")
