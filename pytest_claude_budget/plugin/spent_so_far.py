"""Says what a run has spent while it goes on: in pytest's progress line on a terminal, and by a line now and then in a log.

Looks after a test, never by a thread of its own, and says nothing where nothing was spent.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_claude_budget.calls.call import Call
    from pytest_claude_budget.judge.so_far import SoFar
    from pytest_claude_budget.measure.run import Run
    from pytest_claude_budget.plugin.settings import Setup

NAME = "claude-budget-spent-so-far"
OPTION = "--claude-budget-every"
USUAL_SECONDS = 60.0
"""Between two lines in a log."""
REFRESH_SECONDS = 0.5
"""Between two looks for the progress line."""
COST_RATIO = 20
"""A look that took long is followed by as many times as long without one: it costs the run at most 5%."""
WARN_PERCENT = 80
"""Of the cap."""
NEVER = float("inf")
_UNITS = {"s": 1, "m": 60, "h": 3600}
_MOST_DIGITS = 5
_MESSAGE = "_get_progress_information_message"
_LONGEST_PROGRESS = len(" [100%]")


def seconds_between(text: str | None) -> float | None:
    """Read the option: `60s`, `5m`, `90`, or `off`, which is never. None where nobody has said. Raises pytest.UsageError."""
    if text is None:
        return None
    said = text.strip().lower()
    if said in ("off", "0"):
        return NEVER
    unit = _UNITS.get(said[-1:], 0)
    number = said[:-1] if unit else said
    if not number.isdecimal() or len(number) > _MOST_DIGITS or not int(number):
        from pytest_claude_budget.base.errors import Problem

        what = f"expected a time such as 60s or 5m, or off, got {text[:40]!r}"
        hint = f"write {OPTION}=60s for a line a minute, or {OPTION}=off for none"
        raise pytest.UsageError(str(Problem(slug="bad-time", where=OPTION, what=what, hint=hint)))
    return float(int(number) * (unit or 1))


class SpentSoFar:
    """Follows the run's ledger. A fault of it ends it, and nothing else."""

    def __init__(self, config: pytest.Config, run: "Run", setup: "Setup") -> None:
        self._manager, self._run, self._setup = config.pluginmanager, run, setup
        self._asked = seconds_between(config.getoption("claude_budget_every"))
        self.cap = _cap_of(config, setup)
        """US dollars that the run may spend; None where nobody has said."""
        self._follower: Any = None
        self._live: dict[int, Call] = {}
        """Calls that reached a remote host, each in its latest state."""
        self._now: SoFar | None = None
        self._line: _ProgressLine | None = None
        self._next_look = self._last_line = _now()
        self._warned = False

    def begin(self) -> None:
        """Say it from here on."""
        if not self._manager.has_plugin(NAME):
            self._manager.register(self, NAME)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logfinish(self) -> None:
        """Look, where it is time, and say what is new."""
        try:
            if (now := _now()) >= self._next_look:
                self._look(now)
            if self._line is not None:
                self._line.break_early()
        except Exception:  # the end of the run tells what is wrong with the ledger
            self._end()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Say it no more: the report does."""
        self._end()

    def _end(self) -> None:
        self._next_look, line, self._line = NEVER, self._line, None
        if line is not None:
            line.leave()

    def _look(self, began: float) -> None:
        reporter = self._manager.get_plugin("terminalreporter")
        if reporter is None:
            self._end()
            return
        is_terminal = bool(getattr(reporter, "isatty", False))
        every = self._asked or (NEVER if is_terminal else USUAL_SECONDS)
        if self._run.has_calls:
            self._follow()
        if self._now is not None:
            if is_terminal and self._line is None:
                self._line = _ProgressLine(reporter, self._refresh)
            self._say(self._now, reporter, began, every)
        took = _now() - began
        pause = REFRESH_SECONDS if is_terminal or self.cap else min(every, USUAL_SECONDS)
        self._next_look = began + max(pause, COST_RATIO * took)

    def _follow(self) -> None:
        from pytest_claude_budget.calls.origin import Origin

        if self._follower is None:
            from pytest_claude_budget.ledger.follow import Follower

            self._follower = Follower(self._run.path)
        found = list(self._follower.newer())
        for call in found:
            if call.origin is Origin.LIVE:
                self._live[call.id] = call
            else:
                self._live.pop(call.id, None)  # it was taken for live before its answer came
        if found and (self._live or self._now is not None):
            from pytest_claude_budget.judge.so_far import so_far

            damaged = self._follower.damaged
            self._now = so_far(self._live.values(), self._setup.rate_table(), damaged=damaged)

    def _refresh(self) -> None:
        """See that the last words are the newest: a fault leaves them as they are."""
        with suppress(Exception):
            self._follow()
            if self._now is not None and self._line is not None:
                from pytest_claude_budget.render.so_far import spent_so_far

                self._line.words = spent_so_far(self._now, self.cap)

    def _say(self, now: "SoFar", reporter: Any, began: float, every: float) -> None:
        from pytest_claude_budget.render.so_far import line_so_far, near_the_cap, spent_so_far

        if self._line is not None:
            self._line.words = spent_so_far(now, self.cap)
        if self.cap and not self._warned and now.live.cost * 100 >= self.cap * WARN_PERCENT:
            self._warned = True
            reporter.write_line(f"claude-budget: {near_the_cap(now, self.cap, WARN_PERCENT)}", yellow=True)
        if began - self._last_line >= every and (line := line_so_far(now, self.cap)):
            self._last_line = began
            reporter.write_line(f"claude-budget: {line}")


def _cap_of(config: pytest.Config, setup: "Setup") -> Decimal | None:
    option, budget = config.getoption("claude_budget_cap"), setup.budget
    if option is None and (budget is None or budget.hard_cap is None):
        return None
    from pytest_claude_budget.plugin.guard import cap_of

    rules = cap_of(option, budget)
    return None if rules is None else rules.cap


def _now() -> float:
    return time.monotonic()


class _ProgressLine:
    """pytest's words for its progress, with ours before them where they fit."""

    def __init__(self, reporter: Any, refresh: Callable[[], None]) -> None:
        self.words = ""
        self._reporter, self._refresh = reporter, refresh
        self._original: Callable[[], str] | None = getattr(reporter, _MESSAGE, None)
        if self._original is not None:
            setattr(reporter, _MESSAGE, self._message)

    def leave(self) -> None:
        """Leave the reporter as it was found."""
        if self._original is not None:
            with suppress(AttributeError):
                delattr(self._reporter, _MESSAGE)

    def break_early(self) -> None:
        """End a line of dots where ours still fits, which is a little before pytest would."""
        reporter = self._reporter
        if not self.words or reporter.verbosity > 0 or not getattr(reporter, "_show_progress_info", False):
            return
        message, writer = self._message(), reporter._tw
        if len(message) > _LONGEST_PROGRESS and writer.width_of_current_line + len(message) + 2 >= writer.fullwidth:
            writer.line(message, cyan=True)

    def _message(self) -> str:
        told = self._original() if self._original is not None else ""
        if getattr(self._reporter, "_is_last_item", False):
            self._refresh()
        if not self.words or not told:
            return told
        whole, writer = f" {self.words}{told}", self._reporter._tw
        return whole if writer.width_of_current_line + len(whole) < writer.fullwidth else told
