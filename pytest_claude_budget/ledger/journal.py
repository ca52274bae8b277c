"""What one process writes: a file of its own beside the ledger, a line of JSON for each call.

One copy into memory that the file shares is all that a call costs, or one `write` where that is not to be had. A
killed process loses nothing that was written: the operating system holds it. Whoever reads the ledger brings the
journals in.
"""

import errno
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.ledger.mapped_file import END, Piece, first_piece
from pytest_claude_budget.ledger.outside import locking, make_folder, system
from pytest_claude_budget.ledger.paths import SUFFIX
from pytest_claude_budget.ledger.process_id import process_id
from pytest_claude_budget.ledger.row_format import Laid, lines_of, quoted

_NAMES_TRIED = 100


@value_class(frozen=True, kw_only=True, slots=True)
class OwnerFacts:
    """What a run knows of one owner besides its calls."""

    owner: str
    place: str
    """`file:line` of the test."""
    limits: str
    """What its marker says besides labels, as JSON; empty where that is nothing."""


class Journal:
    """Appends to a file that no other process writes. Every method but `take` may raise OSError."""

    def __init__(self, ledger: Path) -> None:
        self.ledger = ledger
        self.used = False
        """Something was written here, whatever became of the file since."""
        self.on_begin: Callable[[], None] = lambda: None
        """Called where a file is begun. Must not raise."""
        self.closed: set[str] = set()
        """Names of the files that this process wrote and will write no more."""
        self._open: _Open | None = None
        self._begun: dict[int, _Open] = {}
        """The open file of each process: this one's, and those of the ones it was forked from."""
        self._was_lost = False
        self._left: list[_Open] = []
        """Files whose descriptors somebody closed: their memory would close the same numbers, which are another's by now."""

    def append(self, entries: Iterable[Laid]) -> None:
        """Store calls at once; of several with one id, the last holds."""
        self.write(lines_of(list(entries)))

    def append_owner(self, facts: OwnerFacts) -> None:
        """Store what is known of an owner."""
        self.write(line_of_owner(facts))

    def append_fault(self, process: str, reason: str) -> None:
        """Store that measuring itself failed somewhere."""
        self.write(_line("fault", process, reason))

    def take(self, lines: bytes) -> bool:
        """Store lines where no file has to be touched for it; False where one has to be."""
        here = self._open
        if here is None or here.pid != process_id():
            return False
        piece = here.piece
        try:
            (piece.newest() if piece.after else piece).write(lines)
        except ValueError:
            return False
        return True

    def write(self, lines: bytes) -> None:
        """Store lines that are laid out already, all or none of them."""
        while not self.take(lines):
            here = self._open
            if here is None or here.pid != system.getpid():
                here = self._begin(len(lines))
            try:
                here.write(lines)
            except ValueError:  # closed since, by another thread or by who closes all that is open: on to the next file
                self._leave(here)
            else:
                break
        self.used = True

    @property
    def is_lost(self) -> bool:
        """Was a file removed while it was written?"""
        here = self._open
        if self._was_lost or here is None or here.pid != system.getpid():
            return self._was_lost
        return not here.is_there

    def close(self) -> None:
        """Let go of the file; what comes next goes to a new one."""
        self._was_lost = self.is_lost
        self._open = None
        last = self._begun.pop(system.getpid(), None)
        if last is not None:
            self.closed.add(last.name)
            last.close()

    def _leave(self, here: "_Open") -> None:
        if self._open is here:
            self._open = None
        if self._begun.get(here.pid) is here:
            del self._begun[here.pid]
            self.closed.add(here.name)
            self._left.append(here)

    def _begin(self, needed: int) -> "_Open":
        """Begin a file, anew after a fork: the parent's is left as it is, since its number may be another's by now.

        Takes no lock, which a fork could leave locked: of threads that come here at once, all but one remove theirs.
        """
        make_folder(self.ledger.parent)
        self.on_begin()
        for _ in range(_NAMES_TRIED):
            # by their names, the files of one process are read in the order in which it wrote them
            name = f"{self.ledger.name}.{system.getpid()}-{len(self.closed):04}-{system.urandom(4).hex()}{SUFFIX}"
            path = str(self.ledger.with_name(name))
            file = system.open(path, system.O_RDWR | system.O_CREAT | system.O_EXCL | system.O_APPEND, 0o644)
            if _is_held(file):
                made = _Open(path, file, first_piece(file, needed))
                self._open = here = self._begun.setdefault(system.getpid(), made)
                if here is not made:
                    system.close(file)
                    with suppress(FileNotFoundError):
                        system.unlink(path)
                return here
            system.close(file)
        raise OSError(errno.EAGAIN, "the journal is removed as fast as it is made")


class _Open:
    """A file that is open, and in which process."""

    def __init__(self, path: str, file: int, piece: Piece) -> None:
        self.pid = system.getpid()
        self.path = path
        self.name = PurePath(path).name
        self._is = _identity(system.fstat(file))
        self.file = file
        self.piece = piece
        """One of the newest of the file."""
        self._closed = False

    def write(self, lines: bytes) -> None:
        """Store lines, whatever has to be done for it. May raise OSError, or ValueError where the file was closed."""
        if not self._is_ours:
            self.piece.seal()
        piece = self.piece.newest()
        while piece is not END:
            try:
                piece.write(lines)
            except ValueError:
                piece = piece.next(len(lines))
            else:
                self.piece = piece
                return
        if self._closed or not self._is_ours:
            raise ValueError("the journal was closed")
        if system.write(self.file, lines) != len(lines):
            raise OSError(errno.ENOSPC, system.strerror(errno.ENOSPC))

    def close(self) -> None:
        """Let go of the file: nothing is written there any more."""
        ours, self._closed = self._is_ours, True
        self.piece.seal()
        if ours:
            system.close(self.file)

    @property
    def _is_ours(self) -> bool:
        """Is the descriptor still of this file? A suite may have closed all that are open, and its own have the number now."""
        with suppress(OSError):
            return _identity(system.fstat(self.file)) == self._is
        return False

    @property
    def is_there(self) -> bool:
        """Does the file have its name yet?"""
        with suppress(OSError):
            return (
                system.fstat(self.file).st_nlink > 0 if self._is_ours else _identity(system.stat(self.path)) == self._is
            )
        return False


def line_of_owner(facts: OwnerFacts) -> bytes:
    """Lay out what is known of an owner as a whole line."""
    return _line("owner", facts.owner, facts.place, facts.limits)


def _line(name: str, *texts: str) -> bytes:
    return f'{{"{name}": [{", ".join(map(quoted, texts))}]}}\n'.encode("ascii")


def _identity(status: Any) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _is_held(file: int) -> bool:
    """Lock a file for as long as this process lives, to show that it has a writer; False where it was removed."""
    with suppress(AttributeError, OSError):  # without locks readers find nothing out, and remove nothing
        locking.flock(file, locking.LOCK_EX)
    return system.fstat(file).st_nlink > 0


def has_writer(file: int) -> bool | None:
    """Does the process still live that writes a journal? None where that cannot be told."""
    try:
        locking.flock(file, locking.LOCK_EX | locking.LOCK_NB)
    except BlockingIOError:
        return True
    except (AttributeError, OSError):  # no locks on this system, or on this disk
        return None
    return False


def is_written(journal: Path) -> bool:
    """Does a process live that writes this journal?"""
    with suppress(OSError):
        file = system.open(journal, system.O_RDONLY)
        try:
            return has_writer(file) is True
        finally:
            system.close(file)
    return False
