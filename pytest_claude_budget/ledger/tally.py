"""Sums of calls that are priced alike, added up while journals are brought into the ledger, where their lines are at hand.

The database gives the same sums, in a multiple of the time. It is asked where this is not the whole truth: where another process has
brought something in, or where a measured call was replaced by a later state of it.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice, repeat
from typing import Any

from pytest_claude_budget.calls.long_prompts import LONG_PROMPT
from pytest_claude_budget.ledger.row_format import KIND

Columns = Sequence[Sequence[Any]]
"""Of calls: id, moment, numbers of payer and kind, the counts that are stored, request."""
_STATUS, _MODEL = KIND.index("status"), KIND.index("model")


class Tally:
    """What one process has brought into one ledger."""

    def __init__(self) -> None:
        self.bytes = 0
        """Of journals: the ledger says how many were brought in by all."""
        self.payers: dict[int, Sequence[Any]] = {}
        self.kinds: dict[int, Sequence[Any]] = {}
        """Rows of the tables of these names, without their numbers, by these."""
        self._measured: set[int] = set()
        """Numbers of the kinds of measured calls, of those looked at."""
        self._kinds_looked_at = 0
        self._sums: dict[tuple[float, bool], dict[tuple[Any, ...], list[Any]]] = {}
        """By day and whether code was run; then by the numbers of payer and kind, and the request."""
        self._count = 0
        self._apart: set[int] = set()
        """Calls that are not summed up here."""
        self._is_spoilt = False
        """There was a call of which it cannot be told what it counts."""

    def add(self, columns: Columns) -> None:
        """Take calls that have nothing between their counts and the request, in the order in which they were stored."""
        try:
            self._look_at_kinds()
            if not self._add_alike(*columns):
                self._add(zip(*columns, strict=True))
        except (TypeError, ValueError):
            self._is_spoilt = True

    def _add_alike(
        self,
        ids: Sequence[int],
        moments: Sequence[float],
        payers: Sequence[int],
        kinds: Sequence[int],
        *rest: Sequence[Any],
    ) -> bool:
        """Take calls of which none has to be looked at by itself, as nearly always; False where there are others."""
        fresh, five, hour, read, output, search, fetch, code, requests = rest
        day = min(moments) // 86_400
        longest = max(fresh) + max(read) + max(five) + max(hour)
        if max(moments) // 86_400 != day or longest > LONG_PROMPT or any(code) or not self._measured.issuperset(kinds):
            return False
        if self._apart:
            self._apart.difference_update(ids)
        sums = self._sums.setdefault((day, False), {})
        get = sums.get
        more = (
            zip(five, hour, search, fetch, strict=True) if any(map(any, (five, hour, search, fetch))) else repeat(None)
        )
        for id_, payer, kind, request, input_, cached, said, others in zip(
            ids, payers, kinds, requests, fresh, read, output, more, strict=False
        ):
            key = (payer, kind, request)
            known = get(key)
            if known is None:
                five_, hour_, search_, fetch_ = others or (0, 0, 0, 0)
                sums[key] = [id_, 1, input_, five_, hour_, cached, said, search_, fetch_, 0]
                continue
            if id_ < known[0]:  # noqa: PLR1730  # a call of `min` would be one for each of 100,000
                known[0] = id_
            known[1] += 1
            known[2] += input_
            known[5] += cached
            known[6] += said
            if others is not None:
                known[3] += others[0]
                known[4] += others[1]
                known[7] += others[2]
                known[8] += others[3]
        self._count += len(ids)
        return True

    def _look_at_kinds(self) -> None:
        for number, kind in islice(self.kinds.items(), self._kinds_looked_at, None):
            if kind[_STATUS] == "measured":
                self._measured.add(number)
        self._kinds_looked_at = len(self.kinds)

    def _add(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """The same, one by one."""
        measured, apart, count = self._measured, self._apart, 0
        for id_, at, payer, kind, fresh, five, hour, read, output, search, fetch, code, request in rows:
            if kind not in measured or fresh + read + five + hour > LONG_PROMPT:
                apart.add(id_)
                continue
            apart.discard(id_)
            count += 1
            sums = self._sums.setdefault((at // 86_400, code > 0), {})
            key = (payer, kind, request)
            known = sums.get(key)
            if known is None:
                sums[key] = [id_, 1, fresh, five, hour, read, output, search, fetch, code]
                continue
            known[0] = min(id_, known[0])
            known[1] += 1
            known[2] += fresh
            known[5] += read
            known[6] += output
            if five or hour or search or fetch or code:
                known[3] += five
                known[4] += hour
                known[7] += search
                known[8] += fetch
                known[9] += code
        self._count += count

    def add_apart(self, ids: Iterable[int]) -> None:
        """Take calls that are each priced by themselves."""
        self._apart.update(ids)

    def is_all(self, *, extent: int, entries: int) -> bool:
        """Is this all that the ledger has: so many bytes of journals, and calls? Each call is in here once, then."""
        is_whole = not self._is_spoilt and self.bytes == extent
        return is_whole and self._count + len(self._apart) == entries

    def alike(self, models: Collection[str]) -> Iterator[tuple[Any, ...]]:
        """The sums of the calls of these models, in the columns of `row_format.ALIKE`."""
        kinds = {number for number, kind in self.kinds.items() if kind[_MODEL] in models}
        for (day, _), sums in self._sums.items():
            for (payer, kind, request), (id_, count, *counts) in sums.items():
                if kind in kinds:
                    yield (id_, int(day), count, payer, kind, request, *counts)
