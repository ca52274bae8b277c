"""aiohttp under watch, without a run around it, and a server on this machine whose answers are written byte by byte."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from typing import Any

import aiohttp

from pytest_claude_budget.calls.call import Origin, Status, Usage
from pytest_claude_budget.calls.host_rules import HostRules, Origins
from pytest_claude_budget.intercept.aiohttp_hooks import hook_module
from tests.builders.watched import ASKED, Told, message, sse
from tests.unit.intercept.test_failed_tries import totals_of

JSON = ("content-type", "application/json")
EVENTS = ("content-type", "text/event-stream")
Answered = Callable[[bytes], Sequence[bytes]]
"""A request's body to the raw bytes of its answer, piece by piece."""


class Run:
    """Who watches: what is told goes to one place."""

    def __init__(self, told: Told) -> None:
        self._told = told

    def sink(self) -> Any:
        return self._told


@contextmanager
def watched_aiohttp(told: Told | None = None) -> Iterator[Told]:
    """Watch aiohttp's classes; whoever watches these tests themselves looks away. The server's answers count as live."""
    told = told or Told()
    told.hosts = HostRules(Origins(loopback=Origin.LIVE))
    run = Run(told)
    seam = hook_module(aiohttp, run)
    others, watchers = seam.runs, seam._watchers
    seam.runs, seam._watchers = (run,), None
    try:
        yield told
    finally:
        seam.runs, seam._watchers = others, watchers
        seam.remove(run)
    assert told.faults == []


class Answers:
    """What the server is to say to one request after the other, and what it was asked."""

    def __init__(self, *answers: Sequence[bytes]) -> None:
        self._left = list(answers)
        self.says_something = any(answers)
        self.asked: list[tuple[str, bytes]] = []
        self.was_asked = asyncio.Event()
        self.go = asyncio.Semaphore(0)
        """Released once for each piece after the first that is to be sent, where the server waits for that."""
        self.waits = False
        self.hangs = False
        """Stay silent after the last piece instead of closing."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while self._left and (head := await reader.readuntil(b"\r\n\r\n")):
                target, body = head.split(b" ", 2)[1].decode(), await _body(reader, head.lower())
                self.asked.append((target, body))
                self.was_asked.set()
                await self._say(writer)
            if self.hangs:
                await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            """The client went away."""
        finally:
            writer.close()

    async def _say(self, writer: asyncio.StreamWriter) -> None:
        for number, piece in enumerate(self._left.pop(0)):
            if number and self.waits:
                await self.go.acquire()
            writer.write(piece)
            await writer.drain()


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    if b"content-length: " in head:
        return await reader.readexactly(int(head.split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0]))
    whole = b""
    if b"transfer-encoding: chunked" in head:
        while size := int(await reader.readline(), 16):
            whole += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    return whole


@asynccontextmanager
async def serving(answers: Answers) -> AsyncIterator[str]:
    """The address of a server that gives these answers."""
    server = await asyncio.start_server(answers.serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def head(status: int, *headers: tuple[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 {status} Said\r\n{lines}\r\n".encode()


def whole(body: bytes | dict[str, Any], *headers: tuple[str, str], status: int = 200) -> list[bytes]:
    """An answer in one piece."""
    body = json.dumps(body).encode() if isinstance(body, dict) else body
    return [head(status, *(headers or (JSON,)), ("content-length", str(len(body)))) + body]


def in_pieces(*pieces: bytes, framing: str = "chunked", kind: tuple[str, str] = EVENTS) -> list[bytes]:
    """An answer whose head comes first: `chunked`, of a known `length`, or `until the end` of the connection."""
    if framing == "chunked":
        chunks = [f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces]
        return [head(200, kind, ("transfer-encoding", "chunked")), *chunks, b"0\r\n\r\n"]
    length = [("content-length", str(sum(map(len, pieces))))] if framing == "length" else []
    return [head(200, kind, *length), *pieces]


def run(answers: Answers, work: Callable[[str], Awaitable[Any]], *, by: Told | None = None) -> tuple[Told, Any]:
    """What is told of the work of a client, which gets the server's address, and what that work returns."""

    async def all_of_it() -> Any:
        async with serving(answers) as url:
            return await asyncio.wait_for(work(url), 60)

    with watched_aiohttp(by) as told:
        result = asyncio.run(all_of_it())
    return told, result


ONE = Usage(input_tokens=1_000, output_tokens=100)
PRICE = Decimal("0.0015")
"""(1,000 x $1 + 100 x $5) / 1,000,000."""
EVENT = {"message": message(output_tokens=1)}
STREAM = sse(
    ("message_start", EVENT),
    ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
    ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": "Hi"}}),
    ("content_block_stop", {"index": 0}),
    ("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 100}}),
    ("message_stop", {}),
)
CUT = STREAM.index(b"event: message_delta")
"""What comes before the count of tokens that were written."""
PIECES = [STREAM[:7], STREAM[7:300], STREAM[300:301], STREAM[301:]]
BODY = json.dumps(message()).encode()
VERSION = {"anthropic-version": "2023-06-01"}
START = Decimal("0.001005")
"""(1,000 x $1 + 1 x $5) / 1,000,000."""
Read = Callable[[Any], Awaitable[bytes]]


async def by_read(response: Any) -> bytes:
    return await response.read()  # type: ignore[no-any-return]


def asking(read: Read = by_read, **how: Any) -> Callable[[str], Awaitable[bytes]]:
    """Ask once, in a session of its own."""
    asked = {"json": ASKED, "headers": VERSION, **how}

    async def work(url: str) -> bytes:
        async with aiohttp.ClientSession() as session, session.post(f"{url}/v1/messages", **asked) as response:
            return await read(response)

    return work


def measured(told: Told, number: int = 1) -> None:
    assert [(Status.MEASURED, ONE)] * number == [(each.status, each.usage) for each in told.answers]
    assert PRICE * number == totals_of(told).cost


def at_least(told: Told) -> None:
    """Its start alone came."""
    assert [Status.AT_LEAST] == [each.status for each in told.answers]
    assert totals_of(told).cost == START


def may_be_billed(told: Told) -> None:
    assert [Status.UNMEASURED] == [each.status for each in told.answers]
    assert "may have been billed" in (told.answers[0].reason or "")
