"""What the environment tells child processes: of which runs their calls are, and who pays there.

Several runs of one process share the environment: a test starts pytest, or two threads do. Each run takes its own part away
when it ends, whichever ends first. Light, since every pytest run on the machine loads it.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from pytest_claude_budget.measure.current_owner import Owners

JUDGED_LATER_VARIABLE = "CLAUDE_BUDGET_JUDGED_LATER"
"""Names the file in which a run is left that somebody judges anew."""
LEDGER_VARIABLE = "CLAUDE_BUDGET_LEDGER"
"""Tells child processes where to store their calls."""
OWNER_VARIABLE = "CLAUDE_BUDGET_OWNER"
"""Tells child processes that a wide-scoped fixture started them; else PYTEST_CURRENT_TEST names their test."""
TEST_VARIABLE = "CLAUDE_BUDGET_TEST"
"""Tells child processes what their test is called, where PYTEST_CURRENT_TEST has another name for it."""
ORIGINS_VARIABLE = "CLAUDE_BUDGET_ORIGINS"
"""Tells child processes what the budget file says of hosts; not set where it says nothing."""
GUARD_VARIABLE = "CLAUDE_BUDGET_GUARD"
"""Tells child processes what may leave this machine; not set where everything may."""
OUTER_TEST_VARIABLE = "CLAUDE_BUDGET_OUTER_TEST"
"""What PYTEST_CURRENT_TEST was when a run inside of a run began: a test of the run around it, not of this one."""
TURN_VARIABLE = "CLAUDE_BUDGET_TURN"
"""Tells child processes which set-up of a fixture started them, or which run of a test that is run again."""
PROCESS_VARIABLE = "CLAUDE_BUDGET_PROCESS"
"""Tells child processes of which worker they are; not set where it has no name."""
ROOT_VARIABLE = "CLAUDE_BUDGET_ROOT"
"""Tells child processes in which folder the user's own files lie, where the ledger's place does not: requests reads every variable at
each call. `NO_ROOT` where nobody wants to know what line sends a call."""
NO_ROOT = "-"
GATEWAY_VARIABLE = "CLAUDE_BUDGET_GATEWAY"
"""Tells child processes how a gateway's URL begins, and behind a tab what ANTHROPIC_BASE_URL was without it (`base_url.py`)."""
RUNS_VARIABLE = "CLAUDE_BUDGET_RUNS"
"""Tells child processes of all runs, where there are several: a line of each. The other variables speak of one run alone."""

_NAMES = (
    LEDGER_VARIABLE,
    OWNER_VARIABLE,
    TEST_VARIABLE,
    ORIGINS_VARIABLE,
    GUARD_VARIABLE,
    OUTER_TEST_VARIABLE,
    TURN_VARIABLE,
    PROCESS_VARIABLE,
    ROOT_VARIABLE,
    RUNS_VARIABLE,
)
_LONGEST_WAIT_SECONDS = 1.0
_turn = threading.Lock()
"""Held while a run changes the environment. A fork may leave it locked: then nobody waits for long."""
_ESCAPES = (("%", "%25"), ("\t", "%09"), ("\n", "%0A"), ("\x00", "(null)"))
"""In the order in which they are written; the last is what pytest makes of it too."""


class RunTold:
    """What a child process knows of one run. A plain class: every pytest run makes it, and a tuple with names takes ten times as long."""

    def __init__(
        self, ledger: str, owner: tuple[str, str, str] | None, origins: str, worker: str, guard: str, root: str
    ) -> None:
        self.ledger = ledger
        self.owner = owner
        """Who pays for its calls: name, kind and phase; None where no test and no fixture started it."""
        self.origins = origins
        """What the budget file says of hosts; empty where it says nothing."""
        self.worker = worker
        """The process of the run that it belongs to; empty for the run's own."""
        self.guard = guard
        """What may leave this machine; empty where everything may."""
        self.root = root
        """The folder of the user's own files; empty where nobody wants to know what line sends a call."""


class Told:
    """One run's part in the environment."""

    def __init__(self, ledger: str, owners: Owners, everyone: "Callable[[], list[Told]]", *, is_child: bool) -> None:
        self.ledger = ledger
        self.is_child = is_child
        """This process was told of the run, rather than has begun it: then it is in the environment already."""
        self.around: tuple[str, ...] = ()
        """Ledgers of the runs that this one is a part of: a call here is one there."""
        self.worker = ""
        """The name of this process in the run."""
        self.root = ""
        """The folder of the user's own files."""
        self._owners = owners
        self._everyone = everyone
        self._home = threading.get_ident()
        self._origins = ""
        self._guard = ""
        self._earlier: dict[str, str | None] = {}
        """What there is without this run."""
        self._hidden: frozenset[str] = frozenset()
        """Runs around this one that somebody took out of the environment before it began."""
        self._names_owner = False
        """This process has had another run meanwhile: PYTEST_CURRENT_TEST is one for all, and gone when one of them ends."""

    def begin(self) -> None:
        """Tell of this run, the newest of `everyone`."""
        if self.is_child:
            self._see_others()
            return
        with _one_at_a_time():
            others = [other for other in self._everyone() if other is not self]
            if not os.environ.get(LEDGER_VARIABLE):
                self._hidden = frozenset(other.ledger for other in others)
            self.around = tuple(other.ledger for other in others if other.is_child or other._home == self._home)
            for other in others:
                if not other.is_child:
                    self._names_owner = other._names_owner = True
            self._earlier = {name: os.environ.get(name) for name in _NAMES}
            gone: dict[str, str | None] = {name: None for name, value in self._earlier.items() if value is not None}
            _put({**gone, LEDGER_VARIABLE: self.ledger, OUTER_TEST_VARIABLE: os.environ.get("PYTEST_CURRENT_TEST")})
            if self.worker:
                _put({PROCESS_VARIABLE: self.worker})
            _put({ROOT_VARIABLE: _root_text(self.ledger, self.root)})
            self._see_others()
            self._tell_of_all()

    def end(self, leave: Callable[[], object]) -> None:
        """Tell of this run no more; `leave` takes it out of `everyone`."""
        if self.is_child:
            leave()
            self._see_others()
            return
        with _one_at_a_time():
            newer = self._newer()
            if newer is None:
                _put(self._earlier)
            else:
                newer._earlier = self._earlier
            leave()
            self._see_others()
            self._tell_of_all()

    def know_origins(self, text: str) -> None:
        """Tell what the budget file says of hosts."""
        self._origins = text
        self.set(ORIGINS_VARIABLE, text)

    def know_root(self, root: str) -> None:
        """Tell in which folder the user's own files lie; empty where nobody wants to know."""
        self.root = root
        self.set(ROOT_VARIABLE, _root_text(self.ledger, root))

    def know_guard(self, text: str) -> None:
        """Tell what may leave this machine."""
        self._guard = text
        self.set(GUARD_VARIABLE, text or None)

    def get(self, name: str) -> str | None:
        """What a variable is for this run."""
        newer = self._newer()
        return os.environ.get(name) if newer is None else newer._earlier.get(name)

    def set(self, name: str, value: str | None) -> None:
        """Set a variable for this run, whichever is the newest; None takes it away."""
        if self.is_child:
            return
        with _one_at_a_time():
            newer = self._newer()
            if newer is None:
                _put({name: value})
            else:
                newer._earlier[name] = value
            self._tell_of_all()

    def _owner_changed(self) -> None:
        """Another test or fixture pays."""
        with _one_at_a_time():
            self._tell_of_all()

    def _see_others(self) -> None:
        """A run has begun or ended: who pays is said here too where there are several, or were. Else no test pays for that."""
        everyone = self._everyone()
        for each in (self, *everyone):
            if len(everyone) > 1 or each._names_owner:
                each._owners.tell(each._owner_changed)
            else:
                each._owners.tell_no_more(each._owner_changed)

    def _newer(self) -> "Told | None":
        """The run of this process that began next after this one."""
        later = iter(self._everyone())
        return next((each for each in later if not each.is_child), None) if self in later else None

    def _tell_of_all(self) -> None:
        everyone = self._everyone()
        mine = [each for each in everyone if not each.is_child]
        if not mine:
            return
        told = [each for each in everyone if each.ledger not in mine[-1]._hidden]
        if len(told) > 1 or mine[-1]._names_owner:
            _put({RUNS_VARIABLE: "\n".join(each._as_line() for each in told)})
        else:
            _put({RUNS_VARIABLE: None})

    def _as_line(self) -> str:
        owner = self._owners.newest() or ("", "", "")
        fields = (self.ledger, *owner, self._origins, self.worker, self._guard, self.root)
        return "\t".join(map(_escaped, fields))


def runs_told(environ: Mapping[str, str]) -> list[RunTold]:
    """The runs that this process is a part of, as far as its environment says."""
    ledger = environ.get(LEDGER_VARIABLE)
    if not ledger:
        return []
    lines = [line.split("\t") for line in environ.get(RUNS_VARIABLE, "").split("\n")]
    fields = [[_plain(field) for field in line] for line in lines if len(line) == 8]
    several = [
        RunTold(path, (owner, kind, phase) if owner else None, said, worker, guard, root)
        for path, owner, kind, phase, said, worker, guard, root in fields
    ]
    if any(each.ledger == ledger for each in several):
        return several
    fixture, test = environ.get(OWNER_VARIABLE), environ.get("PYTEST_CURRENT_TEST")
    payer, turn = None, environ.get(TURN_VARIABLE)
    if fixture:
        payer = (fixture, "fixture", f"setup {turn}" if turn else "")
    elif test and test != environ.get(OUTER_TEST_VARIABLE):
        owner, _, phase = test.rpartition(" (")
        phase = phase.rstrip(")") + (f" {turn}" if turn else "") if owner else ""
        payer = (environ.get(TEST_VARIABLE) or owner or test, "test", phase)
    said, worker, guard = (environ.get(name, "") for name in (ORIGINS_VARIABLE, PROCESS_VARIABLE, GUARD_VARIABLE))
    root = environ.get(ROOT_VARIABLE) or _root_around(ledger)
    return [RunTold(ledger, payer, said, worker, guard, "" if root == NO_ROOT else root)]


_IN_CACHE = os.path.join(os.sep, ".pytest_cache", "d", "claude-budget", "")  # noqa: PTH118  # loads nothing
"""Where pytest's root has the ledgers of its runs, unless somebody keeps the cache elsewhere."""


def _root_around(ledger: str) -> str:
    """The folder whose cache a ledger lies in; empty where it lies in none."""
    root, found, _ = ledger.rpartition(_IN_CACHE)
    return root if found else ""


def _root_text(ledger: str, root: str) -> str | None:
    """What the variable has to say; None where a child finds the same without."""
    return None if root == _root_around(ledger) else root or NO_ROOT


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    held = _turn.acquire(timeout=_LONGEST_WAIT_SECONDS)
    try:
        yield
    finally:
        if held:
            _turn.release()


def _put(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            if name in os.environ:
                os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _escaped(text: str) -> str:
    for plain, written in _ESCAPES:
        text = text.replace(plain, written)
    return text


def _plain(text: str) -> str:
    for plain, written in reversed(_ESCAPES[:3]):
        text = text.replace(written, plain)
    return text
