"""What is remembered of one client's exchanges, so that what comes again is read once. In memory alone, and no text of requests."""

from typing import Any, NamedTuple

from pytest_claude_budget.calls.call import Answer, Status
from pytest_claude_budget.wire.messages import Exchange, read_answer
from pytest_claude_budget.wire.requests import Fingerprints

MOST_REMEMBERED = 256
"""Answers; all are forgotten where there are more."""
LONGEST_KEPT = 8_192
"""Bytes of an answer that is kept, to be compared; of a longer one there is a hash."""
_START = 64
"""Bytes that tell most answers apart: the id of a message is among them."""
_MEASURED = Status.MEASURED  # Python 3.11 searches an enum's class at each look


class SameAnswers:
    """Reads whole JSON answers. A mock gives test after test the same bytes: to compare them takes next to nothing, beside reading them."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        """By how an answer begins (a longer one by its hash), its length and status, whether nothing was asked of its tools, whether
        an application of this process gave it, and its telling headers: its bytes (None of a longer one), its route, and what is in
        it but for the request's part. Empty for one that came once, since most of those never come again."""

    def read(self, body: bytes, exchange: Exchange) -> Answer | None:
        """As `read_answer`."""
        route, status, _, request, asks_for_more, _, in_application, headers, facts = exchange
        if asks_for_more:
            return read_answer(body, exchange)
        length = len(body)
        kept = body if length <= LONGEST_KEPT else None
        start = hash(body) if kept is None else kept[:_START]
        key = (start, length, status, facts is None, in_application, headers)
        known = self._known.get(key)
        if known and known[1] is route and known[0] == kept:
            _, _, before, stop_reason, called = known
            return Answer(*(*before, request, stop_reason, facts, called))
        answer = read_answer(body, exchange)
        if known is None:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[key] = ()
        elif answer is not None and _is_told_by_itself(answer):
            self._known[key] = (kept, route, _fields_before_request(answer), answer.stop_reason, answer.called)
        return answer


def _is_told_by_itself(answer: Answer) -> bool:
    """Does the answer say all by itself? Lifetimes of cache writes, and a model that it leaves out, are the request's to tell."""
    usage = answer.usage
    writes = usage.cache_creation_5m_input_tokens or usage.cache_creation_1h_input_tokens
    plain = answer.status is _MEASURED and answer.model is not None and answer.requested_model is None
    return plain and not (writes or answer.iterations or answer.notes)


def _fields_before_request(answer: Answer) -> tuple[Any, ...]:
    names = Answer.__slots__
    return tuple(getattr(answer, name) for name in names[: names.index("request")])


class Remembered(NamedTuple):
    """All of it."""

    prints: Fingerprints
    answers: SameAnswers


def nothing_yet() -> Remembered:
    """What is remembered in the beginning."""
    return Remembered(Fingerprints(), SameAnswers())
