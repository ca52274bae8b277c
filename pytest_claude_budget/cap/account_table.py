"""Accounts in a mapped file: for each a key, what is spent and what is reserved, at a place that never moves.

The file is a page with its version and number of tables, then tables of slots, each twice as large as the one before. Only what
holds the file's lock reads or writes. A kill between two writes leaves what the order of them allows: a slot with half a key is
nobody's, and a table that is not counted yet is not there.
"""

import errno
import mmap
from hashlib import blake2b
from pathlib import Path

from pytest_claude_budget.cap.store import UnavailableError
from pytest_claude_budget.ledger.outside import system

VERSION = 0x0001_7061_6362_6463
"""In the first word, once the file is laid out."""
WORD = 8
HEAD = mmap.PAGESIZE
SLOT = 4
"""Words of a slot: two of the key, spent, reserved."""
FIRST = 4096
"""Slots of the first table."""
_CANNOT = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)
"""What a file system says that keeps no room free."""
_LOAD = (3, 4)
"""A table that is fuller than this gets a larger one behind it."""
_TABLES, _USED = 1, 2
"""Words of the head: how many tables there are, and how many slots of the last one are taken."""


class AccountTable:
    """One process's view of the file. Every method wants the file's lock."""

    __slots__ = ("_file", "_inode", "_mapped", "_memory", "_tables", "known", "words")

    def __init__(self, path: Path) -> None:
        self._file = system.open(str(path), system.O_RDWR | system.O_CREAT | getattr(system, "O_CLOEXEC", 0), 0o600)
        self._inode = system.fstat(self._file).st_ino
        self._tables = self._mapped = 0
        self.known: dict[str, int] = {}
        self._memory: mmap.mmap | None = None
        self.words: memoryview = memoryview(b"")
        """The file in words of 8 bytes, each of which is written whole."""

    def open(self) -> None:
        """Lay the file out where nobody has, and map it."""
        if system.fstat(self._file).st_size < _end_of(1):
            self._allot(_end_of(1))
        self._map(_end_of(1))
        if self.words[0] == 0:
            self.words[_TABLES] = 1
            self.words[0] = VERSION
        if self.words[0] != VERSION:
            raise UnavailableError("the file of the cap is of another version of this plugin, or is none")
        self.grown()

    def grown(self) -> None:
        """Map what other processes have added."""
        tables = self.words[_TABLES]
        if tables != self._tables:
            self._map(_end_of(tables))
            self._tables = tables

    def slot(self, account: str, *, make: bool = True) -> int:
        """Where an account's slot is, as a word of the file; it is made where there is none, or 0 is returned."""
        at = self.known.get(account)
        if at is None:
            self.grown()
            high, low = _key(account)
            at = self._found(high, low) or (self._made(high, low) if make else 0)
            if at:
                self.known[account] = at
        return at

    def close(self) -> None:
        """Unmap and close."""
        self.words.release()
        if self._memory is not None:
            self._memory.close()
        system.close(self._file)

    def _found(self, high: int, low: int) -> int:
        for table in range(self._tables):
            at, _ = self._probe(table, high, low)
            if at:
                return at
        return 0

    def _probe(self, table: int, high: int, low: int) -> tuple[int, int]:
        """The slot of a key in a table, else 0, and the free slot where the search ended."""
        words, slots, start = self.words, FIRST << table, _start_of(table) // WORD
        at = high % slots
        while True:
            word = start + at * SLOT
            first, second = words[word], words[word + 1]
            if first == high and second == low:
                return word, 0
            if first == 0 and second == 0:
                return 0, word
            at = (at + 1) % slots

    def _made(self, high: int, low: int) -> int:
        words, last = self.words, self._tables - 1
        if words[_USED] * _LOAD[1] >= (FIRST << last) * _LOAD[0]:
            self._add_table()
            words, last = self.words, last + 1
        _, word = self._probe(last, high, low)
        words[_USED] += 1
        words[word] = high
        words[word + 1] = low
        return word

    def _add_table(self) -> None:
        end = _end_of(self._tables + 1)
        self._allot(end)
        self._map(end)
        self._tables += 1
        self.words[_TABLES] = self._tables
        self.words[_USED] = 0  # after a kill before this, the new table counts as fuller than it is

    def is_whole(self) -> bool:
        """Is the file still there, and as long as what is mapped of it? Else its figures are nobody's, or reading them kills."""
        try:
            found = system.fstat(self._file)
        except OSError:  # somebody has closed all files of the process
            return False
        same = found.st_ino == self._inode and found.st_nlink > 0
        return same and found.st_size >= self._mapped

    def is_long(self) -> bool:
        """Is the file as long as what is mapped of it? Else reading it kills."""
        memory = self._memory
        try:
            return memory is not None and memory.size() >= self._mapped
        except OSError:  # as above
            return False

    def _allot(self, end: int) -> None:
        """Room for the file up to there: what lacks it is told here, and not killed at its first write."""
        try:
            system.posix_fallocate(self._file, 0, end)
        except AttributeError:  # macOS
            system.ftruncate(self._file, end)
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
            system.ftruncate(self._file, end)

    def _map(self, end: int) -> None:
        memory = mmap.mmap(self._file, end)
        self.words.release()
        if self._memory is not None:
            self._memory.close()
        self._memory, self._mapped, self.words = memory, end, memoryview(memory).cast("q")


def _key(account: str) -> tuple[int, int]:
    digest = blake2b(account.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    # positive, and never both zero
    return int.from_bytes(digest[:8], "big") >> 1 or 1, int.from_bytes(digest[8:], "big") >> 1


def _start_of(table: int) -> int:
    """Bytes before a table: those before it have FIRST * (2 ** table - 1) slots."""
    return HEAD + FIRST * ((1 << table) - 1) * SLOT * WORD


def _end_of(tables: int) -> int:
    return _start_of(tables)
