"""Shows that a run still goes on: its process holds a lock on a file beside the ledger for as long as it lives.

A process id alone would not do: another process may have it by now, and containers that share a folder do not see
each other's.
"""

from contextlib import suppress
from pathlib import Path

from pytest_claude_budget.ledger.outside import locking, system

RUNNING = ".running"
"""How the name of the file ends; it begins with its ledger's."""


class Hold:
    """One run's lock, from its first call on."""

    def __init__(self, ledger: Path) -> None:
        self._path = ledger.with_name(f"{ledger.name}{RUNNING}")
        self._file: int | None = None
        self._pid = 0

    def take(self) -> None:
        """Hold the lock, if that can be done: without it, others go by the process id. Never raises."""
        if self._file is not None:
            return
        with suppress(AttributeError, OSError):
            file = system.open(self._path, system.O_RDWR | system.O_CREAT, 0o644)
            self._file, self._pid = file, system.getpid()
            locking.flock(file, locking.LOCK_EX | locking.LOCK_NB)

    def leave(self) -> None:
        """Let go, where this process has it."""
        file, self._file = self._file, None
        if file is not None and self._pid == system.getpid():
            with suppress(AttributeError, OSError):
                system.unlink(str(self._path))
                locking.flock(file, locking.LOCK_UN)  # a process that was forked from this one has it open too
            with suppress(OSError):
                system.close(file)


def is_held(ledger: Path) -> bool | None:
    """Does the process of a run hold its lock? None where it has none, or where that cannot be told."""
    try:
        file = system.open(ledger.with_name(f"{ledger.name}{RUNNING}"), system.O_RDONLY)
    except OSError:
        return None
    try:
        locking.flock(file, locking.LOCK_SH | locking.LOCK_NB)
    except BlockingIOError:
        return True
    except (AttributeError, OSError):
        return None
    finally:
        system.close(file)
    return False
