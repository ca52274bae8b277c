"""Stores what is seen, for whoever owns the moment. The sink behind the hooks.

An answer is in this process's journal before its caller has it. No file is touched on the thread of a running event
loop: where the journal has no room in memory, a writer thread does it. Nothing here raises an Exception; what cannot be
stored is kept in memory and makes the verdict incomplete.
"""

import itertools
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_claude_budget.base.errors import described
from pytest_claude_budget.calls.alike import Alike
from pytest_claude_budget.calls.call import Answer, Call, Labels, Origin, Owner
from pytest_claude_budget.calls.host_rules import HostRules, Origins
from pytest_claude_budget.ledger.alike_format import LaidAlike, lines_of_all, one_by_one
from pytest_claude_budget.ledger.journal import Journal, OwnerFacts, line_of_owner
from pytest_claude_budget.ledger.outside import system
from pytest_claude_budget.ledger.process_id import process_id
from pytest_claude_budget.ledger.row_format import NOWHERE, Laid, Payer, Site, line_of, payer_of
from pytest_claude_budget.ledger.writer_thread import Writer, running_loop

if TYPE_CHECKING:
    from pytest_claude_budget.ledger.database import SqliteLedger
    from pytest_claude_budget.measure.live_guard import LiveGuard

LONGEST_WAIT_SECONDS = 30.0
"""How long a synchronous caller on an event loop's thread waits for the writer."""

FactsOf = Callable[[str], OwnerFacts | None]
Who = Callable[[], tuple[tuple[str, str, str], dict[str, str]]]
Items = Sequence[Answer | Alike]
Ticket = tuple[int, float, Payer, int, Site]
"""One exchange that was begun: its id, when, who pays for that moment, how many tries came before, and what line sends it."""


def nowhere(above: int) -> Site:  # noqa: ARG001  # as where it is looked for
    """The site of all calls, where nobody wants to know it."""
    return NOWHERE


class Clock:
    """Wall time that a suite's frozen clock does not move: prices depend on the day."""

    def __init__(self, wall: float, began: float, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._start = wall - began

    def now(self) -> float:
        """Seconds since 1970, UTC."""
        return self._start + self._steady()


class Recorder:
    """Writes the calls of this process to one ledger."""

    def __init__(self, path: Path, who: Who, clock: Clock, process: str) -> None:
        self.path = path
        """The ledger's."""
        self.run = path.name
        """By this name, the path of a gateway knows its run."""
        self.journal = Journal(path)
        self._ledger: SqliteLedger | None = None
        self._who = who
        self._payer: tuple[object, Payer] = (None, payer_of(_NOBODY, Labels(), process))
        """The newest, with what it was made of."""
        self.guard: LiveGuard | None = None
        """Told of what is stored; None where nothing is held back."""
        self.facts_of: FactsOf = lambda owner: None
        """What is known of a test besides its calls; stored with its first call."""
        self.site_of_caller: Callable[[int], Site] = nowhere
        """Finds where in the user's code this thread is."""
        self.home = 0
        """The thread on which the run goes on."""
        self.may_own: Callable[[int], bool] = lambda thread: True
        """Could a call on this thread be of the run?"""
        self.hosts = HostRules()
        """What the budget says of hosts."""
        self.on_loss: Callable[[], None] = lambda: None
        """Called where a call could not be stored: a child process must leave word. Must not raise."""
        self._facts: dict[str, OwnerFacts | None] = {}
        """Of each owner that had a call, taken in its own time: the writer may come to it after the test has ended."""
        self._told: set[str] = set()
        self._clock = clock
        self._process = process
        self._writer = Writer()
        self._ids = _Ids()
        self.broken: str | None = None
        """Why the ledger cannot be written, once it was tried."""
        self.unstored: dict[int, Call] = {}
        self.faults: list[str] = []
        """Why measuring failed, where it could not be stored."""

    def now(self) -> float:
        """Seconds since 1970, UTC, whatever a suite does to its clock."""
        return self._clock.now()

    def know_hosts(self, origins: Origins) -> None:
        """Count answers by what somebody wrote about their hosts."""
        self.hosts = HostRules(origins)

    @property
    def ledger(self) -> "SqliteLedger":
        """What reads all that was stored; a process that only makes calls has none."""
        if self._ledger is None:
            from pytest_claude_budget.ledger.database import SqliteLedger

            self._ledger = SqliteLedger(self.path)
        return self._ledger

    def open(self, retry: int, above: int = 1) -> Ticket:
        """Begin an exchange: whoever owns the moment pays for it. So many frames above may be the first that is not ours."""
        try:
            who = self._who()
            of, payer = self._payer
            if of != who:
                payer = self._payer_of(who)
        except Exception as error:
            self.fault("owner", error)
            payer = payer_of(_NOBODY, Labels(), self._process)
        try:
            site = self.site_of_caller(above)
        except Exception:  # a call counts the same wherever it comes from
            site = NOWHERE
        return self._ids.next(), self._clock.now(), payer, retry, site

    def write(self, ticket: Any, origin: Origin, own: Answer | None, items: Items) -> None:
        """Store now, before the caller has its answer."""
        entries, lines = self._laid_out(ticket, origin, own, items)
        if self._taken(entries, lines):
            return
        if running_loop() is None:
            self._store(entries, lines)
        else:
            self.on_writer(lambda: self._store(entries, lines))

    def write_async(self, ticket: Any, origin: Origin, own: Answer | None, items: Items) -> Awaitable[None] | None:
        """Store without touching a file on this event loop; returns what to await where it is not stored yet."""
        entries, lines = self._laid_out(ticket, origin, own, items)
        return None if self._taken(entries, lines) else self._writer.run(lambda: self._store(entries, lines))

    def post(self, ticket: Any, origin: Origin, own: Answer | None, items: Items) -> None:
        """Store soon, from a place that can neither wait nor touch a file. A fork lets go of what its parent still reads."""
        if not self._ids.began(ticket[0]):
            return
        entries, lines = self._laid_out(ticket, origin, own, items)
        if entries:
            self._writer.submit(lambda: self._store(entries, lines))

    def settle(self, ticket: Any, origin: Origin, own: Answer | None, items: Items) -> None:
        """Store what holds at the end of the run, unless the exchange is another process's."""
        if self._ids.began(ticket[0]):
            self.write(ticket, origin, own, items)

    def fault(self, stage: str, error: Exception) -> None:
        """Our own code failed: the verdict must not pass over it."""
        self.missed(_fault_text(stage, error))

    def missed(self, reason: str) -> None:
        """Calls may have passed unseen: the verdict must not pass over it."""
        self.faults.append(reason)
        self._writer.submit(lambda: self._store_fault(reason))

    def on_writer(self, work: Callable[[], None]) -> None:
        """Do work on the writer thread and wait for it."""
        job = self._writer.submit(work)
        if not job.wait(LONGEST_WAIT_SECONDS):
            self.faults.append("the ledger's writer did not finish in time: calls may be missing")
        elif job.error is not None:
            raise job.error

    def look(self, work: Callable[[], None]) -> None:
        """Do work that reads the ledger, after all that was posted, on a thread that may touch files."""
        if self._writer.busy or running_loop() is not None:
            self.on_writer(work)
        else:
            work()

    def _payer_of(self, who: tuple[tuple[str, str, str], dict[str, str]]) -> Payer:
        (owner, kind, phase), tags = who
        labels = Labels(feature=tags.get("feature"), tier=tags.get("tier"), case=tags.get("case"))
        payer = payer_of(Owner(id=owner, kind=kind, phase=phase), labels, self._process)
        if owner not in self._facts:
            self._learn_of(owner)
        self._payer = (((owner, kind, phase), dict(tags)), payer)
        return payer

    def _learn_of(self, owner: str) -> None:
        self._facts[owner] = None
        try:
            self._facts[owner] = self.facts_of(owner)
        except Exception as error:
            self.faults.append(_fault_text("test", error))

    def facts(self) -> list[OwnerFacts | None]:
        """What is known of the owners that this process met."""
        return list(self._facts.values())

    def tell_of(self, owner: str) -> None:
        """Store what is known of a test, once. May raise what the ledger raises."""
        if owner not in self._facts:
            self._learn_of(owner)
        if owner not in self._told:
            self._told.add(owner)
            facts = self._facts[owner]
            if facts is not None:
                self.journal.append_owner(facts)

    def all_faults(self) -> list[str]:
        """Why calls may be missing, as far as no file says so."""
        broken = [self.broken] if self.broken else []
        if self._ledger is not None and self._ledger.unwritable and not broken:
            broken.append(self._ledger.unwritable)
        if self.journal.is_lost:
            broken.append(f"the ledger was removed while the run went on ({self.path})")
        return [*self.faults, *broken]

    def flush(self) -> None:
        """Wait until everything posted is stored."""
        if self._writer.busy:
            self.on_writer(lambda: None)

    def conclude(self) -> None:
        """Bring all that was stored into the ledger, once nobody is to store any more. May raise what it raises."""
        self.flush()
        self.journal.close()
        self.ledger.gather()
        self.ledger.conclude(self.journal.closed)

    def close(self) -> None:
        """Store what is pending, end the writer, let go of the files."""
        self._writer.stop()
        self.journal.close()
        if self._ledger is not None:
            self._ledger.close()

    def _laid_out(
        self, ticket: Any, origin: Origin, own: Answer | None, items: Items
    ) -> tuple[list[Laid | LaidAlike], bytes]:
        """Calls with their lines, which are made where the call is: the less the writer has to do, the sooner it is done."""
        try:
            entries = [] if own is None else [(*ticket, origin, own)]
            for each in items:
                id_ = self._ids.several(len(each)) if isinstance(each, Alike) else self._ids.next()
                entries.append((id_, *ticket[1:], origin, each))
            if self.guard is not None:
                self.guard.stored(ticket, origin, own, items)
        except Exception as error:
            self.fault("call", error)
            return [], b""
        try:
            if items:
                return entries, lines_of_all(entries)
            return entries, b"" if own is None else line_of(entries[0]).encode("ascii")
        except Exception:
            return entries, b""

    def _taken(self, entries: Sequence[Laid | LaidAlike], lines: bytes) -> bool:
        """Store without touching a file; False where that cannot be. Never raises."""
        if not lines or self.broken is not None:
            return not entries
        try:
            owner = entries[0][2].owner.id
            if owner in self._told:
                return self.journal.take(lines)
            facts = self._facts.get(owner)
            if not self.journal.take(lines if facts is None else line_of_owner(facts) + lines):
                return False
            self._told.add(owner)
        except Exception:
            return False
        return True

    def _store(self, entries: Sequence[Laid | LaidAlike], lines: bytes) -> None:
        """Store, or keep what cannot be stored. Never raises: this may be in the middle of the user's call."""
        if not entries:
            return
        try:
            if self.broken is None:
                try:
                    owner = entries[0][2].owner.id
                    if owner not in self._told:
                        self.tell_of(owner)
                    self.journal.write(lines or lines_of_all(entries))  # what failed before fails again, and is kept
                    return
                except Exception as error:
                    self._break(error)
            self.unstored.update({entry.id: entry.call() for entry in one_by_one(entries)})
        except Exception as error:
            self.faults.append(_fault_text("store", error))

    def _store_fault(self, reason: str) -> None:
        try:
            if self.broken is None:
                self.journal.append_fault(self._process, reason)
        except Exception as error:
            self._break(error)

    def _break(self, error: Exception) -> None:
        told = str(error) if isinstance(error, OSError) else described(error)
        self.broken = f"the ledger cannot be written: {told} ({self.path})"
        self.on_loss()
        if self._process.startswith("child") and sys.stderr is not None:
            with suppress(OSError, ValueError):  # stderr may be a file on the same full disk, or closed
                print(f"claude-budget: warning: {self.broken}", file=sys.stderr, flush=True)


_NOBODY = Owner(id="outside tests", kind="outside")


def _fault_text(stage: str, error: Exception) -> str:
    return f"a fault of pytest-claude-budget itself ({stage}: {described(error)})"


class _Ids:
    """Numbers that no two processes of a run share: 38 random bits, then 24 that count."""

    def __init__(self) -> None:
        self._pid = self._start = 0
        self._count = itertools.count()

    def several(self, number: int) -> int:
        """The first of so many that follow one another."""
        first = self.next()
        if number > 1 and next(itertools.islice(self._count, number - 2, None)) - first != number - 1:
            return self.several(number)  # another thread came in between
        return first

    def began(self, number: int) -> bool:
        """Is this a number of this process, rather than of one that it was forked from?"""
        return self._pid == system.getpid() and number >> 24 == self._start

    def next(self) -> int:
        if self._pid != (pid := process_id()):
            self._start = int.from_bytes(system.urandom(5), "big") >> 2
            self._count, self._pid = itertools.count(self._start << 24), pid
        return next(self._count)
