"""Holds the line of a run: who was refused fails, also where what was raised has been swallowed. Loaded only where something is held back."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pytest_claude_budget.measure.current_owner import fixture_id
from pytest_claude_budget.measure.live_guard import LiveGuard, Rules
from pytest_claude_budget.measure.refusals import Refusal
from pytest_claude_budget.measure.run import Run

if TYPE_CHECKING:
    from pytest_claude_budget.budget.limits import Budget

OPTION = "--claude-budget-live"
NAME = "claude-budget-guard"
WORKER_KEY = "claude_budget_refused"
"""Where an xdist worker says what was refused there."""
_ENDS = (KeyboardInterrupt, SystemExit, GeneratorExit, pytest.exit.Exception)


def rules_of(option: str | None, budget: "Budget | None") -> Rules:
    """What was written; the option goes before the budget file."""
    if option is not None:
        return Rules(denied_by=f"{OPTION}=deny" if option == "deny" else "")
    if budget is not None and budget.live_calls == "deny":
        return Rules(denied_by=f"live_calls: deny in {budget.source}")
    return Rules()


def hold_early(run: Run, rules: Rules) -> LiveGuard:
    """Hold the line of a run from here on."""
    guard = LiveGuard(run, rules, lambda text: pytest.fail.Exception(text, pytrace=False))
    run.hold_the_line(guard)
    guard.tell_children()
    return guard


def hold(config: pytest.Config, run: Run, rules: Rules) -> None:
    """The same, with who fails by what is refused."""
    guard = run.guard if run.guard is not None and run.guard.rules == rules else hold_early(run, rules)
    config.pluginmanager.register(GuardPlugin(config, run, guard), NAME)


class GuardPlugin:
    """Fails whoever was refused."""

    def __init__(self, config: pytest.Config, run: Run, guard: LiveGuard) -> None:
        self._config = config
        self._run = run
        self.guard = guard

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
                (each.owner, each.kind, each.phase, each.text, each.is_heard) for each in self.guard.refusals
            ]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker was refused."""
        for *fields, is_heard in (getattr(node, "workeroutput", None) or {}).get(WORKER_KEY, ()):
            refusal = Refusal(*fields)
            refusal.is_heard = is_heard
            self.guard.refusals.append(refusal)

    def unanswered(self) -> list[str]:
        """What was refused and has failed no test and no fixture: the session fails by it."""
        self.guard.look()
        refusals = self.guard.refusals
        heard = {(each.owner, each.text) for each in refusals if each.is_heard}
        left = dict.fromkeys(each.text for each in refusals if (each.owner, each.text) not in heard)
        self._run.guarded("refusals", self.guard.forget)
        return list(left)

    @contextmanager
    def _held(self, owner: str) -> Iterator[None]:
        """Fail where the owner was refused, whatever else became of it."""
        try:
            yield
        except _ENDS:
            raise
        except BaseException as error:
            refusal = self._unheard(owner)
            if refusal is None or (isinstance(error, pytest.fail.Exception) and str(error) == refusal.text):
                raise
            raise pytest.fail.Exception(refusal.text, pytrace=False) from error
        if (refusal := self._unheard(owner)) is not None:
            raise pytest.fail.Exception(refusal.text, pytrace=False)

    def _unheard(self, owner: str) -> Refusal | None:
        found: Refusal | None = self._run.guarded("refusals", self.guard.unheard, owner)
        return found
