"""Where sightings go. The plugin stands behind this; nothing here knows of tests or files."""

from collections.abc import Awaitable, Sequence
from typing import Protocol

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

    def open(self, retry: int) -> Ticket:
        """Begin an exchange: whoever owns the moment pays for it."""

    def write(self, ticket: Ticket, origin: Origin, own: Answer | None, items: Sequence[Answer]) -> None:
        """Store now, before the caller has its answer."""

    def write_async(
        self, ticket: Ticket, origin: Origin, own: Answer | None, items: Sequence[Answer]
    ) -> Awaitable[None] | None:
        """Store without touching a file on this event loop; returns what to await before the caller has its answer."""

    def post(self, ticket: Ticket, origin: Origin, own: Answer | None, items: Sequence[Answer]) -> None:
        """Store soon, from a place that can neither wait nor touch a file."""

    def settle(self, ticket: Ticket, origin: Origin, own: Answer | None, items: Sequence[Answer]) -> None:
        """Store what holds at the end of the run, unless the exchange is another process's."""

    def missed(self, reason: str) -> None:
        """Calls may have passed unseen: the verdict must not pass over it."""

    def fault(self, stage: str, error: Exception) -> None:
        """Our own code failed where nothing could be stored: the verdict must not pass over it."""


Held = tuple[Sink, Ticket, Origin]
"""What one sink was told to expect, and where the answer came from, as far as that is known."""
