"""Holds the line of a run: who was refused fails, also where what was raised has been swallowed. Loaded only where something is held back."""

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.budget.limits import MAX_DOLLARS
from pytest_claude_budget.ledger.outside import make_folder
from pytest_claude_budget.ledger.paths import ALLOWED
from pytest_claude_budget.measure.current_owner import fixture_id
from pytest_claude_budget.measure.live_guard import LiveGuard, PartLimit, Rules
from pytest_claude_budget.measure.refusals import UNBOUNDED, UNHELD, Refusal
from pytest_claude_budget.measure.run import Run
from pytest_claude_budget.plugin.outcomes import NAME as NAME_OF_REPORT
from pytest_claude_budget.plugin.settings import find_budget

if TYPE_CHECKING:
    from pytest_claude_budget.budget.limits import Budget
    from pytest_claude_budget.enforce.rules import CapRules
    from pytest_claude_budget.plugin.settings import Setup

OPTION, CAP_OPTION = "--claude-budget-live", "--claude-budget-cap"
NAME = "claude-budget-guard"
WORKER_KEY = "claude_budget_refused"
"""Where an xdist worker says what was refused there."""
_ENDS = (KeyboardInterrupt, SystemExit, GeneratorExit, pytest.exit.Exception)


def rules_of(option: str | None, budget: "Budget | None", purse: str = "") -> Rules:
    """What was written; the option goes before the budget file."""
    if option is not None:
        return Rules(denied_by=f"{OPTION}=deny" if option == "deny" else "", purse=purse)
    if budget is not None and budget.live_calls == "deny":
        return Rules(denied_by=f"live_calls: deny in {budget.source}", purse=purse)
    return Rules(purse=purse)


def cap_of(option: str | None, budget: "Budget | None") -> "CapRules | None":
    """The cap that was written; the option goes before the budget file. Raises pytest.UsageError."""
    from pytest_claude_budget.enforce.rules import CapRules, cap_written

    if option is None:
        return cap_written(budget)
    stops = budget is not None and budget.on_cap == "stop"
    return CapRules(cap=_dollars(option), cap_by=f"{CAP_OPTION}={option}", stops=stops)


def _dollars(text: str) -> Decimal:
    try:
        amount = Decimal(text)
        if amount.is_finite() and 0 <= amount <= MAX_DOLLARS:
            return amount
    except InvalidOperation:
        """It is said below."""
    what = f"expected dollars from 0 to 1,000,000, got {text[:40]!r}"
    raise pytest.UsageError(
        str(
            Problem(
                slug="bad-amount", where=CAP_OPTION, what=what, hint=f"write a number, for example {CAP_OPTION}=5.00"
            )
        )
    )


def hold_early(options: Any, run: Run, budget: "Budget | None", path: Path | None) -> None:
    """Hold the line before the budget is read in full. Raises pytest.UsageError."""
    _begin(run, *_written(options, budget, path))


def hold_all_back(run: Run, error: Exception) -> None:
    """Let nothing leave until it is told what is wrong with the budget, which ends the run: it may say that nothing may."""
    first = (str(error).splitlines() or [type(error).__name__])[0]
    _begin(run, Rules(denied_by=f"what cannot be read ({first})"), None)


def hold(config: pytest.Config, run: Run, setup: "Setup") -> None:
    """Hold the line by all that was written. Raises pytest.UsageError, also where this machine cannot hold a cap."""
    path = None if setup.budget is None else find_budget(config)[0]
    rules, cap = _written(config.option, setup.budget, path)
    _hold(config, run, rules, cap)
    if cap is None or run.guard is None:
        return
    from pytest_claude_budget.cap.store import UnavailableError
    from pytest_claude_budget.enforce.made import purse_at

    try:
        purse = purse_at(run, cap, setup.budget, setup.rate_table())
    except InputError as error:
        raise pytest.UsageError(str(error)) from None
    except (UnavailableError, OSError) as error:
        hint = "run without the cap, or where the folder of pytest's cache can be written"
        raise pytest.UsageError(str(Problem(slug="no-cap", where=cap.cap_by, what=str(error), hint=hint))) from None
    run.guard.make_purse = lambda: purse
    if cap.cap is not None and not hasattr(config, "workerinput"):
        with suppress(OSError):  # it is for who watches, and for nobody else
            make_folder(run.path.parent)
            run.path.with_name(f"{run.path.name}{ALLOWED}").write_text(str(cap.cap), encoding="utf-8")


def hold_by_mark(config: pytest.Config, run: Run) -> None:
    """Hold the line for those tests alone that a mark denies what others may do."""
    _hold(config, run, Rules(), None)


@contextmanager
def at_most(config: pytest.Config, run: Run, part: PartLimit) -> Iterator[None]:
    """Hold the live calls of a part of a test, in this process; a refusal that was swallowed fails at its end."""
    if run.guard is None and part.most is not None:
        hold_by_mark(config, run)
    guard = run.guard
    if guard is None:
        yield
        return
    part.number = run.recorder.open(0)[0]
    guard.parts.append(part)
    try:
        with failing(lambda: guard.unheard(part.owner)):
            yield
    finally:
        guard.parts.remove(part)


@contextmanager
def failing(unheard: Callable[[], Refusal | None]) -> Iterator[None]:
    """Fail where somebody was refused, whatever else became of it."""
    try:
        yield
    except _ENDS:
        raise
    except BaseException as error:
        refusal = unheard()
        if refusal is None or (isinstance(error, pytest.fail.Exception) and str(error) == refusal.text):
            raise
        raise pytest.fail.Exception(refusal.text, pytrace=False) from error
    if (refusal := unheard()) is not None:
        raise pytest.fail.Exception(refusal.text, pytrace=False)


def _written(options: Any, budget: "Budget | None", path: Path | None) -> "tuple[Rules, CapRules | None]":
    cap = cap_of(options.claude_budget_cap, budget)
    if cap is None:
        return rules_of(options.claude_budget_live, budget), None
    from pytest_claude_budget.enforce.made import text_of

    return rules_of(options.claude_budget_live, budget, text_of(cap, path if budget is not None else None)), cap


def _begin(run: Run, rules: Rules, cap: "CapRules | None") -> LiveGuard:
    guard = LiveGuard(run, rules, lambda text: pytest.fail.Exception(text, pytrace=False))
    if cap is not None:
        from pytest_claude_budget.enforce.made import purse_told

        guard.stops = cap.stops
        guard.make_purse = lambda: purse_told(run, rules.purse, makes=True)
    run.hold_the_line(guard)
    guard.tell_children()
    return guard


def _hold(config: pytest.Config, run: Run, rules: Rules, cap: "CapRules | None") -> None:
    guard = run.guard if run.guard is not None and run.guard.rules == rules else _begin(run, rules, cap)
    config.pluginmanager.register(GuardPlugin(config, run, guard), NAME)


class GuardPlugin:
    """Fails whoever was refused."""

    def __init__(self, config: pytest.Config, run: Run, guard: LiveGuard) -> None:
        self._config = config
        self._run = run
        self.guard = guard
        self._session: pytest.Session | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Know whom to stop."""
        self._session = session

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """See what became of a test's set-up."""
        with self._held(self._run.name_of(item)):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """See what became of a test's call."""
        with self._held(self._run.name_of(item)):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """See what became of a test's tear-down."""
        with self._held(self._run.name_of(item)):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: "pytest.FixtureDef[Any]", request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """See what became of a fixture wider than a test. Whoever asks for it again fails again."""
        named = None
        if fixturedef.scope != "function":
            named = self._run.guarded("fixture", fixture_id, fixturedef, request, self._run.item)
        if named is None:
            return (yield)
        try:
            with self._held(named):
                return (yield)
        except pytest.fail.Exception as error:
            if fixturedef.cached_result is not None and fixturedef.cached_result[2] is None:
                fixturedef.cached_result = (None, fixturedef.cached_result[1], (error, error.__traceback__))
            raise

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Hand over what a worker alone knows."""
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            self._run.guarded("refusals", self.guard.look)
            output[WORKER_KEY] = [
                (each.owner, each.kind, each.phase, each.text, each.ended, each.is_heard)
                for each in self.guard.refusals
            ]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker was refused."""
        for *fields, is_heard in (getattr(node, "workeroutput", None) or {}).get(WORKER_KEY, ()):
            refusal = Refusal(*fields)
            refusal.is_heard = is_heard
            self.guard.refusals.append(refusal)

    def unanswered(self) -> list[str]:
        """What was refused and has failed no test and no fixture: the session fails by it. Nothing is refused after that."""
        left = self.left()
        self._run.guarded("refusals", self.guard.forget)
        return left

    def left(self) -> list[str]:
        """The same, as far as it is known by now."""
        self.guard.look()
        refusals = self.guard.refusals
        heard = {(each.owner, each.text) for each in refusals if each.is_heard}
        return list(dict.fromkeys(each.text for each in refusals if (each.owner, each.text) not in heard))

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test that was to fail has failed by a refusal, and nobody is told: the session is."""
        if getattr(report, "wasxfail", None) is not None and not report.failed:
            named = getattr(report, NAME_OF_REPORT, report.nodeid)
            for each in self.guard.refusals:
                if each.owner == named:
                    each.is_heard = False

    def _held(self, owner: str) -> AbstractContextManager[None]:
        return failing(lambda: self._unheard(owner))

    def _unheard(self, owner: str) -> Refusal | None:
        found: Refusal | None = self._run.guarded("refusals", self.guard.unheard, owner)
        if found is not None and found.ended and self.guard.stops and self._session is not None:
            what = "refused a call" if found.ended in (UNBOUNDED, UNHELD) else "is reached"
            self._session.shouldstop = f"{found.ended} {what} (on_cap: stop)"
        return found

    def has_ended(self) -> bool:
        """Had anything no room for a call?"""
        self.guard.look()
        return any(each.ended for each in (*self.guard.refusals, *self.guard.of_workers))

    def refused(self) -> frozenset[str]:
        """Tests and others of which a call was refused."""
        self.guard.look()
        return frozenset(each.owner for each in (*self.guard.refusals, *self.guard.of_workers))

    def ended(self) -> list[str]:
        """What had no room for calls, and how many tests and others were refused by it; and what is passed. A sentence each."""
        self.guard.look()
        owners: dict[str, dict[str, str]] = {}
        for each in (*self.guard.refusals, *self.guard.of_workers):
            if each.ended:
                owners.setdefault(each.ended, {})[each.owner] = each.kind
        passed = self._run.guarded("cap", self.guard.passed)
        said = [f"{name} refused calls {_counted(by)}" for name, by in owners.items()]
        return [*said, passed] if passed else said


def _counted(owners: Mapping[str, str]) -> str:
    kinds = Counter(owners.values())
    said = [
        f"{kinds[kind]:,} {kind if kinds[kind] == 1 else kind + 's'}" for kind in ("test", "fixture") if kinds[kind]
    ]
    said = [f"of {' and '.join(said)}"] if said else []
    said += ["outside of tests"] if kinds["outside"] else []
    return " and ".join(said)
