"""The books of a gateway: for each worker of the run a journal of its own, and each call with the owner that its URL names."""

import os
from pathlib import Path
from typing import Any

from pytest_claude_budget.calls.claude_hosts import Place, is_anthropics_own
from pytest_claude_budget.calls.host_rules import Origins
from pytest_claude_budget.calls.owner_in_path import NOBODY, Payer, payer_of
from pytest_claude_budget.intercept.exchange import Watch
from pytest_claude_budget.intercept.guard import GUARDS
from pytest_claude_budget.intercept.plain_http import Plain
from pytest_claude_budget.intercept.runs_that_watch import Watchers
from pytest_claude_budget.measure.live_guard import guard_in_child
from pytest_claude_budget.measure.run import CHILD, Run

_NEVER_SENT = frozenset(("ClientConnectorError", "ConnectionTimeoutError", "InvalidURL", "ClientProxyConnectionError"))
"""aiohttp's errors after which no request had left whole."""
_MOST_WORKERS = 1000
"""A path says of which worker it is, and anybody may write one."""


class Books:
    """Where the calls of a gateway are written."""

    def __init__(self, ledger: Path, origins: Origins, *, is_child: bool, guard: str = "") -> None:
        """`guard` says what may leave; empty where everything may."""
        self._ledger = ledger
        self._origins = origins
        self._guard = guard
        self._is_child = is_child
        """The ledger is of a run that goes on elsewhere."""
        self._open: dict[str, tuple[Run, Watchers]] = {}
        self.default: Payer = NOBODY
        """Who pays where no path says so."""

    def begin(self, token: str, request: Any) -> Watch | None:
        """Begin to watch an exchange; None where it is not with Claude. Raises nothing but what refuses that it leaves."""
        payer = payer_of(token) if token else self.default
        run, watchers = self._of(payer.worker)
        run.owners.marked = dict(payer.labels)
        if run.guard is not None:
            run.guard.own = payer.own or run.guard.rules.own
        if payer.owner is None:
            return _begun(run, watchers, request)
        entry = run.owners.push(*payer.owner)
        try:
            return _begun(run, watchers, request)
        finally:
            run.owners.drop(entry)

    def settle(self) -> None:
        """The run is about to be told: an exchange that still goes on is told as it is by now."""
        for run, watchers in self._open.values():
            watchers.settle(run.recorder)
            run.recorder.flush()

    def close(self) -> None:
        """Write what is pending, and let go of the files."""
        for run, _ in self._open.values():
            GUARDS.pop(run.recorder, None)
            run.guard = None
            run.stop()

    @property
    def own(self) -> Run:
        """The run of calls that belong to no worker."""
        return self._of("")[0]

    def _of(self, worker: str) -> tuple[Run, Watchers]:
        if worker not in self._open and len(self._open) >= _MOST_WORKERS:
            worker = ""
        found = self._open.get(worker)
        if found is None:
            process = f"{CHILD}-{os.getpid()}" + (f" of {worker}" if worker else "") if self._is_child else ""
            run, watchers = Run(self._ledger, process), Watchers()
            run.know_origins(self._origins)
            watchers.add(run.recorder)
            if self._guard:
                run.guard = run.recorder.guard = GUARDS[run.recorder] = guard_in_child(run, self._guard)
            found = self._open[worker] = (run, watchers)
        return found


_CARRIER = Plain(None, _NEVER_SENT)


def _begun(run: Run, watchers: Watchers, request: Any) -> Watch | None:
    seen = watchers.begin(_CARRIER, request)
    guard, url = run.guard, request.url
    if guard is None:
        return seen
    if seen is None:
        if is_anthropics_own(url.host.lower()):
            guard.ask_of_host(Place(url.host, url.port, url.scheme))
    elif (ask := seen.inside.ask) is not None:
        try:
            ask()
        except BaseException:
            seen.let_go()
            raise
    return seen
