"""The seam of one client that most suites use for other things than Claude: nothing is loaded before a request smells of it.

`requests`, `aiohttp` and their like are imported by many suites that never ask Claude. So a seam keeps who watches, and loads
what reads an exchange (`Watchers`) for the first request that `may_be_claude` lets through.
"""

import functools
import importlib
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from pytest_claude_budget.intercept.patches import Patches, owner_of

if TYPE_CHECKING:
    from pytest_claude_budget.intercept.runs_that_watch import Watchers
    from pytest_claude_budget.intercept.sink import Sink

_PUT_BACK = "{} was put back to what it was before the run: calls since then may be missing"


class Run(Protocol):
    """A run that watches."""

    def sink(self) -> "Sink":
        """Where its sightings go; made when it is first asked for."""


def watch_method(cls: Any, name: str, hook: Callable[["Seam", Any], Any], run: Run) -> "Seam":
    """Let a run watch a method, which `hook` makes a wrapper of; the one seam that it has."""
    seam: Seam | None = owner_of(cls.__dict__[name])
    if seam is None:
        seam = Seam(lambda seam: seam.patches.put(cls, name, functools.partial(hook, seam)))
    seam.add(run)
    return seam


class Seam:
    """What is put into the classes of one client, shared by all runs that watch it."""

    owns_patches = True

    def __init__(self, put: Callable[["Seam"], None]) -> None:
        self._put = put
        """Puts this seam's wrappers where they are not yet, by `patches`."""
        self.patches = Patches(self)
        self.runs: tuple[Run, ...] = ()
        """Who watches; a wrapper does nothing where nobody does."""
        self.late: Any = None
        """What a hook loads for the first request that may be with Claude: to import it at each would take 0.5 µs."""
        self._watchers: Watchers | None = None

    def add(self, run: Run) -> None:
        """Let one more run watch."""
        self._put(self)
        if run not in self.runs:
            self.runs = (*self.runs, run)
            if self._watchers is not None:
                self._watchers.add(run.sink())

    def remove(self, run: Run) -> None:
        """Let a run watch no more; the last one to go takes the wrappers out."""
        self.runs = tuple(other for other in self.runs if other is not run)
        if self._watchers is not None:
            self._watchers.remove(run.sink())
        if not self.runs:
            if self._watchers is not None:
                from pytest_claude_budget.intercept.reached_network import look_no_more

                look_no_more()
            self.patches.take_out()

    def settle(self, run: Run) -> None:
        """The run is about to be told: what still goes on is told as it is by now."""
        if self._watchers is not None:
            self._watchers.settle(run.sink())

    def check(self) -> None:
        """Put a wrapper in anew that somebody has thrown out."""
        if (name := self.patches.put_back()) is not None:
            self.watchers().missed(_PUT_BACK.format(name))

    def load(self, name: str) -> ModuleType | None:
        """Load what watches, for the first request that may be with Claude; None where that fails, as at the end of a process."""
        try:
            self.watchers()
            return importlib.import_module(name)
        except Exception as error:
            for run in self.runs:
                run.sink().fault("loading", error)
            return None

    def watchers(self) -> "Watchers":
        """Who begins to watch an exchange, loaded for the first that may be with Claude."""
        if self._watchers is None:
            from pytest_claude_budget.intercept.runs_that_watch import Watchers

            made = Watchers()
            for run in self.runs:
                made.add(run.sink())
            self._watchers = made
        return self._watchers
