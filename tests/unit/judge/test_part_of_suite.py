"""A part of the suite is not judged as if it were the whole: what it cannot tell is named, and what is over is over."""

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_claude_budget.budget.limits import Budget
from pytest_claude_budget.compare.result import Baseline
from pytest_claude_budget.files.budget_file import load_budget
from pytest_claude_budget.files.load import Terms, sums_of
from pytest_claude_budget.judge.report import CostReport, RunFacts, RunInfo, judge
from pytest_claude_budget.judge.verdict import Outcome
from pytest_claude_budget.record.record import OwnerRecord, Record
from pytest_claude_budget.record.selection import Selection
from pytest_claude_budget.render.comment import comment
from pytest_claude_budget.render.json_document import json_document
from pytest_claude_budget.render.terminal import terminal_lines
from tests.builders.priced import TABLE, TODAY
from tests.builders.records import HAIKU, group, owner, record, usage

ALL = """
limits:
  - {scope: run, max_cost: 0.20}
  - {scope: feature, match: triage, max_cost: 0.20}
  - {scope: model, max_calls: 5}
  - {scope: tier, max_cost: 0.20}
  - {scope: test, max_cost: 0.15}
changes:
  run: {max_increase: 10%}
  feature: {max_increase: 10%}
  test: {max_increase: 50%}
features: {triage: {requests_per_month: 1000, max_monthly_cost: 50}}
projection: {max_monthly_cost: 50, max_monthly_increase: 10%}
"""
LEFT_OUT = Selection(narrowed="-k", ran=frozenset({"a"}))


@pytest.fixture
def budget(tmp_path: Path) -> Budget:
    """Limits on all that a run may come to."""
    return written(tmp_path, ALL)


def written(folder: Path, text: str) -> Budget:
    path = folder / "claude-budget.yml"
    path.write_text(f"version: 1\n{text}\n", encoding="utf-8")
    return load_budget(path, "claude-budget.yml")[0]


def costing(name: str, cents: int) -> OwnerRecord:
    """One call on Haiku: 10,000 tokens of input are a cent."""
    return owner(name, group(usage(10_000 * cents), HAIKU, request="{}", feature="triage", tier="gold"))


def judged(budget: Budget, used: Record, selection: Selection, before: Record | None = None) -> CostReport:
    """As a gate does."""
    lock = Baseline(source="claude-budget.lock.json", kind="lock")
    facts = RunFacts(
        rates=TABLE,
        day=TODAY,
        budget=budget,
        run=RunInfo(selection=selection),
        baseline=None if before is None else lock,
        before=before,
    )
    return judge(sums_of(used, Terms(budget=budget, rates=TABLE, day=TODAY)), used, facts)


def said(report: CostReport) -> str:
    """The terminal's words, in one line."""
    return " ".join(" ".join(line.text for line in terminal_lines(report, 120)).split())


def test_a_part_judges_no_month_and_no_sum_of_the_whole(budget: Budget) -> None:
    """$0.10 became $0.14, +40%; a month of $140 is over $50, and the run over +10%: of one test in two nobody knows that."""
    before = record(costing("a", 10), costing("b", 5))
    report = judged(budget, record(costing("a", 14)), LEFT_OUT, before)
    assert (report.verdict.outcome, report.verdict.breaches) == (Outcome.WITHIN, ())
    assert [limit.path for limit in report.verdict.not_judged] == [
        "limits[0].max_cost",
        "limits[1].max_cost",
        "limits[2].max_calls",
        "limits[3].max_cost",
        "changes.run.max_increase",
        "changes.feature.max_increase",
        "features.triage.max_monthly_cost",
        "projection.max_monthly_cost",
        "projection.max_monthly_increase",
    ]
    assert said(report).endswith("verdict: within, as far as it is known: only a part of the suite ran (-k)")
    assert "not judged, for only a part of the suite ran: claude-budget.yml:4 (max_cost 0.2 for the run)," in said(
        report
    )
    page = comment(json_document(report))
    assert page.splitlines()[0].endswith(" in a part of the suite (`-k`)")
    assert "**Not judged**, for only a part of the suite ran: `max_cost 0.2 for the run`" in page
    assert "within budget" not in page
    assert " · projected by the tests that ran: $100.00 → $140.00 a month" in page
    assert "a month, by the tests that ran " in said(report)
    whole = judged(budget, record(costing("a", 14), costing("b", 5)), Selection(), before)
    assert whole.verdict.outcome is Outcome.OVER
    assert whole.verdict.not_judged == ()
    assert "by the tests that ran" not in said(whole) + comment(json_document(whole))


def test_where_nothing_is_compared_no_increase_is_called_not_judged(tmp_path: Path) -> None:
    """Its reason would be another one. Maxima are told all the same."""
    report = judged(written(tmp_path, ALL), record(costing("a", 14)), LEFT_OUT)
    assert [limit.path for limit in report.verdict.not_judged] == [
        "limits[0].max_cost",
        "limits[1].max_cost",
        "limits[2].max_calls",
        "limits[3].max_cost",
        "features.triage.max_monthly_cost",
        "projection.max_monthly_cost",
    ]
    alone = judged(written(tmp_path, "changes: {run: {max_increase: 10%}}"), record(costing("a", 14)), LEFT_OUT)
    assert "not judged" not in said(alone)


def test_single_tests_are_judged_in_a_part_too(budget: Budget) -> None:
    """$0.10 became $0.16: over $0.15, and over +50%."""
    report = judged(budget, record(costing("a", 16)), LEFT_OUT, record(costing("a", 10), costing("b", 5)))
    assert [breach.path for breach in report.verdict.breaches] == ["limits[4].max_cost", "changes.test.max_increase"]


def test_what_a_part_exceeds_by_itself_is_over(budget: Budget) -> None:
    """$0.21 of $0.20 for the run, in two tests: the rest can only add to it."""
    used = record(costing("a", 11), costing("c", 10))
    report = judged(budget, used, LEFT_OUT, record(costing("a", 11), costing("b", 5)))
    assert report.verdict.outcome is Outcome.OVER
    assert [breach.path for breach in report.verdict.breaches][:1] == ["limits[1].max_cost"]
    assert "limits[0].max_cost" not in [limit.path for limit in report.verdict.not_judged]


@pytest.mark.parametrize(
    "selection",
    [
        Selection(narrowed="--lf", ran=frozenset({"a"})),
        Selection(paths=("tests/rag",), ran=frozenset({"a"})),
        Selection(narrowed="-m, --deselect", ran=frozenset({"a"})),
    ],
    ids=["lf", "path", "m and deselect"],
)
def test_where_all_limits_are_of_the_whole_a_part_is_not_judged(tmp_path: Path, selection: Selection) -> None:
    """Also without a baseline; the reason stands in the verdict."""
    report = judged(written(tmp_path, "limits: [{scope: run, max_cost: 1}]"), record(costing("a", 1)), selection)
    assert (report.verdict.outcome, report.verdict.fails) == (Outcome.UNJUDGED, False)
    by = selection.narrowed or "tests/rag"
    assert said(report).endswith(f"verdict: unjudged: only a part of the suite ran ({by})")
    assert "there is no budget file" not in comment(json_document(report))


def test_a_run_with_all_tests_of_its_baseline_is_as_good_as_whole(budget: Budget) -> None:
    """With `-m "not live"` in each run, what that leaves is the suite: the gate stays shut."""
    before = record(costing("a", 10))
    report = judged(budget, record(costing("a", 12)), replace(LEFT_OUT, narrowed="-m"), before)
    assert "changes.run.max_increase" in [breach.path for breach in report.verdict.breaches]
    assert report.verdict.not_judged == ()
