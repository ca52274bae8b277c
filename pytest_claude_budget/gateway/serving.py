"""A gateway that serves, in whichever process it is."""

import asyncio
import importlib
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

from pytest_claude_budget.gateway.books import Books
from pytest_claude_budget.gateway.proxy import proxying
from pytest_claude_budget.gateway.upstreams import proxy_of

_CODINGS = ("brotli", "zstandard")
"""What decodes answers for programs that ask for these codings: looked for where it was imported."""
_ROOM = 512 * 1024
"""More than asyncio asks room for at each read. Once so much was let go of, glibc takes that room from what it has; before, which may
be for some hundred answers, each read maps pages and unmaps them.
"""


async def serve(
    waiting: socket.socket, upstream: str, books: Books, until: Callable[[], Awaitable[object]], known_as: str = ""
) -> None:
    """Pass requests on to an upstream until something has come to its end. `known_as` is who answers there, if another does."""
    for name in _CODINGS:
        with suppress(ImportError):
            importlib.import_module(name)
    bytes(_ROOM)
    async with proxying(upstream, known_as or upstream, books, proxy_of(upstream)) as protocol:
        server = await asyncio.get_running_loop().create_server(protocol, sock=waiting)
        try:
            await until()
            books.settle()
        finally:
            server.close()
