"""The runs that watch one client, and the exchanges of it that go on."""

import threading
from typing import Any
from weakref import ref

from pytest_claude_budget.intercept.carrier import Carrier
from pytest_claude_budget.intercept.exchange import Watch
from pytest_claude_budget.intercept.in_process_gateway import AROUND
from pytest_claude_budget.intercept.other_threads import GOING_ON, not_handed_over
from pytest_claude_budget.intercept.sink import Sink
from pytest_claude_budget.intercept.which_exchanges import watch
from pytest_claude_budget.wire.remembered import nothing_yet


class Watchers:
    """Who watches one client: nearly always one run, which has one sink."""

    def __init__(self) -> None:
        self.sinks: tuple[Sink, ...] = ()
        self._remembered = nothing_yet()
        self._going_on: set[ref[Watch]] = set()
        """Exchanges whose answer has not come to its end, and some that are over."""

    def add(self, sink: Sink) -> None:
        """Let one more sink watch."""
        if sink not in self.sinks:
            self.sinks = (*self.sinks, sink)

    def remove(self, sink: Sink) -> None:
        """Let a sink watch no more."""
        self.settle(sink)
        self.sinks = tuple(other for other in self.sinks if other is not sink)

    def settle(self, sink: Sink) -> None:
        """The run of a sink ends: tell it what is known by now of each exchange that goes on, and nothing more after that."""
        for each in self._going_on.copy():  # at once, whatever other threads begin
            if (seen := each()) is not None:
                seen.give_up(sink)

    def begin(self, carrier: Carrier, request: Any, above: int = 0) -> Watch | None:
        """Begin to watch an exchange for the runs that it may belong to; None where it is not with Claude.

        So many frames above the caller's are ours, too.
        """
        sinks = self.sinks
        if (around := AROUND.get()) is not None:
            around.asked = True
        elif GOING_ON and not (sinks := not_handed_over(sinks, request)):
            return None
        if len(sinks) > 1:
            sinks = of_this_thread(sinks)
        seen = watch(carrier, request, sinks, self._remembered, above)
        if seen is not None:
            self._going_on.add(ref(seen, self._going_on.discard))  # by calls of C alone, unlike a WeakSet
        return seen

    def fault(self, stage: str, error: Exception) -> None:
        """Our own code failed: no verdict of a run that watches may pass over it."""
        for sink in self.sinks:
            sink.fault(stage, error)

    def missed(self, reason: str) -> None:
        """Calls may have passed unseen: no verdict of a run that watches may pass over it."""
        for sink in self.sinks:
            sink.missed(reason)


def of_this_thread(sinks: tuple[Sink, ...]) -> tuple[Sink, ...]:
    """Of several runs, those that the call of this moment may belong to: all of them where that cannot be told."""
    here = threading.get_ident()
    owners = [sink for sink in sinks if sink.may_own(here)]
    return tuple(sink for sink in sinks if sink in owners or all(each.home == sink.home for each in owners))
