"""What the plugin does at each test, once something may ask Claude: who pays at each moment, and what becomes of the test.

Loaded and registered by then, and not for suites that nothing like that is in: each hook takes its time for every test.
"""

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

from pytest_claude_budget.measure.current_owner import BENCHMARK, is_benchmark
from pytest_claude_budget.measure.environment import TEST_VARIABLE, TURN_VARIABLE
from pytest_claude_budget.plugin.hooks import MarkReader, TestReports, bind_hooks, hooks_in, is_marked
from pytest_claude_budget.plugin.outcomes import NAME

if TYPE_CHECKING:
    from pytest_claude_budget.plugin.hooks import RunPlugin

Entry = tuple[str, str, str]
"""Who pays, of what kind it is, and in which phase."""


class EachTest:
    """Follows each test: it does next to nothing of its own."""

    def __init__(self, plugin: "RunPlugin") -> None:
        self._plugin, self._run, self._setup, self._what_ran = plugin, plugin.run, plugin.setup, plugin.what_ran
        self._tells_silence = bool(plugin.config.getoption("xmlpath", None)) and plugin.setup.loaded is not None
        bind_hooks(self)

    def __dir__(self) -> list[str]:
        return hooks_in(vars(EachTest))

    # Who owns the moment.

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Know the test before it begins, and store its limits when it ends."""
        was_marked = self.begin_test(item)
        try:
            return (yield)
        finally:
            self.end_test(item, was_marked=was_marked)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """The test pays for its set-up."""
        run = self._run
        entry = run.owners.push(run.name_of(item), "test", self.phase("setup", item))
        try:
            return (yield)
        finally:
            run.owners.drop(entry)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """The test pays for its call."""
        run = self._run
        entry = run.owners.push(run.name_of(item), "test", self.phase("call", item))
        try:
            return (yield)
        finally:
            self.end_phase(entry)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """The test pays for its tear-down."""
        run = self._run
        entry = run.owners.push(run.name_of(item), "test", "teardown" + run.turns.of_test)
        try:
            return (yield)
        finally:
            run.owners.drop(entry)

    def begin_test(self, item: pytest.Item) -> bool:
        """Know the test; returns whether it has limits or labels of its own."""
        run = self._run
        run.item = item
        named = run.name_of(item)
        if named != item.nodeid:
            run.told.set(TEST_VARIABLE, named)
            self._plugin.see("claude-budget-reports", TestReports)
        if has_marks := is_marked(item):
            self._plugin.see("claude-budget-marks", MarkReader)
        return has_marks

    def end_test(self, item: pytest.Item, *, was_marked: bool) -> None:
        """Store its limits, and leave nothing of it to the next one."""
        run = self._run
        if was_marked or (item.own_markers and is_marked(item)):  # a test may mark itself
            run.guarded("end of test", self._store, item)
            run.owners.marked = {}
            if run.guard is not None:
                run.guard.own = ""
        run.check()
        run.item = None
        if run.guard is not None:
            run.guard.tell_children()
        if run.name_of(item) != item.nodeid:
            run.told.set(TEST_VARIABLE, None)
        if run.turns.of_test:
            run.told.set(TURN_VARIABLE, None)

    def phase(self, when: str, item: pytest.Item) -> str:
        """Name a phase that begins, for the ledger and for child processes."""
        run = self._run
        if when == "setup":
            if again := run.turns.begin_test(run.name_of(item)):
                run.told.set(TURN_VARIABLE, again.strip())
            return when + again
        turn = run.turns.of_test
        if when == "call" and is_benchmark(item):
            turn = f"{turn or ' 1'}{BENCHMARK}"
            run.told.set(TURN_VARIABLE, turn.strip())
        return when + turn

    def end_phase(self, entry: Entry) -> None:
        """It is over."""
        run = self._run
        run.owners.drop(entry)
        if entry[2].endswith(BENCHMARK):
            run.told.set(TURN_VARIABLE, run.turns.of_test.strip() or None)

    def _store(self, item: pytest.Item) -> None:
        """Store the limits of a test whose calls its child processes made."""
        if self._run.has_calls:
            self._run.recorder.look(lambda: self._run.recorder.tell_of(self._run.name_of(item)))

    # What became of it.

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember which tests ran; tell JUnit files, before they take it in, of one that makes no calls any more."""
        try:
            self._what_ran.tested(report)
        except Exception as error:
            self._run.fault("report of a test", error)
        if self._tells_silence and report.when == "teardown":
            self._run.guarded("JUnit properties", self._add_silence, report)

    def _add_silence(self, report: pytest.TestReport) -> None:
        name = getattr(report, NAME, report.nodeid)
        before = self._setup.calls_before(name)
        if (
            before
            and self._what_ran.has_ended(name)
            and all(each[0] != "claude_calls" for each in report.user_properties)
        ):
            report.user_properties += [("claude_calls", "0"), ("claude_calls_in_baseline", str(before))]
