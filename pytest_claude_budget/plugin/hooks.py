"""What the plugin does while a session runs: who owns each moment, and what is said at its end.

Registered only where measuring is on. The hooks of every test are here, so they do next to nothing of their own.
"""

from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING, Any

import pytest

from pytest_claude_budget.measure.current_owner import BENCHMARK, fixture_id, is_benchmark, name_of
from pytest_claude_budget.measure.environment import TEST_VARIABLE, TURN_VARIABLE
from pytest_claude_budget.measure.run import Run
from pytest_claude_budget.plugin.outcomes import NAME, WhatRan

if TYPE_CHECKING:
    from pytest_claude_budget.plugin.settings import Setup

_REPORTS_OF_TESTS = ("xmlpath", "htmlpath", "allure_report_dir")
"""Options of pytest, pytest-html and allure-pytest that have a report of tests written, in which each has its cost."""


def hooks_in(names: Iterable[str]) -> list[str]:
    """What pytest is to see of a plugin: pytest and pluggy look at each name that `dir` tells, in several ways."""
    return [name for name in names if name.startswith("pytest_")]


def bind_hooks(plugin: object) -> None:
    """Have each hook in the object itself: pluggy looks four times through the classes of one that has it in its class."""
    vars(plugin).update((name, getattr(plugin, name)) for name in dir(plugin))


class MarkReader:
    """Reads a test's marks inside of all that others wrap around its set-up: bad ones are the test's own error."""

    def __init__(self, plugin: "RunPlugin") -> None:
        self._run = plugin.run
        bind_hooks(self)

    def __dir__(self) -> list[str]:
        return hooks_in(vars(MarkReader))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Know what the test's calls are called, before it makes any."""
        if _is_marked(item):
            from pytest_claude_budget.plugin.marker import take_marks

            take_marks(item, self._run)
            if self._run.guard is not None:
                self._run.guard.tell_children()


class TestReports:
    """Tells more in reports of tests. Registered for JUnit files, and where a test has another name than its node id."""

    __test__ = False

    def __init__(self, plugin: "RunPlugin") -> None:
        self._run, self._setup = plugin.run, plugin.setup
        self._tells_costs = _reports_tests(plugin.config)
        bind_hooks(self)

    def __dir__(self) -> list[str]:
        return hooks_in(vars(TestReports))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        """Give reports of tests the cost of each test that made calls."""
        run = self._run
        if self._tells_costs and call.when == "teardown" and run.has_calls:
            from pytest_claude_budget.plugin.cost_of_test import tell_cost

            run.guarded("cost of a test", tell_cost, item, run, self._setup)
        report = yield
        named = run.name_of(item)
        if named != item.nodeid:
            setattr(report, NAME, named)
        return report


class RunPlugin:
    """Follows one session: who owns each moment, and what to say at its end."""

    def __init__(self, config: pytest.Config, run: Run, setup: "Setup") -> None:
        self.config = config
        self.run = run
        self.setup = setup
        self.from_workers: list[dict[str, Any]] = []
        self.what_ran = WhatRan()
        self._tells_silence = bool(config.getoption("xmlpath", None)) and setup.loaded is not None
        if _reports_tests(config):
            self.see("claude-budget-reports", TestReports)
        if config.getoption("htmlpath", None) and not hasattr(config, "workerinput"):
            from pytest_claude_budget.plugin.cost_of_test import HtmlColumn

            config.pluginmanager.register(HtmlColumn(), "claude-budget-html")
        if hasattr(config, "workerinput") or config.getoption("dist", "no") != "no":
            from pytest_claude_budget.plugin.workers import side_of

            config.pluginmanager.register(side_of(self), "claude-budget-workers")
        bind_hooks(self)

    def see(self, name: str, more: "type[MarkReader | TestReports]") -> None:
        """Have hooks that few tests need, from here on: each that is registered takes its time for all."""
        if not self.config.pluginmanager.has_plugin(name):
            self.config.pluginmanager.register(more(self), name)

    def __dir__(self) -> list[str]:
        return hooks_in(vars(RunPlugin))

    # Who owns the moment.

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Know the test before it begins, and store its limits when it ends."""
        run = self.run
        run.item = item
        named = run.name_of(item)
        if has_other_name := named != item.nodeid:
            run.told.set(TEST_VARIABLE, named)
            self.see("claude-budget-reports", TestReports)
        if is_marked := _is_marked(item):
            self.see("claude-budget-marks", MarkReader)
        try:
            return (yield)
        finally:
            if is_marked or (item.own_markers and _is_marked(item)):  # a test may mark itself
                run.guarded("end of test", self._end_of_test, item)
                run.owners.marked = {}
                if run.guard is not None:
                    run.guard.own = ""
            run.check()
            run.item = None
            if run.guard is not None:
                run.guard.tell_children()
            if has_other_name:
                run.told.set(TEST_VARIABLE, None)
            if run.turns.of_test:
                run.told.set(TURN_VARIABLE, None)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """The test pays for its set-up."""
        run = self.run
        named = run.name_of(item)
        if again := run.turns.begin_test(named):
            run.told.set(TURN_VARIABLE, again.strip())
        entry = run.owners.push(named, "test", "setup" + again)
        try:
            return (yield)
        finally:
            run.owners.drop(entry)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """The test pays for its call."""
        run, turn = self.run, self.run.turns.of_test
        if is_benchmark(item):
            turn = f"{turn or ' 1'}{BENCHMARK}"
            run.told.set(TURN_VARIABLE, turn.strip())
        entry = run.owners.push(run.name_of(item), "test", "call" + turn)
        try:
            return (yield)
        finally:
            run.owners.drop(entry)
            if turn != run.turns.of_test:
                run.told.set(TURN_VARIABLE, run.turns.of_test.strip() or None)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """The test pays for its tear-down."""
        run = self.run
        entry = run.owners.push(run.name_of(item), "test", "teardown" + run.turns.of_test)
        try:
            return (yield)
        finally:
            run.owners.drop(entry)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: "pytest.FixtureDef[Any]", request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """A fixture wider than a test pays for its own set-up and tear-down."""
        if fixturedef.scope == "function":
            return (yield)
        from pytest_claude_budget.measure.fixture_phase import FixturePhase

        named = self.run.guarded("fixture", fixture_id, fixturedef, request, self.run.item)
        place = self.run.guarded("fixture", name_of, request.node) or ""
        phase = FixturePhase(self.run, named or f"fixture {fixturedef.argname}", place)
        fixturedef.addfinalizer(phase.end)
        phase.begin()
        try:
            return (yield)
        except BaseException:  # be it a skip
            if named:
                self.what_ran.skipped.add(named)
            raise
        finally:
            phase.end()
            fixturedef.addfinalizer(phase.begin)

    def _end_of_test(self, item: pytest.Item) -> None:
        """Store the limits of a test whose calls its child processes made."""
        if self.run.has_calls:
            self.run.recorder.look(lambda: self.run.recorder.tell_of(self.run.name_of(item)))

    # What was there: what did not run was not removed.

    @pytest.hookimpl
    def pytest_deselected(self) -> None:
        """Remember that this was not the whole suite."""
        self.what_ran.deselected = True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None, object, object]:
        """Remember that tests were left out, also where nobody says so."""
        before = len(items)
        try:
            return (yield)
        finally:
            if len(items) < before:
                self.what_ran.deselected = True

    @pytest.hookimpl
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Remember the tests that are to run."""
        self.run.guarded("collecting", self.what_ran.has_collected, session.items)

    @pytest.hookimpl
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember where there are no tests, and what skips itself."""
        self.run.guarded("collecting", self.what_ran.collected, report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember which tests ran; tell JUnit files, before they take it in, of one that makes no calls any more."""
        try:
            self.what_ran.tested(report)
        except Exception as error:
            self.run.fault("report of a test", error)
        if self._tells_silence and report.when == "teardown":
            self.run.guarded("JUnit properties", self._add_silence, report)

    def _add_silence(self, report: pytest.TestReport) -> None:
        name = getattr(report, NAME, report.nodeid)
        before = self.setup.calls_before(name)
        if (
            before
            and self.what_ran.has_ended(name)
            and all(each[0] != "claude_calls" for each in report.user_properties)
        ):
            report.user_properties += [("claude_calls", "0"), ("claude_calls_in_baseline", str(before))]

    @pytest.hookimpl
    def pytest_keyboard_interrupt(self, excinfo: "pytest.ExceptionInfo[BaseException]") -> None:
        """Remember that the session was ended, be it with an exit status of success."""
        self.what_ran.was_ended(excinfo.type)

    # What it came to.

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Generator[None, Any, Any]:
        """Tell the reports of files apart that have one node id."""
        report = yield
        named = self.run.guarded("collecting", name_of, collector)
        if named not in (None, collector.nodeid):
            setattr(report, NAME, named)
        return report


def _reports_tests(config: pytest.Config) -> bool:
    return any(config.getoption(name, None) for name in _REPORTS_OF_TESTS)


def _is_marked(item: pytest.Item) -> bool:
    """As `get_closest_marker` says, in a tenth of the time."""
    node: pytest.Item | pytest.Collector | None = item
    while node is not None:
        if node.own_markers and any(mark.name == "claude_budget" for mark in node.own_markers):
            return True
        node = node.parent
    return False
