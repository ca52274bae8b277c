"""A limit on a month that is not known, or only in part, is no limit that was kept."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from pytest_claude_budget.budget.limits import Budget
from pytest_claude_budget.compare.result import Baseline
from pytest_claude_budget.files.budget_file import load_budget
from pytest_claude_budget.files.load import Terms, sums_of
from pytest_claude_budget.forecast.month_rows import Month
from pytest_claude_budget.github.annotations import outputs_of
from pytest_claude_budget.judge.acceptable import refusal
from pytest_claude_budget.judge.report import CostReport, RunFacts, RunInfo, judge
from pytest_claude_budget.judge.verdict import Outcome
from pytest_claude_budget.record.record import OwnerRecord, Record
from pytest_claude_budget.record.selection import Selection
from pytest_claude_budget.record.sums import Unpriced
from pytest_claude_budget.render.comment import comment, summary
from pytest_claude_budget.render.json_document import json_document
from pytest_claude_budget.render.terminal import terminal_lines
from tests.builders.priced import TABLE, TODAY
from tests.builders.records import HAIKU, group, owner, record, usage

WHOLE = Selection()
MONTHS = """
features:
  triage: {tests: [a], requests_per_month: 1000}
  replies: {tests: [nothing], requests_per_month: 1000}
projection: {max_monthly_cost: 200}
"""
REASON = (
    "claude-budget.yml:5: a month (average) cannot be held to 200: 'replies': no test of it made a call in this run"
)


def budget_of(folder: Path, text: str) -> Budget:
    """What a budget file with this text says."""
    path = folder / "claude-budget.yml"
    path.write_text(f"version: 1\n{text.strip()}\n", encoding="utf-8")
    return load_budget(path, "claude-budget.yml")[0]


def costing(name: str, cents: int) -> OwnerRecord:
    """One call on Haiku: 10,000 tokens of input are a cent."""
    return owner(name, group(usage(10_000 * cents), HAIKU))


def month(dollars: str, *, at_least: bool = False) -> Month:
    """The same with any cache."""
    amount = Decimal(dollars)
    return Month(measured=amount, warm=amount, cold=amount, at_least=at_least)


def judged(
    budget: Budget, *owners: OwnerRecord, selection: Selection = WHOLE, before: Record | None = None
) -> CostReport:
    """A run of these tests."""
    baseline = None if before is None else Baseline(source="claude-budget.lock.json", kind="lock")
    run = RunInfo(selection=selection)
    facts = RunFacts(rates=TABLE, day=TODAY, budget=budget, run=run, before=before, baseline=baseline)
    return judge(sums_of(record(*owners), Terms(budget=budget, rates=TABLE, day=TODAY)), record(*owners), facts)


def test_a_month_without_one_of_its_features_is_incomplete(tmp_path: Path) -> None:
    """$0.10 a thousand times is $100 of $200, and nobody knows of the replies; that forbids no baseline."""
    budget = budget_of(tmp_path, MONTHS)
    report = judged(budget, costing("a", 10))
    assert (report.verdict.outcome, report.verdict.incomplete) == (Outcome.INCOMPLETE, (REASON,))
    assert refusal(report) is None
    assert judged(replace(budget, on_incomplete="warn"), costing("a", 10)).verdict.outcome is Outcome.WARNED
    both = judged(budget, costing("a", 10), costing("nothing", 10))
    assert both.verdict.outcome is Outcome.WITHIN


def test_what_helps_an_answer_is_not_advised_for_a_month(tmp_path: Path) -> None:
    """`may_be_unknown` exempts answers: it is named where one is not priced, and makes no month known."""
    budget = budget_of(tmp_path, MONTHS)
    priced = judged(budget, costing("a", 10))
    row = Unpriced(owner="a", model="claude-9", reason="no rates for model 'claude-9'", calls=1, kind="unpriced")
    unpriced = judge(replace(priced.sums, unpriced=(row,)), priced.record, priced.facts)
    exempt = judge(unpriced.sums, priced.record, replace(priced.facts, exempt=frozenset("a")))
    for report, helps in ((priced, False), (unpriced, True), (exempt, False)):
        told = " ".join(line.text.strip() for line in terminal_lines(report, 120))
        page = comment(json_document(report))
        assert "write on_incomplete: warn in the budget file" in told
        assert "`on_incomplete: warn` in the budget" in page
        assert (
            "or may_be_unknown" in told,
            "or `@pytest.mark.claude_budget(may_be_unknown=True)` at the test" in page,
        ) == (helps, helps)


def test_a_month_that_is_over_without_the_rest_is_over(tmp_path: Path) -> None:
    """$300 of $200."""
    verdict = judged(budget_of(tmp_path, MONTHS), costing("a", 30)).verdict
    assert (verdict.outcome, verdict.incomplete) == (Outcome.OVER, ())


@pytest.mark.parametrize("cut", [Selection(xfailed=frozenset("a")), Selection(skipped=frozenset("a"))])
def test_a_month_of_a_test_that_was_cut_short_on_purpose_is_no_saving(tmp_path: Path, cut: Selection) -> None:
    """$0.10 before and $0.06 now, a thousand times: at least $60 a month. As dear as before, it is $100 and known."""
    budget = budget_of(tmp_path, MONTHS.replace("nothing", "b"))
    selection = replace(cut, ran=frozenset("ab"))
    before = record(costing("a", 10), costing("b", 10))
    report = judged(budget, costing("a", 6), costing("b", 10), selection=selection, before=before)
    (row, _) = report.projection
    assert (row.before, row.after, row.change) == (month("100"), month("60", at_least=True), None)
    assert report.verdict.incomplete == (
        "claude-budget.yml:5: a month (average) cannot be held to 200: "
        "the tests of 'triage' are not priced in full, or did not come to their end",
    )
    same = judged(budget, costing("a", 10), costing("b", 10), selection=selection, before=before)
    assert (same.projection[0].after, same.verdict.outcome) == (month("100"), Outcome.WITHIN)
    alone = judged(budget, costing("a", 10), costing("b", 10), selection=selection)
    assert (alone.projection[0].after, alone.verdict.outcome) == (month("100"), Outcome.WITHIN)


INCREASE = MONTHS.replace("nothing", "b").replace("200}", "200, max_monthly_increase: 10%}")


def unheard_of(name: str) -> OwnerRecord:
    """One call of a model without rates."""
    return owner(name, group(usage(10_000), "claude-unheard-of"))


def test_a_month_whose_baseline_is_not_known_is_known_itself(tmp_path: Path) -> None:
    """`a` had no rates before and costs $0.10 now: $100 and $100 of $200 a month, and no increase of either."""
    before = record(unheard_of("a"), costing("b", 10))
    report = judged(budget_of(tmp_path, INCREASE), costing("a", 10), costing("b", 10), before=before)
    (row, other) = report.projection
    assert row.change is None
    assert (row.before_at_least, row.after_at_least, row.after) == (True, False, month("100"))
    assert (other.before_at_least, other.after_at_least, other.change) == (False, False, 0)
    assert (report.verdict.outcome, report.verdict.incomplete) == (Outcome.WITHIN, ())
    document = json_document(report)
    assert outputs_of(document)["projected-monthly"] == "200"
    assert "projected $200.00 a month for 2 features at average volume" in comment(document)
    table = summary(document)
    assert "| `triage` | 1,000 (average) | not known | $100.00 | not known |" in table
    assert "| `replies` | 1,000 (average) | $100.00 | $100.00 | unchanged |" in table
    text = " ".join(" ".join(line.text for line in terminal_lines(report, 120)).split())
    assert "triage, average 1,000 $100.00 not known replies, average 1,000 $100.00 unchanged" in text


def test_an_increase_of_a_month_is_of_what_is_known_on_both_sides(tmp_path: Path) -> None:
    """`b` becomes $120 from $100, +20%; of `a`, $100 now, nobody knows what it was."""
    before = record(unheard_of("a"), costing("b", 10))
    budget = budget_of(tmp_path, INCREASE.replace("200,", "300,"))
    report = judged(budget, costing("a", 10), costing("b", 12), before=before)
    (breach,) = report.verdict.breaches
    assert (breach.measure, breach.before, breach.after) == ("max_monthly_increase", Decimal(100), Decimal(120))
    assert judged(budget, costing("a", 10), costing("b", 10), before=before).verdict.breaches == ()


def test_a_month_over_its_limit_whose_baseline_is_not_known_is_not_called_worse(tmp_path: Path) -> None:
    """$0.06 of it were known before: at least $60 of $50; now $100. Nobody knows that it is more."""
    text = "features:\n  triage: {tests: [a], requests_per_month: 1000, max_monthly_cost: 50}"
    then = owner("a", group(usage(60_000), HAIKU), group(usage(10_000), "claude-unheard-of"))
    report = judged(budget_of(tmp_path, text), costing("a", 10), before=record(then))
    assert (report.verdict.outcome, report.verdict.breaches) == (Outcome.WARNED, ())
    (known,) = report.verdict.known
    assert (known.value, known.at_least, known.worse) == (Decimal(100), False, False)


def test_a_feature_and_a_tier_keep_what_they_cost_where_their_baseline_is_not_known(tmp_path: Path) -> None:
    """$0.10 each now; of the feature's change nobody can say anything, and no output of the action says it."""
    labelled = owner("a", group(usage(100_000), HAIKU, feature="triage", tier="pro"))
    text = "changes:\n  feature: {max_increase: 1%}\nlimits:\n- {scope: tier, match: pro, max_cost: 0.10}"
    report = judged(budget_of(tmp_path, text), labelled, before=record(unheard_of("a")))
    assert (report.verdict.outcome, report.sums.by_tier["pro"].cost) == (Outcome.WITHIN, Decimal("0.1"))
    assert report.comparison is not None
    (feature,) = report.comparison.by_feature
    assert (feature.change, feature.at_least) == (0, True)
    outputs = outputs_of(json_document(report))
    assert (outputs["cost"], outputs["change"], outputs["change-percent"]) == ("0.1", "", "")
    page = summary(json_document(report))
    assert (
        page.splitlines()[0]
        == "### Claude cost: $0.10 per run, its change is not known; no limit is exceeded by what is known"
    )
    assert "| `triage` | not known | $0.10 | not known |" in page
    assert "-$" not in page


def test_an_increase_beside_a_baseline_that_is_not_known_is_not_a_least_one(tmp_path: Path) -> None:
    """`b` is $0.02 dearer; `a`, of the same feature, may be cheaper by more. $0.10 of the baseline are known."""
    parts = [group(usage(tokens), HAIKU, feature="triage") for tokens in (100_000, 120_000)]
    unknown = owner("a", group(usage(10_000), "claude-unheard-of", feature="triage"))
    budget = budget_of(tmp_path, "changes:\n  test: {max_increase: 50%}")
    report = judged(budget, owner("a", parts[0]), owner("b", parts[1]), before=record(unknown, owner("b", parts[0])))
    page = summary(json_document(report))
    assert (
        page.splitlines()[0]
        == "### Claude cost: +$0.02 per run, as far as it is known; no limit is exceeded by what is known"
    )
    assert "| `triage` | at least $0.10 | $0.22 | not known |" in page
    text = " ".join(line.text for line in terminal_lines(report, 120))
    assert "+$0.02 as far as it is known; the change of a is not known" in text
    assert "at least +" not in page + text


def test_a_feature_has_a_month_of_its_own(tmp_path: Path) -> None:
    """Its limit is as little kept as that of all."""
    text = "features:\n  triage: {tests: [nothing], requests_per_month: 1000, max_monthly_cost: 50}"
    (reason,) = judged(budget_of(tmp_path, text), costing("a", 10)).verdict.incomplete
    assert "a month of 'triage' (average) cannot be held to 50: 'triage': no test of it made a call" in reason


@pytest.mark.parametrize(
    ("owners", "selection"),
    [([], Selection(ran=frozenset({"b"}))), ([costing("a", 10)], Selection(narrowed="-k"))],
    ids=["a suite without calls", "a part of the suite"],
)
def test_where_nobody_asked_for_a_month_it_may_be_unknown(
    tmp_path: Path, owners: list[OwnerRecord], selection: Selection
) -> None:
    """A suite that makes no calls passes; of a part, no month is judged."""
    assert judged(budget_of(tmp_path, MONTHS), *owners, selection=selection).verdict.incomplete == ()
