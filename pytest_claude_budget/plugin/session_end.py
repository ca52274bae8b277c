"""The end of a session, in the process that reports: judges it, and says what came after."""

import os
import sys
from collections.abc import Generator
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from pytest_claude_budget.measure.environment import JUDGED_LATER_VARIABLE
from pytest_claude_budget.plugin.hooks import RunPlugin, bind_hooks, hooks_in

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_claude_budget.plugin.report_and_verdict import Conclusion, Ended, Judged

_PASSED = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)


class Judge:
    """Judges a run when its tests are over, so that whoever is told of the session's end is told the exit status it will have.

    And as late as can be, where it has changed by then: after the ends of other plugins, before the terminal's summary.
    """

    def __init__(self, plugin: RunPlugin) -> None:
        self._plugin = plugin
        self.config, self.run, self.setup = plugin.config, plugin.run, plugin.setup
        self.session: pytest.Session | None = None
        """The one that was judged."""
        self.conclusion: Conclusion | None = None
        self.unconcluded: str | None = None
        """Why there is no conclusion, where our own code failed."""
        self.told: list[str] = []
        """What earlier runs of the folder left."""
        self._earlier: Judged | None = None
        """How the run was judged when its tests were over."""
        self._is_refused = False
        self._counted = 0
        """Failures that pytest was told of, besides those of tests: 1 where the cost fails the run."""
        self._later = _judged_later() if JUDGED_LATER_VARIABLE in os.environ else None
        """Where to leave a verdict that fails, if somebody judges this run anew."""
        bind_hooks(self)

    def __dir__(self) -> list[str]:
        return hooks_in(vars(Judge))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Have pytest end the run as a failure by itself. What is raised fails or ends it anyway."""
        result = yield
        if self._fails_by_now(session):
            self._counted = 1
            session.testsfailed += 1
        return result

    def _fails_by_now(self, session: pytest.Session) -> bool:
        """Does the run fail by its cost, as far as that is known? What goes on is not cut off yet."""
        if not self._is_judged() and not self.setup.reports:
            return False
        try:
            if not self._has_something_to_say():
                return False
            from pytest_claude_budget.base.pause_gc import uncollected

            with uncollected():
                from pytest_claude_budget.plugin.report_and_verdict import judged

                ended = self._ended(_own_status(session))
                self._earlier = judged(self.run, self.setup, self._plugin.from_workers, ended)
        except Exception:  # the verdict fails by the same, and says so
            return self._is_judged()
        return bool(self._earlier.problems) if self._later is not None else self._earlier.fails

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Judge where all of the run is known, whatever became of the others."""
        session.testsfailed -= self._counted  # pytest has read it: other plugins read how many tests failed
        try:
            return (yield)
        finally:
            self._judge(session)

    def _judge(self, session: pytest.Session) -> None:
        self.session = session
        try:
            fails = self._conclude(session)
        except Exception as error:
            from pytest_claude_budget.base.errors import described

            self.unconcluded = f"claude-budget: this run could not be judged ({described(error)})"
            fails = self._is_judged()
        with suppress(Exception):  # of earlier runs: no reason to fail this one
            self._look_back()
        with suppress(Exception):  # it is told by what follows, or by nothing
            self.told += self._unanswered()
        fails = fails or self._is_refused
        self._fail(fails=fails)
        if fails:
            with suppress(Exception):  # the section above says it all, and the exit status
                self._say_last()
        elif self._counted and session.exitstatus == pytest.ExitCode.TESTS_FAILED:
            session.exitstatus = _own_status(session)  # what it was judged by has changed since
        self.run.at_first_sign = None  # nothing more is of a test
        if (fails or self.told) and not self.config.pluginmanager.has_plugin("terminalreporter"):
            self._say_on_stderr()

    def _unanswered(self) -> list[str]:
        """What was refused to leave, and has failed no test: the session fails by it."""
        guard = self.config.pluginmanager.get_plugin("claude-budget-guard")
        left = [] if guard is None else guard.unanswered()
        self._is_refused = bool(left)
        return left

    def _fail(self, *, fails: bool) -> None:
        session = self.session
        if fails and session is not None and session.exitstatus in _PASSED:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _say_last(self) -> None:
        from pytest_claude_budget.plugin.short_summary import last_words, say_last

        say_last(self.config, last_words(self.conclusion, self.unconcluded))

    def _look_back(self) -> None:
        folder = self.run.path.parent
        if folder.is_dir():
            from pytest_claude_budget.ledger.paths import has_left

            if has_left(self.run.path):
                from pytest_claude_budget.plugin.earlier_runs import told_of_earlier

                self.told += told_of_earlier(folder, self.setup.rate_table)

    def look_again(self) -> None:
        """Say what came after the verdict, and judge that it is incomplete. Never raises."""
        if not self.run.has_more or (self.conclusion is not None and self.conclusion.report is None):
            return
        try:
            from pytest_claude_budget.plugin.late_calls import tell_late

            self.conclusion, late = tell_late(self.run, self.setup, self.conclusion, ended=self.session is not None)
        except Exception as error:
            from pytest_claude_budget.base.errors import described

            with suppress(OSError, ValueError, AttributeError):
                text = f"claude-budget: what came after the verdict could not be told ({described(error)})"
                print(text, file=sys.stderr, flush=True)
            self._fail(fails=self._is_judged())
            return
        tolerated = self.setup.budget is not None and self.setup.budget.tolerates_unknown
        fails = late and self._is_judged() and not tolerated
        self._fail(fails=fails and not self._hand_over())

    def _conclude(self, session: pytest.Session) -> bool:
        """Should the session fail?"""
        self.run.settle()
        if not self._has_something_to_say():
            return False
        from pytest_claude_budget.base.pause_gc import uncollected

        with uncollected():
            from pytest_claude_budget.plugin.report_and_verdict import conclude

            by_cost = self._counted and session.exitstatus == pytest.ExitCode.TESTS_FAILED
            ended = self._ended(int(_own_status(session) if by_cost else session.exitstatus))
            self.conclusion = conclude(self.run, self.setup, self._plugin.from_workers, ended, self._earlier)
        if self.conclusion.fails and self._fails_by_verdict(self.conclusion) and self._hand_over():
            from pytest_claude_budget.files.deferred_verdict import SAID

            self.told.append(SAID)
            return False
        return self.conclusion.fails

    def _hand_over(self) -> bool:
        """Leave a verdict that fails to who judges this run anew; False where nobody does."""
        if self._later is None:
            return False
        from pytest_claude_budget.files.deferred_verdict import hand_over

        return hand_over(self._later, self.run.path.stem)

    @staticmethod
    def _fails_by_verdict(conclusion: "Conclusion") -> bool:
        """By nothing else: what went wrong in concluding is not in the report that is judged later."""
        return conclusion.report is not None and not conclusion.problems

    def _ended(self, status: int) -> "Ended":
        from pytest_claude_budget.plugin.report_and_verdict import Ended
        from pytest_claude_budget.plugin.run_info import run_info

        self.run.heed()  # what became of tests is looked up, where nothing had come up by which Claude is asked
        known = self.setup.known_tests()
        guard = self.config.pluginmanager.get_plugin("claude-budget-guard")
        capped, left = ((), []) if guard is None else (tuple(guard.ended()), guard.left())
        refused = frozenset() if guard is None else guard.refused()
        info = run_info(self.config, status, self.run.path.stem, self._plugin.what_ran, known, refused)
        return Ended(
            info=info, judged=self._is_judged(), capped=capped, refused=tuple(_first_line(each) for each in left)
        )

    def _is_judged(self) -> bool:
        """Did somebody write a limit, in a budget file or at a test of any process?"""
        limited = self.run.limited or any(output.get("limited") for output in self._plugin.from_workers)
        return self.setup.budget is not None or limited or self.config.getoption("claude_budget_cap") is not None

    def _say_on_stderr(self) -> None:
        """Where pytest has no terminal, a failure must be heard all the same."""
        lines = [line.text for line in self.conclusion.lines(79)] if self.conclusion is not None else []
        with suppress(OSError, ValueError):  # a full disk, a closed stream: the exit status still tells
            for text in [*lines, *filter(None, [self.unconcluded]), *self.told] if sys.stderr is not None else ():
                print(text, file=sys.stderr)

    def _has_something_to_say(self) -> bool:
        asked = self.setup.reports or self.setup.otlp or self.setup.lock is not None
        if self.run.has_calls or bool(asked) or any(self._plugin.from_workers) or self.run.has_lost:
            return True
        guard = self.config.pluginmanager.get_plugin("claude-budget-guard")
        if guard is not None and guard.has_ended():  # though nothing was sent
            return True
        return not self._plugin.what_ran.ran.isdisjoint(self.setup.baseline_tests())  # a test makes no calls any more

    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        """Say what was found."""
        if self.conclusion is not None:
            self.conclusion.print(terminalreporter)
        if self.unconcluded is not None:
            terminalreporter.write_line(self.unconcluded, red=True)
        for text in self.told:
            terminalreporter.write_line(f"claude-budget: {text}", yellow=True)


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _judged_later() -> "Path | None":
    from pytest_claude_budget.files.deferred_verdict import file_from

    return file_from(os.environ)


def _own_status(session: pytest.Session) -> pytest.ExitCode:
    """How pytest ends a run whose tests are over, by them alone."""
    if session.testsfailed:
        return pytest.ExitCode.TESTS_FAILED
    return pytest.ExitCode.OK if session.testscollected else pytest.ExitCode.NO_TESTS_COLLECTED
