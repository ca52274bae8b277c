"""What a gateway adds to a JSON answer and to the first event of a stream: asked by turns without it and through it.

Every part is a process of its own, as in a run. Beside it LiteLLM's proxy, where the environment variable LITELLM names its
command (it quarrels with what the tests need, so it has an environment of its own).
"""

import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path

from bench.children import environment
from bench.claude_double import MODEL, REQUEST, answer, events
from bench.figures import Compared, Figure, Line, compared, held

PAIRS = 1_500
PAIRS_OF_RIVAL = 200
WARM = 100
JSON_SECONDS = 0.001
FIRST_SECONDS = 0.0005
PART_OF_RIVAL = 0.1
PAUSE_SECONDS = 0.003
"""Between the first event and the others: the API writes one by one."""
READY_SECONDS = 120.0


def figure() -> Figure:
    """Measure."""
    found: list[Line] = []
    with ExitStack() as parts:
        upstream = parts.enter_context(_process([sys.executable, "-m", "bench.gateway"]))
        between = parts.enter_context(_gateway(upstream))
        ours = {stream: _compared(upstream, between, PAIRS, stream=stream) for stream in (False, True)}
        found.append(held("a JSON answer of 5 KB", ours[False], seconds=JSON_SECONDS))
        found.append(held("the first event of a stream", ours[True], seconds=FIRST_SECONDS))
        if command := os.environ.get("LITELLM"):
            key = f"sk-{secrets.token_hex(16)}"
            rival = parts.enter_context(_litellm(command, upstream, key))
            for stream, what in ((False, "a JSON answer"), (True, "the first event")):
                theirs = _compared(upstream, rival, PAIRS_OF_RIVAL, stream=stream, key=key)
                found += [held(f"LiteLLM's proxy: {what}", theirs), _beside(what, ours[stream], theirs)]
    how = f"{PAIRS:,} pairs over open connections on this machine; upstream and gateway are processes of their own"
    return Figure(title="Gateway", how=how, lines=found)


def _beside(what: str, ours: Compared, theirs: Compared) -> Line:
    part = ours.added / theirs.added
    return Line(
        what=f"the gateway's part of what LiteLLM's proxy adds to {what}",
        measured=f"{part:.1%}",
        limit=f"{PART_OF_RIVAL:.0%}",
        met=part <= PART_OF_RIVAL,
        numbers={"part": part},
    )


def _compared(direct: int, through: int, pairs: int, *, stream: bool, key: str = "none") -> Compared:
    request = _request(stream=stream, key=key)
    with _connected(direct) as one, _connected(through) as other:
        times = [
            (_asked(one, request, stream=stream), _asked(other, request, stream=stream)) for _ in range(pairs + WARM)
        ]
    return compared(times[WARM:])


@contextmanager
def _connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=READY_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def _request(*, stream: bool, key: str) -> bytes:
    body = json.dumps({**REQUEST, "stream": stream}).encode()
    head = (
        "POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nAnthropic-Version: 2023-06-01\r\nContent-Type: application/json\r\n"
        f"X-Api-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _asked(connection: socket.socket, request: bytes, *, stream: bool) -> float:
    """Seconds until the whole answer is here, or the first event of it; the rest is read all the same."""
    began, first, held_ = time.perf_counter(), 0.0, b""
    connection.sendall(request)
    while not _is_whole(held_):
        data = connection.recv(65_536)
        if not data:
            raise SystemExit(f"the connection was closed after {held_[:300]!r}")
        held_ += data
        if not first and b"message_start" in held_:
            first = time.perf_counter() - began
    if not held_.startswith(b"HTTP/1.1 200 "):
        raise SystemExit(f"no answer: {held_[:300]!r}")
    return first if stream else time.perf_counter() - began


def _is_whole(data: bytes) -> bool:
    head, border, body = data.partition(b"\r\n\r\n")
    if not border:
        return False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.partition(b":")[2])
    return body.endswith(b"\r\n0\r\n\r\n")


@contextmanager
def _process(command: list[str]) -> Iterator[int]:
    """A server that prints its port first."""
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            command, cwd=folder, env=environment(NO_PROXY="*"), stdout=subprocess.PIPE, text=True
        ) as server,
    ):
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline().split(" ")[0].strip().rpartition(":")[2])
        finally:
            server.kill()


def _gateway(upstream: int) -> AbstractContextManager[int]:
    command = [sys.executable, "-m", "pytest_claude_budget", "gateway", "--upstream", f"http://127.0.0.1:{upstream}"]
    return _process(command)


@contextmanager
def _litellm(command: str, upstream: int, key: str) -> Iterator[int]:
    asks = {"model": f"anthropic/{MODEL}", "api_base": f"http://127.0.0.1:{upstream}", "api_key": "sk-none"}
    settings = {"model_list": [{"model_name": MODEL, "litellm_params": asks}], "general_settings": {"master_key": key}}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.yaml").write_text(json.dumps(settings), encoding="utf-8")
        asked = [command, "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)]
        env = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "NO_PROXY": "*"}
        with subprocess.Popen(
            asked, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as server:
            try:
                _wait_for(port, server)
                yield port
            finally:
                server.terminate()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and server.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.2)
    raise SystemExit("LiteLLM's proxy did not start")


class _Upstream(asyncio.Protocol):
    """Answers at once: whole, or the first event now and the others a little later."""

    def __init__(self, whole: bytes, first: bytes, others: bytes) -> None:
        self._whole, self._first, self._others = whole, first, others
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._to = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        if not _is_whole(self._held):
            return
        streams = b'"stream": true' in self._held or b'"stream":true' in self._held
        self._held = b""
        self._to.write(self._first if streams else self._whole)
        if streams:
            asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._to.write, self._others)


async def _serve() -> None:
    body, (first, *others) = answer(), events(30)
    whole = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    begun = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" + _chunk(first)
    rest = b"".join(map(_chunk, others)) + _chunk(b"")
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Upstream(whole, begun, rest), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


if __name__ == "__main__":
    asyncio.run(_serve())
