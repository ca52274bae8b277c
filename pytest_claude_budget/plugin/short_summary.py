"""The last lines of a run that fails by its cost: pytest's short summary names the limit, its final line counts it.

Loaded, and known to pytest, only where there is something to say. pytest has no hook for either line, but both are made
of `TerminalReporter.stats`: the short summary names what is in "error", and the final line counts all kinds. So what is
over stands there under a name of its own, and in "error" while the short summary is written.
"""

import os
from collections.abc import Generator, Sequence
from typing import Any, cast

import pytest

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.judge.verdict import Outcome
from pytest_claude_budget.plugin.report_and_verdict import Conclusion
from pytest_claude_budget.render.terminal import MOST_LINES as ABOVE
from pytest_claude_budget.render.terminal_lead import lead
from pytest_claude_budget.render.terminal_limits import short_lines
from pytest_claude_budget.render.terminal_text import printable

MOST_LINES = 3
"""Limits that the short summary names one by one, or one more: what to do about them stands above it, and is to be seen with it."""
_SECTION = "claude cost"
"""Where the rest stands."""
_OVER = "OVER"
_REFUSED = " refused calls "
_LIMIT, _LIMITS = "Claude budget limit exceeded", "Claude budget limits exceeded"
"""What the final line says after their number: not tests, which it counts beside them."""
_CAP, _CAPS = "Claude budget cap refused calls", "Claude budget caps refused calls"
"""The same of what held: none of it is exceeded."""


@value_class(frozen=True, kw_only=True, slots=True)
class LastWord:
    """One reason why a run fails."""

    word: str
    """In the place of pytest's FAILED and ERROR."""
    kind: str
    """What the final line counts, after a number; empty of what explains the others."""
    where: str
    text: str
    """What pytest cuts off where it is too long for the terminal."""


class _Text:
    """What pytest shows of a failure; before pytest 8.2 a plain text was not shown in the short summary, and an empty one is not."""

    def __init__(self, message: str) -> None:
        self.message = message
        if message:
            self.reprcrash = self

    def __str__(self) -> str:
        return self.message


def last_words(conclusion: Conclusion | None, unconcluded: str | None) -> list[LastWord]:
    """Say in a few words why a run fails; nothing of one that does not."""
    problems = [unconcluded] if unconcluded is not None else []
    words: list[LastWord] = []
    if conclusion is not None and conclusion.report is not None:
        verdict = conclusion.report.verdict
        if verdict.outcome is Outcome.OVER:
            refused = [text for text in verdict.capped if _REFUSED in text]
            kind = _CAP if len(refused) == 1 else _CAPS
            words += [LastWord(word=_OVER, kind=kind, where=_SECTION, text=text) for text in refused]
            passed = [(_SECTION, text) for text in verdict.capped if _REFUSED not in text]
            lines = [*passed, *short_lines(verdict.breaches)]
            kind = _LIMIT if len(lines) == 1 else _LIMITS
            words += [LastWord(word=_OVER, kind=kind, where=where, text=text) for where, text in lines]
            more = lead(conclusion.report)
            words += [LastWord(word=each.word, kind="", where=each.subject, text=each.more) for each in more]
        elif verdict.outcome is Outcome.INCOMPLETE:
            text = printable(verdict.incomplete[0], 500)
            words.append(LastWord(word="INCOMPLETE", kind="incomplete cost", where=_SECTION, text=text))
    if conclusion is not None:
        problems += conclusion.problems
    if problems:
        text = printable(problems[0].splitlines()[0], 500)
        words.append(LastWord(word="ERROR", kind="budget error", where=_SECTION, text=text))
    return words


class LastLines:
    """Has pytest's terminal say last words. To be registered once all tests are over, before the terminal's summary."""

    def __init__(self, config: pytest.Config, reporter: Any, words: Sequence[LastWord]) -> None:
        self._config = config
        self._stats: dict[str, list[Any]] = reporter.stats
        self._by_kind: dict[str, list[pytest.TestReport]] = {}
        for word in words:
            self._by_kind.setdefault(word.kind, []).append(self._as_report(word))
        limits = self._by_kind.get(_LIMITS) or self._by_kind.get(_LIMIT, [])
        most = MOST_LINES if len(limits) > MOST_LINES + 1 else len(limits)
        caps = self._by_kind.get(_CAPS) or self._by_kind.get(_CAP, [])
        self._shown = [*caps, *limits[:most]]
        if len(limits) > most:
            above = ", named above" if len(limits) <= ABOVE else f"; above are {ABOVE} of them all"
            more = f"{len(limits) - most:,} more limits{above}"
            self._shown.append(self._as_report(LastWord(word=_OVER, kind="", where=_SECTION, text=more)))
        explaining = self._by_kind.pop("", [])
        known = (_LIMIT, _LIMITS, _CAP, _CAPS)
        others = [report for kind, own in self._by_kind.items() if kind not in known for report in own]
        self._shown += [*explaining, *others]
        add = getattr(reporter, "_add_stats", self._add)  # pytest's own also chooses the final line's colour anew
        for kind, reports in self._by_kind.items():
            add(kind, reports)
        add("error", ())  # red, also where nothing is in it

    def _add(self, kind: str, reports: Sequence[pytest.TestReport]) -> None:
        self._stats.setdefault(kind, []).extend(reports)

    def _as_report(self, word: LastWord) -> pytest.TestReport:
        # pytest shows a node id as a path from where it was started: this one as it is
        folder = self._config.invocation_params.dir
        named = word.where if folder == self._config.rootpath else os.path.join(folder, word.where)  # noqa: PTH118  # not tidied up
        place, text = (word.where, None, ""), cast("Any", _Text(word.text))
        return pytest.TestReport(named, place, {}, "failed", text, "teardown", claude_budget=word.word)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        """Name what is over as what it is."""
        word = getattr(report, "claude_budget", None)
        return None if word is None else ("error", "E", word)

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self) -> None:
        """Put them among the errors, once all other plugins have said theirs: the short summary comes next."""
        self._stats["error"] = [*self._stats.get("error", ()), *self._shown]

    def after_summary(self) -> None:
        """Take them out again: the final line counts them by their own name. That of `--collect-only` has no other, and no lines to count."""
        left = [each for each in self._stats.get("error", ()) if each not in self._shown]
        counted = [report for own in self._by_kind.values() for report in own]
        self._stats["error"] = [*left, *counted] if self._config.getoption("collectonly") else left


class AfterSummary:
    """Comes after pytest's short summary."""

    def __init__(self, lines: LastLines) -> None:
        self._lines = lines

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self) -> Generator[None, object, object]:
        """Leave pytest's errors as they were."""
        try:
            return (yield)
        finally:
            self._lines.after_summary()


def say_last(config: pytest.Config, words: Sequence[LastWord]) -> None:
    """Have the terminal's last lines say why the run fails, where there is a terminal with pytest's statistics."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if words and isinstance(getattr(reporter, "stats", None), dict):
        lines = LastLines(config, reporter, words)
        config.pluginmanager.register(lines, "claude-budget-last-lines")
        config.pluginmanager.register(AfterSummary(lines), "claude-budget-after-summary")
