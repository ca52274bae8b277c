"""Batches that are charged with their bounds until the answers of all their requests were read. Pure.

Who reads the results in another process or run settles nothing: a batch is then charged with its bound to the end.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from pytest_claude_budget.calls.alike import Alike
from pytest_claude_budget.calls.call import Answer, Status
from pytest_claude_budget.cap.store import Reservation


@dataclass(slots=True)
class _Batch:
    reservation: Reservation
    size: int
    """Its requests."""
    items: dict[str, tuple[int, bool]] = field(default_factory=dict)
    """Of each that was read what it cost and whether it is a call, put there at once: other threads read results too."""


class OpenBatches:
    """Those that one process has created."""

    def __init__(self) -> None:
        self._sizes: dict[Reservation, int] = {}
        self._open: dict[str, _Batch | None] = {}
        """By id; None where several have it, as a double gives them, or where an answer's cost is not known."""

    def asked(self, reservation: Reservation, size: int) -> None:
        """A batch of so many requests is about to be created."""
        self._sizes[reservation] = size

    def created(self, reservation: Reservation, batch_id: str | None) -> None:
        """It is there, by this id."""
        size = self._sizes.pop(reservation, 0)
        if batch_id is not None:
            self._open[batch_id] = _Batch(reservation, size) if size and batch_id not in self._open else None

    def read(
        self, items: Iterable[Answer | Alike], cost_of: Callable[[Answer], int | None]
    ) -> Iterator[tuple[Reservation, int, int]]:
        """Take answers; gives what each batch that is read in full came to, with its number of calls."""
        for each in items:
            common = each.answer if isinstance(each, Alike) else each
            if common.batch_id is None or self._open.get(common.batch_id) is None:
                continue
            for answer in each if isinstance(each, Alike) else (each,):
                if (ended := self._taken(common.batch_id, answer, cost_of)) is not None:
                    read = ended.items.values()
                    yield ended.reservation, sum(cost for cost, _ in read), sum(is_call for _, is_call in read)

    def _taken(self, batch_id: str, answer: Answer, cost_of: Callable[[Answer], int | None]) -> _Batch | None:
        """The batch, where this was its last answer."""
        batch = self._open.get(batch_id)
        if batch is None or answer.item_id is None or answer.item_id in batch.items:
            return None
        cost = cost_of(answer)
        if cost is None:
            self._open[batch_id] = None
            return None
        batch.items[answer.item_id] = (cost, answer.status is Status.MEASURED)
        if len(batch.items) < batch.size:
            return None
        self._open[batch_id] = None
        return batch
