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
        row = f"({', '.join('?' * width)})"
        self._width = width
        self._one = f"{into} VALUES {row}"
        self._many = f"{into} VALUES {', '.join([row] * _ROWS)}"

    def rows(self, connection: sqlite3.Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows in their order. Raises sqlite3.Error for one of another width, as `executemany` does."""
        alike = len(rows) - len(rows) % _ROWS
        if not {self._width}.issuperset(map(len, rows)):
            alike = 0
        if alike:
            values = chain.from_iterable(rows[:alike])
            connection.executemany(self._many, zip(*[values] * (self._width * _ROWS), strict=True))
        if alike < len(rows):
            connection.executemany(self._one, rows[alike:])
