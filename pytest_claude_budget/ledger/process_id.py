"""Which process this is, without a call of the system for each call of Claude.

The number lies in memory that Linux empties in a child, however that was forked: a child finds nothing there, and asks. Some
emulators take every advice about memory and heed none; they are known by one that must be refused. Python's own forks empty
it besides.
"""

import mmap
import sys
from collections.abc import Callable

from pytest_claude_budget.ledger.outside import system

_WIPE_ON_FORK, _NO_ADVICE = 18, -1
"""`MADV_WIPEONFORK` of Linux 4.14 and later, which Python has no name for; and what is no advice."""


def kept_process_id(ask: Callable[[], int]) -> Callable[[], int]:
    """Keep what `ask` says as long as the process is the same; `ask` itself where nobody would tell that it is another."""
    words = _emptied_by_forks()
    if words is None:
        return ask

    def process_id() -> int:
        known = words[0]
        if not known:
            known = words[0] = ask()
        return known

    def forget() -> None:
        words[0] = 0

    system.register_at_fork(after_in_child=forget)
    return process_id


def _emptied_by_forks() -> memoryview | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        page.madvise(_WIPE_ON_FORK)
    except (OSError, ValueError):
        return None
    try:
        page.madvise(_NO_ADVICE)
    except OSError:
        return memoryview(page).cast("q")
    return None


process_id = kept_process_id(system.getpid)
