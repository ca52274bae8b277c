"""Several rows with one statement are the rows that one statement for each would make."""

import sqlite3
from itertools import pairwise

import pytest

from pytest_claude_budget.ledger.insert_rows import Insert


def _table(columns: str = "word") -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute(f"CREATE TABLE rows (id INTEGER PRIMARY KEY, {columns})")
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


@pytest.mark.parametrize("number", [1, 20, 45])
def test_columns_of_none_and_of_zeros_are_stored_as_what_they_are(number: int) -> None:
    """They stand in the statement; a column that has another value in one row does not, and one statement is not another's."""
    connection, ids = _table("a, b, c, d, e, f"), range(number)
    insert = Insert("INSERT OR REPLACE INTO rows", 7)
    mixed = [None] * (number - 1) + ["text"], [0] * (number - 1) + [7], [0] * (number - 1) + [None]
    insert.columns(connection, [ids, [None] * number, [0] * number, [0.0] * number, *mixed])
    expected = [(each, None, 0, 0.0, *rest) for each, *rest in zip(ids, *mixed, strict=True)]
    found = connection.execute("SELECT * FROM rows ORDER BY id").fetchall()
    assert [*map(repr, found)] == [*map(repr, expected)]
    insert.columns(connection, [ids, *([each] * number for each in (0, None, 1, 2, 3, 4))])
    assert connection.execute("SELECT * FROM rows ORDER BY id").fetchall() == [
        (each, 0, None, 1, 2, 3, 4) for each in ids
    ]


def test_another_number_of_columns_is_refused() -> None:
    """Also where those that are left over would be in no place of the statement."""
    with pytest.raises(sqlite3.Error):
        Insert("INSERT INTO rows", 2).columns(_table(), [[1], ["word"], [None]])


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
