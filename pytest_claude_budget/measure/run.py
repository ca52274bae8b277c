"""One pytest session's measuring in one process: who owns the moment, where calls are stored, and for how long."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakSet

from pytest_claude_budget.ledger.outside import exists, system, touch
from pytest_claude_budget.measure import canary
from pytest_claude_budget.measure.current_owner import Owners, Places, Turns, name_of
from pytest_claude_budget.measure.environment import Told
from pytest_claude_budget.measure.hooked_clients import Watching

if TYPE_CHECKING:
    import pytest

    from pytest_claude_budget.calls.host_rules import HostRules, Origins
    from pytest_claude_budget.ledger.journal import OwnerFacts
    from pytest_claude_budget.ledger.locks import Hold
    from pytest_claude_budget.measure.live_guard import LiveGuard as Guard
    from pytest_claude_budget.measure.recorder import FactsOf, Recorder

    class Gateway(Protocol):
        """A reverse proxy that other programs ask Claude through. Not there where it runs: to define a protocol takes 0.1 ms."""

        def check(self) -> None:
            """See that it is there."""

        def settle(self) -> None:
            """Have it tell what it knows of each exchange that goes on."""

        def stop(self) -> None:
            """End it, and leave everything as it was found."""


_LONGEST_WAIT_SECONDS = 1.0
CHILD = "child"
"""How the name of a child process begins."""

RUNNING: "dict[str, Run]" = {}
"""The runs that measure this process, by ledger. Module state: the interpreter's start-up, pytest's plugins and runs
inside of runs have no other place in common where each could see what the others do."""


class Run:
    """Measures this process until it is stopped."""

    def __init__(self, path: Path, process: str, root: str = "") -> None:
        self.path = path
        self.process = process
        self.owners = Owners()
        self.told = Told(str(path), self.owners, _all_told, is_child=self.is_child)
        self.told.worker, self.told.root = process, root
        self.turns = Turns()
        self.item: pytest.Item | None = None
        """The test that runs."""
        self._named: tuple[pytest.Item | None, str] = (None, "")
        """The newest test that was named, and its name."""
        self.places = Places()
        self.limited = False
        """A test of this process has a limit by its marker: the run is judged, whether or not there is a budget file."""
        self.faults: list[str] = []
        """Why measuring failed before there was a recorder."""
        self._recorder: Recorder | None = None
        self._origins: Origins | None = None
        self._watching = Watching(lambda: self.recorder, self.fault, self.heed)
        self.unseen: set[tuple[str, str]] = set()
        """What the canary has told already: owner and reason."""
        self._clock = (time.time(), time.monotonic(), time.monotonic)
        self.thread = threading.get_ident()
        """On which the session runs."""
        self._earlier_threads = WeakSet(threading.enumerate())
        """No thread that was there before the run was begun by it."""
        self._hold: Hold | None = None
        self._pid = system.getpid()
        self.facts_of_item: Callable[[pytest.Item], OwnerFacts] | None = None
        """Reads what is kept of a test beside its calls; pytest's side alone knows how."""
        self.gateway: Gateway | None = None
        """Measures other programs; for runs whose budget file asks for one."""
        self.guard: Guard | None = None
        """Asked before anything leaves this machine; None where nobody wants that."""
        self.at_first_sign: Callable[[], None] | None = None
        """Is done once, by `heed`."""
        self.is_heeding = False
        """Something has come up by which Claude may be asked: it matters which test pays."""
        self._is_told = False
        """It is being heeded."""
        self._heeding = threading.RLock()
        """Held by the thread that comes first: another one's call waits until its test is known."""
        self.at_first_call: Callable[[], None] | None = None
        """Is done once, when this process stores its first call."""
        self.at_exit: Callable[[], None] | None = None
        """What was registered to be done as the process ends."""

    @property
    def recorder(self) -> "Recorder":
        """What stores calls; made with the first client or the first look at the ledger."""
        if self._recorder is None:
            self.heed()
        if self._recorder is None:  # whoever heeds may have asked for it
            from pytest_claude_budget.measure.recorder import Clock, Recorder

            recorder = Recorder(self.path, self.owners.who, Clock(*self._clock), self.process)
            recorder.facts_of = self._facts_of()
            recorder.on_loss = self.leave_word
            recorder.home, recorder.may_own = self.thread, self.may_own
            if self._origins is not None:
                recorder.know_hosts(self._origins)
            self._find_sites(recorder)
            if not self.process:
                recorder.journal.on_begin = self.hold
            self._recorder = recorder
        return self._recorder

    def heed(self) -> None:
        """From here on it matters which test pays: there is a client, a program, a connection, or another run."""
        if self.is_heeding:
            return
        held = self._heeding.acquire(timeout=_LONGEST_WAIT_SECONDS)  # a fork may leave it locked
        try:
            if self._is_told or self.is_heeding:  # what is done for it may heed too; another thread may have been first
                return
            self._is_told = True
            at_first_sign, self.at_first_sign = self.at_first_sign, None
            if at_first_sign is not None:
                self.guarded("following tests", at_first_sign)
            self.is_heeding = True
        finally:
            if held:
                self._heeding.release()

    def know_origins(self, origins: "Origins") -> None:
        """Count answers by what somebody wrote about their hosts, from here on, in child processes too."""
        self._origins = origins
        if self._recorder is not None:
            self._recorder.know_hosts(origins)
        self.told.know_origins(origins.as_text())

    def know_no_sites(self) -> None:
        """Look for no lines that send calls, from here on, nor in child processes."""
        self.told.know_root("")
        if self._recorder is not None:
            self._find_sites(self._recorder)

    def _find_sites(self, recorder: "Recorder") -> None:
        """Have each call know the line that sends it, where somebody said what is the user's own."""
        root = self.told.root
        if root:
            from pytest_claude_budget.measure.call_site import CallSites

            recorder.site_of_caller = CallSites(root).here
        else:
            from pytest_claude_budget.measure.recorder import nowhere

            recorder.site_of_caller = nowhere

    @property
    def hosts(self) -> "HostRules | None":
        """What is said of hosts; None where nothing is."""
        return None if self._origins is None else self.recorder.hosts

    @property
    def has_calls(self) -> bool:
        """Is there anything to report? Costs next to nothing where no client was ever imported."""
        recorder = self._recorder
        if recorder is not None and (recorder.unstored or recorder.faults or recorder.broken or recorder.journal.used):
            return True
        return bool(self.faults) or exists(self.path) or self._has_journals()

    @property
    def is_own_process(self) -> bool:
        """Is this the process that the run began in, and none that was forked from it?"""
        return self._pid == system.getpid()

    @property
    def has_more(self) -> bool:
        """Is there something that the ledger has not brought in yet? To be asked after the verdict."""
        return self._has_journals()

    def hold(self) -> None:
        """Show other runs of the folder that this one goes on; for the process that reports alone."""
        if self._hold is None:
            from pytest_claude_budget.ledger.locks import Hold

            self._hold = Hold(self.path)
        self._hold.take()
        at_first_call, self.at_first_call = self.at_first_call, None
        if at_first_call is not None:
            self.guarded("first call", at_first_call)

    def _has_journals(self) -> bool:
        """Did a process of this run, such as one that a test started, store a call?"""
        if not exists(self.path.parent):  # as in most runs: nothing more is loaded for them
            return False
        from pytest_claude_budget.ledger.paths import journals_of

        return bool(journals_of(self.path))

    @property
    def has_lost(self) -> bool:
        """Did some process of the run leave word that it could not store its calls?"""
        return any(map(exists, _signs(self.path)))

    def leave_word(self) -> None:
        """A call could not be stored: say so where the run will look at its end."""
        for sign in _signs(self.path):
            with suppress(OSError):
                touch(sign)
                return

    def forget_word(self) -> None:
        """Remove what was said, once it was heard."""
        for sign in _signs(self.path):
            with suppress(OSError):
                system.unlink(str(sign))

    def start(self) -> None:
        """Begin to measure this process and those that it starts."""
        RUNNING[str(self.path)] = self
        if len(RUNNING) > 1:
            for each in list(RUNNING.values()):
                each.heed()  # what they tell child processes of each other names who pays
        self.told.begin()
        self._watching.start()
        canary.watch(RUNNING)

    def look_on(self) -> None:
        """Measure this process alone, and tell nobody: it may be somebody else's."""
        self._watching.start()

    def may_own(self, thread: int) -> bool:
        """Could a call on this thread be of this run? On its own, or on one that was begun after it."""
        return thread == self.thread or not any(
            each.ident == thread and each.is_alive() for each in self._earlier_threads
        )

    def hold_the_line(self, guard: "Guard") -> None:
        """Ask a guard before anything leaves this machine, from here on; child processes are told by it."""
        from pytest_claude_budget.intercept.guard import GUARDS
        from pytest_claude_budget.intercept.passages import hook_all

        self.heed()
        self.guard = self.recorder.guard = GUARDS[self.recorder] = guard
        self._watching.on_client = hook_all
        hook_all()

    def _let_pass(self) -> None:
        from pytest_claude_budget.intercept.guard import GUARDS
        from pytest_claude_budget.intercept.passages import take_out

        self.guard = None
        GUARDS.pop(self.recorder, None)
        if not GUARDS:
            take_out()

    def settle(self) -> None:
        """The run is about to be told: an exchange that still goes on is told as it is by now."""
        if self.gateway is not None:
            self.guarded("gateway", self.gateway.settle)
        self.guarded("end of run", self._watching.settle)

    def check(self) -> None:
        """See that calls are still seen."""
        if self._watching.has_hooks:
            self.guarded("hooks", self._watching.check)
        if self.gateway is not None:
            self.guarded("gateway", self.gateway.check)

    def end_gateway(self) -> None:
        """Take no more calls of other programs: what came by now is in the journals."""
        if self.gateway is not None:
            self.guarded("gateway", self.gateway.stop)
            self.gateway = None

    def stop(self) -> None:
        """Leave everything as it was found."""
        self.end_gateway()
        if RUNNING.get(str(self.path)) is self:
            self.told.end(lambda: RUNNING.pop(str(self.path), None))
            canary.rest()
        self._watching.stop()
        if self.guard is not None:
            self._let_pass()
        if self._recorder is not None:
            self._recorder.close()
            if self.is_child and self._recorder.journal.is_lost:
                self.leave_word()
        if self._hold is not None:
            self._hold.leave()

    @property
    def is_child(self) -> bool:
        """Is this a process that a run started, rather than a run?"""
        return self.process.startswith(CHILD)

    def fault(self, stage: str, error: Exception) -> None:
        """Our own code failed: the verdict must not pass over it."""
        from pytest_claude_budget.base.errors import described

        self.faults.append(f"a fault of pytest-claude-budget itself ({stage}: {described(error)})")
        if self.is_child:
            self.leave_word()

    def guarded(self, stage: str, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do our own work so that no fault of it reaches the user's test; None where it failed."""
        try:
            return work(*arguments)
        except Exception as error:
            self.fault(stage, error)
            return None

    def name_of(self, item: "pytest.Item") -> str:
        """What a test is called as an owner."""
        named, name = self._named
        if named is not item:
            try:
                name = name_of(item, self.places)
            except Exception as error:
                self.fault("naming a test", error)
                name = item.nodeid
            self._named = (item, name)
        return name

    def all_faults(self) -> list[str]:
        """Why measuring failed in this process, as far as it is not in the ledger."""
        recorder = self._recorder
        if recorder is None:
            return list(self.faults)
        return [*self.faults, *recorder.all_faults()]

    def _facts_of(self) -> "FactsOf":
        facts_of = self.facts_of_item
        if facts_of is None:
            return lambda owner: None

        def found(owner: str) -> "OwnerFacts | None":
            item = self.item
            return facts_of(item) if item is not None and self.name_of(item) == owner else None

        return found


def _all_told() -> list[Told]:
    return [run.told for run in list(RUNNING.values())]


def _signs(ledger: Path) -> Iterator[Path]:
    """An empty file can often be made where no more bytes can be written, and in the temporary folder where not beside it."""
    yield ledger.with_name(f"{ledger.name}.lost")
    import tempfile  # pytest has it; a child process seldom

    with suppress(OSError):  # there may be no temporary folder
        yield Path(tempfile.gettempdir()) / f"{ledger.name}.lost"


def new_ledger_path(folder: Path) -> Path:
    """Name a file that no other run has: its day and time, its process, and a few random digits."""
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    return folder / f"run-{stamp}-{system.getpid()}-{system.urandom(3).hex()}.sqlite3"
