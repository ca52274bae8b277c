"""Reads a ledger without touching a file of it: the run may still go on, and its folder may be read-only."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from pytest_claude_budget.ledger.database import VERSION, SqliteLedger
from pytest_claude_budget.ledger.import_journals import make_tables
from pytest_claude_budget.ledger.paths import journals_of
from pytest_claude_budget.ledger.row_format import LINE

_SIGN = b"SQLite format 3\0"


class NotALedgerError(Exception):
    """The file is none of ours; or of a version that knows more, where `newer` is true."""

    def __init__(self, *, newer: bool) -> None:
        super().__init__()
        self.newer = newer


def copied(path: Path) -> SqliteLedger:
    """Copy a ledger with what its journals hold into memory.

    Raises NotALedgerError, FileNotFoundError, or what the disk and the database raise.
    """
    if not path.exists() and not journals_of(path):
        raise FileNotFoundError(path)
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    if path.exists():
        with path.open("rb") as file:
            if file.read(len(_SIGN)) not in (b"", _SIGN):
                raise NotALedgerError(newer=False)
        source = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            source.backup(connection)
        finally:
            source.close()
    _check(connection)
    make_tables(connection)
    ledger = SqliteLedger(path)
    ledger.take_over(connection)
    ledger.gather()
    return ledger


def has_report(path: Path) -> bool:
    """Has the run of this ledger come to its report? Where that cannot be told, it has not."""
    with suppress(OSError, sqlite3.Error):
        if path.exists():
            with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
                return connection.execute("SELECT outcome FROM run").fetchone() is not None
    return False


def _check(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA user_version").fetchone()[0] > VERSION:
        raise NotALedgerError(newer=True)
    columns = [row[1] for row in connection.execute("PRAGMA table_info(entries)")]
    others = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
    if others and columns != [*LINE]:
        raise NotALedgerError(newer=False)
