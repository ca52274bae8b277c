"""Lets one thread of a process at a time do something with a store, and lets nothing be lost that comes amid it."""

from _thread import allocate_lock, get_ident
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from pytest_claude_budget.cap.store import UnavailableError

PATIENCE = 60.0
"""Seconds to wait for another thread."""
_STUCK = f"another thread has held the cap for {PATIENCE:.0f} seconds"
_On = TypeVar("_On")
_T = TypeVar("_T")


class OneAtATime(Generic[_On]):
    """A lock with a queue: `on` does a work with whatever the works need, and what came meanwhile."""

    __slots__ = ("_holder", "_lock", "waiting")

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._holder = 0
        self.waiting: deque[Callable[[_On], None]] = deque()
        """What `soon` was asked amid another work; whoever holds the lock does it before it lets go."""

    def now(self, on: Callable[[Callable[[_On], _T]], _T], work: Callable[[_On], _T]) -> _T:
        """Do it while no other thread does. Raises UnavailableError."""
        mine = get_ident()
        if self._holder == mine or not (self._lock.acquire(False) or self._lock.acquire(timeout=PATIENCE)):  # noqa: FBT003
            raise UnavailableError(_STUCK)
        try:
            self._holder = mine
            return on(work)
        finally:
            self._holder = 0
            self._lock.release()

    def soon(self, on: Callable[[Callable[[_On], None]], None], work: Callable[[_On], None]) -> None:
        """Do it now; or where this thread is amid a work, as a finalizer may find it, right behind that."""
        if self._holder == get_ident():
            self.waiting.append(work)
        else:
            self.now(on, work)
