"""A cap that all processes of one machine hold together: figures in a mapped file, changed under a lock of the file.

The lock is `flock` on an open file of its own. Not on the mapped one: a mapping keeps its open file alive, so that a child
which was forked while a thread held the lock would keep it locked after its parent's death. Not `lockf`, which shuts no
threads out. A lock of the process comes first, since threads share an open file.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pytest_claude_budget.cap.account_table import AccountTable
from pytest_claude_budget.cap.forks import tell_of_forks
from pytest_claude_budget.cap.one_at_a_time import OneAtATime
from pytest_claude_budget.cap.store import MOST, Charged, Claim, Refused, Reservation, UnavailableError, settlement
from pytest_claude_budget.ledger.outside import system

try:
    from fcntl import LOCK_EX, LOCK_UN, flock
except ImportError:  # Windows
    flock = None  # type: ignore[assignment]  # is looked for before it is used

NO_LOCK = "a hard cap needs locks of files (flock), which this system does not have; a database can hold it"
_GONE = "the file of the cap was removed or cut while the run goes on, and what it held is not known"
_SPENT, _RESERVED = 2, 3
"""Words of a slot."""
_T = TypeVar("_T")


class MappedCap:
    """A store in a file: every process that opens the same path shares it."""

    def __init__(self, path: Path) -> None:
        """Take the file, which is made where it is not there. Raises UnavailableError."""
        if flock is None:
            raise UnavailableError(NO_LOCK)
        self._path = path
        self._turn: OneAtATime[AccountTable] = OneAtATime()
        self._lock_file: int | None = None
        self._table: AccountTable | None = None
        self._turn.now(self._locked, _nothing)
        tell_of_forks(self)

    def reserve(self, claims: Sequence[Claim]) -> Reservation | Refused:
        """Charge all claims, each of another account, or none. Raises UnavailableError."""
        return self._turn.now(self._whole, lambda table: _reserve(table, claims))

    def settle(self, reservation: Reservation, *, cost: int, calls: int = 1) -> None:
        """Put what a call came to in the place of what was reserved for it. Raises UnavailableError."""

        def work(table: AccountTable) -> None:
            if not reservation.settled:
                _settle(table, reservation, cost, calls)

        self._turn.soon(self._locked, work)

    def charged(self, account: str) -> Charged:
        """What an account is charged with now. Raises UnavailableError."""
        return self._turn.now(self._locked, lambda table: _charged(table, table.slot(account, make=False)))

    def close(self) -> None:
        """Let go of the file, until it is asked for again. Raises UnavailableError where something was still to be settled."""
        if self._turn.waiting:
            self._turn.now(self._locked, _nothing)
        self._turn.now(lambda work: self._let_go(), _nothing)

    def forget(self) -> None:
        """In a forked child: nothing here is its own."""
        self._turn = OneAtATime()
        self._let_go()

    def _whole(self, work: Callable[[AccountTable], _T]) -> _T:
        """Do it in a file that is still there. That is looked at before others are kept waiting."""
        if self._table is not None and not self._table.is_whole():
            raise UnavailableError(_GONE)
        return self._locked(work)

    def _locked(self, work: Callable[[AccountTable], _T]) -> _T:
        """Do it while no other process does."""
        try:
            file = self._lock_file
            if file is None:
                self._lock_file = file = _opened_file(self._path)
            return self._with_table(file, work)
        except OSError as error:
            raise UnavailableError(f"the file of the cap cannot be used: {error.strerror or error}") from None

    def _with_table(self, lock_file: int, work: Callable[[AccountTable], _T]) -> _T:
        try:
            flock(lock_file, LOCK_EX)
            table = self._table
            if table is None:
                self._table = table = _opened_table(self._path)
            done = work(table)
            while self._turn.waiting:
                self._turn.waiting.popleft()(table)
            return done
        finally:
            flock(lock_file, LOCK_UN)

    def _let_go(self) -> None:
        file, self._lock_file = self._lock_file, None
        table, self._table = self._table, None
        with suppress(OSError):
            if table is not None:
                table.close()
            if file is not None:
                system.close(file)


def _nothing(_: AccountTable) -> None:
    """What needs the store open, and no more."""


def _opened_table(path: Path) -> AccountTable:
    table = AccountTable(path)
    table.open()
    return table


def _opened_file(path: Path) -> int:
    return system.open(str(path), system.O_RDWR | system.O_CREAT | system.O_CLOEXEC, 0o600)


def _reserve(table: AccountTable, claims: Sequence[Claim]) -> Reservation | Refused:
    slots = table.slots(claims)
    words = table.words
    for claim, slot in slots:
        after = words[slot + _SPENT] + words[slot + _RESERVED] + claim.amount
        if after > claim.most or after > MOST:
            return Refused(claim=claim, charged=_charged(table, slot))
    for claim, slot in slots:
        words[slot + _RESERVED] += claim.amount
    return Reservation(claims)


def _settle(table: AccountTable, reservation: Reservation, cost: int, calls: int) -> None:
    slots = table.slots(reservation.claims)
    words = table.words
    reservation.settled = True
    for claim, slot in slots:
        # In this order: a kill between the two leaves too much charged.
        spent = words[slot + _SPENT] + settlement(claim, cost, calls)
        words[slot + _SPENT] = spent if spent < MOST else MOST
        words[slot + _RESERVED] -= claim.amount


def _charged(table: AccountTable, slot: int) -> Charged:
    if not slot:
        return Charged()
    return Charged(spent=table.words[slot + _SPENT], reserved=table.words[slot + _RESERVED])
