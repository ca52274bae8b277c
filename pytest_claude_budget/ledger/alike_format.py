"""How many calls that differ in little lie in one line of a journal: an object with what they share, and a row for each."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pytest_claude_budget.calls.alike import Alike
from pytest_claude_budget.calls.call import Origin
from pytest_claude_budget.ledger.row_format import LINE, Entry, Laid, Payer, Site, line_of

LaidAlike = tuple[int, float, Payer, int, Site, Origin, Alike]
"""Many calls on their way to the ledger: the id is the first one's, and the others count on from it."""
_ITEM = LINE.index("item_id")


def lines_of_all(entries: Iterable[Laid | LaidAlike]) -> bytes:
    """Lay calls out as whole lines."""
    return "".join([_line_of_either(entry) for entry in entries]).encode("ascii")


def _line_of_either(entry: Laid | LaidAlike) -> str:
    *shared, alike = entry
    if not isinstance(alike, Alike):
        return line_of(entry)  # type: ignore[arg-type]  # the type of a tuple's last value says the tuple's
    columns = '","'.join(alike.columns)
    values = line_of((*shared, alike.answer))[:-1]  # type: ignore[arg-type]  # as above
    return f'{{"alike":[{values},["{columns}"],[{",".join(alike.rows)}]]}}\n'


def rows_of_alike(values: Sequence[Any], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Read such a line back as the values of a line for each call. What it was not written as raises ValueError or TypeError."""
    places, found = [_ITEM, *map(LINE.index, columns)], []
    for number, row in enumerate(rows, values[0]):
        one = [number, *values[1:]]
        for place, value in zip(places, row, strict=True):
            one[place] = value
        found.append(one)
    return found


def one_by_one(entries: Iterable[Laid | LaidAlike]) -> Iterator[Entry]:
    """Each call by itself."""
    for id_, at, payer, retry, site, origin, answer in entries:
        for number, each in enumerate(answer if isinstance(answer, Alike) else (answer,), id_):
            yield Entry(number, at, payer, retry, site, origin, each)
