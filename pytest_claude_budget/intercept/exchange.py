"""One exchange from its request to the last byte of its answer.

Nothing here may raise an Exception into the caller: measuring fails open. A fault becomes an unmeasured answer,
and the verdict does not pass over it.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from pytest_claude_budget.calls.call import Origin, Status
from pytest_claude_budget.calls.failure import Failure
from pytest_claude_budget.intercept.carrier import Carrier
from pytest_claude_budget.intercept.failed_response import of_fault, with_error, with_note
from pytest_claude_budget.intercept.guard import GUARDS, ask_of
from pytest_claude_budget.intercept.http_fields import Told, content_of, length_of, request_body, values_of
from pytest_claude_budget.intercept.in_process_gateway import AROUND, Inside, placed
from pytest_claude_budget.intercept.live_or_simulated import located, settled
from pytest_claude_budget.intercept.rate_limits import limits_text, with_limits
from pytest_claude_budget.intercept.sink import Held, Saying, Sink, begin_write, finish, post, write
from pytest_claude_budget.wire.answer_headers import NO_HEADERS, TELLING, Headers
from pytest_claude_budget.wire.bodies import LONGEST_JSON, Body, body_of, encoded_body_of, read_whole
from pytest_claude_budget.wire.failures import ERROR_TYPE, failure_of, failure_of_error
from pytest_claude_budget.wire.messages import Exchange, exchange_of, requested_model, tried, unmeasured
from pytest_claude_budget.wire.pieces import takes_nothing
from pytest_claude_budget.wire.refused_body import RefusedBody
from pytest_claude_budget.wire.remembered import Remembered
from pytest_claude_budget.wire.request_reading import Read, read_request
from pytest_claude_budget.wire.routes import SESSIONS, Kind, Route
from pytest_claude_budget.wire.said import Said

Begun = tuple[Carrier, Any, bytes | None]
"""Who sends, the request, and its body where that is in memory already."""
# Python 3.11 searches an enum's class at each look.
_GUESS, _COMPATIBLE = Kind.GUESS, Kind.COMPATIBLE
_LIVE = Origin.LIVE
ABOVE = 5
"""Frames up from `Sink.open` to the first that may be somebody else's: the ones between are of this class, of what chooses exchanges,
of what begins to watch, and of the hook that asks for it."""
_ENDED = "the run ended before an answer came; it may have been billed"
_READ_IN_PIECES = (Kind.BATCH_RESULTS, Kind.UNREAD, *SESSIONS)


class Watch:
    """Reads one exchange for several sinks, each with its own idea of who pays."""

    _exchange: Exchange | None = None
    _body: Body | None = None
    _open = True
    """The exchange goes on."""
    _expected: int | None = None
    """Bytes that the answer said it would have: a reader may stop after the last without waiting for the end."""
    _passed = 0
    _limits: str | None = None
    """Of the account, as the headers of a stream told them."""
    passes: Callable[[bytes], bool] = staticmethod(takes_nothing)
    """Takes bytes of a stream that change nothing, by one call; False where they must be fed. Never raises."""

    def __init__(
        self, exchange: Begun, found: Route, said: Told, sinks: tuple[Sink, ...], remembered: Remembered, above: int = 0
    ) -> None:
        carrier, request, self._sent = exchange
        self._carrier: Any = carrier
        self._request = request
        self._route = found
        self._remembered = remembered
        # What each exchange looks at is set, not left to the class, where Python 3.11 and 3.12 find it later.
        self._prepared: Read | None = None
        self._may_bill = False
        """It came from this machine, counts as simulated because nobody said otherwise, and looks like the real API's."""
        self._relays = False
        """The transport is an application of this process that asked Claude in its turn."""
        around = AROUND.get()
        self._outer = around if around is not None and around.of is not None else None
        """The exchange that goes on around this one; who only looks on from above asks for none of its answers."""
        self.inside = Inside((carrier, request, sinks))
        retry, self._betas, _ = said
        self._tickets: list[Held] = []
        for sink in sinks:  # a comprehension would be one more frame to call before Python 3.12
            self._tickets.append((sink, sink.open(retry, ABOVE + above), _LIVE))
        if GUARDS:
            self.inside.ask = ask_of(self._tickets, request, found)

    @property
    def is_named(self) -> bool:
        """Does the request say that it is Claude's? Else its answer may."""
        return not self._route.unnamed

    # Synchronous callers.

    def answered(self, response: Any) -> Body | None:
        """Take an answer; returns what must see its bytes pass, None when they are here already."""
        said = self._at_once(response)
        if said is not None:
            write(self._tickets, said)
            return None
        for said in self._guarded("answer", self._answered(response)):
            write(self._tickets, said)
        self._open = self._body is not None
        return self._body

    def fed(self, data: bytes) -> None:
        """Take bytes that pass."""
        if (said := self._feed(data)) is not None:
            write(self._tickets, said)

    def last(self, data: bytes) -> None:
        """Take all bytes that were still to come."""
        if not self.passes(data):
            self.fed(data)
        self.ended(complete=True)

    def ended(self, *, complete: bool) -> None:
        """The bytes are over, or the reader went away."""
        if (said := self._end(complete=complete)) is not None:
            write(self._tickets, said)

    # Asynchronous callers.

    async def answered_async(self, response: Any) -> Body | None:
        """As `answered`, without touching a file on the event loop."""
        said = self._at_once(response)
        if said is not None:
            if pending := begin_write(self._tickets, said):
                await finish(pending)
            return None
        for said in self._guarded("answer", self._answered(response)):
            await finish(begin_write(self._tickets, said))
        self._open = self._body is not None
        return self._body

    async def fed_async(self, data: bytes) -> None:
        """As `fed`, without touching a file on the event loop."""
        if (said := self._feed(data)) is not None:
            await finish(begin_write(self._tickets, said))

    async def ended_async(self) -> None:
        """All bytes have come."""
        if (said := self._end(complete=True)) is not None:
            await finish(begin_write(self._tickets, said))

    # Both.

    def dropped(self) -> None:
        """The reader went away in a place that can neither wait nor touch a file."""
        if (said := self._end(complete=False)) is not None:
            post(self._tickets, said)

    def give_up(self, sink: Sink) -> None:
        """The run of a sink ends: tell it all that is known by now, and nothing more after that."""
        mine = [pair for pair in self._tickets if pair[0] is sink]
        self._tickets = [pair for pair in self._tickets if pair[0] is not sink]
        try:
            if mine and self._open and (said := self._so_far()) is not None:
                sink.settle(mine[0][1], mine[0][2], said.own, said.items)
        except Exception as error:
            sink.fault("end of run", error)

    def raised(self, error: BaseException, *, asynchronous: bool) -> None:
        """The exchange brought no answer at all."""
        if (ask := self.inside.ask) is not None and ask.is_refused:
            self.let_go()
            return
        store = post if asynchronous else write
        for said in self._guarded("error", self._raised(error)):
            store(self._tickets, said)
        self._open = False  # the error's own frames hold it for longer

    def let_go(self) -> None:
        """Nothing was sent: there is nothing to tell."""
        self._open, self._tickets = False, []
        self.inside.close()

    def failed(self, stage: str, error: Exception) -> None:
        """Our own code failed outside of here: the answer is one that is not measured."""
        post(self._tickets, self._fault(stage, error))
        self.inside.close()

    def _at_once(self, response: Any) -> Saying | None:
        """What an answer says that is JSON and here already, as nearly every one; None where it must be read otherwise."""
        try:
            self._locate(response)
            content = content_of(response)
            if content is None:
                return None
            if self._route.unnamed and b"claude" not in content.lower():
                self.inside.close()
                return None, ()
            if response.status_code != 200 or not content.startswith(b"{"):
                return None
            if self._route.kind in _READ_IN_PIECES or len(content) > LONGEST_JSON:
                return None
            exchange = self._exchange = self._make_exchange(200, eager=False, headers=response.headers)
            own = self._remembered.answers.read(content, exchange)
            if own is not None and self._tickets and self._tickets[0][2] is _LIVE:
                own = with_limits(own, self._tickets, response.headers)
            said: Saying = (own, ())
            if self._outer is not None or self._relays or self._may_bill:
                said = self._placed(Said(*said))
        except Exception as error:
            said = self._fault("answer", error)
        self.inside.close()
        return said

    def _locate(self, response: Any) -> None:
        """Tell where an answer came from."""
        inside, carrier = self.inside, self._carrier
        url = carrier.led_to(response) or self._request.url
        self._tickets, self._may_bill = located(self._tickets, carrier, url, response, inside)
        if inside.answers:
            self._relays = carrier.is_in_process()

    def _guarded(self, stage: str, work: Iterator[Said]) -> Iterator[Said]:
        try:
            for said in work:
                yield self._placed(said)
        except Exception as error:
            self._body = None
            yield self._fault(stage, error)
        self.inside.of = None
        if self._body is None or not self._relays:
            self.inside.close()

    def _placed(self, said: Said) -> Said:
        """Tell the exchange around this one, and leave the money with the one inside that brought the answer."""
        if self._limits is not None and said.own is not None:
            said = said._replace(own=replace(said.own, rate_limits=self._limits))
        if self._may_bill and said.own is not None:
            said = said._replace(own=with_note(said.own))
        if self._outer is None and not self._relays:
            return said
        return placed(said, self.inside, self._outer, relays=self._relays)

    def _fault(self, stage: str, error: Exception) -> Said:
        self._open = False
        if self._route.unnamed:
            return Said()  # nothing says that it was Claude's
        return of_fault(stage, error, self._route, self._exchange)

    def _answered(self, response: Any) -> Iterator[Said]:
        status = response.status_code
        if not 200 <= status < 300:
            yield from self._refused(response)
            return
        content, content_type = content_of(response), response.headers.get("content-type", "")
        raw = self._carrier.body_in_memory(response) if content is None else None
        eager = content is None and raw is None
        self._exchange = self._make_exchange(status, eager=eager, headers=response.headers)
        self._carrier = self._request = self._sent = self._prepared = None
        if self._route.kind is Kind.UNREAD:
            yield Said(own=unmeasured(self._exchange, self._route.reason or "this route is not read"))
        elif content is not None:
            yield from read_whole(body_of(self._exchange, content_type, content[:16]), content)
        else:
            body = encoded_body_of(self._exchange, content_type, response.headers.get("content-encoding", ""))
            if raw is not None:  # all of it is here, and nobody need read it
                yield from read_whole(body, raw)
                return
            self._body, self._expected = body, length_of(response)
            if self._tickets and isinstance(self._exchange.asked, str):
                self._limits = limits_text(self._exchange.asked, self._tickets[0], response.headers)
            if self._expected is None:  # else every byte is counted
                self.passes = getattr(body, "passes", None) or takes_nothing  # its first bytes are to say what it is
            yield self._body.begin()

    def prepare(self) -> None:
        """Work out what the request says while its answer is awaited, rather than once that has come. Never raises."""
        try:
            self._prepared = self._read()
        except Exception:
            """It fails once more where that is told."""

    def _read(self) -> Read:
        body = self._sent if self._sent is not None else request_body(self._request)
        return read_request(body, self._route.kind, self._betas, self._remembered.prints)

    def _make_exchange(self, status: int, *, eager: bool, headers: Any = None) -> Exchange:
        kind, body = self._route.kind, self._sent
        if self._prepared is None and body is not None:
            read = read_request(body, kind, self._betas, self._remembered.prints)
        else:
            read = self._prepared or self._read()
        body, print_, more, lifetimes, facts = read
        asked = requested_model(body) if eager else body
        in_application = kind is _GUESS and self._carrier.is_application()
        told = NO_HEADERS
        if headers is not None and (kind is _COMPATIBLE or kind is _GUESS or self._route.model is not None):
            told = Headers(*values_of(headers, TELLING))
        return exchange_of((self._route, status, asked, print_, more, lifetimes, in_application, told, facts))

    def _refused(self, response: Any) -> Iterator[Said]:
        """A status that brings no answer; the body, once it has come, may tell more of the kind of the failure."""
        status, headers, content = response.status_code, response.headers, content_of(response)
        named, exchange = headers.get(ERROR_TYPE, ""), self._make_exchange(status, eager=False)
        answer = tried(exchange, f"HTTP status {status}", failure_of(status, content, named))
        if answer is None:
            return
        yield Said(own=answer)
        if content is not None:
            return
        body = RefusedBody(answer, named, headers.get("content-encoding", ""))
        if (raw := self._carrier.body_in_memory(response)) is not None:
            yield from read_whole(body, raw)
            return
        self._body, self._expected = body, length_of(response)
        self._carrier = self._request = self._sent = self._prepared = None

    def _raised(self, error: BaseException) -> Iterator[Said]:
        name, carrier = type(error).__name__, self._carrier
        response = carrier.arrived(error)
        if response is not None:
            self._locate(response)
            for said in self._answered(response):
                yield with_error(said, name)
            return
        exchange = self._make_exchange(0, eager=False)
        answer = tried(exchange, f"no answer came ({name})", failure_of_error(error))
        if answer is None:
            return
        if answer.status is Status.FAILED and carrier.may_have_been_billed(error):
            answer = unmeasured(exchange, f"no answer came ({name}); it may have been billed")
        url = carrier.led_to(error) or self._request.url
        from_wire = carrier.from_wire(error) or not isinstance(error, Exception)
        self._tickets = settled(self._tickets, url, simulated=carrier.is_made_up() or not from_wire)
        yield Said(own=answer)

    def _so_far(self) -> Said | None:
        """What holds if nothing more comes; None where that was said already."""
        if self._body is not None:
            return self._body.so_far()
        if self._exchange is not None:
            return None
        exchange = self._make_exchange(0, eager=False)
        if tried(exchange, _ENDED, Failure.OTHER) is None:
            return None
        self._tickets = settled(self._tickets, self._request.url, simulated=self._carrier.is_made_up())
        return Said(own=unmeasured(exchange, _ENDED))

    def _feed(self, data: bytes) -> Said | None:
        if self._body is None or not self._open:
            return None
        self._passed += len(data)
        try:
            said = self._body.feed(data)
            if self._expected is None and self.passes is takes_nothing:  # its first bytes say what a body is
                self.passes = getattr(self._body, "passes", None) or takes_nothing
            return None if said is None else self._placed(said)
        except Exception as error:
            return self._fault("stream", error)

    def _end(self, *, complete: bool) -> Said | None:
        if self._body is None or not self._open:
            return None
        self._open = False
        try:
            said = self._body.end(complete=complete or self._passed == self._expected)
            return None if said is None else self._placed(said)
        except Exception as error:
            return self._fault("end of stream", error)
        finally:
            self.inside.close()
