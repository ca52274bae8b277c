"""The body of an answer as it passes: which reader it needs, and what it has said so far.

Readers of what most suites never get are loaded with the first such answer.
"""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from pytest_claude_budget.wire.encodings import Decode, UndecodableError, decoder
from pytest_claude_budget.wire.first_bytes import Form, form_of, typed_form
from pytest_claude_budget.wire.messages import OTHER_FORM, Exchange, free, read_answer, unmeasured
from pytest_claude_budget.wire.pieces import WINDOW, Passes, windows
from pytest_claude_budget.wire.rarer import rarer
from pytest_claude_budget.wire.routes import SESSIONS, Kind
from pytest_claude_budget.wire.said import Said
from pytest_claude_budget.wire.signs_of_claude import Signs, is_claude
from pytest_claude_budget.wire.stream_bodies import EitherStream, StreamBody

if TYPE_CHECKING:
    from pytest_claude_budget.wire.batches import BatchReader

LONGEST_JSON = 64_000_000
"""Bytes of a JSON answer that are held for decoding."""


class Body(Protocol):
    """Takes plain bytes as they pass."""

    def begin(self) -> Said:
        """Say what is known before the first byte."""

    def feed(self, data: bytes) -> Said | None:
        """Take the next bytes; None when nothing changed."""

    def end(self, *, complete: bool) -> Said | None:
        """No more bytes will come: the last one has, or the reader went away."""

    def so_far(self) -> Said | None:
        """What holds if nothing more comes, where that is more than was said; bytes may come all the same."""


class EncodedBody:
    """Undoes the content coding before the real body reads."""

    def __init__(self, inner: Body, decode: Decode) -> None:
        self._inner = inner
        self._decode = decode

    def begin(self) -> Said:
        return self._inner.begin()

    def feed(self, data: bytes) -> Said | None:
        plain = self._decode(data)
        return self._inner.feed(plain) if plain else None

    def end(self, *, complete: bool) -> Said | None:
        return self._inner.end(complete=complete)

    def so_far(self) -> Said | None:
        return self._inner.so_far()


class JsonBody:
    """A message as JSON: its usage stands at the end, so it is held until then."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._held: list[bytes] = []
        self._size = 0

    def begin(self) -> Said:
        if self._exchange.route.kind is Kind.COUNT_TOKENS:
            return Said(own=free(self._exchange, "count_tokens"))
        if self._exchange.route.kind is Kind.GUESS:
            return Said()
        return Said(own=unmeasured(self._exchange, "the answer was not read"))

    def feed(self, data: bytes) -> Said | None:
        self._size += len(data)
        if self._size <= LONGEST_JSON:
            self._held.append(data)
        return None

    def end(self, *, complete: bool) -> Said | None:
        body = b"".join(self._held)
        self._held.clear()
        if self._size > LONGEST_JSON:
            return Said(own=unmeasured(self._exchange, "the answer is too long to read"))
        if complete or _is_whole(body):
            return Said(own=read_answer(body, self._exchange))
        if self._size and self._exchange.route.kind not in (Kind.GUESS, Kind.COUNT_TOKENS):
            return Said(own=unmeasured(self._exchange, "the answer was not read to its end"))
        return None

    def so_far(self) -> Said | None:
        return None


class BatchBody:
    """The results of a batch."""

    def __init__(self, exchange: Exchange) -> None:
        self._reader: BatchReader = rarer("batches", "BatchReader")(exchange)

    def begin(self) -> Said:
        return Said(own=self._reader.end(complete=False))

    def feed(self, data: bytes) -> Said | None:
        if len(data) <= WINDOW:
            answers = self._reader.feed(data)
        else:
            answers = [answer for piece in windows(data) for answer in self._reader.feed(piece)]
        return Said(items=answers) if answers else None

    def end(self, *, complete: bool) -> Said | None:
        if not complete:
            return None
        return Said(own=self._reader.end(complete=True), items=self._reader.close())

    def so_far(self) -> Said | None:
        return None


class UntypedBody:
    """A message as JSON or as a stream: its first bytes say which, since headers are often wrong."""

    def __init__(self, exchange: Exchange, content_type: str) -> None:
        self._exchange = exchange
        self._typed = typed_form(content_type)
        self._start = b""
        self._inner: Body | None = None

    @property
    def passes(self) -> Passes | None:
        """As of a StreamBody, once the first bytes have shown that it is one."""
        return getattr(self._inner, "passes", None)

    def begin(self) -> Said:
        return _body_in(self._typed, self._exchange).begin()

    def feed(self, data: bytes) -> Said | None:
        if self._inner is not None:
            return self._inner.feed(data)
        self._start += data
        form = form_of(self._start, self._typed)
        if form is None:
            return None
        self._inner, data, self._start = _body_in(form, self._exchange), self._start, b""
        return self._inner.feed(data)

    def end(self, *, complete: bool) -> Said | None:
        if self._inner is None:  # too short to tell, or neither
            self._inner = _body_in(self._typed, self._exchange)
            self._inner.feed(self._start)
        return self._inner.end(complete=complete)

    def so_far(self) -> Said | None:
        return None if self._inner is None else self._inner.so_far()


class GuessedBody:
    """An answer on an unknown path: where it turns out to be no message, its own bytes say whether it is one of Claude's."""

    def __init__(self, exchange: Exchange, inner: Body) -> None:
        self._exchange = exchange
        self._inner = inner
        self._signs: Signs | None = None if exchange.in_application else Signs()
        """None where it does not matter, or no more."""

    @property
    def passes(self) -> Passes | None:
        """As of a StreamBody, once a message has begun."""
        return getattr(self._inner, "passes", None) if self._signs is None else None

    def begin(self) -> Said:
        return self._inner.begin()

    def feed(self, data: bytes) -> Said | None:
        if self._signs is not None:
            self._signs.look(data)
        return self._checked(self._inner.feed(data))

    def end(self, *, complete: bool) -> Said | None:
        said = self._checked(self._inner.end(complete=complete))
        signs, streamed = self._signs, getattr(self._inner, "passes", None) is not None
        if (said is not None and said.own is not None) or signs is None or (complete and not streamed):
            return said
        named = signs.names_claude or not self._exchange.route.unnamed
        if (named and signs.counts_tokens) or (streamed and signs.names_claude):
            return Said(own=unmeasured(self._exchange, OTHER_FORM))
        return said

    def so_far(self) -> Said | None:
        return self._checked(self._inner.so_far())

    def _checked(self, said: Said | None) -> Said | None:
        """A message needs no signs, where it or the request names Claude."""
        if said is None or said.own is None:
            return said
        if self._exchange.route.unnamed and not is_claude(said.own.model):
            return None
        self._signs = None
        return said


def body_of(exchange: Exchange, content_type: str, start: bytes = b"") -> Body:
    """Choose the reader of a plain body by its route and its first bytes; the type decides where those do not."""
    kind, content_type = exchange.route.kind, content_type.lower()
    if kind is Kind.BATCH_RESULTS:
        return BatchBody(exchange)
    if kind in SESSIONS:
        session: Body = rarer("sessions", "SessionBody")(exchange, streamed=typed_form(content_type) is Form.EVENTS)
        return session
    if kind not in (Kind.MESSAGES, Kind.CONVERSE, Kind.GUESS, Kind.COMPATIBLE):
        return JsonBody(exchange)
    form = form_of(start, typed_form(content_type))
    body = UntypedBody(exchange, content_type) if form is None else _body_in(form, exchange)
    return GuessedBody(exchange, body) if kind is Kind.GUESS else body


def _body_in(form: Form, exchange: Exchange) -> Body:
    """The reader of a body in this form."""
    kind = exchange.route.kind
    if form is Form.JSON:
        return JsonBody(exchange)
    if form is Form.EVENTS:
        return StreamBody(exchange) if kind in (Kind.MESSAGES, Kind.CONVERSE) else EitherStream(exchange)
    make = rarer("bedrock_streams", "ConverseReader" if kind is Kind.CONVERSE else "InvokeReader")
    return StreamBody(exchange, make(exchange))


def encoded_body_of(exchange: Exchange, content_type: str, content_encoding: str) -> Body:
    """Choose the reader of a body as it comes over the wire. Raises UndecodableError."""
    body = body_of(exchange, content_type)
    decode = decoder(content_encoding) if content_encoding else None
    return body if decode is None else EncodedBody(body, decode)


def read_whole(body: Body, data: bytes) -> Iterator[Said]:
    """Read a body that has come already, in one piece."""
    for piece in windows(data):
        if (said := body.feed(piece)) is not None:
            yield said
    if (said := body.end(complete=True)) is not None:
        yield said


def _is_whole(body: bytes) -> bool:
    """Did every byte that the caller needs come, though it stopped before the end was seen?"""
    if not body.rstrip().endswith(b"}"):
        return False
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


__all__ = ["Body", "Said", "UndecodableError", "body_of", "encoded_body_of", "read_whole"]
