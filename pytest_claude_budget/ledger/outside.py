"""The operating system as it was before a suite replaced parts of it: what the ledger needs, taken when pytest loads us.

Suites fake the file system, `os` or the clock for a test. The calls of that test are real all the same, and so is the
ledger. A namespace, since such tools look for modules and functions among the globals of every module.
"""

import os
from contextlib import suppress
from io import FileIO
from pathlib import PurePath
from threading import Thread
from types import SimpleNamespace
from typing import TYPE_CHECKING

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]  # an AttributeError is expected at each use

if TYPE_CHECKING:
    import fcntl as locking
    import os as system
else:
    system = SimpleNamespace(**vars(os))
    locking = None if fcntl is None else SimpleNamespace(**vars(fcntl))

__all__ = ["FileIO", "Thread", "exists", "locking", "make_folder", "system", "touch"]


def exists(path: PurePath) -> bool:
    """Is there such a file? Where that cannot be told, there is not."""
    try:
        system.stat(str(path))
    except (OSError, ValueError):
        return False
    return True


def make_folder(path: PurePath) -> None:
    """Make a folder with those that it lies in, as far as they are not there. May raise OSError."""
    if exists(path):
        return
    if path.parent != path:
        make_folder(path.parent)
    with suppress(FileExistsError):  # another process was first
        system.mkdir(str(path))


def touch(path: PurePath) -> None:
    """Make an empty file. May raise OSError."""
    system.close(system.open(str(path), system.O_WRONLY | system.O_CREAT, 0o644))
