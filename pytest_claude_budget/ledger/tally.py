"""Sums of calls that are priced alike, added up while journals are brought into the ledger, where their lines are at hand.

The database gives the same sums, in a multiple of the time. It is asked where this is not the whole truth: where another process has
brought something in, or where a measured call was replaced by a later state of it.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice, repeat
from typing import Any

from pytest_claude_budget.calls.long_prompts import LONG_PROMPT
from pytest_claude_budget.ledger.row_format import KIND, STORED

Columns = Sequence[Sequence[Any]]
"""Of calls: id, moment, numbers of payer and kind, the counts that are stored, request."""
_NO_ID, _NO_COUNTS = 1 << 63, (0,) * len(STORED)
_STATUS, _MODEL = KIND.index("status"), KIND.index("model")


class _Sums(dict[tuple[Any, ...], list[Any]]):
    """By the numbers of payer and kind, and the request: the first id, the number of calls, and what they count."""

    def __missing__(self, key: tuple[Any, ...]) -> list[Any]:
        made = self[key] = [_NO_ID, 0, *_NO_COUNTS]
        return made


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
        self._sums: dict[tuple[float, bool], _Sums] = {}
        """By day, and whether code was run."""
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
        sums = self._sums_of(day, has_code=False)
        more = (
            zip(five, hour, search, fetch, strict=True) if any(map(any, (five, hour, search, fetch))) else repeat(None)
        )
        known = map(sums.__getitem__, zip(payers, kinds, requests, strict=True))
        for sum_, id_, input_, cached, said, others in zip(known, ids, fresh, read, output, more, strict=False):
            if id_ < sum_[0]:  # noqa: PLR1730  # a call of `min` would be one for each of 100,000
                sum_[0] = id_
            sum_[1] += 1
            sum_[2] += input_
            sum_[5] += cached
            sum_[6] += said
            if others is not None:
                sum_[3] += others[0]
                sum_[4] += others[1]
                sum_[7] += others[2]
                sum_[8] += others[3]
        self._count += len(ids)
        return True

    def _sums_of(self, day: float, *, has_code: bool) -> "_Sums":
        own = self._sums.get((day, has_code))
        if own is None:
            own = self._sums[day, has_code] = _Sums()
        return own

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
            known = self._sums_of(at // 86_400, has_code=code > 0)[payer, kind, request]
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
