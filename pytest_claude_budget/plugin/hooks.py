"""What the plugin does while a session runs: what there is to run, wide fixtures, and when tests are followed one by one.

Registered only where measuring is on. Nothing here is called for a test: that is `following.py`, which a suite without clients never loads.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from pytest_claude_budget.measure.current_owner import fixture_id, name_of
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
        if is_marked(item):
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
        self.is_running = False
        """The first test has begun, or could."""
        self.items: Sequence[pytest.Item] = ()
        """The tests that are to run, by then."""
        self.at_follow: Callable[[], None] = lambda: None
        """Done once, where tests are followed from then on."""
        if _reports_tests(config):
            self.see("claude-budget-reports", TestReports)
        if config.getoption("htmlpath", None) and not hasattr(config, "workerinput"):
            from pytest_claude_budget.plugin.cost_of_test import HtmlColumn

            config.pluginmanager.register(HtmlColumn(), "claude-budget-html")
        if hasattr(config, "workerinput") or config.getoption("dist", "no") != "no":
            from pytest_claude_budget.plugin.workers import side_of

            config.pluginmanager.register(side_of(self), "claude-budget-workers")
        bind_hooks(self)
        if run.is_heeding:
            run.guarded("following tests", self.follow)
        else:
            run.at_first_sign = self.follow

    def see(self, name: str, more: "type[MarkReader | TestReports]") -> None:
        """Have hooks that few tests need, from here on: each that is registered takes its time for all."""
        if not self.config.pluginmanager.has_plugin(name):
            self.config.pluginmanager.register(more(self), name)

    def __dir__(self) -> list[str]:
        return hooks_in(vars(RunPlugin))

    # Who owns the moment.

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Follow each test from the first one on, where that matters before anything comes up that may ask Claude."""
        if self.run.guarded("first test", self._must_follow, session) is not False:
            self.run.heed()
        self.is_running, self.items = True, session.items

    def _must_follow(self, session: pytest.Session) -> bool:
        """Is there more to know of a test than what can be told later of those that have ended?

        pytest's terminal keeps all reports, so what became of them can. Where there is a baseline, where tests are handed out to workers,
        named otherwise or marked, and where calls are held back or come by a gateway, all are followed.
        """
        run = self.run
        return (
            self.setup.loaded is not None
            or run.guard is not None
            or run.gateway is not None
            or hasattr(self.config, "workerinput")
            or self.config.getoption("dist", "no") != "no"
            or self.what_ran.has_names
            or type(self.config.pluginmanager.get_plugin("terminalreporter")) is not pytest.TerminalReporter
            or _any_marked(session.items)
        )

    def follow(self) -> None:
        """See who pays in each test, and what becomes of it, from here on; what became of earlier ones is looked up."""
        from pytest_claude_budget.plugin.following import EachTest

        each = EachTest(self)
        self.config.pluginmanager.register(each, "claude-budget-each-test")
        if self.is_running:
            from pytest_claude_budget.plugin.late_start import start_late

            start_late(self, each)
        self.at_follow()

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


def _any_marked(items: Iterable[pytest.Item]) -> bool:
    parent: pytest.Item | pytest.Collector | None = None
    for item in items:
        if item.own_markers and is_marked(item):
            return True
        if item.parent is not parent:  # most have the one of the test before
            parent = item.parent
            if parent is not None and is_marked(parent):
                return True
    return False


def is_marked(item: pytest.Item | pytest.Collector) -> bool:
    """As `get_closest_marker` says, in a tenth of the time."""
    node: pytest.Item | pytest.Collector | None = item
    while node is not None:
        if node.own_markers and any(mark.name == "claude_budget" for mark in node.own_markers):
            return True
        node = node.parent
    return False
