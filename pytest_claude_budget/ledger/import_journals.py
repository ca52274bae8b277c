"""Brings journals into the ledger: each line once, the later state of a call in the place of the earlier."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pytest_claude_budget.base.fast_json import LARGE, load_faster, loads
from pytest_claude_budget.ledger.alike_format import rows_of_alike
from pytest_claude_budget.ledger.journal import has_writer
from pytest_claude_budget.ledger.outside import FileIO, system
from pytest_claude_budget.ledger.row_format import COLUMNS, KIND, LINE, PAYER, REST

READ_AT_ONCE = 1 << 18
"""Bytes of a journal that are taken apart at once."""

TABLES = f"""
CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, {", ".join(LINE[1:])});
CREATE TABLE IF NOT EXISTS payers (payer INTEGER PRIMARY KEY, {", ".join(PAYER)});
CREATE TABLE IF NOT EXISTS kinds (kind INTEGER PRIMARY KEY, {", ".join(KIND)});
CREATE TABLE IF NOT EXISTS owners (owner TEXT PRIMARY KEY, place TEXT, limits TEXT);
CREATE TABLE IF NOT EXISTS faults (process TEXT, reason TEXT);
CREATE TABLE IF NOT EXISTS journals (name TEXT PRIMARY KEY, bytes INTEGER);
CREATE TABLE IF NOT EXISTS run (outcome TEXT);
CREATE VIEW IF NOT EXISTS calls AS SELECT {", ".join(COLUMNS)} FROM entries JOIN payers USING (payer) JOIN kinds USING (kind);
"""
"""`run` says how it ended, once it has a report. `journals` says how far each was brought in. A payer or kind has a row for each time that it was brought in."""
_ENTRY = f"INSERT OR REPLACE INTO entries VALUES ({', '.join('?' * len(LINE))})"
_PLAIN = (*LINE[: -len(REST)], LINE[-1])
_PLAIN_ENTRY = f"INSERT OR REPLACE INTO entries ({', '.join(_PLAIN)}) VALUES ({', '.join('?' * len(_PLAIN))})"
"""For calls that have nothing between the counts and the request, as nearly all: a None costs ten times a number."""
_BETWEEN = slice(len(LINE) - len(REST), len(LINE) - 1)
_NOTHING = [None] * (len(REST) - 1)
_OWNER = "INSERT OR REPLACE INTO owners VALUES (?, ?, ?)"
_FAULT = "INSERT INTO faults VALUES (?, ?)"
_READ = "INSERT OR REPLACE INTO journals VALUES (?, ?)"
_DAMAGED = "a line of a process's journal cannot be read: calls may be missing"
_TORN = "a process ended in the middle of a line of its journal: a call may be missing"


def gather(connection: sqlite3.Connection, journals: Iterable[Path]) -> None:
    """Bring in what is new. Readers that come at once take turns, and none takes a line twice."""
    known = _known(connection)
    grown = [path for path in journals if _size(path) > known.get(path.name, 0)]
    if not grown:
        return
    if sum(map(_size, grown)) > LARGE:
        load_faster()
    connection.execute("BEGIN IMMEDIATE")
    known = _known(connection)
    shared = _Shared(connection, "payers", PAYER), _Shared(connection, "kinds", KIND)
    for path in grown:
        with (
            suppress(FileNotFoundError),
            FileIO(str(path)) as file,
        ):  # another reader was through with it, and removed it
            file.seek(known.get(path.name, 0))
            _take(connection, file, path.name, shared)
    connection.execute("COMMIT")


class _Shared(dict[str, int]):
    """What many lines share, each under a number of its own."""

    def __init__(self, connection: sqlite3.Connection, table: str, columns: Sequence[str]) -> None:
        super().__init__()
        self._connection = connection
        self._insert = f"INSERT INTO {table} VALUES ({', '.join('?' * (len(columns) + 1))})"
        self._last: int = connection.execute(f"SELECT COALESCE(MAX(rowid), 0) FROM {table}").fetchone()[0]
        self._new: list[str] = []

    def __missing__(self, text: str) -> int:
        self._last += 1
        self._new.append(text)
        self[text] = self._last
        return self._last

    def store(self) -> None:
        """Store those that are new."""
        numbers, texts = range(self._last - len(self._new) + 1, self._last + 1), ",".join(self._new)
        rows = zip(numbers, loads(f"[{texts}]".encode()), strict=True)
        self._connection.executemany(self._insert, [(number, *values) for number, values in rows])
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


def _take(connection: sqlite3.Connection, file: FileIO, name: str, shared: tuple[_Shared, _Shared]) -> None:
    at, held = file.tell(), b""
    while data := file.read(READ_AT_ONCE):
        data = held + data
        end = data.rfind(b"\n") + 1
        held = data[end:]
        if end:
            _store(connection, name, _values(data[: end - 1].replace(b"\0", b"")), shared)
            at += end
    connection.execute(_READ, (name, at))


def _values(lines: bytes) -> Sequence[Any]:
    """Read lines of JSON; None for each that is none."""
    try:
        values: list[Any] = loads(b"[%b]" % lines.replace(b"\n", b","))
    except ValueError:
        values = [_value(line) for line in lines.split(b"\n")]
    return values


def _value(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _store(connection: sqlite3.Connection, name: str, values: Sequence[Any], shared: tuple[_Shared, _Shared]) -> None:
    payers, kinds = shared
    width, owners = len(LINE), []
    latest: dict[int, list[Any]] = {}
    for value in values:
        try:
            if type(value) is list and len(value) == width:
                value[2], value[3] = payers[value[2]], kinds[value[3]]
                latest[value[0]] = value
            elif len(alike := value.get("alike", ())) == 3 and len(alike[0]) == width:
                shared_values = alike[0]
                shared_values[2], shared_values[3] = payers[shared_values[2]], kinds[shared_values[3]]
                latest.update((each[0], each) for each in rows_of_alike(*alike))
            elif len(value.get("owner", ())) == 3:
                owners.append([str(text) for text in value["owner"]])
            else:
                connection.execute(_FAULT, value["fault"])
        except (AttributeError, KeyError, TypeError, ValueError, sqlite3.InterfaceError, sqlite3.ProgrammingError):
            connection.execute(_FAULT, (name, _DAMAGED))
    connection.executemany(_OWNER, owners)
    payers.store()
    kinds.store()
    plain = [value for value in latest.values() if value[_BETWEEN] == _NOTHING]
    connection.executemany(_ENTRY, [value for value in latest.values() if value[_BETWEEN] != _NOTHING])
    for value in plain:
        del value[_BETWEEN]
    connection.executemany(_PLAIN_ENTRY, plain)
