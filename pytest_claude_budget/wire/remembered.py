"""What is remembered of one client's exchanges, so that what comes again is read once: hashes and counts, and no text."""

from typing import Any, NamedTuple

from pytest_claude_budget.calls.call import Answer, Status
from pytest_claude_budget.wire.messages import Exchange, read_answer
from pytest_claude_budget.wire.requests import Fingerprints

MOST_REMEMBERED = 256
"""Answers; all are forgotten where there are more."""
_MEASURED = Status.MEASURED  # Python 3.11 searches an enum's class at each look


class SameAnswers:
    """Reads whole JSON answers. A mock gives test after test the same bytes: to hash them takes a tenth of reading them."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        """By hash and length of an answer, its status, whether nothing was asked of its tools, whether an application of this
        process gave it, and its telling headers: its route, and what is in it but for the request's part. Empty for one that
        came once, since most of those never come again."""

    def read(self, body: bytes, exchange: Exchange) -> Answer | None:
        """As `read_answer`."""
        route, status, _, request, asks_for_more, _, in_application, headers, facts = exchange
        if asks_for_more:
            return read_answer(body, exchange)
        key = (hash(body), len(body), status, facts is None, in_application, headers)
        known = self._known.get(key)
        if known and known[0] is route:
            _, before, stop_reason, called = known
            return Answer(*(*before, request, stop_reason, facts, called))
        answer = read_answer(body, exchange)
        if known is None:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[key] = ()
        elif answer is not None and _is_told_by_itself(answer):
            self._known[key] = (route, _fields_before_request(answer), answer.stop_reason, answer.called)
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
