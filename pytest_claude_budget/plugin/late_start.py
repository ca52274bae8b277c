"""Begins to follow tests in the middle of a run, as if it had been done from the start. Loaded only then.

pytest's terminal has kept the reports of all tests that have ended, and the frames of the session's thread show what goes on: which hook
of which test. Where the test has been put into a greenlet they do not, and what pytest says in the environment counts.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

import pytest

from pytest_claude_budget.plugin.hooks import bind_hooks, hooks_in
from pytest_claude_budget.plugin.marker import take_marks

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_claude_budget.plugin.following import EachTest, Entry
    from pytest_claude_budget.plugin.hooks import RunPlugin

_PHASES = {f"pytest_runtest_{when}": when for when in ("setup", "call", "teardown")}
_ORDER = {"setup": 0, "call": 1, "teardown": 2}
_CALLS_HOOKS = "_multicall"
"""The function of pluggy's in which hooks go on. It has this name in all versions that pytest 8 and 9 take, and one of pluggy's own
tests asks for it."""


class _Moment:
    """What goes on of a test."""

    def __init__(self) -> None:
        self.item: pytest.Item | None = None
        self.when: str | None = None
        """Its phase; None between two."""
        self.report: pytest.TestReport | None = None
        """That is being told at this moment."""
        self.is_set_up = False
        """Its set-up has begun, and its tear-down has not ended."""


def start_late(plugin: "RunPlugin", each: "EachTest") -> None:
    """Know what has been, and what goes on."""
    run, moment = plugin.run, _moment(plugin)
    ended = Counter[str]()
    for report in _reports_so_far(plugin.config, moment.report):
        plugin.what_ran.tested(report)
        ended[report.nodeid] += report.when == "teardown" or report.outcome == "rerun"  # type: ignore[comparison-overlap]
    run.turns.have_been(ended)
    if (item := moment.item) is None:
        return
    was_marked = each.begin_test(item)
    entry = None
    if moment.is_set_up:
        turn = each.phase("setup", item)
        if moment.when is not None:
            phase = turn if moment.when == "setup" else each.phase(moment.when, item)
            entry = run.owners.push_below(run.name_of(item), "test", phase)
        if was_marked:  # by itself or by a plugin, since the session began
            _take_marks(plugin, item)
    plugin.config.pluginmanager.register(Begun(plugin, each, item, entry, was_marked=was_marked))


def _take_marks(plugin: "RunPlugin", item: pytest.Item) -> None:
    try:
        take_marks(item, plugin.run)
    except pytest.fail.Exception as error:  # this is no place for a test to fail
        plugin.run.limited = True
        plugin.run.faults.append(f"marks that were put on {item.nodeid} as it ran cannot be read ({error})")


class Begun:
    """Ends what had begun when it was not followed yet, and then leaves."""

    def __init__(
        self, plugin: "RunPlugin", each: "EachTest", item: pytest.Item, entry: "Entry | None", *, was_marked: bool
    ) -> None:
        self._manager, self._each, self._item, self._was_marked = plugin.config.pluginmanager, each, item, was_marked
        self._entry = entry
        bind_hooks(self)

    def __dir__(self) -> list[str]:
        return hooks_in(vars(Begun))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self) -> "Generator[None, Any, Any]":
        """A phase has ended."""
        self._end_phase()
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self) -> "Generator[None, object, object]":
        """Another one begins, whoever has the test run again."""
        self._end_phase()
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> "Generator[None, object, object]":
        """As above."""
        self._end_phase()
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> "Generator[None, object, object]":
        """As above."""
        self._end_phase()
        return (yield)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logfinish(self) -> None:
        """The test has ended."""
        self._end_test()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> "Generator[None, object, object]":
        """So it has if another one begins."""
        self._end_test()
        return (yield)

    def _end_phase(self) -> None:
        entry, self._entry = self._entry, None
        if entry is not None:
            self._each.end_phase(entry)

    def _end_test(self) -> None:
        if self._manager.is_registered(self):
            self._end_phase()
            self._manager.unregister(self)
            self._each.end_test(self._item, was_marked=self._was_marked)


def _reports_so_far(config: pytest.Config, newest: pytest.TestReport | None) -> list[pytest.TestReport]:
    """In the order in which they came, as far as that matters: that of a test's own reports."""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    kept = [each for reports in list(reporter.stats.values()) for each in list(reports)]
    found = [each for each in kept if isinstance(getattr(each, "nodeid", None), str) and hasattr(each, "outcome")]
    if newest is not None:
        found = [*(each for each in found if each is not newest), newest]
    phases = [each for each in found if getattr(each, "when", None) in _ORDER]
    counted = Counter(each.nodeid for each in phases if each.when == "setup")
    # A phase of a test comes once, but for one that is run again: there the clock tells.
    return sorted(
        phases,
        key=lambda each: (getattr(each, "start", 0.0) if counted[each.nodeid] > 1 else 0.0, _ORDER[each.when]),
    )


def _moment(plugin: "RunPlugin") -> _Moment:
    moment, knows = _Moment(), False
    for name, arguments in _hooks_going_on(plugin.run.thread):
        knows = knows or name in ("pytest_runtestloop", "pytest_cmdline_main")
        item = arguments.get("item")
        report = arguments.get("report")
        if name == "pytest_runtest_logreport" and report is not None and moment.report is None:
            moment.report = report
            moment.is_set_up = moment.is_set_up or report.when != "teardown"
        if item is None or item.config is not plugin.config:
            continue
        if name in _PHASES and moment.when is None:
            moment.item, moment.when, moment.is_set_up = item, _PHASES[name], True
        elif name == "pytest_runtest_makereport":
            moment.is_set_up = moment.is_set_up or arguments["call"].when != "teardown"
        elif name == "pytest_runtest_protocol":
            moment.item = moment.item or item
            return moment
    if not knows and moment.item is None:
        _as_pytest_says(plugin, moment)
    return moment


def _as_pytest_says(plugin: "RunPlugin", moment: _Moment) -> None:
    nodeid, _, phase = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")
    when = phase.rstrip(")")
    for item in plugin.items if when in _ORDER else ():
        if item.nodeid.replace("\x00", "(null)") == nodeid:
            moment.item, moment.when, moment.is_set_up = item, when, True
            return


def _hooks_going_on(thread: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Hooks that a thread is in, the newest first, with what they are called with."""
    frame: FrameType | None = sys._current_frames().get(thread)
    while frame is not None:
        if frame.f_code.co_name == _CALLS_HOOKS:
            known = frame.f_locals
            if isinstance(known.get("caller_kwargs"), dict):
                yield str(known.get("hook_name")), known["caller_kwargs"]
        frame = frame.f_back
