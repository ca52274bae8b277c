"""What other plugins' reports of tests show of their cost: a column of pytest-html, a parameter of Allure."""

import html
import json
import re

import pytest

from tests.aside import ASIDE
from tests.plugin.conftest import Suite, leave_aside


@pytest.mark.cold
def test_pytest_html_and_allure_show_the_cost_of_each_test_that_made_calls(
    suite: Suite, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1,000 tokens of input at 1 and 100 of output at 5 millionths of a dollar are $0.0015, twice in one test."""
    leave_aside(monkeypatch, *(name for name in ASIDE if name not in ("allure_pytest", "html", "metadata")))
    suite.write(
        test_a="""
        from http_double import ask
        def test_twice(): ask(), ask()
        def test_never(): pass
        def test_unknown(): ask(model="claude-secret-9")
        def test_fails():
            ask()
            assert False
        """
    )
    outcome = suite.run("--html=page.html", "--self-contained-html", "--alluredir=results", workers=workers)
    outcome.result.assert_outcomes(passed=3, failed=1)
    page = (suite.path / "page.html").read_text("utf-8")
    assert "<th>Claude cost</th>" in page
    blob = re.search(r'data-jsonblob="([^"]*)"', page)
    assert blob is not None
    shown = {
        row["testId"]: cell
        for rows in json.loads(html.unescape(blob[1]))["tests"].values()
        for row in rows
        for cell in row["resultsTableRow"]
        if "col-claude-cost" in cell
    }
    costs = {"twice": "$0.003", "never": "", "unknown": "not known", "fails": "$0.0015"}
    expected = {f"test_a.py::test_{name}": f'<td class="col-claude-cost">{cost}</td>' for name, cost in costs.items()}
    assert shown == expected
    results = [json.loads(path.read_text("utf-8")) for path in (suite.path / "results").glob("*-result.json")]
    parameters = {result["name"].removeprefix("test_"): result.get("parameters", []) for result in results}
    named = {
        name: [{"name": "claude cost", "value": cost, "excluded": True}] if cost else [] for name, cost in costs.items()
    }
    assert parameters == named
