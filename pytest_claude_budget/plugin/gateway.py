"""The gateway of a run whose budget file says `gateway: true`: begun before the tests, ended with the run. Loaded only there.

It serves all processes of the run. The run's own process starts it; xdist's workers were told of it as any child process is.
"""

import os
from typing import TYPE_CHECKING

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.base.missing_extra import missing_extra
from pytest_claude_budget.calls.owner_in_path import START, Payer, token_of
from pytest_claude_budget.gateway.started import Started
from pytest_claude_budget.gateway.upstreams import ANTHROPIC, checked
from pytest_claude_budget.measure.base_url import VARIABLE, ForChildren, told_of
from pytest_claude_budget.measure.current_owner import LIVE_LABEL

if TYPE_CHECKING:
    from pytest_claude_budget.calls.host_rules import Origins
    from pytest_claude_budget.measure.run import Run

_ENDED = "the gateway ended before the run did: calls of other programs may be missing"
_SILENT = "the gateway did not say what goes on in it: calls of other programs may be missing"


class RunGateway:
    """A gateway, as one process of the run knows it."""

    def __init__(self, run: "Run", start: str, started: Started | None) -> None:
        self._run = run
        self._start = start
        self._started = started
        """None in a worker, which did not start it."""
        self._told = ForChildren(start, self._url)

    def begin(self) -> None:
        """Point child processes at it, each with who pays at its moment."""
        self._told.begin()
        self._run.owners.tell(self._told.tell)

    def check(self) -> None:
        """See that it is there."""
        if self._started is not None and not self._started.is_alive:
            self._lose(_ENDED)

    def settle(self) -> None:
        """The run is about to be told: an exchange that still goes on is told as it is by now."""
        if self._started is not None and not self._started.settle():
            self._lose(_SILENT)

    def stop(self) -> None:
        """Point no more at it, and end it."""
        self._run.owners.tell_no_more(self._told.tell)
        self._told.end()
        if self._started is not None:
            self._started.stop()
            self._started = None

    def _lose(self, reason: str) -> None:
        self._run.faults.append(reason)
        self.stop()

    def _url(self) -> str:
        owner, labels = self._run.owners.who()
        if (live := self._run.owners.marked.get(LIVE_LABEL)) is not None:
            labels = {**labels, LIVE_LABEL: live}
        own = "" if self._run.guard is None or owner[1] != "test" else self._run.guard.own
        payer = Payer(owner, self._run.process, tuple(labels.items()), self._run.path.name, own)
        return f"{self._start}{START}{token_of(payer)}"


def open_gateway(run: "Run", origins: "Origins", where: str) -> None:
    """Begin a gateway for a run. Raises InputError; `where` is the key that asks for it, as its user knows it."""
    if (problem := missing_extra(where, "gateway", ("aiohttp",))) is not None:
        raise InputError(problem)
    own = os.environ.get(VARIABLE)
    known_as = checked(own or ANTHROPIC, VARIABLE)
    outer = told_of()
    upstream = known_as if outer is None else outer.url()
    try:
        guard = "" if run.guard is None else run.guard.rules.as_text()
        started = Started(run.path, origins.as_text(), upstream, known_as, guard)
    except (OSError, ValueError) as error:
        what = f"the gateway could not be started: {getattr(error, 'strerror', None) or error}"
        hint = "see that this machine lets programs listen on 127.0.0.1, and starts Python; or write gateway: false"
        raise InputError(Problem(slug="no-gateway", where=where, what=what, hint=hint)) from None
    run.gateway = RunGateway(run, started.url, started)
    run.gateway.begin()


def join_gateway(run: "Run") -> None:
    """Use the gateway of the run that this worker belongs to; a worker on another machine has none."""
    if (told := told_of()) is not None:
        run.gateway = RunGateway(run, told.start, None)
        run.gateway.begin()
