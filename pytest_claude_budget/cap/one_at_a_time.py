"""Lets one thread of a process at a time do something with a store, and lets nothing be lost that comes amid it."""

from _thread import RLock
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from pytest_claude_budget.cap.store import UnavailableError

PATIENCE = 60.0
"""Seconds to wait for another thread."""
STUCK = f"another thread has held the cap for {PATIENCE:.0f} seconds"
_On = TypeVar("_On")
_T = TypeVar("_T")


class OneAtATime(Generic[_On]):
    """A lock with a queue: `on` does a work with whatever the works need, and what came meanwhile.

    The lock lets its own thread in again, so that a finalizer amid our work never waits for itself, wherever Python runs it.
    """

    __slots__ = ("is_amid", "lock", "waiting")

    def __init__(self) -> None:
        self.lock = RLock()
        self.is_amid = False
        """Is whoever holds the lock amid a work? Where the lock was had all the same, that is this thread."""
        self.waiting: deque[Callable[[_On], None]] = deque()
        """What was asked amid another work; whoever holds the lock does it before it lets go."""

    def wait(self) -> None:
        """Take the lock, which another thread has. Raises UnavailableError."""
        if not self.lock.acquire(timeout=PATIENCE):
            raise UnavailableError(STUCK)

    def now(self, on: Callable[[Callable[[_On], _T]], _T], work: Callable[[_On], _T]) -> _T:
        """Do it while no other thread does. Raises UnavailableError."""
        self.wait()
        if self.is_amid:
            self.lock.release()
            raise UnavailableError(STUCK)
        try:
            self.is_amid = True
            return on(work)
        finally:
            self.is_amid = False
            self.lock.release()

    def soon(self, on: Callable[[Callable[[_On], None]], None], work: Callable[[_On], None]) -> None:
        """Do it now; or where this thread is amid a work, as a finalizer may find it, right behind that."""
        self.wait()
        try:
            if self.is_amid:
                self.waiting.append(work)
            else:
                self.now(on, work)
        finally:
            self.lock.release()
