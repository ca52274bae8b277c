"""The ledger: one SQLite file per run, to which every process of the run appends.

A killed process loses nothing that was stored: the operating system holds it. Counts, ids, hashes and lengths
only; there is no column for a text.
"""

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_claude_budget.ledger.rows import ALIKE, COLUMNS, PLAIN, alike_of, call_of, row_of
from pytest_claude_budget.usage import Call

MOST_MODELS = 500
"""Models whose calls are summed by the database: it takes only so many values at once."""
READ_AT_ONCE = 1_000
"""Rows that are in memory while a ledger is read."""
BUSY_SECONDS = 30.0
"""How long a writer waits for the others."""

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS calls ({", ".join(COLUMNS)});
CREATE INDEX IF NOT EXISTS calls_by_owner ON calls (owner);
CREATE TABLE IF NOT EXISTS owners (owner TEXT PRIMARY KEY, place TEXT, limits TEXT);
CREATE TABLE IF NOT EXISTS faults (process TEXT, reason TEXT);
"""
_INSERT = f"INSERT OR REPLACE INTO calls VALUES ({', '.join('?' * len(COLUMNS))})"
_SELECT = "SELECT * FROM calls"


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnerFacts:
    """What a run knows of one owner besides its calls."""

    owner: str
    place: str
    """`file:line` of the test."""
    limits: str
    """The limits of its marker, as JSON; empty where it has none."""


class SqliteLedger:
    """Appends to and reads one run's file. Every method may raise sqlite3.Error or OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._pid = 0
        self.used = False
        """Something was stored here, whatever became of the file since."""
        self._inherited: list[sqlite3.Connection] = []
        """A parent's connections after a fork: closing them here would disturb the parent."""

    def append(self, calls: Iterable[Call]) -> None:
        """Store calls; one of an id that is there already takes its place."""
        rows = [row_of(call) for call in calls]
        with self._writing() as connection:
            self.used = True
            if len(rows) == 1:
                connection.execute(_INSERT, rows[0])
            elif rows:
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(_INSERT, rows)
                connection.execute("COMMIT")

    def append_owner(self, facts: OwnerFacts) -> None:
        """Store what is known of an owner."""
        with self._writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO owners VALUES (?, ?, ?)", (facts.owner, facts.place, facts.limits)
            )

    def append_fault(self, process: str, reason: str) -> None:
        """Store that measuring itself failed somewhere."""
        with self._writing() as connection:
            connection.execute("INSERT INTO faults VALUES (?, ?)", (process, reason))

    def models(self) -> list[str]:
        """Name the models that calls name."""
        with self._writing() as connection:
            return [model for (model,) in connection.execute("SELECT DISTINCT model FROM calls WHERE model NOTNULL")]

    def first_moment(self) -> float:
        """Tell when the first call was made, seconds since 1970; 0 where there is none."""
        with self._writing() as connection:
            return float(connection.execute("SELECT COALESCE(MIN(at), 0) FROM calls").fetchone()[0])

    def totalled(self, models: Sequence[str]) -> Iterator[Call]:
        """Read all calls; those of the given models that are priced alike come as one, with their counts summed.

        The models must be priced in proportion to their counts: none that has rates of its own for long prompts.
        """
        models = models[:MOST_MODELS]
        marks = ", ".join("?" * len(models))
        with self._writing() as connection:
            rows = connection.execute(ALIKE.format(models=marks), models).fetchall()
        yield from map(alike_of, rows)
        yield from self._read(f" AND ({PLAIN.format(models=marks)}) IS NOT TRUE", models)

    def calls(self, owner: str | None = None) -> Iterator[Call]:
        """Read calls one by one, all or one owner's."""
        return self._read("", ()) if owner is None else self._read(" AND owner = ?", (owner,))

    def _read(self, where: str, values: Sequence[str]) -> Iterator[Call]:
        """In the order of their ids and a few at a time."""
        last = -1
        while True:
            with self._writing() as connection:
                rows = connection.execute(
                    f"{_SELECT} WHERE id > ?{where} ORDER BY id LIMIT {READ_AT_ONCE}", (last, *values)
                ).fetchall()
            yield from map(call_of, rows)
            if len(rows) < READ_AT_ONCE:
                return
            last = rows[-1][0]

    def owners(self) -> list[OwnerFacts]:
        """Read what is known of the owners."""
        with self._writing() as connection:
            rows = connection.execute("SELECT owner, place, limits FROM owners ORDER BY owner").fetchall()
        return [OwnerFacts(owner=owner, place=place, limits=limits) for owner, place, limits in rows]

    def faults(self) -> list[str]:
        """Read why measuring failed, where it did."""
        with self._writing() as connection:
            return [reason for (reason,) in connection.execute("SELECT DISTINCT reason FROM faults ORDER BY reason")]

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        with self._lock:
            if self._connection is not None and self._pid == os.getpid():
                self._connection.close()
            self._connection = None

    def _writing(self) -> "_Writing":
        if self._pid != os.getpid():
            self._after_fork()
        return _Writing(self)

    def _after_fork(self) -> None:
        if self._connection is not None:
            self._inherited.append(self._connection)
            self._connection = None
        self._lock = threading.Lock()
        self._pid = os.getpid()

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=32
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            connection.executescript(_SCHEMA)
        except BaseException:
            connection.close()
            raise
        return connection


class _Writing:
    """Holds the connection for one use, by one thread at a time."""

    def __init__(self, ledger: SqliteLedger) -> None:
        self._ledger = ledger
        self._lock = ledger._lock

    def __enter__(self) -> sqlite3.Connection:
        self._lock.acquire()
        try:
            if self._ledger._connection is None:
                self._ledger._connection = self._ledger._open()
            return self._ledger._connection
        except BaseException:
            self._lock.release()
            raise

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            connection = self._ledger._connection
            if kind is not None and connection is not None and connection.in_transaction:
                connection.execute("ROLLBACK")
        finally:
            self._lock.release()
