"""Holds the line of one run in one process: what must not leave this machine is refused before it does.

A refusal is remembered. A thread, a `gather` or a client may swallow what is raised: then the test, or whoever else owns the moment,
fails by what is remembered here, and whatever it asks after that is refused too.
"""

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pytest_claude_budget.base.errors import described
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.claude_hosts import Place
from pytest_claude_budget.calls.origin import Origin
from pytest_claude_budget.ledger.outside import FileIO, make_folder, system
from pytest_claude_budget.ledger.paths import ALLOWED
from pytest_claude_budget.measure.current_owner import LIVE_LABEL
from pytest_claude_budget.measure.pool_workers import hand_over
from pytest_claude_budget.measure.refusals import Refusal, denied, line_of, lines_from, no_cap, no_more_calls
from pytest_claude_budget.wire.batch_requests import models_asked
from pytest_claude_budget.wire.routes import Kind

if TYPE_CHECKING:
    from pytest_claude_budget.calls.alike import Alike
    from pytest_claude_budget.calls.call import Answer
    from pytest_claude_budget.intercept.guard import Leaving
    from pytest_claude_budget.ledger.row_format import Payer
    from pytest_claude_budget.measure.run import Run

Ticket = tuple[int, float, "Payer", int, Any]


_FREE = frozenset((Kind.COUNT_TOKENS, Kind.BATCH_RESULTS, Kind.SESSION))
_PURSES = "pytest_claude_budget.enforce.made"
"""Makes purses; from further up, and loaded for the first call of a process that has one."""


class Refused(BaseException):  # no error of the process: the run said no
    """A call was not sent. No Exception, since clients and frameworks try each of those again."""


class RefusedInPoolError(Exception):
    """The same in a thread of a pool, which would die of anything else and be missed (`measure/pool_workers.py`)."""


class RunOverError(Exception):
    """There is no cap any more to hold a call to."""


@value_class(frozen=True, kw_only=True, slots=True)
class Rules:
    """What was written about what may leave."""

    denied_by: str = ""
    """What says that nothing may, as its user knows it; empty where it may."""
    purse: str = ""
    """What makes the purse of a run that has a cap, in a process that it starts (`enforce/made.py`); empty without one."""

    own: str = ""
    """What the mark of the test that goes on allows, as JSON: its id, its place and its arguments; empty without one."""

    def as_text(self) -> str:
        """For an environment variable."""
        return json.dumps([self.denied_by, self.purse, self.own])


def rules_of_text(text: str) -> Rules:
    """What `as_text` wrote."""
    denied_by, purse, own = map(str, json.loads(text))
    return Rules(denied_by=denied_by, purse=purse, own=own)


class PartLimit:
    """The most live calls of one test in a part of it, the most that they may cost, and what was asked there so far."""

    def __init__(self, owner: str, most: int | None, where: str, dollars: "Mapping[str, Decimal]") -> None:
        self.owner, self.most, self.where = owner, most, where
        self.dollars = dollars
        """By measure. A purse holds them, where it holds the test to the same measure."""
        self.number = 0
        """Tells it from all other parts, of other processes too."""
        self.asked: dict[int, int] = {}
        """Calls of each exchange, without those that failed or are not billed; in the order in which they were asked."""

    def asked_up_to(self, exchange: int) -> int:
        """How many calls there are with those of this exchange, and without those of later ones."""
        calls = 0
        for each, count in list(self.asked.items()):
            calls += count
            if each == exchange:
                break
        return calls


class Purse(Protocol):
    """What is reserved before a call leaves, and spent once its answer is stored (`enforce/purse.py`)."""

    def reserve(self, payer: "Payer", leaving: "Leaving", own: str, parts: "Sequence[PartLimit]") -> Any:
        """A reservation; a Refusal where there is no room, None where nothing is billed."""

    def settle(self, reservation: Any, answer: "Answer", origin: Origin) -> bool:
        """Take what it did cost; False where that is not known."""

    def read(self, items: "Sequence[Answer | Alike]", origin: Origin) -> None:
        """Take results of batches."""

    def free(self, reservation: Any) -> None:
        """Take that it cost nothing."""

    def charge(self, payer: "Payer", answer: "Answer") -> None:
        """Charge what has left unasked."""

    def passed(self) -> str:
        """Says that more is spent than was allowed; else empty."""

    def close(self) -> None:
        """Let go of the file."""


class LiveGuard:
    """Asked before anything leaves. For each method that `intercept` asks, see its `Guard`."""

    def __init__(self, run: "Run", rules: Rules, raised: Callable[[str], BaseException]) -> None:
        self.rules = rules
        self.own = rules.own
        """See `Rules`."""
        self._run = run
        self._raised = raised
        """Makes what is raised of a refusal's words."""
        self._file = Path(f"{run.path}.refused")
        self._told = ""
        self._read = 0
        """Bytes of the file that were taken in."""
        self.make_purse: Callable[[], Purse] | None = None
        """Makes the purse, when it is first asked for; None where there is no cap."""
        self.stops = False
        """A cap that is reached ends the session."""
        self.forgives = False
        """Who had no room for one call may ask for another."""
        self._purse: Purse | None = None
        self._passed = ""
        self._reserved: dict[int, Any] = {}
        """Reservations of exchanges that go on."""
        self._refused: dict[tuple[str, str], Refusal] = {}
        """Of tests that there was no room for: what they ask after that is refused too."""
        self.parts: list[PartLimit] = []
        """Of parts of tests that go on."""
        self._permitted: set[int] = set()
        """Exchanges that were allowed to leave."""
        self.refusals: list[Refusal] = []
        """Of this process, and of those that it has read of."""
        self.of_workers: list[Refusal] = []
        """What workers left word of: one that is killed hands nothing over."""

    def ask(self, ticket: Any, leaving: "Leaving") -> None:
        """Return where it may leave, raise where not."""
        self.ask_ahead(ticket, leaving)
        if self.parts and leaving.route.kind not in _FREE:
            self._count(ticket, leaving)
        if self.make_purse is not None:
            self._reserve(ticket, leaving, self.make_purse)
        self._permitted.add(ticket[0])

    def ask_ahead(self, ticket: Any, leaving: "Leaving") -> None:
        """The same before there is a connection."""
        if by := self._denied_by():
            model = leaving.model or "a model that the request does not name"
            self._refuse(denied(self._owner(ticket), by, f"a call to Claude ({model})", leaving.url.host))

    def led_on(self, ticket: Any) -> None:
        """What left brought a redirect: nothing of it counts. It may stay charged where the cap cannot be reached, as any call does."""
        self._uncount(ticket)
        reservation = self._reserved.pop(ticket[0], None)
        if reservation is not None and self.make_purse is not None and self.make_purse is not _none_left:
            self._run.guarded("cap", self._purse_of(self.make_purse).free, reservation)

    def ask_of_host(self, place: Place) -> None:
        """The same of a request that is no call."""
        if (by := self._denied_by()) and self._run.recorder.hosts.of(place)[0] is not Origin.SIMULATED:
            ticket = self._run.recorder.open(0)
            self._refuse(denied(self._owner(ticket), by, "a request to Claude's API", place.host))

    def ask_of_unseen(self, ticket: Any, what: str) -> None:
        """The same of what nobody measures."""
        if by := self._denied_by():
            self._refuse(denied(self._owner(ticket), by, what, ""))

    def heard_of_unseen(self, ticket: Any, what: str) -> None:
        """It was sent, and nobody could be asked: who asked for it fails."""
        if by := self._denied_by():
            self._remember(denied(self._owner(ticket), by, what, "", sent=True))

    def _count(self, ticket: Ticket, leaving: "Leaving") -> None:
        owner = self._owner(ticket)
        mine = [part for part in self.parts if part.owner == owner[0] and part.most is not None]
        asked = len(models_asked(leaving.body)) if leaving.route.kind is Kind.BATCH_CREATE else 1
        for part in mine:  # noted before it is looked at: other threads ask too, and who came first has room first
            part.asked[ticket[0]] = asked
        for part in mine:
            most = part.most or 0
            if part.asked_up_to(ticket[0]) > most:
                for each in mine:
                    each.asked.pop(ticket[0], None)
                self._refuse(no_more_calls(owner, most, part.where, leaving.model))

    def _uncount(self, ticket: Ticket) -> None:
        for part in self.parts:
            part.asked.pop(ticket[0], None)

    def _reserve(self, ticket: Ticket, leaving: "Leaving", make: Callable[[], Purse]) -> None:
        owner = ticket[2].owner
        key = (owner.id, owner.phase.partition(" ")[2])
        if (earlier := self._refused.get(key)) is not None:
            self._refuse(Refusal(earlier.owner, earlier.kind, owner.phase, earlier.text, earlier.ended))
        try:
            mine = [part for part in self.parts if part.owner == owner.id and part.dollars]
            found = self._purse_of(make).reserve(ticket[2], leaving, self.own, mine)
        except Exception as error:  # what cannot be held is not sent
            found = no_cap(self._owner(ticket), self._why_unheld(error))
        if isinstance(found, Refusal):
            if not self.forgives:
                self._refused[key] = found
            self._refuse(found)
        if found is not None:
            self._reserved[ticket[0]] = found

    def _why_unheld(self, error: Exception) -> str:
        """What keeps a cap from being held; a fault of our own is told besides."""
        from pytest_claude_budget.base.errors import InputError
        from pytest_claude_budget.cap.store import UnavailableError

        if isinstance(error, (InputError, UnavailableError, RunOverError)):
            return str(error).partition("\n")[0]
        self._run.fault("cap", error)
        return described(error)

    def _purse_of(self, make: Callable[[], Purse]) -> Purse:
        """The purse; made at the first look."""
        if self._purse is None:
            self._purse = make()
        return self._purse

    def _settle(self, ticket: Ticket, origin: Origin, own: "Answer", make: Callable[[], Purse]) -> None:
        reservation = self._reserved.get(ticket[0])
        if reservation is not None:
            if self._purse_of(make).settle(reservation, own, origin):
                del self._reserved[ticket[0]]
        elif origin is Origin.LIVE and own.status.value == "measured" and ticket[0] not in self._permitted:
            self._permitted.add(ticket[0])
            self._purse_of(make).charge(ticket[2], own)

    def stored(self, ticket: Any, origin: Origin, own: "Answer | None", items: "Sequence[Answer | Alike]" = ()) -> None:
        """An answer is stored. One that came from a remote host, though nothing was to leave, fails who asked for it."""
        if items and self._purse is not None:
            self._purse.read(items, origin)
        if own is None:
            return
        asked = ticket[0] in self._permitted
        if own.status.value in ("failed", "free"):
            self._uncount(ticket)
        if self.make_purse is not None and self.make_purse is not _none_left:
            self._settle(ticket, origin, own, self.make_purse)
        if asked or origin is not Origin.LIVE or own.status.value in ("failed", "free") or own.endpoint == "unseen":
            return
        if by := self._denied_by():
            self._permitted.add(ticket[0])
            what = f"a call to Claude ({own.model or 'of an unknown model'}) was answered by a remote host"
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
        if self._run.guarded("pool", hand_over, Refused(refusal.text)):
            raise RefusedInPoolError(refusal.text)
        raise self._raised(refusal.text)

    def _remember(self, refusal: Refusal) -> None:
        self.refusals.append(refusal)
        if self._run.is_child or not self._run.is_own_process:
            self._leave_word(refusal)
        elif refusal.ended and self._run.process:
            refusal.by = self._run.process
            self._leave_word(refusal)

    def _leave_word(self, refusal: Refusal) -> None:
        """Say so where the run looks: this process is another one. Whole lines, however many processes write."""
        try:
            make_folder(self._file.parent)
            file = system.open(str(self._file), system.O_WRONLY | system.O_APPEND | system.O_CREAT, 0o600)
            try:
                system.write(file, line_of(refusal))
            finally:
                system.close(file)
        except OSError as error:
            self._run.fault("refusal", error)

    def look(self) -> None:
        """Take in what other processes of the run were refused."""
        try:
            if system.stat(str(self._file)).st_size > self._read:
                with FileIO(str(self._file)) as file:
                    file.seek(self._read)
                    found, taken = lines_from(file.read())
                self._read += taken
                self.refusals += [each for each in found if not each.by]
                self.of_workers += [each for each in found if each.by]
        except FileNotFoundError:
            return

    def unheard(self, owner: str) -> Refusal | None:
        """Of what an owner was refused, the first, which nobody has told it yet; all of them are told now."""
        self.look()
        mine = [each for each in self.refusals if each.owner == owner and not each.is_heard]
        for each in mine:
            each.is_heard = True
        return mine[0] if mine else None

    def passed(self) -> str:
        """Says that more is spent than the cap allows; else empty. What was said last, when the run is over."""
        if self.make_purse is not None and self.make_purse is not _none_left:
            self._passed = self._purse_of(self.make_purse).passed()
        return self._passed

    def forget(self) -> None:
        """The run is over: remove its files. What asks after that finds no purse, and is refused."""
        self._file.unlink(missing_ok=True)
        if self.make_purse is not None:
            purse, self._purse, self.make_purse = self._purse, None, _none_left
            if purse is not None:
                purse.close()
            for end in (".cap", ALLOWED):
                Path(f"{self._run.path}{end}").unlink(missing_ok=True)

    def tell_children(self) -> None:
        """Tell child processes what may leave at this moment."""
        by = self._denied_by()
        text = Rules(denied_by=by, purse=self.rules.purse, own=self.own).as_text() if by or self.rules.purse else ""
        if text != self._told:
            self._told = text
            self._run.told.know_guard(text)


def _none_left() -> Purse:
    raise RunOverError("the run is over")


def guard_in_child(run: "Run", text: str) -> LiveGuard:
    """The guard of a process that a run started."""
    guard = LiveGuard(run, rules_of_text(text), Refused)
    if guard.rules.purse:
        guard.make_purse = lambda: importlib.import_module(_PURSES).purse_told(run, guard.rules.purse)
    return guard
