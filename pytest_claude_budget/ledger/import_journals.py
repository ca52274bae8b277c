"""Brings journals into the ledger: each line once, the later state of a call in the place of the earlier."""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from pytest_claude_budget.base.fast_json import LARGE, load_faster, loads
from pytest_claude_budget.ledger.alike_format import rows_of_alike
from pytest_claude_budget.ledger.insert_rows import Insert
from pytest_claude_budget.ledger.journal import has_writer
from pytest_claude_budget.ledger.outside import FileIO, system
from pytest_claude_budget.ledger.row_format import COLUMNS, KIND, LINE, PAYER, REST
from pytest_claude_budget.ledger.tally import Columns, Tally
from pytest_claude_budget.ledger.whole_lines import whole_lines

READ_AT_ONCE = 1 << 16
"""Bytes of a journal that are taken apart at once. For larger pieces, the system would give the same memory anew again and again."""
STORED_AT_ONCE = 1_000
"""Lines from which on they are stored."""

TABLES = f"""
CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, {", ".join(LINE[1:])});
CREATE TABLE IF NOT EXISTS payers (payer INTEGER PRIMARY KEY, {", ".join(PAYER)});
CREATE TABLE IF NOT EXISTS kinds (kind INTEGER PRIMARY KEY, {", ".join(KIND)});
CREATE TABLE IF NOT EXISTS owners (owner TEXT PRIMARY KEY, place TEXT, limits TEXT);
CREATE TABLE IF NOT EXISTS faults (process TEXT, reason TEXT);
CREATE TABLE IF NOT EXISTS journals (name TEXT PRIMARY KEY, bytes INTEGER);
CREATE TABLE IF NOT EXISTS run (outcome TEXT);
"""
"""`run` says how it ended, once it has a report. `journals` says how far each was brought in. A payer or kind has a row for each time that it was brought in."""
_VIEW = f"CREATE VIEW IF NOT EXISTS calls AS SELECT {', '.join(COLUMNS)} FROM entries JOIN payers USING (payer) JOIN kinds USING (kind)"
_ENTRY = Insert("INSERT OR REPLACE INTO entries", len(LINE))
_PLAIN = (*LINE[: -len(REST)], LINE[-1])
_PLAIN_ENTRY = Insert(f"INSERT OR REPLACE INTO entries ({', '.join(_PLAIN)})", len(_PLAIN))
"""For calls that have nothing between the counts and the request, as nearly all: a None costs ten times a number."""
_BETWEEN = slice(len(LINE) - len(REST), len(LINE) - 1)
_NOTHING = (None,) * (len(REST) - 1)
_WIDTH = len(LINE)
_OWNER = "INSERT OR REPLACE INTO owners VALUES (?, ?, ?)"
_FAULT = "INSERT INTO faults VALUES (?, ?)"
_READ = "INSERT OR REPLACE INTO journals VALUES (?, ?)"
_DAMAGED = "a line of a process's journal cannot be read: calls may be missing"
_TORN = "a process ended in the middle of a line of its journal: a call may be missing"


def make_tables(connection: sqlite3.Connection) -> None:
    """Make what is not there; the table and the view of an earlier version get the columns that they lack."""
    connection.executescript(TABLES)
    known = {row[1] for row in connection.execute("PRAGMA table_info(kinds)")}
    for name in KIND:
        if name not in known:
            connection.execute(f"ALTER TABLE kinds ADD COLUMN {name}")
            connection.execute("DROP VIEW IF EXISTS calls")
    connection.execute(_VIEW)


def gather(connection: sqlite3.Connection, journals: Iterable[Path], tally: Tally) -> None:
    """Bring in what is new, and add it up. Readers that come at once take turns, and none takes a line twice."""
    known = _known(connection)
    grown = [path for path in journals if _size(path) > known.get(path.name, 0)]
    if not grown:
        return
    if sum(map(_size, grown)) > LARGE:
        load_faster()
    connection.execute("BEGIN IMMEDIATE")
    known = _known(connection)
    shared = _Shared(connection, "payers", PAYER, tally.payers), _Shared(connection, "kinds", KIND, tally.kinds)
    store = _Store(connection, *shared, tally)
    for path in grown:
        with (
            suppress(FileNotFoundError),
            FileIO(str(path)) as file,
        ):  # another reader was through with it, and removed it
            file.seek(known.get(path.name, 0))
            _take(store, file, path.name)
    connection.execute("COMMIT")


class _Shared(dict[str, int]):
    """What many lines share, each under a number of its own: one that is not known yet gets the next number at its first look-up."""

    def __init__(
        self, connection: sqlite3.Connection, table: str, columns: Sequence[str], rows: dict[int, Sequence[Any]]
    ) -> None:
        super().__init__()
        self._rows = rows
        self._connection = connection
        self._width = len(columns)
        """An earlier version wrote fewer values."""
        self._insert = Insert(f"INSERT INTO {table}", len(columns) + 1)
        self._last: int = connection.execute(f"SELECT COALESCE(MAX(rowid), 0) FROM {table}").fetchone()[0]
        self._new: list[str] = []

    def __missing__(self, text: str) -> int:
        self._last += 1
        self._new.append(text)
        self[text] = self._last
        return self._last

    def numbers(self, texts: Iterable[str]) -> list[int]:
        """The number of each. Raises TypeError for what cannot be looked up."""
        return list(map(self.__getitem__, texts))

    def store(self) -> None:
        """Store those that are new."""
        if not self._new:
            return
        numbers, texts = range(self._last - len(self._new) + 1, self._last + 1), ",".join(self._new)
        rows, width = loads(f"[{texts}]".encode()), self._width
        if not {width}.issuperset(map(len, rows)):
            rows = [(*values, *(None,) * (width - len(values))) for values in rows]
        self._insert.columns(self._connection, [numbers, *zip(*rows, strict=True)])
        self._rows.update(zip(numbers, rows, strict=True))
        self._new.clear()


def remove_whole(
    connection: sqlite3.Connection, journals: Iterable[Path], closed: Collection[str], *, keep: bool
) -> None:
    """Remove the journals that are brought in to their last byte and that nobody writes to any more.

    What stands behind the last line end of one that nobody writes to becomes a fault.
    """
    known = _known(connection)
    for path in journals:
        with suppress(OSError), FileIO(str(path)) as file:
            writer = False if path.name in closed else has_writer(file.fileno())
            file.seek(known.get(path.name, 0))
            if writer is not True and file.read().strip(b"\0"):
                connection.execute(_FAULT, (path.name, _TORN))
            elif writer is False and not keep:
                system.unlink(str(path))


def _known(connection: sqlite3.Connection) -> dict[str, int]:
    return dict(connection.execute("SELECT name, bytes FROM journals"))


def _size(path: Path) -> int:
    try:
        return system.stat(str(path)).st_size
    except OSError:
        return 0


def _take(store: "_Store", file: FileIO, name: str) -> None:
    begin = at = file.tell()
    size, values = READ_AT_ONCE, list[Any]()
    while data := file.read(size):
        end = data.rfind(b"\n") + 1
        read, taken = whole_lines(data[:end]) if end else ([], 0)
        if taken:
            values += read
            size = READ_AT_ONCE
        elif not end and len(data) == size:  # a line that is longer
            size *= 2
        elif not end or has_writer(file.fileno()) is not False:  # the rest comes later
            break
        else:  # its writer was killed in the middle of it
            taken = data.index(b"\n") + 1
            store.connection.execute(_FAULT, (name, _DAMAGED))
        at += taken
        file.seek(at)
        if len(values) >= STORED_AT_ONCE:
            store.lines(values, name)
            values.clear()
    store.lines(values, name)
    store.connection.execute(_READ, (name, at))
    store.tally.bytes += at - begin


class _Store(NamedTuple):
    """Where lines go."""

    connection: sqlite3.Connection
    payers: _Shared
    kinds: _Shared
    tally: Tally

    def lines(self, values: Sequence[Any], name: str) -> None:
        """Store lines of a journal."""
        calls = [value for value in values if type(value) is list and len(value) == _WIDTH]
        if len(calls) != len(values):
            calls += self._others(values, name)
        if not calls:
            return
        columns = self._plain(calls)
        if columns is None:
            columns = self._sorted_out(calls, name)
        self.payers.store()
        self.kinds.store()
        if columns:
            _PLAIN_ENTRY.columns(self.connection, columns)
            self.tally.add(columns)

    def _others(self, values: Sequence[Any], name: str) -> list[list[Any]]:
        """Store what is not a call by itself; returns the calls of lines that hold several."""
        owners: list[list[str]] = []
        calls: list[list[Any]] = []
        for value in values:
            if type(value) is list and len(value) == _WIDTH:
                continue
            try:
                if len(alike := value.get("alike", ())) == 3 and len(alike[0]) == _WIDTH:
                    calls += rows_of_alike(*alike)
                elif len(value.get("owner", ())) == 3:
                    owners.append([str(text) for text in value["owner"]])
                else:
                    self.connection.execute(_FAULT, value["fault"])
            except (AttributeError, KeyError, TypeError, ValueError, sqlite3.InterfaceError, sqlite3.ProgrammingError):
                self.connection.execute(_FAULT, (name, _DAMAGED))
        self.connection.executemany(_OWNER, owners)
        return calls

    def _plain(self, calls: Sequence[Sequence[Any]]) -> Columns | None:
        """Calls as columns, where nothing stands between their counts and their requests, as nearly always; else None."""
        columns, number = list(zip(*calls, strict=True)), len(calls)
        if any(column.count(None) != number for column in columns[_BETWEEN]):
            return None
        try:
            payers, kinds = self.payers.numbers(columns[2]), self.kinds.numbers(columns[3])
        except TypeError:  # a value that cannot be looked up
            return None
        return [*columns[:2], payers, kinds, *columns[4 : _BETWEEN.start], columns[-1]]

    def _sorted_out(self, calls: Sequence[Sequence[Any]], name: str) -> Columns:
        """Store calls that say more, and return the others as columns. Of those with one id, the last holds."""
        latest: dict[int, tuple[Any, ...]] = {}
        for id_, at, payer, kind, *rest in calls:
            try:
                latest[id_] = (id_, at, *self.payers.numbers([payer]), *self.kinds.numbers([kind]), *rest)
            except TypeError:
                self.connection.execute(_FAULT, (name, _DAMAGED))
        more = {id_: row for id_, row in latest.items() if row[_BETWEEN] != _NOTHING}
        _ENTRY.rows(self.connection, list(more.values()))
        self.tally.add_apart(more)
        return list(
            zip(*((*row[: _BETWEEN.start], row[-1]) for id_, row in latest.items() if id_ not in more), strict=True)
        )
