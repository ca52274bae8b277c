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
from pytest_claude_budget.cap.one_at_a_time import STUCK, OneAtATime
from pytest_claude_budget.cap.store import MOST, Charged, Claim, Refused, Reservation, UnavailableError, Unit
from pytest_claude_budget.ledger.outside import locking, system

NO_LOCK = "a hard cap needs locks of files (flock), which this system does not have; a database can hold it"
_GONE = "the file of the cap was removed or cut while the run goes on, and what it held is not known"
_SPENT, _RESERVED = 2, 3
"""Words of a slot."""
_COST = Unit.COST
_T = TypeVar("_T")


class MappedCap:
    """A store in a file: every process that opens the same path shares it.

    `reserve` and `settle` each say on their own how to take turns: a call of Python's costs them as much as a figure.
    """

    def __init__(self, path: Path) -> None:
        """Take the file, which is made where it is not there. Raises UnavailableError."""
        if locking is None:
            raise UnavailableError(NO_LOCK)
        self._path = path
        self._turn: OneAtATime[AccountTable] = OneAtATime()
        self._lock_file = -1
        self._table: AccountTable | None = None
        self._turn.now(self._locked, _nothing)
        tell_of_forks(self)

    def reserve(self, claims: Sequence[Claim]) -> Reservation | Refused:
        """Charge all claims, each of another account, or none. Raises UnavailableError."""
        turn = self._turn
        if not turn.lock.acquire(False):  # noqa: FBT003  # takes no name
            turn.wait()
        if turn.is_amid:
            turn.lock.release()
            raise UnavailableError(STUCK)
        try:
            turn.is_amid = True
            table = self._table or self._opened()
            if not table.is_whole():  # before others are kept waiting
                raise UnavailableError(_GONE)
            try:
                locking.flock(self._lock_file, locking.LOCK_EX)
                done = _reserve(table, claims, turn)
                if turn.waiting:
                    self._catch_up(table)
                return done
            finally:
                locking.flock(self._lock_file, locking.LOCK_UN)
        except OSError as error:
            raise _unusable(error) from None
        finally:
            turn.is_amid = False
            turn.lock.release()

    def settle(self, reservation: Reservation, *, cost: int, calls: int = 1) -> None:
        """Put what a call came to in the place of what was reserved for it. Raises UnavailableError."""
        turn = self._turn
        if reservation.hold is not turn:
            return
        if not turn.lock.acquire(False):  # noqa: FBT003  # takes no name
            turn.wait()
        if turn.is_amid:
            turn.waiting.append(lambda table: _settle(table, reservation, cost, calls))
            turn.lock.release()
            return
        try:
            turn.is_amid = True
            table = self._table or self._opened()
            if not table.is_long():
                raise UnavailableError(_GONE)
            try:
                locking.flock(self._lock_file, locking.LOCK_EX)
                _settle(table, reservation, cost, calls)
                if turn.waiting:
                    self._catch_up(table)
            finally:
                locking.flock(self._lock_file, locking.LOCK_UN)
        except OSError as error:
            raise _unusable(error) from None
        finally:
            turn.is_amid = False
            turn.lock.release()

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

    def _locked(self, work: Callable[[AccountTable], _T]) -> _T:
        """Do it while no other process does."""
        try:
            table = self._table or self._opened()
            if not table.is_long():
                raise UnavailableError(_GONE)
            try:
                locking.flock(self._lock_file, locking.LOCK_EX)
                done = work(table)
                self._catch_up(table)
                return done
            finally:
                locking.flock(self._lock_file, locking.LOCK_UN)
        except OSError as error:
            raise _unusable(error) from None

    def _catch_up(self, table: AccountTable) -> None:
        waiting = self._turn.waiting
        while waiting:
            waiting.popleft()(table)

    def _opened(self) -> AccountTable:
        if self._lock_file < 0:
            self._lock_file = system.open(str(self._path), system.O_RDWR | system.O_CREAT | system.O_CLOEXEC, 0o600)
        try:
            locking.flock(self._lock_file, locking.LOCK_EX)
            table = AccountTable(self._path)
            table.open()
            self._table = table
        finally:
            locking.flock(self._lock_file, locking.LOCK_UN)
        return table

    def _let_go(self) -> None:
        file, self._lock_file = self._lock_file, -1
        table, self._table = self._table, None
        with suppress(OSError):
            if table is not None:
                table.close()
            if file >= 0:
                system.close(file)


def _nothing(_: AccountTable) -> None:
    """What needs the store open, and no more."""


def _unusable(error: OSError) -> UnavailableError:
    return UnavailableError(f"the file of the cap cannot be used: {error.strerror or error}")


def _reserve(table: AccountTable, claims: Sequence[Claim], hold: object) -> Reservation | Refused:
    words, known = table.words, table.known
    for claim in claims:
        slot = known.get(claim.account)
        if slot is None:
            slot, words = table.slot(claim.account), table.words
        after = words[slot + _SPENT] + words[slot + _RESERVED] + claim.amount
        if after > claim.most or after > MOST:
            return Refused(claim=claim, charged=_charged(table, slot))
    for claim in claims:
        words[known[claim.account] + _RESERVED] += claim.amount
    return Reservation(claims, hold)


def _settle(table: AccountTable, reservation: Reservation, cost: int, calls: int) -> None:
    if reservation.settled:
        return
    claims, known = reservation.claims, table.known
    for claim in claims:
        if claim.account not in known:
            table.slot(claim.account)
    words = table.words
    reservation.settled = True
    for claim in claims:
        slot = known[claim.account]
        # In this order: a kill between the two leaves too much charged.
        spent = words[slot + _SPENT] + (cost if claim.unit is _COST else calls)
        words[slot + _SPENT] = spent if spent < MOST else MOST
        words[slot + _RESERVED] -= claim.amount


def _charged(table: AccountTable, slot: int) -> Charged:
    if not slot:
        return Charged()
    return Charged(spent=table.words[slot + _SPENT], reserved=table.words[slot + _RESERVED])
