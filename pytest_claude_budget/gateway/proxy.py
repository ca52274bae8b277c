"""The proxy: one request of a program, asked anew of the upstream, and its answer as it comes.

Holds no key, logs nothing, keeps nothing. Bodies pass in the pieces in which they came, with the coding that they have.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache, partial
from typing import Any

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.web import BaseRequest, Server
from multidict import CIMultiDict
from yarl import URL

from pytest_claude_budget.calls.owner_in_path import split
from pytest_claude_budget.gateway.books import Books
from pytest_claude_budget.gateway.http_headers import for_program, for_upstream
from pytest_claude_budget.gateway.reply import Reply, refuse
from pytest_claude_budget.gateway.tap import Tap
from pytest_claude_budget.intercept.aiohttp_exchanges import LEFT_ALONE
from pytest_claude_budget.intercept.plain_http import Asked, url_to
from pytest_claude_budget.measure.live_guard import Refused
from pytest_claude_budget.wire.encodings import LARGEST_REQUEST

LONGEST_LINE = 65_536
"""Bytes of a request's first line, which holds the owner, and of a header."""
_PARTING_SECONDS = 0.05
"""How long the end waits for connections that are open; 0 would be for ever."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_ADDED_BY_AIOHTTP = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
_BROKEN = (ClientError, OSError, TimeoutError)
"""What a connection raises."""
_url = lru_cache(maxsize=256)(partial(URL, encoded=True))
"""Made once, with what aiohttp has it find out: programs ask few."""


class ProgramHungUp(Exception):  # noqa: N818  # it is told by this name: no answer came (ProgramHungUp)
    """The program went away before it had an answer."""


class Proxy:
    """Answers requests by asking one upstream."""

    def __init__(self, upstream: str, known_as: str, books: Books, session: ClientSession, proxy: str | None) -> None:
        self._upstream = upstream.rstrip("/")
        self._books = books
        self._session = session
        self._proxy = proxy
        base = URL(known_as)
        self._scheme, self._host, self._port = base.scheme, base.host or "", base.port
        self._path = base.raw_path.rstrip("/")

    async def answer(self, request: BaseRequest) -> Reply:
        """Answer one request."""
        if (why := _not_for_a_proxy(request)) is not None:
            return await refuse(request, *why)
        token, target = split(request.raw_path)
        body = await _body_of(request)
        url = url_to(self._scheme, self._host, self._port, self._path + target)
        whole = body if isinstance(body, bytes) else None
        try:
            seen = self._books.begin(token, Asked(request.method, url, request.raw_headers, whole))
        except Refused as refused:
            return await refuse(request, 403, "Forbidden", str(refused))
        if seen is not None:
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, seen.prepare)  # behind the task by which aiohttp sends before Python 3.12
        try:
            answer = await self._ask(request, target, body)
        except _BROKEN as error:
            if seen is not None:
                seen.raised(error, asynchronous=False)
            text = f"{self._scheme}://{self._host} gave no answer ({type(error).__name__})"
            return await refuse(request, 502, "Bad Gateway", text)
        except asyncio.CancelledError:
            if seen is not None:
                seen.raised(ProgramHungUp(), asynchronous=False)
            raise
        reply = Reply(request, answer.status, answer.reason or "", for_program(answer.raw_headers))
        said = answer.headers.get("Content-Length", "")
        length = int(said) if said.isdecimal() else None
        tap = None if seen is None else Tap(seen, answer, length)
        try:
            await _pass_on(answer, reply, length, tap)
        except _BROKEN:
            reply.break_off()
        finally:
            if tap is not None:
                tap.drop()
            answer.close() if answer.content.at_eof() is False else answer.release()
        return reply

    async def _ask(self, request: BaseRequest, target: str, body: Any) -> ClientResponse:
        return await self._session.request(
            request.method,
            _url(self._upstream + target),
            data=body,
            headers=CIMultiDict(for_upstream(request.raw_headers)),
            allow_redirects=False,
            proxy=self._proxy,
        )


async def _pass_on(answer: ClientResponse, reply: Reply, length: int | None, tap: Tap | None) -> None:
    """Hand an answer on, piece by piece."""
    await reply.begin(length, at_once=not answer.content.total_bytes)
    async for piece, _ in answer.content.iter_chunks():
        if not piece:
            continue
        if tap is None:
            await reply.pass_on(piece)
        elif tap.may_wait(piece):
            try:
                await reply.pass_on(piece)
            finally:
                tap.read(piece)
        else:
            tap.read(piece)
            await reply.pass_on(piece)
    if tap is not None:
        tap.end()
    await reply.end()


def _not_for_a_proxy(request: BaseRequest) -> tuple[int, str, str] | None:
    """Why a request is not passed on: status, reason and a sentence; None where it is."""
    if "Upgrade" in request.headers and "websocket" in request.headers["Upgrade"].lower():
        return 501, "Not Implemented", "websockets do not pass: answers in them would not be counted"
    if not request.raw_path.startswith("/"):
        return (
            400,
            "Bad Request",
            "expected a path: this is a reverse proxy, for ANTHROPIC_BASE_URL and not for HTTPS_PROXY",
        )
    expected = request.headers.get("Expect", "100-continue")
    if expected.lower() != "100-continue":
        return 417, "Expectation Failed", f"expected Expect: 100-continue, got {expected[:40]!r}"
    return None


async def _body_of(request: BaseRequest) -> Any:
    """A request's body: None where it has none, whole where it may be one to Claude, and else as a stream."""
    if not request.body_exists:
        return None
    if "Expect" in request.headers:
        await request.writer.write(_CONTINUE)
        request.writer.output_size = 0
    if (request.content_length or 0) > LARGEST_REQUEST:
        return request.content
    return await request.content.read()


@asynccontextmanager
async def proxying(upstream: str, known_as: str, books: Books, proxy: str | None) -> AsyncIterator[Server]:
    """A server's protocol, for as long as it is needed."""
    session = ClientSession(
        connector=TCPConnector(limit=0),
        cookie_jar=DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=_ADDED_BY_AIOHTTP,
        timeout=ClientTimeout(total=None, sock_connect=30),  # the program has its own
        max_line_size=LONGEST_LINE,
        max_field_size=LONGEST_LINE,
    )
    vars(session)[LEFT_ALONE] = True  # an attribute that aiohttp does not know makes it warn
    async with session:
        answer: Any = Proxy(upstream, known_as, books, session, proxy).answer
        server = Server(
            answer,
            handler_cancellation=True,
            access_log=None,
            auto_decompress=False,
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
        )
        yield server
        await server.shutdown(_PARTING_SECONDS)
