"""A gateway in a process of its own: a busy test holds neither its event loop nor its interpreter up.

`python -m pytest_claude_budget.gateway.process SOCKET`, with orders on stdin, a line each: what to do, as JSON, then `settle` as
often as the run looks at its calls, and `end`. It ends by itself where the run's process is gone, by whatever way.
"""

import asyncio
import json
import os
import socket
import sys
from io import FileIO
from pathlib import Path

from pytest_claude_budget.calls.host_rules import Origins, origins_of_text
from pytest_claude_budget.gateway.books import Books
from pytest_claude_budget.gateway.serving import serve

READY, SETTLED = b"ready\n", b"settled\n"
PARENT_SECONDS = 1.0
"""How often it looks whether the run's process lives. The pipe tells sooner, unless a fork of that process holds it open."""


def main() -> None:
    """Serve until it is told to end."""
    told = json.loads(FileIO(0, closefd=False).readline())  # byte by byte: the next orders are left where they are
    origins = origins_of_text(told["origins"]) if told["origins"] else Origins()
    books = Books(Path(told["ledger"]), origins, is_child=True, guard=told["guard"])
    waiting = socket.socket(fileno=int(sys.argv[1]))
    try:
        asyncio.run(serve(waiting, told["upstream"], books, lambda: _orders(books, told["parent"]), told["known_as"]))
    finally:
        books.close()


async def _orders(books: Books, parent: int) -> None:
    """Do what the run asks for, until it ends."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    _say(READY)
    while os.getppid() == parent:
        try:
            order = await asyncio.wait_for(reader.readline(), PARENT_SECONDS)
        except TimeoutError:
            continue
        if order != b"settle\n":
            return
        books.settle()
        _say(SETTLED)


def _say(word: bytes) -> None:
    try:
        os.write(1, word)
    except OSError:
        """The run is gone: the next look ends this."""


if __name__ == "__main__":
    main()
