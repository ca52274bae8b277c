"""A match or pattern that covers nothing of a whole run is named, with what it may have meant."""

from pathlib import Path

import pytest

from pytest_claude_budget.files.budget_file import load_budget
from pytest_claude_budget.files.load import Terms, sums_of
from pytest_claude_budget.judge.report import CostReport, RunFacts, RunInfo, judge
from pytest_claude_budget.record.selection import Selection
from pytest_claude_budget.render.json_document import json_document
from pytest_claude_budget.render.markdown import comment
from pytest_claude_budget.render.terminal import terminal_lines
from tests.builders.priced import TABLE, TODAY
from tests.builders.records import HAIKU, group, owner, record, usage

USED = record(owner("tests/advice/test_a.py::test_one", group(usage(1000), HAIKU, feature="replies", tier="gold")))
WHOLE = Selection(ran=frozenset({"tests/quiet/test_b.py::test_two"}))
BUDGET = """version: 1
limits:
  - {scope: test, match: "test/advice/**", max_cost: 1}
  - {scope: test, match: "tests/quiet/**", max_cost: 1}
  - {scope: model, match: "claude-opous-*", max_cost: 1}
  - {scope: model, match: "claude-opus-*", max_cost: 0}
  - {scope: feature, match: repliez, max_cost: 1}
  - {scope: tier, match: gold, max_cost: 1}
changes:
  test: [{match: "test/quiet/**", max_increase: 10%}]
features:
  replies: {tests: ["tests/advise/**"], requests_per_month: 10}
"""
UNMET = [
    "claude-budget.yml:3: no test of this run is called 'test/advice/**': did you mean 'tests/advice/**'?",
    "claude-budget.yml:5: no model of the rate table is called 'claude-opous-*': did you mean 'claude-opus-*'?",
    "claude-budget.yml:7: no feature of this run is called 'repliez': did you mean 'replies'?",
    "claude-budget.yml:10: no test of this run is called 'test/quiet/**': did you mean 'tests/quiet/**'?",
    "claude-budget.yml:12: feature 'replies': no test of this run is called 'tests/advise/**': did you mean 'tests/advice/**'?",
]


def judged(folder: Path, run: RunInfo) -> CostReport:
    """The one test that calls, judged by the budget above."""
    path = folder / "claude-budget.yml"
    path.write_text(BUDGET, encoding="utf-8")
    budget = load_budget(path, "claude-budget.yml")[0]
    sums = sums_of(USED, Terms(budget=budget, rates=TABLE, day=TODAY))
    return judge(sums, USED, RunFacts(rates=TABLE, day=TODAY, budget=budget, run=run))


def test_what_covers_nothing_is_said_with_what_was_meant(tmp_path: Path) -> None:
    """A test that makes no calls is there; a model that no call used may be guarded against."""
    report = judged(tmp_path, RunInfo(selection=WHOLE))
    assert list(report.unmet) == UNMET
    told = " ".join(" ".join(line.text for line in terminal_lines(report, 120)).split())
    assert all(f"warning: {text}" in told for text in UNMET)
    assert "**Covers nothing:** " in comment(json_document(report))


@pytest.mark.parametrize(
    "run",
    [
        RunInfo(selection=Selection(narrowed="-k")),
        RunInfo(selection=Selection(paths=("tests/advice",))),
        RunInfo(selection=Selection(broken=frozenset({"test_c.py"})), outcome="failed"),
        RunInfo(outcome="interrupted"),
    ],
    ids=["k", "path", "import error", "Ctrl-C"],
)
def test_of_a_part_nothing_is_said(tmp_path: Path, run: RunInfo) -> None:
    """What is not in it may be in the rest."""
    assert judged(tmp_path, run).unmet == ()
