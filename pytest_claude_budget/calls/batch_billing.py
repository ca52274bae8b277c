"""What the calls of a run mean together: one bill for a batch however often it was read, by whomever.

A batch is paid by the test that created it; where none did, by the first of its readers by name, so that the
order of tests and the number of workers move no money. Each creation is a batch of its own.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace

from pytest_claude_budget.calls.call import Answer, Call, Origin, Status

_UNREAD = "a batch was created and its results were not read"
ENDPOINTS = frozenset(("batch_create", "batch_result", "batch_read"))


def settle(calls: Iterable[Call]) -> Iterator[Call]:
    """Pass the calls on that are billed: each answer of a batch once, and a row for what was never read."""
    batches: dict[str | None, _Batch] = {}
    for call in calls:
        if call.answer.endpoint in ENDPOINTS:
            batches.setdefault(call.answer.batch_id, _Batch()).take(call)
        else:
            yield call
    for batch in batches.values():
        yield from batch.settled()


class _Batch:
    """All that a run saw under one batch id: one bill, or one for each creation where a double gives an id again."""

    def __init__(self) -> None:
        self._creators: list[Call] = []
        self._reads: list[Call] = []
        """Items, and the ends of readings."""
        self._unidentified: list[Call] = []

    def take(self, call: Call) -> None:
        answer = call.answer
        if answer.endpoint == "batch_create":
            (self._creators if answer.batch_id is not None else self._unidentified).append(call)
        elif answer.endpoint == "batch_result" and answer.item_id is None:
            self._unidentified.append(call)
        else:
            self._reads.append(call)

    def settled(self) -> list[Call]:
        bills = self._bills()
        return [*self._unidentified, *(row for bill in bills for row in bill.settled())]

    def _bills(self) -> list["_Bill"]:
        """A real id is never given again; a double gives it to every creation, each of which would have been billed."""
        if len(self._creators) < 2:
            bills = [_Bill(next(iter(self._creators), None))]
            for read in self._reads:
                bills[0].take(read)
            return bills
        by_owner: dict[str, list[Call]] = {}
        for creator in sorted(self._creators, key=_by_name):
            by_owner.setdefault(creator.owner.id, []).append(creator)
        created = {owner: _OfOwner(creators) for owner, creators in by_owner.items()}
        of_first = next(iter(created.values()))
        for read in self._reads:
            created.get(read.owner.id, of_first).newest(read).take(read)
        return [bill for own in created.values() for bill in own.bills]


class _OfOwner:
    """The batches that one owner created under one id, in the order of time."""

    def __init__(self, creators: Iterable[Call]) -> None:
        self.bills: list[_Bill] = []
        self._of_process: dict[str | None, tuple[list[tuple[float, int]], list[_Bill]]] = {}
        """When each was created, by process, and (None) of all."""
        for creator in sorted(creators, key=_by_time):
            self.bills.append(_Bill(creator))
            for process in (None, creator.process):
                moments, bills = self._of_process.setdefault(process, ([], []))
                moments.append(_by_time(creator))
                bills.append(self.bills[-1])

    def newest(self, read: Call) -> "_Bill":
        """The batch that was read: the newest one of the same process, else of any."""
        moments, bills = self._of_process.get(read.process) or self._of_process[None]
        return bills[max(0, bisect_right(moments, _by_time(read)) - 1)]


class _Bill:
    """One batch, with what was read of it."""

    def __init__(self, creator: Call | None) -> None:
        self.creator = creator
        self._reads: list[Call] = []
        self._items: dict[str | None, Call] = {}

    def take(self, call: Call) -> None:
        if call.answer.endpoint == "batch_read":
            self._reads.append(call)
            return
        known = self._items.get(call.answer.item_id)
        if known is None or _precedes(call, known):
            self._items[call.answer.item_id] = call

    def settled(self) -> list[Call]:
        """The creation, what is outstanding, and each answer once."""
        if self.creator is None:
            return [*self._outstanding(), *self._items.values()]
        if not self._reads:
            return [replace(self.creator, answer=_unread(self.creator)), *self._of_creator(self._items.values())]
        return [self.creator, *self._of_creator((*self._outstanding(), *self._items.values()))]

    def _outstanding(self) -> list[Call]:
        """A row for the answers that were never seen: they are billed all the same."""
        if not self._reads or any(read.answer.status is Status.FREE for read in self._reads):
            return []
        return [min(self._reads, key=_by_name)]

    def _of_creator(self, calls: Iterable[Call]) -> list[Call]:
        creator = self.creator
        return [call if creator is None else _paid_by(creator, call) for call in calls]


def _paid_by(creator: Call, item: Call) -> Call:
    """A batch's results belong to whom its creation does, and to that request."""
    answer = replace(item.answer, request=creator.answer.request)
    return replace(
        item, owner=creator.owner, labels=creator.labels, answer=answer, process=creator.process, site=creator.site
    )


def _unread(call: Call) -> Answer:
    """A real batch will be billed, so its cost is unknown. One that was made up never comes to anything."""
    if call.origin is Origin.LIVE:
        return replace(call.answer, status=Status.UNMEASURED, reason=_UNREAD)
    return replace(call.answer, notes=(*call.answer.notes, f"{_UNREAD}: they are not in the cost"))


def _by_name(call: Call) -> tuple[str, str, float, int]:
    return (call.owner.id, call.owner.phase, call.at, call.id)


def _by_time(call: Call) -> tuple[float, int]:
    return (call.at, call.id)


def _precedes(call: Call, other: Call) -> bool:
    """A measured answer goes before one that was not; else the first reader by name pays."""
    measured, other_measured = call.answer.status is Status.MEASURED, other.answer.status is Status.MEASURED
    if measured != other_measured:
        return measured
    return _by_name(call) < _by_name(other)
