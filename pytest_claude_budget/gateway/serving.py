"""A gateway that serves, in whichever process it is."""

import asyncio
import importlib
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

from pytest_claude_budget.gateway.books import Books
from pytest_claude_budget.gateway.proxy import proxying
from pytest_claude_budget.gateway.upstreams import proxy_of

HOST = "127.0.0.1"
_CODINGS = ("brotli", "zstandard")
"""What decodes answers for programs that ask for these codings: looked for where it was imported."""


def listening(port: int = 0) -> socket.socket:
    """A socket that waits for programs of this machine; port 0 is any that is free. Raises OSError."""
    waiting = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        waiting.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        waiting.bind((HOST, port))
        waiting.listen(128)
    except BaseException:
        waiting.close()
        raise
    return waiting


async def serve(waiting: socket.socket, upstream: str, books: Books, until: Callable[[], Awaitable[object]]) -> None:
    """Pass requests on to an upstream until something has come to its end."""
    for name in _CODINGS:
        with suppress(ImportError):
            importlib.import_module(name)
    async with proxying(upstream, books, proxy_of(upstream)) as protocol:
        server = await asyncio.get_running_loop().create_server(protocol, sock=waiting)
        try:
            await until()
            books.settle()
        finally:
            server.close()
