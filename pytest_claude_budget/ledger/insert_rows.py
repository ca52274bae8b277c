"""Inserts rows into a table of the ledger, several with one statement: one for each row takes a quarter longer."""

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any

_ROWS = 20
"""Of a statement. An SQLite before 3.32 takes 999 values at once, and no table of ours has 40 columns."""


class Insert:
    """A statement that inserts rows of one width."""

    def __init__(self, into: str, width: int) -> None:
        self._into = into
        self._width = width
        self._statements: dict[str, tuple[str, str]] = {}
        """By the text of a row: for one, and for several."""

    def columns(self, connection: sqlite3.Connection, columns: Sequence[Sequence[Any]]) -> None:
        """Insert rows in their order, of which these are the columns. Raises sqlite3.Error for another number of them.

        What is the same None or zero in all rows stands in the statement itself: Python takes ten times as long for a None as for
        a number, since it asks for an adapter.
        """
        number = len(columns[0])
        texts = ["?", *(_text_of(column, number) for column in columns[1:])]
        one, many = self._statements_of(f"({', '.join(texts)})")
        kept = [column for column, text in zip(columns, texts, strict=True) if text == "?"]
        together = number - number % _ROWS
        if together:
            values = chain.from_iterable(zip(*kept, strict=True))
            connection.executemany(many, zip(*[values] * (len(kept) * _ROWS), strict=False))
        if together < number:
            connection.executemany(one, list(zip(*(column[together:] for column in kept), strict=True)))

    def rows(self, connection: sqlite3.Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows in their order. Raises sqlite3.Error for one of another width, as `executemany` does."""
        if not rows:
            return
        if {self._width}.issuperset(map(len, rows)):
            self.columns(connection, list(zip(*rows, strict=True)))
        else:
            connection.executemany(self._statements_of(f"({', '.join('?' * self._width)})")[0], rows)

    def _statements_of(self, row: str) -> tuple[str, str]:
        known = self._statements.get(row)
        if known is None:
            known = f"{self._into} VALUES {row}", f"{self._into} VALUES {', '.join([row] * _ROWS)}"
            self._statements[row] = known
        return known


def _text_of(column: Sequence[Any], number: int) -> str:
    """What a statement has for a column: a place for each value, or the one that all of them are."""
    first = column[0]
    if first is None:
        return "NULL" if column.count(None) == number else "?"
    return "0" if type(first) is int and first == 0 and column.count(0) == number else "?"
