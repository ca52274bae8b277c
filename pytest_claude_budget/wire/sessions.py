"""What sessions of Managed Agents used: their objects, their events, and streams of events.

A session says the same in two ways: an event for each request to a model, and sums since its beginning. Here each is told for itself;
`calls/session_billing.py` makes one bill of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from pytest_claude_budget.base.fast_json import loads
from pytest_claude_budget.calls.call import Answer, Status
from pytest_claude_budget.calls.session_rows import (
    BEGUN,
    CREATED,
    REQUEST,
    RUNNING,
    SENT,
    SEVERAL,
    STATE,
    THREAD,
    named,
)
from pytest_claude_budget.wire.messages import LONGEST_MODEL, Exchange, unmeasured
from pytest_claude_budget.wire.routes import Kind
from pytest_claude_budget.wire.said import Said
from pytest_claude_budget.wire.usage_fields import Remarks, UnreadableError, read_usage, text

LONGEST_EVENT = 4_000_000
"""Bytes of one event, or of all that is held of a stream, that are decoded; a longer one is none that counts."""
_ENDED, _SUMS = "span.model_request_end", "session.usage"
_TELLING = (_ENDED.encode(), _SUMS.encode())
_UNREADABLE = "a session was created and its id cannot be read"
_HOUR = 3600
_LONGEST_ID = 200


class SessionBody:
    """One answer: a session, a thread of one, a page of either or of events, as JSON; or a stream of events."""

    def __init__(self, exchange: Exchange, *, streamed: bool) -> None:
        self._exchange = exchange
        self._streamed = streamed
        self._held = bytearray()
        self._is_too_long = False

    def begin(self) -> Said:
        """Something was sent: that holds whatever comes back."""
        return Said(own=_sent(self._exchange)) if self._exchange.route.kind is Kind.SESSION_SEND else Said()

    def feed(self, data: bytes) -> Said | None:
        """Take the next bytes; None where they tell nothing."""
        if not self._streamed:
            self._hold(data)
            return None
        self._hold(data.replace(b"\r", b""))
        end = self._held.rfind(b"\n\n")
        if end < 0:
            return None
        whole, self._held = bytes(self._held[:end]), self._held[end + 2 :]
        answers = [answer for event in whole.split(b"\n\n") for answer in self._of_event(event)]
        return Said(items=answers) if answers else None

    def end(self, *, complete: bool) -> Said | None:
        """No more bytes will come."""
        held, self._held = bytes(self._held), bytearray()
        if self._streamed:
            answers = list(self._of_event(held))
            return Said(items=answers) if answers else None
        if self._exchange.route.kind is Kind.SESSION_SEND:
            return self.begin()
        if self._is_too_long:
            return None
        value = _decoded(held)
        if self._exchange.route.kind is Kind.SESSION_CREATE:
            return Said(own=_created(value, self._exchange)) if complete or value is not None else None
        answers = list(_answers(value, self._exchange))
        return Said(items=answers) if answers else None

    def so_far(self) -> Said | None:
        """Nothing but what was said."""
        return None

    def _hold(self, data: bytes) -> None:
        if len(self._held) + len(data) > LONGEST_EVENT and self._streamed:
            self._held.clear()  # no event that counts is as long
        elif not self._is_too_long:
            self._held += data
            self._is_too_long = len(self._held) > 16 * LONGEST_EVENT

    def _of_event(self, event: bytes) -> Iterator[Answer]:
        if not any(sign in event for sign in _TELLING):
            return
        lines = [line[5:] for line in event.split(b"\n") if line.startswith(b"data:")]
        yield from _answers(_decoded(b"\n".join(lines)), self._exchange)


def _decoded(data: bytes) -> object:
    try:
        return loads(data)
    except (ValueError, RecursionError):
        return None


def _answers(value: object, exchange: Exchange) -> Iterator[Answer]:
    """What one object tells, or each of a page of them."""
    if not isinstance(value, dict):
        return
    page = value.get("data")
    if isinstance(page, list):
        for each in page:
            if isinstance(each, dict) and not isinstance(each.get("data"), list):
                yield from _answers(each, exchange)
        return
    kind = value.get("type")
    if kind == "session":
        yield from _state(value, exchange, _id(value))
    elif kind == _SUMS:
        yield from _state(value, exchange, exchange.route.batch_id)
    elif kind == "session_thread":
        yield from _thread(value, exchange)
    elif kind == _ENDED:
        yield from _request(value, exchange)


def _sent(exchange: Exchange) -> Answer:
    return Answer(status=Status.FREE, endpoint=SENT, batch_id=exchange.route.batch_id, http_status=exchange.http_status)


def _created(value: object, exchange: Exchange) -> Answer:
    found = next(iter(_state(value, exchange, _id(value))), None) if isinstance(value, dict) else None
    if found is None:
        return unmeasured(exchange, _UNREADABLE)
    begun = isinstance(exchange.asked, bytes) and b'"initial_events"' in exchange.asked
    reason = named(found.reason, BEGUN if begun else None)
    return replace(found, endpoint=CREATED, http_status=exchange.http_status, reason=reason)


def _state(value: Mapping[str, object], exchange: Exchange, session: str | None) -> Iterator[Answer]:
    """The sums of a session since its beginning, with what its agent is."""
    usage, agent = value.get("usage"), value.get("agent")
    if not isinstance(usage, dict) or session is None:
        return
    agent = agent if isinstance(agent, dict) else {}
    model, speed, geo = _model(agent.get("model"))
    is_running = value.get("status") in ("running", "rescheduling")
    is_of_several = agent.get("multiagent") is not None
    yield _read(
        usage,
        exchange,
        Answer(
            status=Status.FREE,
            endpoint=STATE,
            model=model,
            speed=speed,
            inference_geo=geo,
            batch_id=session,
            item_id=str(_microhours(usage)),
            reason=named(RUNNING if is_running else None, SEVERAL if is_of_several else None),
            stated_cost=_list_cost(usage),
        ),
    )


def _thread(value: Mapping[str, object], exchange: Exchange) -> Iterator[Answer]:
    """The sums of one thread of a session, by the model of its agent."""
    usage, agent, thread = value.get("usage"), value.get("agent"), _id(value)
    session = _text(value.get("session_id")) or exchange.route.batch_id
    if thread is None or session is None:
        return
    model, speed, geo = _model(agent.get("model")) if isinstance(agent, dict) else (None, None, None)
    told = Answer(
        status=Status.FREE,
        endpoint=THREAD,
        model=model,
        speed=speed,
        inference_geo=geo,
        batch_id=session,
        item_id=thread,
    )
    yield _read(usage if isinstance(usage, dict) else {}, exchange, told)


def _request(value: Mapping[str, object], exchange: Exchange) -> Iterator[Answer]:
    """One request to a model. Which model is told by the session or its thread alone."""
    usage, event = value.get("model_usage"), _id(value)
    if event is None or exchange.route.batch_id is None:
        return
    told = Answer(
        status=Status.FAILED if value.get("is_error") is True else Status.MEASURED,
        endpoint=REQUEST,
        batch_id=exchange.route.batch_id,
        item_id=f"{exchange.route.thread or ''}/{event}",
        http_status=exchange.http_status,
    )
    found = _read(usage if isinstance(usage, dict) else {}, exchange, told)
    if found.status is Status.FAILED:
        counted = found.usage.total_tokens > 0
        found = replace(found, status=Status.MEASURED) if counted else replace(found, reason="the request failed")
    yield found


def _read(usage: Mapping[str, object], exchange: Exchange, told: Answer) -> Answer:
    """With the counts; where they cannot be read, the reason."""
    remarks = Remarks(exchange.lifetimes)
    try:
        counts = read_usage(usage, remarks)
        speed = text(usage, "speed") or told.speed
    except UnreadableError as error:
        return replace(told, status=Status.UNMEASURED, reason=str(error))
    if remarks.gaps:
        told = replace(told, status=Status.AT_LEAST, reason=named(told.reason, *remarks.gaps))
    return replace(told, usage=counts, speed=speed, notes=tuple(remarks.notes) if told.endpoint == REQUEST else ())


def _model(value: object) -> tuple[str | None, str | None, str | None]:
    """Name, speed and geo of an agent's model, which may be its name alone."""
    if not isinstance(value, dict):
        return _text(value), None, None
    return _text(value.get("id")), _text(value.get("speed")), _text(value.get("inference_geo"))


def _text(value: object) -> str | None:
    return value[:LONGEST_MODEL] if isinstance(value, str) and value else None


def _id(value: Mapping[str, object]) -> str | None:
    found = value.get("id")
    return found[:_LONGEST_ID] if isinstance(found, str) and found else None


def _microhours(usage: Mapping[str, object]) -> int:
    """What the session ran for, by the figure that it is priced on."""
    seconds = usage.get("active_seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 10**9:
        return 0
    return round(Fraction(str(seconds)) * 1_000_000 / _HOUR)


def _list_cost(usage: Mapping[str, object]) -> Decimal | None:
    """US dollars by the platform's own figure, which comes in cents as a text."""
    cost = usage.get("list_cost")
    amount = cost.get("amount") if isinstance(cost, dict) and cost.get("currency") == "USD" else None
    return Decimal(amount).scaleb(-2) if isinstance(amount, str) and amount.isdecimal() and len(amount) < 20 else None
