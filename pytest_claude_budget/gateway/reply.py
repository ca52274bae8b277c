"""An answer as it came: aiohttp's own would add a date, a server and a type of its own."""

import json
from typing import TYPE_CHECKING

from aiohttp import HttpVersion11
from aiohttp.web import BaseRequest, StreamResponse
from multidict import CIMultiDict

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter

    from pytest_claude_budget.gateway.http_headers import Pairs


_KINDS = {403: "permission_error"}
"""What is refused for good: no client need try it again."""


class Reply(StreamResponse):
    """Writes a status, headers and pieces of a body to the program, and nothing besides. Raises what the connection raises."""

    def __init__(self, request: BaseRequest, status: int, reason: str, pairs: "Pairs") -> None:
        super().__init__(status=status, reason=reason)
        self._of = request
        self._to: AbstractStreamWriter = request.writer
        self._stays = request.keep_alive
        self._pairs = CIMultiDict(pairs)
        self._is_empty = request.method == "HEAD" or status in (204, 304) or 100 <= status < 200

    @property
    def keep_alive(self) -> bool | None:
        """May the program ask again on this connection?"""
        return self._stays

    async def begin(self, length: int | None, *, at_once: bool = False) -> None:
        """Write status and headers, together with the first piece unless `at_once`.

        `length` is the body's, None where it is not known yet.
        """
        version = self._of.version
        if not self._is_empty and length is None:
            if version >= HttpVersion11:
                self._to.enable_chunking()
                self._pairs["Transfer-Encoding"] = "chunked"
            else:
                self._stays = False  # its end is the connection's
        if not self._is_empty:
            self._to.length = length
        if not self._stays:
            self._pairs["Connection"] = "close"
        elif version < HttpVersion11:
            self._pairs["Connection"] = "keep-alive"
        await self._to.write_headers(f"HTTP/{version[0]}.{version[1]} {self.status} {self.reason}", self._pairs)
        if at_once or self._is_empty:
            self._to.send_headers()

    async def pass_on(self, piece: bytes) -> None:
        """Write a piece at once."""
        if not self._is_empty:
            await self._to.write(piece)

    async def end(self) -> None:
        """All has been written."""
        await self._to.write_eof()

    def break_off(self) -> None:
        """End as an upstream did that broke off: the program must not take it for the end."""
        self._stays = False
        if (transport := self._of.transport) is not None:
            transport.close()

    async def prepare(self, request: BaseRequest) -> None:  # as aiohttp calls it
        """There is nothing to prepare: all was written when it came."""

    async def write_eof(self, data: bytes = b"") -> None:  # as aiohttp calls it
        """Nothing is left to write."""


async def refuse(request: BaseRequest, status: int, reason: str, text: str) -> Reply:
    """Answer in the upstream's place, in the form of its own errors."""
    kind = _KINDS.get(status, "invalid_request_error" if status < 500 else "api_error")
    error = {"type": "error", "error": {"type": kind, "message": f"claude-budget gateway: {text}"}}
    body = json.dumps(error).encode("utf-8")
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    if status in _KINDS:
        headers.append(("x-should-retry", "false"))  # as Anthropic tells its SDKs
    reply = Reply(request, status, reason, headers)
    await reply.begin(len(body))
    await reply.pass_on(body)
    await reply.end()
    return reply
