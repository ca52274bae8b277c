"""Pieces of a journal's file that lie in memory: a line is stored by one copy, without a call of the system.

The operating system holds that memory as it holds what `write` gave it: a killed process loses nothing, and whoever
reads the file sees it at once. What is left over at the end of a piece is zeros, which no line holds.

The price: where the disk has no room for such memory, the process is not told, it is killed. So room is asked for
first, and only on file systems that keep a promise of room however often its place is written.
"""

import errno
import mmap
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from pytest_claude_budget.ledger.outside import FileIO, system

SHORTEST = 1 << 16
"""Bytes of a piece: some 150 calls."""
PROMISING = frozenset(("ext2", "ext3", "ext4", "xfs", "tmpfs"))
"""File systems that write in place. Those that copy on write (btrfs, ZFS, APFS) may need room again; of those that lie on
others (overlay, network, FUSE) nobody knows."""
_MOUNTS = Path("/proc/self/mountinfo")
_POPULATE_WRITE = 23
"""`MADV_POPULATE_WRITE` of Linux 5.14 and later, which Python has no name for: brings pages in now, not at their first byte, and
raises where a page cannot be had."""


class Piece:
    """Room for lines at one place of a file."""

    __slots__ = ("_end", "_file", "after", "write")

    def __init__(self, file: int, at: int, needed: int) -> None:
        length = -(-max(needed, SHORTEST) // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
        system.posix_fallocate(file, at, length)
        system.posix_fadvise(
            file, at, length, system.POSIX_FADV_WILLNEED
        )  # in large pages: half the price of what follows
        memory = mmap.mmap(file, length, flags=mmap.MAP_SHARED, offset=at)
        try:
            memory.madvise(_POPULATE_WRITE)
        except OSError as error:
            if error.errno != errno.EINVAL:  # an older Linux
                raise
        self._file, self._end = file, at + length
        self.write: Callable[[bytes], object] = memory.write
        """Store lines behind the last; ValueError where they do not fit. Under the GIL no other thread comes between."""
        self.after: dict[None, Piece] = {}
        """The piece behind this one, once there is one. A dict, since `setdefault` lets only the first of several in."""

    def newest(self) -> "Piece":
        """The last one of the file. A later state of a call must not come before an earlier one."""
        piece = self
        while piece.after:
            piece = piece.after[None]
        return piece

    def next(self, needed: int) -> "Piece":
        """The piece behind this one; `END` where there is no room for another.

        Of threads that come here at once, all but one have mapped the same place in vain, and write nothing there.
        """
        try:
            made = Piece(self._file, self._end, needed)
        except (OSError, ValueError):  # the disk is full; the file was closed, or cut by somebody
            made = END
        return self.after.setdefault(None, made)

    def seal(self) -> None:
        """Let no piece come any more."""
        last = self.newest()
        while last is not END:
            last = last.after.setdefault(None, END)


class _End(Piece):
    """Where a file has no pieces, or no more of them: what comes there is written as to any file."""

    __slots__ = ()

    def __init__(self) -> None:
        self.after, self.write = {}, _refuse


def _refuse(_: bytes) -> object:
    raise ValueError("no room")


END: Piece = _End()


def first_piece(file: int, needed: int) -> Piece:
    """Begin a file, which is empty, with a piece; `END` where that cannot be, or were not safe."""
    try:
        if _copies_are_whole() and _is_promising(system.fstat(file).st_dev):
            return Piece(file, 0, needed)
    except (OSError, ValueError, AttributeError):  # no room for a whole piece; no such call on this system
        pass
    return END


def _copies_are_whole() -> bool:
    """Is there a GIL?"""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


def _mounts() -> list[str]:
    with FileIO(str(_MOUNTS)) as file:
        return file.readall().decode("utf-8", "replace").splitlines()


@lru_cache(maxsize=8)
def _is_promising(device: int) -> bool:
    """Does this device hold a file system of that kind? Where that cannot be told, it does not."""
    number = f"{system.major(device)}:{system.minor(device)}"
    for mount in _mounts():
        fields = mount.split(" ")
        if fields[2] == number:
            return fields[fields.index("-") + 1] in PROMISING
    return False
