"""Bodies that are streams of events: a message or several, in Anthropic's form or in another one."""

from collections.abc import Sequence
from typing import Protocol

from pytest_claude_budget.calls.call import Answer, Status
from pytest_claude_budget.wire.messages import Exchange
from pytest_claude_budget.wire.pieces import WINDOW, Passes, windows
from pytest_claude_budget.wire.rarer import rarer
from pytest_claude_budget.wire.said import Said
from pytest_claude_budget.wire.sse import StreamReader


class Reader(Protocol):
    """Reads the events of a stream, in chunks cut anywhere."""

    @property
    def stopped(self) -> bool:
        """The message is said to be over."""

    def passes(self, data: bytes) -> bool:
        """Take a chunk that changes nothing; False where it must be fed. Never raises."""

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; True when what is known has changed."""

    def answer(self, *, ended: bool) -> Answer | None:
        """Tell what the newest message has said so far; `ended` means that the stream's last byte has come."""

    def take_closed(self) -> Sequence[Answer]:
        """Return the messages that another one has followed since this was called last."""

    def close(self) -> bool:
        """The last byte has come; True where that tells more."""


class StreamBody:
    """A message as a stream of events, or several: server-sent ones, where no other reader is given."""

    def __init__(self, exchange: Exchange, reader: Reader | None = None) -> None:
        self._reader = StreamReader(exchange) if reader is None else reader
        self._final = False
        self.passes: Passes = self._reader.passes
        """Takes a chunk that changes nothing; False where it must be fed."""

    def begin(self) -> Said:
        """Say what is known before the first byte."""
        return Said(own=self._reader.answer(ended=False))

    def feed(self, data: bytes) -> Said | None:
        """Take the next bytes; None when nothing changed."""
        if len(data) <= WINDOW:
            return self._now(ended=False) if self._reader.feed(data) else None
        changed = False
        for piece in windows(data):
            changed = self._reader.feed(piece) or changed
        return self._now(ended=False) if changed else None

    def end(self, *, complete: bool) -> Said | None:
        """No more bytes will come."""
        changed = self._reader.close() if complete else False
        if self._final and not changed:
            return None
        return self._now(ended=complete)

    def so_far(self) -> Said | None:
        """What holds if nothing more comes."""
        return None if self._final else Said(own=self._reader.answer(ended=False))

    def _now(self, *, ended: bool) -> Said:
        answer = self._reader.answer(ended=ended)
        self._final = answer is not None and answer.status is Status.MEASURED and self._reader.stopped
        return Said(own=answer, items=self._reader.take_closed())


class EitherStream:
    """A stream in Anthropic's form or in OpenAI's: its first event says which."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._start = b""
        self._inner: StreamBody | None = None

    @property
    def passes(self) -> Passes | None:
        """As of a StreamBody, once the first event has shown its form."""
        return None if self._inner is None else self._inner.passes

    def begin(self) -> Said:
        """Say what is known before the first byte."""
        return self._made(anthropics=False).begin()

    def feed(self, data: bytes) -> Said | None:
        """Take the next bytes; None when nothing changed."""
        if self._inner is not None:
            return self._inner.feed(data)
        self._start += data
        anthropics: bool | None = rarer("openai_stream", "is_anthropics")(self._start)
        return None if anthropics is None else self._decided(anthropics=anthropics)

    def end(self, *, complete: bool) -> Said | None:
        """No more bytes will come."""
        if self._inner is None:
            self._decided(anthropics=False)
        return None if self._inner is None else self._inner.end(complete=complete)

    def so_far(self) -> Said | None:
        """What holds if nothing more comes."""
        return None if self._inner is None else self._inner.so_far()

    def _decided(self, *, anthropics: bool) -> Said | None:
        self._inner, data, self._start = self._made(anthropics=anthropics), self._start, b""
        return self._inner.feed(data)

    def _made(self, *, anthropics: bool) -> StreamBody:
        if anthropics:
            return StreamBody(self._exchange)
        return StreamBody(self._exchange, rarer("openai_stream", "CompletionReader")(self._exchange))
