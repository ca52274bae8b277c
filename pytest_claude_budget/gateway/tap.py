"""Reads an answer as it passes. What it says is in the ledger before its last byte is passed on."""

from typing import TYPE_CHECKING

from pytest_claude_budget.intercept.plain_http import Got

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    from pytest_claude_budget.intercept.exchange import Watch

_BEGINS, _ENDS = b"message_start", b"message_delta"


class Tap:
    """Between an answer and its reader."""

    def __init__(self, seen: "Watch", answer: "ClientResponse", length: int | None) -> None:
        self._seen: Watch | None = seen
        self._got: Got | None = Got(answer.status, answer.raw_headers)
        """None once the reader has it."""
        self._left = length

    def may_wait(self, piece: bytes) -> bool:
        """May this piece be read after it has passed? The first of a stream, where the end is yet to come: people wait for it."""
        return self._got is not None and self._left is None and _BEGINS in piece and _ENDS not in piece

    def read(self, piece: bytes) -> None:
        """Take a piece."""
        self._begin()
        if (seen := self._seen) is None:
            return
        if not seen.passes(piece):
            seen.fed(piece)
        if self._left is not None:
            self._left -= len(piece)
            if self._left <= 0:
                seen.ended(complete=True)

    def end(self) -> None:
        """All has come."""
        self._begin()
        if self._seen is not None:
            self._seen.ended(complete=True)

    def drop(self) -> None:
        """No more will be read; after the end, that changes nothing."""
        self._begin()
        if self._seen is not None:
            self._seen.dropped()

    def _begin(self) -> None:
        if self._got is not None and self._seen is not None:
            got, self._got = self._got, None
            if self._seen.answered(got) is None:
                self._seen = None  # that said it all
