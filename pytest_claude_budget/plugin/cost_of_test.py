"""What one test cost, for other plugins' reports of tests: JUnit files, pytest-html's page, Allure's results.

Loaded where one of them is written. Each takes it in as the test ends: what comes later, such as a fixture's clean-up, is in our own report.
"""

import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_claude_budget.measure.run import Run
    from pytest_claude_budget.plugin.settings import Setup

_COST, _AT_LEAST, _CALLS = "claude_cost_usd", "claude_cost_at_least", "claude_calls"
_PROPERTIES = (_COST, _AT_LEAST, _CALLS)
_ALLURE = "claude cost"
"""The parameter's name there."""


def tell_cost(item: pytest.Item, run: "Run", setup: "Setup") -> None:
    """Give a test that made calls its properties, which JUnit files and others show; and Allure, which does not, a parameter."""
    from pytest_claude_budget.base.money import to_json
    from pytest_claude_budget.plugin.report_and_verdict import totals_of

    totals = totals_of(run, setup, run.name_of(item))
    if not totals.attempts:
        return
    item.user_properties[:] = [each for each in item.user_properties if each[0] not in _PROPERTIES]
    cost = _AT_LEAST if totals.at_least else _COST
    told = [(cost, to_json(totals.cost)), (_CALLS, str(totals.calls))]
    item.user_properties += told
    if item.config.getoption("allure_report_dir", None):
        _tell_allure(cost_words(dict(told)))


def cost_words(properties: Mapping[str, object]) -> str:
    """The cost that a test's properties tell: `$0.0015`, `at least $0.0015`; empty where they tell none."""
    from pytest_claude_budget.base.money import dollars

    for name, words in ((_COST, ""), (_AT_LEAST, "at least ")):
        if name in properties:
            cost = Decimal(str(properties[name]))
            return f"{words}{dollars(cost)}" if cost or not words else "not known"
    return ""


class HtmlColumn:
    """A column of pytest-html's table. It makes a row of a test once its tear-down is reported."""

    def __init__(self) -> None:
        self._costs: dict[str, str] = {}
        """By node id."""

    def __dir__(self) -> list[str]:
        return [name for name in vars(HtmlColumn) if name.startswith("pytest_")]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what the tear-down's report says: the rows of set-up and call are made after it too."""
        if report.when == "teardown" and (words := cost_words(dict(report.user_properties))):
            self._costs[report.nodeid] = words

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_header(self, cells: list[str]) -> None:
        """Before the last column, which has the links."""
        cells.insert(len(cells) - 1, "<th>Claude cost</th>")

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_row(self, report: pytest.TestReport, cells: list[str]) -> None:
        """As above; a row that somebody has emptied stays so."""
        if cells:
            cells.insert(len(cells) - 1, f'<td class="col-claude-cost">{self._costs.get(report.nodeid, "")}</td>')


def _tell_allure(words: str) -> None:
    """As a parameter that is no part of what a test's history is known by. Allure is loaded, or nobody would ask it for results."""
    allure: Any = sys.modules["allure_commons"]
    allure.plugin_manager.hook.add_parameter(name=_ALLURE, value=_Shown(words), excluded=True, mode=None)


class _Shown:
    """A text that Allure, which shows what `repr` says, shows without quotes."""

    def __init__(self, words: str) -> None:
        self._words = words

    def __repr__(self) -> str:
        return self._words
