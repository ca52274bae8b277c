"""JSON answers that pass in pieces, read once all of it has passed: one look and one row in place of two."""

from collections.abc import Callable
from typing import Protocol

from pytest_claude_budget.intercept.exchange import Watch
from pytest_claude_budget.intercept.plain_http import Got
from pytest_claude_budget.wire.encodings import UndecodableError, decoder
from pytest_claude_budget.wire.pieces import takes_nothing

LONGEST_WHOLE = 1_000_000
"""Bytes of a JSON answer that are kept up to its end: what is longer is read as it passes."""


_JSON = "application/json"
"""Such an answer is best read once all of it has passed."""


class AnswerNotReadError(ConnectionError):
    """An answer had begun, and its reader went away."""


class Looks(Protocol):
    """Who looks on; for each, see `Watch`."""

    @property
    def passes(self) -> Callable[[bytes], bool]:
        """Takes bytes that change nothing."""

    def fed(self, data: bytes) -> None:
        """Take bytes that pass."""

    def last(self, data: bytes) -> None:
        """Take all bytes that were still to come."""

    def ended(self, *, complete: bool) -> None:
        """The bytes are over."""

    async def fed_async(self, data: bytes) -> None:
        """As `fed`, without touching a file on the event loop."""

    async def ended_async(self) -> None:
        """All bytes have come."""

    def dropped(self) -> None:
        """The reader went away in a place that cannot write."""


class Whole:
    """Stands where a `Watch` would look on."""

    passes = staticmethod(takes_nothing)

    def __init__(self, seen: Watch, got: Got) -> None:
        self._seen, self._got = seen, got
        self._pieces: list[bytes] = []
        self._left = LONGEST_WHOLE
        """Bytes that may still be kept; below zero once the answer is read as it passes."""
        self._open = True

    def fed(self, data: bytes) -> None:
        """Keep bytes that pass, or hand them on."""
        if self._left < 0:
            self._seen.fed(data)
            return
        self._pieces.append(data)
        self._left -= len(data)
        if self._left < 0 and self._seen.answered(self._got) is not None:
            self._seen.fed(self._kept())

    async def fed_async(self, data: bytes) -> None:
        """As `fed`, without touching a file on the event loop."""
        if self._left < 0:
            await self._seen.fed_async(data)
            return
        self._pieces.append(data)
        self._left -= len(data)
        if self._left < 0 and await self._seen.answered_async(self._got) is not None:
            await self._seen.fed_async(self._kept())

    def last(self, data: bytes) -> None:
        """Take all bytes that were still to come: nearly always the whole body."""
        seen, got = self._seen, self._got
        if self._pieces or len(data) > self._left or got.headers.get("content-encoding"):
            self.fed(data)
            self.ended(complete=True)
            return
        self._open = False
        got.keep(data)
        if seen.answered(got) is not None:
            seen.ended(complete=True)

    def ended(self, *, complete: bool) -> None:
        """Read what has passed."""
        self._open = False
        if self._left < 0:
            self._seen.ended(complete=complete)
        elif not complete:
            if self._seen.answered(self._got) is not None:
                self._seen.fed(self._kept())
                self._seen.ended(complete=False)
        elif self._has_body() and self._seen.answered(self._got) is not None:
            self._seen.ended(complete=True)

    async def ended_async(self) -> None:
        """As `ended`, once all bytes have come."""
        self._open = False
        if self._left < 0 or (self._has_body() and await self._seen.answered_async(self._got) is not None):
            await self._seen.ended_async()

    def dropped(self) -> None:
        """The reader went away; what was over already stays so."""
        if not self._open:
            return
        self._open = False
        if self._left < 0:
            self._seen.dropped()
        else:
            self._seen.raised(AnswerNotReadError(), asynchronous=True)

    def _kept(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)

    def _has_body(self) -> bool:
        """Give the answer its body; False where our own code failed."""
        got, raw = self._got, self._kept()
        try:
            coding = got.headers.get("content-encoding")
            undo = decoder(coding) if coding else None
            got.keep(raw if undo is None else undo(raw))
        except UndecodableError:
            got.keep(raw=raw)  # whoever reads it says why
        except Exception as error:
            self._seen.failed("answer", error)
            return False
        return True


def looks_of(seen: Watch, got: Got, *, has_body: bool = True) -> Looks | None:
    """Who looks on as the body of an answer passes; None where nobody needs to."""
    if has_body and got.status_code == 200 and got.headers.get("content-type", "").startswith(_JSON):
        return Whole(seen, got)
    if seen.answered(got) is None:
        return None
    if not has_body:
        seen.ended(complete=True)
        return None
    return seen


async def looks_of_async(seen: Watch, got: Got) -> Looks | None:
    """As `looks_of`, without touching a file on the event loop."""
    if got.status_code == 200 and got.headers.get("content-type", "").startswith(_JSON):
        return Whole(seen, got)
    return None if await seen.answered_async(got) is None else seen
