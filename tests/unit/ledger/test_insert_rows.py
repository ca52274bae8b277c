"""Several rows with one statement are the rows that one statement for each would make."""

import sqlite3
from itertools import pairwise

import pytest

from pytest_claude_budget.ledger.insert_rows import Insert


def _table() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, word)")
    return connection


@pytest.mark.parametrize("number", [0, 1, 19, 20, 21, 40, 59])
def test_all_rows_are_inserted_however_many(number: int) -> None:
    """Those that fill no whole statement, too."""
    connection, rows = _table(), [(each, f"word {each}") for each in range(number)]
    Insert("INSERT INTO rows", 2).rows(connection, rows)
    assert connection.execute("SELECT * FROM rows ORDER BY id").fetchall() == rows


def test_the_last_row_of_an_id_holds() -> None:
    """Also of two that go with one statement, and of two that go with different ones."""
    connection, rows = _table(), [(each % 15, f"word {each}") for each in range(45)]
    Insert("INSERT OR REPLACE INTO rows", 2).rows(connection, rows)
    expected = [(each, f"word {each + 30}") for each in range(15)]
    assert connection.execute("SELECT * FROM rows ORDER BY id").fetchall() == expected


@pytest.mark.parametrize("odd", [(7,), (7, "word", "more")])
def test_a_row_of_another_width_is_refused(odd: tuple[object, ...]) -> None:
    """It never moves the values of the rows behind it, even where a shorter one makes up for a longer one."""
    connection = _table()
    rows = [(each, f"word {each}") for each in range(40)]
    mixed = [*rows[:7], odd, *rows[8:19], (19, "word", "more") if len(odd) == 1 else (19,), *rows[20:]]
    with pytest.raises(sqlite3.ProgrammingError):
        Insert("INSERT INTO rows", 2).rows(connection, mixed)
    stored = connection.execute("SELECT * FROM rows ORDER BY id").fetchall()
    assert stored == rows[: len(stored)]
    assert all(later[0] == earlier[0] + 1 for earlier, later in pairwise(stored))
