"""What is remembered of one client's exchanges, so that what comes again is read once: hashes and counts, and no text."""

from typing import Any, NamedTuple

from pytest_claude_budget.calls.call import Answer, Status
from pytest_claude_budget.wire.answer_headers import NO_HEADERS
from pytest_claude_budget.wire.messages import Exchange, read_answer
from pytest_claude_budget.wire.requests import Fingerprints
from pytest_claude_budget.wire.routes import MESSAGES

MOST_REMEMBERED = 256
"""Answers; all are forgotten where there are more."""
_MEASURED = Status.MEASURED  # Python 3.11 searches an enum's class at each look


class SameAnswers:
    """Reads whole JSON answers. A mock gives test after test the same bytes: to hash them takes a tenth of reading them."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, int, bool], tuple[Any, ...]] = {}
        """By hash and length of an answer, its status, and whether nothing was asked of its tools: what is in it but for the
        request's part; empty for one that came once, since most of those never come again."""

    def read(self, body: bytes, exchange: Exchange) -> Answer | None:
        """As `read_answer`."""
        if exchange.route is not MESSAGES or exchange.asks_for_more or exchange.headers is not NO_HEADERS:
            return read_answer(body, exchange)
        facts = exchange.facts
        key = (hash(body), len(body), exchange.http_status, facts is None)
        known = self._known.get(key)
        if known:
            before, stop_reason, called = known
            return Answer(*(*before, exchange.request, stop_reason, facts, called))
        answer = read_answer(body, exchange)
        if known is None:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[key] = ()
        elif answer is not None and _is_told_by_itself(answer):
            self._known[key] = (_fields_before_request(answer), answer.stop_reason, answer.called)
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
