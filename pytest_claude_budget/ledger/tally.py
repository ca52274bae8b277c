"""Sums of calls that are priced alike, added up while journals are brought into the ledger, where their lines are at hand.

The database gives the same sums, in a multiple of the time. It is asked where this is not the whole truth: where another process has
brought something in, or where a measured call was replaced by a later state of it.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from pytest_claude_budget.calls.long_prompts import LONG_PROMPT

Row = tuple[Any, ...]
"""Id, moment, numbers of payer and kind, the counts that are stored, request."""
_STATUS, _MODEL = 3, 5
"""Where they stand in a row of the table `kinds`."""


class Tally:
    """What one process has brought into one ledger."""

    def __init__(self) -> None:
        self.bytes = 0
        """Of journals: the ledger says how many were brought in by all."""
        self.payers: dict[int, Sequence[Any]] = {}
        self.kinds: dict[int, Sequence[Any]] = {}
        """Rows of the tables of these names, by their numbers."""
        self._measured: set[int] = set()
        """Numbers of the kinds of measured calls, of those looked at."""
        self._kinds_looked_at = 0
        self._sums: dict[tuple[Any, ...], list[Any]] = {}
        self._count = 0
        self._apart: set[int] = set()
        """Calls that are not summed up here."""
        self._is_spoilt = False
        """There was a call of which it cannot be told what it counts."""

    def add(self, rows: Iterable[Row]) -> None:
        """Take calls that have nothing between their counts and the request, in the order in which they were stored."""
        try:
            self._add(rows)
        except (TypeError, ValueError):
            self._is_spoilt = True

    def _add(self, rows: Iterable[Row]) -> None:
        measured = self._measured
        for number, kind in islice(self.kinds.items(), self._kinds_looked_at, None):
            if kind[_STATUS] == "measured":
                measured.add(number)
        self._kinds_looked_at = len(self.kinds)
        sums, apart, count = self._sums, self._apart, 0
        sums_get, long_prompt = sums.get, LONG_PROMPT  # looked up once, not for each of 100,000 calls
        for id_, at, payer, kind, fresh, five, hour, read, output, search, fetch, code, request in rows:
            if kind not in measured or fresh + read + five + hour > long_prompt:
                apart.add(id_)
                continue
            if apart:
                apart.discard(id_)
            count += 1
            key = (payer, kind, request, at // 86_400, code > 0)
            known = sums_get(key)
            if known is None:
                sums[key] = [id_, 1, fresh, five, hour, read, output, search, fetch, code]
                continue
            if id_ < known[0]:  # noqa: PLR1730  # a call of `min` would be one for each of 100,000
                known[0] = id_
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

    def alike(self, models: Collection[str]) -> Iterator[Row]:
        """The sums of the calls of these models, in the columns of `row_format.ALIKE`."""
        kinds = {number for number, kind in self.kinds.items() if kind[_MODEL] in models}
        for (payer, kind, request, day, _), (id_, count, *counts) in self._sums.items():
            if kind in kinds:
                yield (id_, int(day), count, payer, kind, request, *counts)
