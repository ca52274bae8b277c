"""Stores what is seen, for whoever owns the moment. The sink behind the hooks.

An answer is in the ledger before its caller has it. No file is touched on the thread of a running event loop:
there, a writer thread does it. Nothing here raises an Exception; what cannot be stored is kept in memory and
makes the verdict incomplete.
"""

import asyncio
import itertools
import os
import select
import sqlite3
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_claude_budget.errors import described
from pytest_claude_budget.ledger.sqlite import OwnerFacts, SqliteLedger
from pytest_claude_budget.ledger.writer import Writer
from pytest_claude_budget.usage import Answer, Call, Labels, Origin, Owner

LONGEST_WAIT_SECONDS = 30.0
"""How long a synchronous caller on an event loop's thread waits for the writer."""
POLL_SECONDS = 0.0002

FactsOf = Callable[[str], OwnerFacts | None]
Who = Callable[[], tuple[tuple[str, str, str], dict[str, str]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticket:
    """One exchange that was begun, with its owner at that moment."""

    id: int
    at: float
    owner: Owner
    labels: Labels
    retry: int


class Clock:
    """Wall time that a suite's frozen clock does not move: prices depend on the day."""

    def __init__(self, wall: Callable[[], float], steady: Callable[[], float]) -> None:
        self._steady = steady
        self._start = wall() - steady()

    def now(self) -> float:
        """Seconds since 1970, UTC."""
        return self._start + self._steady()


class Recorder:
    """Writes the calls of this process to one ledger."""

    def __init__(self, ledger: SqliteLedger, who: Who, clock: Clock, process: str) -> None:
        self.ledger = ledger
        self._who = who
        self.facts_of: FactsOf = lambda owner: None
        """What is known of a test besides its calls; stored with its first call."""
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

    def open(self, retry: int) -> Ticket:
        """Begin an exchange: whoever owns the moment pays for it."""
        try:
            (owner, kind, phase), tags = self._who()
            labels = Labels(feature=tags.get("feature"), tier=tags.get("tier"), case=tags.get("case"))
            payer = Owner(id=owner, kind=kind, phase=phase)
            if owner not in self._facts:
                self._learn_of(owner)
        except Exception as error:
            self.fault("owner", error)
            labels, payer = Labels(), Owner(id="outside tests", kind="outside")
        return Ticket(id=self._ids.next(), at=self._clock.now(), owner=payer, labels=labels, retry=retry)

    def write(self, ticket: Any, origin: Origin, own: Answer | None, items: Sequence[Answer]) -> None:
        """Store now, before the caller has its answer."""
        calls = self._calls(ticket, origin, own, items)
        if asyncio._get_running_loop() is None:
            self._store(calls)
        else:
            self.on_writer(lambda: self._store(calls))

    async def write_async(self, ticket: Any, origin: Origin, own: Answer | None, items: Sequence[Answer]) -> None:
        """Store before the caller has its answer, without touching a file on its event loop."""
        calls = self._calls(ticket, origin, own, items)
        if calls:
            await self._writer.run(lambda: self._store(calls))

    def post(self, ticket: Any, origin: Origin, own: Answer | None, items: Sequence[Answer]) -> None:
        """Store soon, from a place that can neither wait nor touch a file."""
        calls = self._calls(ticket, origin, own, items)
        if calls:
            self._writer.submit(lambda: self._store(calls))

    def fault(self, stage: str, error: Exception) -> None:
        """Our own code failed: the verdict must not pass over it."""
        reason = _fault_text(stage, error)
        self.faults.append(reason)
        self._writer.submit(lambda: self._store_fault(reason))

    def on_writer(self, work: Callable[[], None]) -> None:
        """Do work on the writer thread and wait for it, also where waiting on a lock would be an offence."""
        done: list[BaseException | None] = []

        def guarded() -> None:
            try:
                work()
            except BaseException as error:
                done.append(error)
            else:
                done.append(None)

        self._writer.submit(guarded)
        waited = 0.0
        while not done and waited < LONGEST_WAIT_SECONDS:
            select.select([], [], [], POLL_SECONDS)
            waited += POLL_SECONDS
        if not done:
            self.faults.append("the ledger's writer did not finish in time: calls may be missing")
        elif done[0] is not None:
            raise done[0]

    def look(self, work: Callable[[], None]) -> None:
        """Do work that reads the ledger, after all that was posted, on a thread that may touch files."""
        if self._writer.busy or asyncio._get_running_loop() is not None:
            self.on_writer(work)
        else:
            work()

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
                self.ledger.append_owner(facts)

    def flush(self) -> None:
        """Wait until everything posted is stored."""
        if self._writer.busy:
            self.on_writer(lambda: None)

    def close(self) -> None:
        """Store what is pending, end the writer, let go of the file."""
        self._writer.stop()
        self.ledger.close()

    def _calls(self, ticket: Any, origin: Origin, own: Answer | None, items: Sequence[Answer]) -> list[Call]:
        try:
            calls = [] if own is None else [self._call(ticket, ticket.id, origin, own)]
            calls += [self._call(ticket, self._ids.next(), origin, answer) for answer in items]
        except Exception as error:
            self.fault("call", error)
            return []
        return calls

    def _call(self, ticket: Ticket, id_: int, origin: Origin, answer: Answer) -> Call:
        return Call(
            id=id_,
            at=ticket.at,
            answer=answer,
            owner=ticket.owner,
            labels=ticket.labels,
            origin=origin,
            retry=ticket.retry,
            process=self._process,
        )

    def _store(self, calls: Sequence[Call]) -> None:
        if not calls:
            return
        if self.broken is None:
            try:
                self.tell_of(calls[0].owner.id)
                self.ledger.append(calls)
                return
            except Exception as error:
                self._break(error)
        self.unstored.update({call.id: call for call in calls})

    def _store_fault(self, reason: str) -> None:
        try:
            if self.broken is None:
                self.ledger.append_fault(self._process, reason)
        except Exception as error:
            self._break(error)

    def _break(self, error: Exception) -> None:
        self.broken = f"the ledger cannot be written: {told(error)} ({self.ledger.path})"
        if self._process.startswith("child"):
            print(f"claude-budget: warning: {self.broken}", file=sys.stderr)


def _fault_text(stage: str, error: Exception) -> str:
    return f"a fault of pytest-claude-budget itself ({stage}: {described(error)})"


def told(error: Exception) -> str:
    """The text of an error of the disk or the database; any other may hold what users wrote."""
    return str(error) if isinstance(error, (OSError, sqlite3.Error)) else described(error)


class _Ids:
    """Numbers that no two processes of a run share: 38 random bits, then 24 that count."""

    def __init__(self) -> None:
        self._pid = 0
        self._count = itertools.count()

    def next(self) -> int:
        if self._pid != os.getpid():
            start = (int.from_bytes(os.urandom(5), "big") >> 2) << 24
            self._count, self._pid = itertools.count(start), os.getpid()
        return next(self._count)
