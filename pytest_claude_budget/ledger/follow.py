"""Reads a ledger's journals while the run goes on: what is new since the last look, and no file of the run is touched."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from pytest_claude_budget.calls.call import Call
from pytest_claude_budget.ledger.alike_format import rows_of_alike
from pytest_claude_budget.ledger.outside import FileIO
from pytest_claude_budget.ledger.paths import journals_of
from pytest_claude_budget.ledger.row_format import LINE, call_of

READ_AT_ONCE = 1 << 20
"""Bytes of a journal that are taken apart at once."""


class Follower:
    """Follows one run. A look raises nothing: what cannot be read yet is read at a later one."""

    def __init__(self, ledger: Path) -> None:
        self.ledger = ledger
        self.damaged = False
        """There was a line that cannot be read: calls may be missing."""
        self._read: dict[Path, int] = {}
        """How many bytes of each journal were taken."""

    def newer(self) -> Iterator[Call]:
        """The calls that were stored or have changed since the last look; of several with one id, the last holds."""
        for journal in journals_of(self.ledger):
            with suppress(OSError), FileIO(str(journal)) as file:
                yield from self._newer_of(journal, file)

    def _newer_of(self, journal: Path, file: FileIO) -> Iterator[Call]:
        at, held = self._read.get(journal, 0), b""
        file.seek(at)
        while data := file.read(READ_AT_ONCE):
            lines = (held + data).split(b"\n")
            held = lines.pop()
            for number, line in enumerate(lines, 1):
                try:
                    calls = _calls(line)
                except (ValueError, TypeError, KeyError, IndexError):
                    if number == len(lines):  # it is being written at this very moment
                        return
                    calls, self.damaged = [], True
                at += len(line) + 1
                self._read[journal] = at
                yield from calls


def _calls(line: bytes) -> list[Call]:
    """Read one line; nothing where it tells of something else than calls."""
    text = line.replace(b"\0", b"")  # room that its writer had taken and did not need
    value: Any = json.loads(text) if text else None
    if isinstance(value, dict) and "alike" in value:
        rows = rows_of_alike(*value["alike"])
    else:
        rows = [value] if isinstance(value, list) and len(value) == len(LINE) else []
    return [call_of([*row[:2], *json.loads(row[2]), *json.loads(row[3]), *row[4:]]) for row in rows]
