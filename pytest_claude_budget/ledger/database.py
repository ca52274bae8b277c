"""The ledger: one SQLite file per run, into which whoever reads it brings the journals of all its processes.

It holds counts, ids, hashes and lengths only; there is no column for a text.
"""

import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from operator import itemgetter
from pathlib import Path

from pytest_claude_budget.base.errors import described
from pytest_claude_budget.calls.call import OF_MANY, Call
from pytest_claude_budget.calls.seen import ASKED, COUNTED, Seen
from pytest_claude_budget.ledger.import_journals import gather, make_tables, remove_whole
from pytest_claude_budget.ledger.journal import OwnerFacts
from pytest_claude_budget.ledger.outside import make_folder, system
from pytest_claude_budget.ledger.paths import journals_of
from pytest_claude_budget.ledger.read_rows import ALIKE, PLAIN, call_of, calls_of_alike
from pytest_claude_budget.ledger.row_format import PAYER, storable
from pytest_claude_budget.ledger.tally import Tally

MOST_MODELS = 500
"""Models whose calls are summed by the database: it takes only so many values at once."""
READ_AT_ONCE = 1_000
"""Rows that are in memory while a ledger is read."""
BUSY_SECONDS = 30.0
"""How long a reader waits for the others."""

VERSION = 2
"""Of what the file's tables mean; a file of a higher one is left alone."""
CACHE_KIB = 65_536
"""Of the file, at most, in memory: 100,000 calls are sorted and summed there instead of on the disk."""

_SELECT = "SELECT * FROM calls"
_SEEN = f"""
SELECT at, payer, kind, {", ".join(COUNTED)}, request FROM entries
WHERE iterations IS NULL AND notes IS NULL AND batch_id IS NULL"""
_SEEN_PAYERS = f"SELECT payer, {', '.join(PAYER)} FROM payers"
_SEEN_KINDS = f"""
SELECT kind, {", ".join(ASKED)} FROM kinds
WHERE status = 'measured' AND NOT batch AND endpoint NOT IN ({", ".join(f"'{endpoint}'" for endpoint in sorted(OF_MANY))})"""
"""What many calls share is read once, and is one value then: rows of the view would make each text anew, which takes three times as long."""


def told(error: Exception) -> str:
    """The text of an error of the disk or the database; any other may hold what users wrote."""
    return str(error) if isinstance(error, (OSError, sqlite3.Error)) else described(error)


class SqliteLedger:
    """Reads one run's file. Every method may raise sqlite3.Error or OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unwritable: str | None = None
        """Why the file cannot be written: what is read comes from the journals and is in memory only."""
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._pid = 0
        self._tally = Tally()
        self._inherited: list[sqlite3.Connection] = []
        """A parent's connections after a fork: closing them here would disturb the parent."""

    def gather(self) -> None:
        """Bring in what the journals hold by now. Where the file cannot be written, they are read into memory."""
        journals = journals_of(self.path)
        try:
            with self._using() as connection:
                gather(connection, journals, self._tally)
        except (OSError, sqlite3.Error) as error:
            self._tally = Tally()
            if self.unwritable is not None:
                raise
            self.close()
            self.unwritable = f"the ledger cannot be written: {told(error)} ({self.path})"
            with self._using() as connection:
                gather(connection, journals, self._tally)

    def conclude(self, closed: Collection[str]) -> None:
        """Remove the journals that are in the ledger whole and have no writer; `closed` names those that had this one.

        What a writer left behind in the middle of a line becomes a fault.
        """
        with self._using() as connection:
            remove_whole(connection, journals_of(self.path), closed, keep=self.unwritable is not None)

    def extent(self) -> int:
        """Tell how many bytes of journals were brought in: one that has grown since then had something new."""
        with self._using() as connection:
            return int(connection.execute("SELECT COALESCE(SUM(bytes), 0) FROM journals").fetchone()[0])

    def newer(self) -> list[Call]:
        """Bring in what the journals hold by now, and read the calls that were not here before."""
        with self._using() as connection:
            connection.execute("CREATE TEMP TABLE IF NOT EXISTS earlier (id INTEGER PRIMARY KEY)")
            connection.execute("INSERT OR IGNORE INTO temp.earlier SELECT id FROM entries")
        self.gather()
        with self._using() as connection:
            rows = connection.execute(f"{_SELECT} WHERE id NOT IN (SELECT id FROM temp.earlier)").fetchall()
        return [call_of(row) for row in rows]

    def has_ended(self, outcome: str) -> None:
        """Store that the run has its report."""
        with self._using() as connection:
            connection.execute("INSERT INTO run VALUES (?)", (outcome,))

    def outcome(self) -> str | None:
        """How the run ended; None where it has no report."""
        with self._using() as connection:
            row = connection.execute("SELECT outcome FROM run").fetchone()
        return None if row is None else str(row[0])

    def models(self) -> list[str]:
        """Name the models that calls name."""
        with self._using() as connection:
            return [model for (model,) in connection.execute("SELECT DISTINCT model FROM kinds WHERE model NOTNULL")]

    def first_moment(self) -> float:
        """Tell when the first call was made, seconds since 1970; 0 where there is none."""
        with self._using() as connection:
            return float(connection.execute("SELECT COALESCE(MIN(at), 0) FROM entries").fetchone()[0])

    def totalled(self, models: Sequence[str]) -> Iterator[Call]:
        """Read all calls; those of the given models that are priced alike come as one, with their counts summed.

        The models must be priced in proportion to their counts: none that has rates of its own for long prompts.
        """
        models = models[:MOST_MODELS]
        marks, tally = ", ".join("?" * len(models)), self._tally
        extent = self.extent()
        with self._using() as connection:
            entries = connection.execute("SELECT COUNT(*) FROM entries").fetchone()[0]
            if tally.is_all(extent=extent, entries=entries):
                rows, payers, kinds = list(tally.alike(models)), tally.payers, tally.kinds
            else:
                rows = connection.execute(ALIKE.format(models=marks), models).fetchall()
                payers = {number: row for number, *row in connection.execute("SELECT * FROM payers")}
                kinds = {number: row for number, *row in connection.execute("SELECT * FROM kinds")}
        yield from calls_of_alike(rows, payers, kinds)
        if sum(row[2] for row in rows) < entries:
            yield from self._read(f" AND ({PLAIN.format(models=marks)}) IS NOT TRUE", models)

    def calls(self, owner: str | None = None) -> Iterator[Call]:
        """Read calls one by one, all or one owner's."""
        if owner is None:
            return self._read("", ())
        with self._using() as connection:
            connection.execute("CREATE INDEX IF NOT EXISTS payers_by_owner ON payers (owner)")
            connection.execute("CREATE INDEX IF NOT EXISTS entries_by_payer ON entries (payer)")
        return self._read(" AND owner = ?", (storable(owner),))

    def _read(self, where: str, values: Sequence[str]) -> Iterator[Call]:
        """In the order of their ids and a few at a time."""
        last = -1
        while True:
            with self._using() as connection:
                rows = connection.execute(
                    f"{_SELECT} WHERE id > ?{where} ORDER BY id LIMIT {READ_AT_ONCE}", (last, *values)
                ).fetchall()
            yield from map(call_of, rows)
            if len(rows) < READ_AT_ONCE:
                return
            last = rows[-1][0]

    def entries(self) -> int:
        """Count the calls."""
        with self._using() as connection:
            return int(connection.execute("SELECT COUNT(*) FROM entries").fetchone()[0])

    def seen(self) -> list[Seen]:
        """Read the calls that advice looks at, in the order of their times."""
        with self._using() as connection:
            rows = connection.execute(_SEEN).fetchall()
            payers = {number: tuple(values) for number, *values in connection.execute(_SEEN_PAYERS)}
            kinds = {number: tuple(values) for number, *values in connection.execute(_SEEN_KINDS)}
        rows.sort(key=itemgetter(0))
        made = Seen._make
        return [made((at, *payers[payer], *kinds[kind], *rest)) for at, payer, kind, *rest in rows if kind in kinds]

    def owners(self) -> list[OwnerFacts]:
        """Read what is known of the owners."""
        with self._using() as connection:
            rows = connection.execute("SELECT owner, place, limits FROM owners ORDER BY owner").fetchall()
        return [OwnerFacts(owner=owner, place=place, limits=limits) for owner, place, limits in rows]

    def faults(self) -> list[str]:
        """Read why measuring failed, where it did."""
        with self._using() as connection:
            return [reason for (reason,) in connection.execute("SELECT DISTINCT reason FROM faults ORDER BY reason")]

    def last_owners(self) -> list[str]:
        """Name the owners of the last call of each process, with the phase of a test: `tests/test_a.py::test_it (call)`."""
        with self._using() as connection:
            rows = connection.execute("SELECT owner, phase, MAX(at) FROM calls GROUP BY process").fetchall()
        return sorted({f"{owner} ({phase})" if phase else str(owner) for owner, phase, _ in rows})

    def take_over(self, connection: sqlite3.Connection) -> None:
        """Use this connection in the place of the file."""
        self._pid, self._connection = system.getpid(), connection

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        with self._lock:
            if self._connection is not None and self._pid == system.getpid():
                self._connection.close()
            self._connection = None

    def _using(self) -> "_Using":
        if self._pid != system.getpid():
            self._after_fork()
        return _Using(self)

    def _after_fork(self) -> None:
        if self._connection is not None:
            self._inherited.append(self._connection)
            self._connection = None
        self._lock = threading.Lock()
        self._pid = system.getpid()

    def _open(self) -> sqlite3.Connection:
        path: Path | str = ":memory:"
        if self.unwritable is None:
            path = self.path
            make_folder(path.parent)
        connection = sqlite3.dbapi2.connect(  # by the name that suites do not replace
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=32
        )
        try:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(f"PRAGMA cache_size = {-CACHE_KIB}")
            known = connection.execute("PRAGMA user_version").fetchone()[0]
            if known > VERSION:
                raise sqlite3.DatabaseError("the ledger is of a newer version of pytest-claude-budget")
            make_tables(connection)
            if known < VERSION:
                connection.execute(f"PRAGMA user_version = {VERSION}")
        except BaseException:
            connection.close()
            raise
        return connection


class _Using:
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
