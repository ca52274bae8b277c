"""Where sightings go. The plugin stands behind this; nothing here knows of tests or files."""

from collections.abc import Awaitable, Sequence
from typing import Protocol

from pytest_claude_budget.calls.alike import Alike
from pytest_claude_budget.calls.call import Answer, Origin
from pytest_claude_budget.calls.host_rules import HostRules


class Ticket(Protocol):
    """One exchange that was begun, with its owner at that moment."""


class Sink(Protocol):
    """Takes what an exchange says. No method may raise an Exception."""

    hosts: HostRules
    """What its budget says of hosts."""

    run: str
    """The file name of its run's ledger."""

    home: int
    """The thread on which its run goes on."""

    def may_own(self, thread: int) -> bool:
        """Could a call on this thread be of its run? Asked only where several runs watch."""

    def open(self, retry: int, above: int = 1) -> Ticket:
        """Begin an exchange: whoever owns the moment pays for it. So many frames above may be the first that is not ours."""

    def write(self, ticket: Ticket, origin: Origin, own: Answer | None, items: Sequence[Answer | Alike]) -> None:
        """Store now, before the caller has its answer."""

    def write_async(
        self, ticket: Ticket, origin: Origin, own: Answer | None, items: Sequence[Answer | Alike]
    ) -> Awaitable[None] | None:
        """Store without touching a file on this event loop; returns what to await before the caller has its answer."""

    def post(self, ticket: Ticket, origin: Origin, own: Answer | None, items: Sequence[Answer | Alike]) -> None:
        """Store soon, from a place that can neither wait nor touch a file."""

    def settle(self, ticket: Ticket, origin: Origin, own: Answer | None, items: Sequence[Answer | Alike]) -> None:
        """Store what holds at the end of the run, unless the exchange is another process's."""

    def missed(self, reason: str) -> None:
        """Calls may have passed unseen: the verdict must not pass over it."""

    def fault(self, stage: str, error: Exception) -> None:
        """Our own code failed where nothing could be stored: the verdict must not pass over it."""


Held = tuple[Sink, Ticket, Origin]
"""What one sink was told to expect, and where the answer came from, as far as that is known."""

Saying = tuple[Answer | None, Sequence[Answer | Alike]]
"""What an exchange says: its own answer, and the items of a batch. As `Said` of the wire, where nothing is won by names."""
Pending = list[tuple[Sink, Awaitable[None]]]


def write(held: Sequence[Held], said: Saying) -> None:
    """Store for every sink, before the caller has its answer. One that fails is told so, and the user's call goes on."""
    own, items = said
    for sink, ticket, origin in held:
        try:
            sink.write(ticket, origin, own, items)
        except Exception as error:
            sink.fault("write", error)


def begin_write(held: Sequence[Held], said: Saying) -> Pending:
    """As `write`, without touching a file on this event loop; what it returns is to be `finish`ed."""
    own, items = said
    pending: Pending = []
    for sink, ticket, origin in held:
        try:
            if (rest := sink.write_async(ticket, origin, own, items)) is not None:
                pending.append((sink, rest))
        except Exception as error:
            sink.fault("write", error)
    return pending


async def finish(pending: Pending) -> None:
    """Wait until all of it is stored."""
    for sink, rest in pending:
        try:
            await rest
        except Exception as error:
            sink.fault("write", error)


def post(held: Sequence[Held], said: Saying) -> None:
    """As `write`, soon, from a place that can neither wait nor touch a file."""
    own, items = said
    for sink, ticket, origin in held:
        try:
            sink.post(ticket, origin, own, items)
        except Exception as error:
            sink.fault("post", error)
