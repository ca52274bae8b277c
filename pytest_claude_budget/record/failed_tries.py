"""Tries that brought no answer, by who made them and by what kind of failure it was."""

from collections import Counter
from collections.abc import Iterable, Sequence

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.call import Call, Status
from pytest_claude_budget.calls.failure import Failure

_FAILED = Status.FAILED  # Python 3.11 searches an enum's class at each look
_ORDER = tuple(Failure)


@value_class(frozen=True, kw_only=True, slots=True)
class FailedTries:
    """Those of one owner that failed in one way."""

    owner: str
    failure: Failure
    attempts: int
    """Tries of what would have been free, such as a token count, are among them."""


class FailedTally:
    """Counts failed tries as they come, in any order."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, Failure]] = Counter()

    def add(self, call: Call) -> None:
        """Take a call, which is passed over where it brought an answer."""
        failure = call.answer.failure
        if failure is not None or call.answer.status is _FAILED:
            self._counts[call.owner.id, failure or Failure.OTHER] += call.count

    def rows(self) -> tuple[FailedTries, ...]:
        """All that was taken."""
        return _rows(self._counts)


def added_failures(parts: Iterable[Sequence[FailedTries]]) -> tuple[FailedTries, ...]:
    """Several runs' as one."""
    counts: Counter[tuple[str, Failure]] = Counter()
    for row in (row for rows in parts for row in rows):
        counts[row.owner, row.failure] += row.attempts
    return _rows(counts)


def _rows(counts: Counter[tuple[str, Failure]]) -> tuple[FailedTries, ...]:
    """By owner, then by kind."""
    ordered = sorted(counts.items(), key=lambda row: (row[0][0], _ORDER.index(row[0][1])))
    return tuple(FailedTries(owner=owner, failure=kind, attempts=count) for (owner, kind), count in ordered)
