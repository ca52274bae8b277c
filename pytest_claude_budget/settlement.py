"""What the calls of a run mean together: one bill for a batch however often it was read, by whomever.

A batch is paid by the test that created it; where none did, by the first of its readers by name, so that the
order of tests and the number of workers move no money.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pytest_claude_budget.usage import Answer, Call, Origin, Status

_UNREAD = "a batch was created and its results were not read"
_BATCH_ENDPOINTS = frozenset(("batch_create", "batch_result", "batch_read"))


def settle(calls: Iterable[Call]) -> Iterator[Call]:
    """Pass the calls on that are billed: each answer of a batch once, and a row for what was never read."""
    batches: dict[str | None, _Batch] = {}
    for call in calls:
        if call.answer.endpoint in _BATCH_ENDPOINTS:
            batches.setdefault(call.answer.batch_id, _Batch()).take(call)
        else:
            yield call
    for batch in batches.values():
        yield from batch.settled()


class _Batch:
    """All that a run saw of one batch."""

    def __init__(self) -> None:
        self._creators: list[Call] = []
        self._reads: list[Call] = []
        self._items: dict[str | None, Call] = {}
        self._unidentified: list[Call] = []

    def take(self, call: Call) -> None:
        endpoint = call.answer.endpoint
        if endpoint == "batch_create":
            (self._creators if call.answer.batch_id is not None else self._unidentified).append(call)
        elif endpoint == "batch_read":
            self._reads.append(call)
        elif call.answer.item_id is None:
            self._unidentified.append(call)
        else:
            known = self._items.get(call.answer.item_id)
            if known is None or _precedes(call, known):
                self._items[call.answer.item_id] = call

    def settled(self) -> list[Call]:
        payer = min(self._creators, key=_by_name, default=None)
        items = list(self._items.values())
        if payer is not None:
            items = [_paid_by(payer, item) for item in items]
        if any(read.answer.status is Status.FREE for read in self._reads):
            return [*self._unidentified, *self._creators, *items]
        return [*self._unidentified, *self._unread(payer), *items]

    def _unread(self, payer: Call | None) -> list[Call]:
        """The rows of a batch of which some results, or all, were never seen: they are billed all the same."""
        if self._reads:
            partial = min(self._reads, key=_by_name)
            if payer is not None:
                partial = _paid_by(payer, partial)
            return [*self._creators, partial]
        return [replace(call, answer=_outstanding(call)) for call in self._creators]


def _paid_by(creator: Call, item: Call) -> Call:
    """A batch's results belong to whom its creation does, and to that request."""
    answer = replace(item.answer, request=creator.answer.request)
    return replace(item, owner=creator.owner, labels=creator.labels, answer=answer)


def _outstanding(call: Call) -> Answer:
    """A real batch will be billed, so its cost is unknown. One that was made up never comes to anything."""
    if call.origin is Origin.LIVE:
        return replace(call.answer, status=Status.UNMEASURED, reason=_UNREAD)
    return replace(call.answer, notes=(*call.answer.notes, f"{_UNREAD}: they are not in the cost"))


def _by_name(call: Call) -> tuple[str, str, float, int]:
    return (call.owner.id, call.owner.phase, call.at, call.id)


def _precedes(call: Call, other: Call) -> bool:
    """A measured answer goes before one that was not; else the first reader by name pays."""
    measured, other_measured = call.answer.status is Status.MEASURED, other.answer.status is Status.MEASURED
    if measured != other_measured:
        return measured
    return _by_name(call) < _by_name(other)
