"""The body of an answer that refuses, as it passes: a few words of it tell the kind of the failure, and nothing is kept."""

from dataclasses import replace

from pytest_claude_budget.calls.call import Answer
from pytest_claude_budget.wire.encodings import Decode, UndecodableError, decoder
from pytest_claude_budget.wire.failures import failure_of
from pytest_claude_budget.wire.said import Said

LONGEST = 65_536
"""Bytes of an error that are held until its last has come."""


class RefusedBody:
    """A `Body` that knows what it says from the status on, and may learn the kind of the failure."""

    def __init__(self, answer: Answer, named: str, content_encoding: str) -> None:
        self._answer, self._named = answer, named
        self._decode = _decode(content_encoding)
        self._held = bytearray()

    def begin(self) -> Said:
        """Say what the status tells."""
        return Said(own=self._answer)

    def feed(self, data: bytes) -> Said | None:
        """Hold the next bytes, as far as there is room."""
        self._held += data[: LONGEST - len(self._held)]
        return None

    def end(self, *, complete: bool) -> Said | None:  # noqa: ARG002  # of the protocol
        """Say the kind, where the body tells another one than the status did."""
        held, self._held = bytes(self._held), bytearray()
        try:
            plain = held if self._decode is None else self._decode(held)
        except UndecodableError:
            return None
        failure = failure_of(self._answer.http_status or 0, plain, self._named)
        return None if failure is self._answer.failure else Said(own=replace(self._answer, failure=failure))

    def so_far(self) -> Said | None:
        """Nothing that was not said."""
        return None


def _decode(content_encoding: str) -> Decode | None:
    try:
        return decoder(content_encoding) if content_encoding else None
    except UndecodableError:
        return None
