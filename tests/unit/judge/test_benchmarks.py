"""A test that a benchmark repeated on one side only is held against limits as it is compared: by one call of each kind."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from pytest_claude_budget.compare.result import Baseline
from pytest_claude_budget.files.budget_file import load_budget
from pytest_claude_budget.files.load import Terms, sums_of
from pytest_claude_budget.judge.report import CostReport, RunFacts, judge
from pytest_claude_budget.judge.verdict import Outcome
from pytest_claude_budget.record.record import OwnerRecord
from pytest_claude_budget.record.repeats import Repeat
from pytest_claude_budget.render.comment import comment
from pytest_claude_budget.render.json_document import json_document
from pytest_claude_budget.render.terminal import terminal_lines
from tests.builders.priced import TABLE, TODAY
from tests.builders.records import HAIKU, group, owner, record, usage

MONTH = """
features: {f: {tests: ["*"], requests_per_month: 100}}
projection: {max_monthly_increase: 10%, max_monthly_cost: MOST}
"""
OFF = owner(
    "t", group(usage(1000), HAIKU, request='{"messages":"m:9"}'), group(usage(4000), HAIKU, calls=2, request="{}")
)
"""Once: 1,000 tokens at $1 a million, and two calls of 2,000: $0.005."""
ON = replace(
    owner("t", group(usage(1000), HAIKU, request='{"messages":"m:9"}'), group(usage(2000), HAIKU, request="{}")),
    benchmark=True,
)
"""One call of each kind: $0.003."""


def judged(folder: Path, text: str, before: OwnerRecord, now: OwnerRecord) -> CostReport:
    path = folder / "claude-budget.yml"
    path.write_text(f"version: 1\n{text}\n", encoding="utf-8")
    budget = load_budget(path, "claude-budget.yml")[0]
    lock = Baseline(source="claude-budget.lock.json", kind="lock")
    facts = RunFacts(rates=TABLE, day=TODAY, budget=budget, baseline=lock, before=record(before))
    return judge(sums_of(record(now), Terms(budget=budget, rates=TABLE, day=TODAY)), record(now), facts)


def months(report: CostReport) -> list[tuple[Decimal | None, Decimal | None, Decimal | None]]:
    return [(row.judged_before, row.judged, row.change) for row in report.projection]


def test_a_benchmark_on_one_side_is_no_change_of_the_month(tmp_path: Path) -> None:
    """$0.005 a hundred times is $0.50; of one of each it is $0.30. Both sides have what this run used."""
    text = MONTH.replace("MOST", "0.5")
    off, on = judged(tmp_path, text, ON, OFF), judged(tmp_path, text, OFF, ON)
    assert months(off) == [(Decimal("0.5"), Decimal("0.5"), 0)]
    assert months(on) == [(Decimal("0.3"), Decimal("0.3"), 0)]
    assert (off.verdict.outcome, on.verdict.outcome) == (Outcome.WITHIN, Outcome.WITHIN)


def test_a_dearer_month_beside_a_benchmark_is_over_by_the_same_part_as_the_test(tmp_path: Path) -> None:
    """One of each costs $0.003 + $0.0015 = $0.0045, +50%; in all $0.0065, a month of $0.65 that was $0.65 / 1.5."""
    dearer = replace(OFF, groups=(group(usage(2500), HAIKU, request='{"messages":"m:9"}'), OFF.groups[1]))
    report = judged(tmp_path, MONTH.replace("MOST", "0.6"), ON, dearer)
    assert [(breach.measure, breach.value) for breach in report.verdict.breaches] == [
        ("max_monthly_cost", Decimal("0.65")),
        ("max_monthly_increase", Decimal("50.0")),
    ]


def test_what_a_test_calls_before_a_benchmark_counts_once_on_both_sides(tmp_path: Path) -> None:
    """In its set-up it asks the same twice: a benchmark's record has both, and 1 call of what was repeated."""
    once = group(usage(2000), HAIKU, calls=2, request='{"messages":"m:9"}')
    on = replace(owner("t", once, ON.groups[1]), benchmark=True)
    off = owner("t", once, OFF.groups[1])
    text = MONTH.replace("MOST", "1")
    for before, now in ((on, off), (off, on)):
        report = judged(tmp_path, text, before, now)
        assert report.comparison is not None
        assert (report.comparison.change, report.projection[0].change) == (0, 0)


def test_what_was_over_before_is_known_beside_a_benchmark_of_one_round(tmp_path: Path) -> None:
    """3 calls, and 2 are allowed: it was over, and a benchmark of one round makes the same 3."""
    report = judged(tmp_path, "limits: [{scope: test, max_calls: 2}]", OFF, ON)
    whole = sums_of(record(OFF), Terms(budget=report.facts.budget, rates=TABLE, day=TODAY))
    verdict = judge(whole, record(ON), report.facts).verdict
    assert (verdict.outcome, [breach.was_over for breach in verdict.known]) == (Outcome.WARNED, [True])


COMPARED = "$0.003 of it compared (one call of each kind that a benchmark repeated)"
BEFORE = "t was repeated by a benchmark in the baseline: one call of each kind is compared"


def test_a_page_says_what_a_run_cost_and_that_one_call_of_each_kind_is_compared(tmp_path: Path) -> None:
    """A benchmark of 7 rounds costs 7 x $0.003 = $0.021; one without it, beside such a baseline, $0.005."""
    plain = judged(tmp_path, "limits: [{scope: run, max_cost: 1}]", ON, ON)
    whole = sums_of(record(OFF), Terms(budget=plain.facts.budget, rates=TABLE, day=TODAY))
    cost = Decimal("0.021")
    repeat = Repeat(owner="t", kind="test", times=1, workers=1, least=cost, most=cost, benchmark=14)
    repeated = replace(whole, totals=replace(whole.totals, cost=cost), repeats=(repeat,))
    on = comment(json_document(judge(repeated, record(ON), plain.facts))).splitlines()
    off = comment(json_document(judge(whole, record(OFF), plain.facts))).splitlines()
    assert on[0] == off[0] == "### Claude cost: unchanged at $0.003 per run without repeats, within budget"
    assert on[2].startswith(f"Run $0.021 at list price, {COMPARED} · ")
    assert off[2].startswith(f"Run $0.005 at list price, {COMPARED} · ")
    assert f"- {BEFORE}" in off
    assert (
        comment(json_document(plain)).splitlines()[0] == "### Claude cost: unchanged at $0.003 per run, within budget"
    )


def test_a_line_says_why_less_is_compared_than_the_run_cost(tmp_path: Path) -> None:
    """`unchanged: $0.003` below `cost $0.005`; nothing where a benchmark's test asks each once, as before."""
    for now, told in ((OFF, True), (replace(ON, benchmark=False), False)):
        lines = [line.text for line in terminal_lines(judged(tmp_path, "", ON, now), 120)]
        assert "unchanged against claude-budget.lock.json: $0.003" in lines
        assert (f"  {BEFORE}" in lines) is told
