"""Reads a ledger's journals while the run goes on: what is new since the last look, and no file of the run is touched."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from pytest_claude_budget.calls.call import Call
from pytest_claude_budget.ledger.alike_format import rows_of_alike
from pytest_claude_budget.ledger.outside import FileIO
from pytest_claude_budget.ledger.paths import journals_of
from pytest_claude_budget.ledger.read_rows import call_of
from pytest_claude_budget.ledger.row_format import whole_row
from pytest_claude_budget.ledger.whole_lines import whole_lines

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
        at, size = self._read.get(journal, 0), READ_AT_ONCE
        file.seek(at)
        while data := file.read(size):
            end = data.rfind(b"\n") + 1
            values, taken = whole_lines(data[:end]) if end else ([], 0)
            if not taken and (end or len(data) < size):  # it is being written at this very moment
                return
            size = READ_AT_ONCE if taken else 2 * size
            at += taken
            file.seek(at)
            self._read[journal] = at
            for value in values:
                yield from self._calls(value)

    def _calls(self, value: Any) -> list[Call]:
        """The calls of a line; none where it tells of something else."""
        try:
            rows = [value]
            if isinstance(value, dict):
                rows = rows_of_alike(*value["alike"]) if "alike" in value else []
            return [call_of(whole_row(row)) for row in rows]
        except (ValueError, TypeError, KeyError, IndexError):
            self.damaged = True
            return []
