"""What was over before a change is told and no plain success; a limit that the change itself makes stricter is a new one."""

import subprocess
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from pytest_claude_budget.budget.difference import Base, differences
from pytest_claude_budget.budget.limits import Budget
from pytest_claude_budget.compare.result import Baseline
from pytest_claude_budget.files.base_budget import base_of
from pytest_claude_budget.files.baseline_file import Loaded
from pytest_claude_budget.files.budget_file import load_budget
from pytest_claude_budget.files.load import Terms, sums_of
from pytest_claude_budget.judge.report import CostReport, RunFacts, judge
from pytest_claude_budget.judge.verdict import Outcome
from pytest_claude_budget.record.record import Record
from pytest_claude_budget.render.comment import comment
from pytest_claude_budget.render.json_document import json_document
from pytest_claude_budget.render.terminal import terminal_lines
from tests.builders.priced import TABLE, TODAY
from tests.builders.records import HAIKU, group, owner, record, usage

GIT = Baseline(source="git:main", kind="git", commit="5f9d731")
SCOPES = {
    "run": "limits: [{scope: run, max_cost: 0.20}]",
    "test": "limits: [{scope: test, max_cost: 0.20}]",
    "feature": "limits: [{scope: feature, match: triage, max_cost: 0.20}]",
    "model": "limits: [{scope: model, match: 'claude-haiku-*', max_cost: 0.20}]",
    "tier": "limits: [{scope: tier, max_cost: 0.20}]",
    "month": "features: {triage: {requests_per_month: 1000}}\nprojection: {max_monthly_cost: 200}",
    "month of a feature": "features: {triage: {requests_per_month: 1000, max_monthly_cost: 200}}",
}
"""$0.20 for what costs $0.30, and $200 for 1,000 times that."""


def budget_of(folder: Path, text: str, name: str = "claude-budget.yml") -> Budget:
    """What a budget file with this text says."""
    path = folder / name
    path.write_text(f"version: 1\n{text}\n", encoding="utf-8")
    return load_budget(path, name)[0]


def costing(cents: int) -> Record:
    """One test with a label each."""
    return record(owner("a", group(usage(10_000 * cents), HAIKU, request="{}", feature="triage", tier="gold")))


def judged(budget: Budget | None, cents: int, *, base: Base | None = None, before: int = 30) -> CostReport:
    """A test that cost so many cents in the baseline, and so many now."""
    facts = RunFacts(rates=TABLE, day=TODAY, budget=budget, baseline=GIT, before=costing(before), base=base)
    return judge(sums_of(costing(cents), Terms(budget=budget, rates=TABLE, day=TODAY)), costing(cents), facts)


def said(report: CostReport) -> str:
    """The terminal's words, in one line."""
    return " ".join(" ".join(line.text for line in terminal_lines(report, 120)).split())


@pytest.mark.parametrize("scope", SCOPES)
def test_what_the_baseline_was_over_already_warns_in_every_scope(tmp_path: Path, scope: str) -> None:
    """$0.30 of $0.20 before and now, and $300 of $200 a month: no worse is known and never plain within."""
    report = judged(budget_of(tmp_path, SCOPES[scope]), 30)
    (known,) = report.verdict.known
    assert (report.verdict.outcome, report.verdict.breaches) == (Outcome.WARNED, ())
    assert known.was_over
    since = "over on the baseline already, and no worse now"
    assert f"{since}: claude-budget.yml:" in said(report)
    assert said(report).endswith(f"verdict: warned: 1 limit is {since}")
    assert (
        comment(json_document(report))
        .splitlines()[0]
        .endswith(" on the baseline already, and no worse now; the budget lets the cost pass")
    )
    worse = judged(budget_of(tmp_path, SCOPES[scope]), 31)
    assert (worse.verdict.outcome, [each.worse for each in worse.verdict.breaches]) == (Outcome.OVER, [True])


@pytest.mark.parametrize("scope", SCOPES)
def test_known_fail_makes_it_fail(tmp_path: Path, scope: str) -> None:
    """Where somebody wants the debt to be paid."""
    report = judged(budget_of(tmp_path, f"{SCOPES[scope]}\nknown: fail"), 30)
    assert (report.verdict.outcome, report.verdict.known) == (Outcome.OVER, ())
    assert "as the baseline was (known: fail)" in said(report)
    assert "as the baseline was (known: fail)" in comment(json_document(report)).replace("`", "")


@pytest.mark.parametrize("scope", SCOPES)
def test_a_limit_that_this_change_makes_stricter_is_a_new_one(tmp_path: Path, scope: str) -> None:
    """$0.30 was within $0.40, or within anything where there was no limit; it was over $0.10 and over $0.20 alike."""
    now = budget_of(tmp_path, SCOPES[scope])
    for dollars, verdict, words in (("40", Outcome.OVER, "which this change lowers"), ("10", Outcome.WARNED, "")):
        text = SCOPES[scope].replace("0.20", f"0.{dollars}").replace("200", f"{dollars}0")
        report = judged(now, 30, base=Base(budget=budget_of(tmp_path, text, "base.yml")))
        assert report.verdict.outcome is verdict
        assert words in said(report)
    for none in (Base(budget=None), Base(budget=Budget(source="base.yml"))):
        report = judged(now, 30, base=none)
        assert report.verdict.outcome is Outcome.OVER
        assert "which this change adds" in said(report)


def test_what_is_worse_under_a_stricter_limit_is_a_plain_breach(tmp_path: Path) -> None:
    """$0.30 became $0.31, of $0.20 that was $0.40: no word of the limit excuses it."""
    base = Base(budget=budget_of(tmp_path, SCOPES["test"].replace("0.20", "0.40"), "base.yml"))
    (breach,) = judged(budget_of(tmp_path, SCOPES["test"]), 31, base=base).verdict.breaches
    assert (breach.worse, breach.since) == (False, "")


def test_an_accepted_increase_is_no_limit_that_was_exceeded_before(tmp_path: Path) -> None:
    """It is shown as accepted, and the run is within."""
    budget = budget_of(tmp_path, "changes: {run: {max_increase: 10%}}")
    report = judged(budget, 60)
    report = judge(report.sums, report.record, replace(report.facts, accepted="a label"))
    assert (report.verdict.outcome, len(report.verdict.known)) == (Outcome.WITHIN, 1)


@pytest.mark.parametrize(
    ("then", "now", "told"),
    [
        ("limits: [{scope: run, max_cost: 1}]", "# a comment\nlimits: [{scope: run, max_cost: 1.00}]", []),
        (
            "limits: [{scope: run, max_cost: 1}]",
            "limits: [{scope: run, max_cost: 2}]",
            ["max_cost for the run raised: 1 → 2"],
        ),
        ("limits: [{scope: test, match: a, max_calls: 3}]", "limits: []", ["max_calls for test 'a' removed: 3"]),
        ("limits: []", "limits: [{scope: test, max_cost: 0.5}]", ["max_cost for each test added: 0.5"]),
        (
            "changes: {run: {max_increase: 15%}}",
            "changes: {run: {max_increase: 10%}}",
            ["max_increase for the run, in percent lowered: 15 → 10"],
        ),
        (SCOPES["month"], SCOPES["month"].replace("200", "300"), ["max_monthly_cost, average raised: 200 → 300"]),
        (SCOPES["month"], SCOPES["month"].replace("1000", "10"), ["features differ"]),
        ("limits: []", "on_incomplete: warn\nknown: fail", ["on_incomplete differs", "known differs"]),
    ],
)
def test_what_a_change_does_to_the_budget_is_told(tmp_path: Path, then: str, now: str, told: list[str]) -> None:
    """Each limit by its own words; what lies between is named by its key."""
    base, budget = Base(budget=budget_of(tmp_path, then, "base.yml")), budget_of(tmp_path, now)
    assert list(differences(base, budget)) == told
    report = judged(budget, 10, before=10, base=base)
    page = comment(json_document(report)).replace("`", "")
    for each in told:
        assert each in said(report)
        assert each.replace("'", "") in page.replace("'", "")
    assert ("also changes the budget" in page) == bool(told)


def test_a_budget_that_was_not_at_hand_is_not_said_to_be_as_before(tmp_path: Path) -> None:
    """$0.30 before and now, of $0.20 by today's file. An artifact or a lock file has no budget beside it."""
    budget = budget_of(tmp_path, SCOPES["test"])
    without = json_document(judged(budget, 30))
    assert without["budget_compared"] is False
    page = comment(without)
    assert page.splitlines()[0].endswith(" on the baseline already, and no worse now; the budget lets the cost pass")
    assert "**Over on the baseline already, and no worse now; the base's budget was not at hand:**" in page
    for claim in ("before this change", "nothing to do", "lower", "adds", "also changes the budget"):
        assert claim not in page
    beside = json_document(judged(budget, 30, base=Base(budget=budget)))
    assert beside["budget_compared"] is True
    page = comment(beside)
    assert page.splitlines()[0].endswith(" before this change already, and no worse now; the budget lets the cost pass")
    assert "**Over before this change already, and no worse now; nothing to do:**" in page
    terminal = said(judged(budget, 30, base=Base(budget=budget)))
    assert "over before this change already, and no worse now: claude-budget.yml:" in terminal
    assert terminal.endswith("verdict: warned: 1 limit is over before this change already, and no worse now")


@pytest.mark.parametrize("kind", ["lock", "report", "git"])
def test_a_report_of_an_earlier_version_claims_a_base_s_budget_for_a_commit_alone(tmp_path: Path, kind: str) -> None:
    """It does not say whether it had one."""
    document = json_document(judged(budget_of(tmp_path, SCOPES["test"]), 30))
    del document["budget_compared"]
    document["comparison"]["baseline"]["kind"] = kind
    assert ("**Over before this change" in comment(document)) == (kind == "git")


def test_a_budget_that_is_new_or_gone_is_told() -> None:
    """Without the base's file at hand nothing is said."""
    budget = Budget(source="b.yml")
    assert differences(None, budget) == differences(Base(budget=None), None) == ()
    assert differences(Base(budget=None), budget) == ("the base has no budget file",)
    assert differences(Base(budget=budget), None) == ("the budget file of the base is gone",)


def git(folder: Path, *arguments: str) -> None:
    """In a repository of the test's own."""
    settings = ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True)


def test_the_base_is_judged_by_the_budget_of_its_commit(tmp_path: Path) -> None:
    """It lies beside this one, under either of the usual names; one that nobody can read tells nothing."""
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "none")
    loaded = Loaded(baseline=Baseline(source="git:HEAD", kind="git", commit="5f9d731"), record=None)
    path = tmp_path / "claude-budget.yml"
    assert base_of(loaded, path, None) == Base(budget=None)
    budget_of(tmp_path, SCOPES["run"], "claude-budget.yaml")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "yaml")
    budget = budget_of(tmp_path, SCOPES["run"].replace("0.20", "0.10"))
    base = base_of(loaded, path, budget)
    assert base is not None
    assert base.budget is not None
    assert [limit.maximum for limit in base.budget.limits] == [Decimal("0.20")]
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "yml")
    assert base_of(loaded, path, budget) == Base(budget=budget)
    path.write_text("version: 99\n", encoding="utf-8")
    git(tmp_path, "commit", "-q", "-am", "odd")
    budget = budget_of(tmp_path, SCOPES["run"])
    assert base_of(loaded, path, budget) is None
    assert base_of(Loaded(baseline=Baseline(source="a.lock.json", kind="lock"), record=None), path, budget) is None
