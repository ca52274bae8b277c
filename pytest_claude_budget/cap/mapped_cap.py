"""A cap that all processes of one machine hold together: figures in a mapped file, changed under a lock of the file.

The lock is `flock` on an open file of its own. Not on the mapped one: a mapping keeps its open file alive, so that a child
which was forked while a thread held the lock would keep it locked after its parent's death. Not `lockf`, which shuts no
threads out. A lock of the process comes first, since threads share an open file.
"""

import weakref
from _thread import allocate_lock, get_ident
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pytest_claude_budget.cap.account_table import AccountTable
from pytest_claude_budget.cap.store import MOST, Charged, Claim, Refused, Reservation, UnavailableError, settlement
from pytest_claude_budget.ledger.outside import system

try:
    from fcntl import LOCK_EX, LOCK_UN, flock
except ImportError:  # Windows
    flock = None  # type: ignore[assignment]  # is looked for before it is used

NO_LOCK = "a hard cap needs locks of files (flock), which this system does not have"
_GONE = "the file of the cap was removed or cut while the run goes on, and what it held is not known"
_STUCK = "another thread has held the cap for a minute"
_PATIENCE = 60.0
"""Seconds to wait for a thread of this process. Others are waited for as long as they live."""
_SPENT, _RESERVED = 2, 3
"""Words of a slot."""
_opened: "weakref.WeakSet[MappedCap]" = weakref.WeakSet()
"""What a child must open anew after a fork. Module state, since a fork tells the module alone."""
_T = TypeVar("_T")


class MappedCap:
    """A store in a file: every process that opens the same path shares it."""

    def __init__(self, path: Path) -> None:
        """Take the file, which is made where it is not there. Raises UnavailableError."""
        if flock is None:
            raise UnavailableError(NO_LOCK)
        self._path = path
        self._lock = allocate_lock()
        self._holder = 0
        self._waiting: deque[Callable[[AccountTable], None]] = deque()
        self._lock_file: int | None = None
        self._table: AccountTable | None = None
        self._alone(lambda table: None)
        _opened.add(self)

    def reserve(self, claims: Sequence[Claim]) -> Reservation | Refused:
        """Charge all claims, each of another account, or none. Raises UnavailableError."""
        return self._alone(lambda table: _reserve(table, claims))

    def settle(self, reservation: Reservation, *, cost: int, calls: int = 1) -> None:
        """Put what a call came to in the place of what was reserved for it. Raises UnavailableError."""

        def work(table: AccountTable) -> None:
            if not reservation.settled:
                _settle(table, reservation, cost, calls)

        if self._holder == get_ident():  # a finalizer that runs amid our own work
            self._waiting.append(work)
        else:
            self._alone(work)

    def charged(self, account: str) -> Charged:
        """What an account is charged with now. Raises UnavailableError."""
        return self._alone(lambda table: _charged(table, table.slot(account, make=False)))

    def close(self) -> None:
        """Let go of the file, until it is asked for again."""
        _opened.discard(self)
        with self._lock:
            self._let_go()

    def _alone(self, work: Callable[[AccountTable], _T]) -> _T:
        """Do it while nobody else can."""
        mine = get_ident()
        if self._holder == mine or not (self._lock.acquire(False) or self._lock.acquire(timeout=_PATIENCE)):  # noqa: FBT003
            raise UnavailableError(_STUCK)
        try:
            self._holder = mine
            return self._locked(work)
        except OSError as error:
            raise UnavailableError(f"the file of the cap cannot be used: {error.strerror or error}") from None
        finally:
            self._holder = 0
            self._lock.release()

    def _locked(self, work: Callable[[AccountTable], _T]) -> _T:
        if self._lock_file is None:
            self._lock_file = _opened_file(self._path)
        try:
            flock(self._lock_file, LOCK_EX)
            table = self._table
            if table is None:
                self._table = table = AccountTable(self._path)
                table.open()
            done = work(table)
            while self._waiting:
                self._waiting.popleft()(table)
            return done
        finally:
            flock(self._lock_file, LOCK_UN)

    def _let_go(self) -> None:
        file, self._lock_file = self._lock_file, None
        table, self._table = self._table, None
        with suppress(OSError):
            if table is not None:
                table.close()
            if file is not None:
                system.close(file)

    def _forget(self) -> None:
        """In a forked child: nothing here is its own."""
        self._lock, self._holder = allocate_lock(), 0
        self._waiting.clear()
        self._let_go()


def _forget_all() -> None:
    for cap in list(_opened):
        cap._forget()


if hasattr(system, "register_at_fork"):
    system.register_at_fork(after_in_child=_forget_all)


def _opened_file(path: Path) -> int:
    return system.open(str(path), system.O_RDWR | system.O_CREAT | system.O_CLOEXEC, 0o600)


def _reserve(table: AccountTable, claims: Sequence[Claim]) -> Reservation | Refused:
    if not table.is_whole():
        raise UnavailableError(_GONE)
    slots = [table.slot(claim.account) for claim in claims]
    words = table.words
    for claim, slot in zip(claims, slots, strict=True):
        after = words[slot + _SPENT] + words[slot + _RESERVED] + claim.amount
        if after > claim.most or after > MOST:
            return Refused(claim=claim, charged=_charged(table, slot))
    for claim, slot in zip(claims, slots, strict=True):
        words[slot + _RESERVED] += claim.amount
    return Reservation(claims)


def _settle(table: AccountTable, reservation: Reservation, cost: int, calls: int) -> None:
    slots = [table.slot(claim.account) for claim in reservation.claims]
    words = table.words
    reservation.settled = True
    for claim, slot in zip(reservation.claims, slots, strict=True):
        # In this order: a kill between the two leaves too much charged.
        spent = words[slot + _SPENT] + settlement(claim, cost, calls)
        words[slot + _SPENT] = spent if spent < MOST else MOST
        words[slot + _RESERVED] -= claim.amount


def _charged(table: AccountTable, slot: int) -> Charged:
    if not slot:
        return Charged()
    return Charged(spent=table.words[slot + _SPENT], reserved=table.words[slot + _RESERVED])
