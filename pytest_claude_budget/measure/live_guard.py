"""Holds the line of one run in one process: what must not leave this machine is refused before it does.

A refusal is remembered. A thread, a `gather` or a client may swallow what is raised: then the test, or whoever else owns the moment,
fails by what is remembered here, and whatever it asks after that is refused too.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.claude_hosts import Place
from pytest_claude_budget.calls.origin import Origin
from pytest_claude_budget.measure.current_owner import LIVE_LABEL
from pytest_claude_budget.measure.refusals import Refusal, denied, line_of, lines_from

if TYPE_CHECKING:
    from pytest_claude_budget.calls.call import Answer
    from pytest_claude_budget.intercept.guard import Leaving
    from pytest_claude_budget.ledger.row_format import Payer
    from pytest_claude_budget.measure.run import Run

Ticket = tuple[int, float, "Payer", int]


class Refused(BaseException):  # no error of the process: the run said no
    """A call was not sent. No Exception, since clients and frameworks try each of those again."""


@value_class(frozen=True, kw_only=True, slots=True)
class Rules:
    """What was written about what may leave."""

    denied_by: str = ""
    """What says that nothing may, as its user knows it; empty where it may."""

    def as_text(self) -> str:
        """For an environment variable."""
        return json.dumps({"denied_by": self.denied_by})


def rules_of_text(text: str) -> Rules:
    """What `as_text` wrote."""
    return Rules(denied_by=str(json.loads(text)["denied_by"]))


class LiveGuard:
    """Asked before anything leaves. For each method that `intercept` asks, see its `Guard`."""

    def __init__(self, run: "Run", rules: Rules, raised: Callable[[str], BaseException]) -> None:
        self.rules = rules
        self._run = run
        self._raised = raised
        """Makes what is raised of a refusal's words."""
        self._file = Path(f"{run.path}.refused")
        self._told = ""
        self._read = 0
        """Bytes of the file that were taken in."""
        self._permitted: set[int] = set()
        """Exchanges that were allowed to leave while others are not."""
        self.refusals: list[Refusal] = []
        """Of this process, and of those that it has read of."""

    def ask(self, ticket: Any, leaving: "Leaving") -> None:
        """Return where it may leave, raise where not."""
        self.ask_ahead(ticket, leaving)
        self._permitted.add(ticket[0])

    def ask_ahead(self, ticket: Any, leaving: "Leaving") -> None:
        """The same before there is a connection."""
        if by := self._denied_by():
            model = leaving.model or "a model that the request does not name"
            self._refuse(denied(self._owner(ticket), by, f"a call to Claude ({model})", leaving.url.host))

    def ask_of_host(self, place: Place) -> None:
        """The same of a request that is no call."""
        if (by := self._denied_by()) and self._run.recorder.hosts.of(place)[0] is not Origin.SIMULATED:
            ticket = self._run.recorder.open(0)
            self._refuse(denied(self._owner(ticket), by, "a request to Claude's API", place.host))

    def ask_of_unseen(self, ticket: Any, what: str) -> None:
        """The same of what nobody measures."""
        if by := self._denied_by():
            self._refuse(denied(self._owner(ticket), by, what, ""))

    def stored(self, ticket: Any, origin: Origin, own: "Answer | None") -> None:
        """An answer is stored. One that came from a remote host, though nothing was to leave, fails who asked for it."""
        if own is None or origin is not Origin.LIVE or ticket[0] in self._permitted:
            return
        if own.status.value not in ("failed", "free") and own.endpoint != "unseen" and (by := self._denied_by()):
            what = f"a call to Claude ({own.model or 'of an unknown model'}) was answered by a remote host"
            self._permitted.add(ticket[0])
            self._remember(denied(self._owner(ticket), by, what, "", sent=True))

    def _denied_by(self) -> str:
        """What says that nothing may leave at this moment; empty where it may."""
        said = self._run.owners.marked.get(LIVE_LABEL)
        if said is not None:
            return "" if said == "yes" else "@pytest.mark.claude_budget(live=False)"
        return self.rules.denied_by

    @staticmethod
    def _owner(ticket: Ticket) -> tuple[str, str, str]:
        owner = ticket[2].owner
        return owner.id, owner.kind, owner.phase

    def _refuse(self, refusal: Refusal) -> None:
        self._remember(refusal)
        raise self._raised(refusal.text)

    def _remember(self, refusal: Refusal) -> None:
        self.refusals.append(refusal)
        if self._run.is_child or not self._run.is_own_process:
            self._leave_word(refusal)

    def _leave_word(self, refusal: Refusal) -> None:
        """Say so where the run looks: this process is another one. Whole lines, however many processes write."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, line_of(refusal))
            finally:
                os.close(file)
        except OSError as error:
            self._run.fault("refusal", error)

    def look(self) -> None:
        """Take in what other processes of the run were refused."""
        try:
            if self._file.stat().st_size > self._read:
                with self._file.open("rb") as file:
                    file.seek(self._read)
                    found, taken = lines_from(file.read())
                self._read += taken
                self.refusals += found
        except FileNotFoundError:
            return

    def unheard(self, owner: str) -> Refusal | None:
        """Of what an owner was refused, the first, which nobody has told it yet; all of them are told now."""
        self.look()
        mine = [each for each in self.refusals if each.owner == owner and not each.is_heard]
        for each in mine:
            each.is_heard = True
        return mine[0] if mine else None

    def forget(self) -> None:
        """Remove the file."""
        self._file.unlink(missing_ok=True)

    def tell_children(self) -> None:
        """Tell child processes what may leave at this moment."""
        by = self._denied_by()
        text = Rules(denied_by=by).as_text() if by else ""
        if text != self._told:
            self._told = text
            self._run.told.know_guard(text)


def guard_in_child(run: "Run", text: str) -> LiveGuard:
    """The guard of a process that a run started."""
    return LiveGuard(run, rules_of_text(text), Refused)
