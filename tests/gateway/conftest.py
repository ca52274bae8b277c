"""A gateway in a thread of its own, with what it wrote down."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_claude_budget.calls.call import Call
from pytest_claude_budget.calls.host_rules import Origins
from pytest_claude_budget.gateway.books import Books
from pytest_claude_budget.gateway.listening import listening
from pytest_claude_budget.gateway.serving import serve
from pytest_claude_budget.ledger.copies import copied
from tests.gateway.wires import Upstream, Wire


class Gateway:
    """Between a program and an upstream."""

    def __init__(self, ledger: Path, upstream: str, origins: Origins) -> None:
        self.ledger = ledger
        self.books = Books(ledger, origins, is_child=True)
        self._waiting = listening()
        self.port = self._waiting.getsockname()[1]
        self._upstream = upstream
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        self._ready.wait()

    async def _serve(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await serve(self._waiting, self._upstream, self.books, self._end.wait)

    def calls(self) -> list[Call]:
        """What is in the ledger at this moment."""
        ledger = copied(self.ledger)
        try:
            return list(ledger.calls())
        finally:
            ledger.close()

    def close(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join()
            self.books.close()


Start = Callable[..., Gateway]


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts a gateway in front of an upstream."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    open_: list[Gateway | Upstream] = []

    def start(upstream: Upstream | str, origins: Origins | None = None) -> Gateway:
        if isinstance(upstream, Upstream):
            open_.append(upstream)
        url = upstream.url if isinstance(upstream, Upstream) else upstream
        made = Gateway(tmp_path / "run-20261128T120000-1-abcdef.sqlite3", url, origins or Origins())
        open_.append(made)
        return made

    yield start
    for each in reversed(open_):
        each.close()


@pytest.fixture
def wires() -> Iterator[list[Wire]]:
    """Connections that a test leaves open are closed."""
    made: list[Wire] = []
    yield made
    for wire in made:
        wire.close()
