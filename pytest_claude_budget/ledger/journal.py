"""What one process writes: a file of its own beside the ledger, a line of JSON for each call.

One `write` to a file opened for appending is all that a call costs, and a killed process loses nothing that was
written: the operating system holds it. Whoever reads the ledger brings the journals in.
"""

import errno
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pytest_claude_budget.ledger.places import SUFFIX
from pytest_claude_budget.ledger.rows import Entry, lines_of, storable
from pytest_claude_budget.values import value_class

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]  # an AttributeError is expected at each use

_NAMES_TRIED = 100


@value_class(frozen=True, kw_only=True, slots=True)
class OwnerFacts:
    """What a run knows of one owner besides its calls."""

    owner: str
    place: str
    """`file:line` of the test."""
    limits: str
    """The limits of its marker, as JSON; empty where it has none."""


class Journal:
    """Appends to a file that no other process writes. Every method may raise OSError."""

    def __init__(self, ledger: Path) -> None:
        self.ledger = ledger
        self.used = False
        """Something was written here, whatever became of the file since."""
        self.closed: set[str] = set()
        """Names of the files that this process wrote and will write no more."""
        self._open = _CLOSED
        self._was_lost = False

    def append(self, entries: Iterable[Entry]) -> None:
        """Store calls by one write; of several with one id, the last holds."""
        self.write(lines_of(entries))

    def append_owner(self, facts: OwnerFacts) -> None:
        """Store what is known of an owner."""
        self._write_object(owner=(facts.owner, facts.place, facts.limits))

    def append_fault(self, process: str, reason: str) -> None:
        """Store that measuring itself failed somewhere."""
        self._write_object(fault=(process, reason))

    def write(self, lines: bytes) -> None:
        """Store lines that are laid out already, by one write."""
        here = self._open
        if here.pid != os.getpid():
            here = self._begin()
        if os.write(here.file, lines) != len(lines):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.used = True

    @property
    def is_lost(self) -> bool:
        """Was a file removed while it was written?"""
        if self._was_lost or self._open.pid != os.getpid():
            return self._was_lost
        with suppress(OSError):
            return os.fstat(self._open.file).st_nlink == 0
        return True

    def close(self) -> None:
        """Let go of the file; what comes next goes to a new one."""
        self._was_lost = self.is_lost
        last, self._open = self._open, _CLOSED
        if last.pid == os.getpid():
            self.closed.add(last.name)
            os.close(last.file)

    def _write_object(self, **told: Iterable[str]) -> None:
        lists = {name: [storable(text) for text in texts] for name, texts in told.items()}
        self.write(f"{json.dumps(lists)}\n".encode("ascii"))

    def _begin(self) -> "_Open":
        """Begin a file, anew after a fork: the parent's is left as it is, since its number may be another's by now.

        Takes no lock, which a fork could leave locked: of two threads that come here at once, each has a file.
        """
        self.ledger.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(_NAMES_TRIED):
            name = f"{self.ledger.name}.{os.getpid()}-{os.urandom(4).hex()}{SUFFIX}"
            file = os.open(self.ledger.with_name(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
            if _is_held(file):
                self._open = _Open(os.getpid(), file, name)
                return self._open
            os.close(file)
        raise OSError(errno.EAGAIN, "the journal is removed as fast as it is made")


class _Open(NamedTuple):
    """A file that is open, and in which process."""

    pid: int
    file: int
    name: str


_CLOSED = _Open(0, -1, "")


def _is_held(file: int) -> bool:
    """Lock a file for as long as this process lives, to show that it has a writer; False where it was removed."""
    with suppress(AttributeError, OSError):  # without locks readers find nothing out, and remove nothing
        fcntl.flock(file, fcntl.LOCK_EX)
    return os.fstat(file).st_nlink > 0


def has_writer(file: int) -> bool | None:
    """Does the process still live that writes a journal? None where that cannot be told."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (AttributeError, OSError):  # no locks on this system, or on this disk
        return None
    return False
