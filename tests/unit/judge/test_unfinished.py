"""A run that was cut short is not known, in the verdict and in every page; one that ran no test is not judged."""

from dataclasses import replace
from decimal import Decimal

import pytest

from pytest_claude_budget.budget.limits import Budget, Limit
from pytest_claude_budget.compare.result import Baseline
from pytest_claude_budget.files.load import Asked, Terms, judge_report, sums_of
from pytest_claude_budget.judge.acceptable import refusal
from pytest_claude_budget.judge.combine import combine
from pytest_claude_budget.judge.read_report import read_report
from pytest_claude_budget.judge.report import CostReport, RunFacts, RunInfo, judge
from pytest_claude_budget.judge.unfinished import unfinished
from pytest_claude_budget.judge.verdict import Outcome
from pytest_claude_budget.record.record import Record
from pytest_claude_budget.record.selection import FROM_LEDGER, NOTHING_RAN, Selection
from pytest_claude_budget.render.comment import comment
from pytest_claude_budget.render.json_document import json_document
from pytest_claude_budget.render.terminal import terminal_lines
from tests.builders.priced import TABLE, TODAY
from tests.builders.records import HAIKU, group, owner, record, usage

CHEAP = Limit(scope="run", measure="max_cost", maximum=1, where="b.yml:3", path="limits[0].max_cost")
BUDGET = Budget(source="b.yml", limits=(CHEAP,))
ONE = owner("test_a.py::test_one", group(usage(10_000), HAIKU))
"""A cent."""
LEFT = frozenset({"test_a.py::test_three", "test_a.py::test_two"})
IMPORT_ERROR = Selection(narrowed=NOTHING_RAN, broken=frozenset({"test_b.py"}), skipped=frozenset({"test_b.py"}))


def run(
    outcome: str,
    selection: Selection,
    *,
    used: Record | None = None,
    before: Record | None = None,
    budget: Budget = BUDGET,
) -> CostReport:
    """Judge a run that ended so, against a limit of $1 for the run."""
    used = record() if used is None else used
    facts = RunFacts(
        rates=TABLE,
        day=TODAY,
        budget=budget,
        run=RunInfo(outcome=outcome, selection=selection),
        before=before,
        baseline=None if before is None else Baseline(source="claude-budget.lock.json", kind="lock"),
    )
    return judge(sums_of(used, Terms(budget=budget, rates=TABLE, day=TODAY)), used, facts)


def said(report: CostReport) -> str:
    """The terminal's words, in one line."""
    return " ".join(" ".join(line.text for line in terminal_lines(report, 120)).split())


@pytest.mark.parametrize(
    ("outcome", "selection", "reasons"),
    [
        ("passed", Selection(), []),
        ("passed", Selection(ran=frozenset({"a"})), []),
        ("failed", Selection(ran=frozenset({"a", "b"}), failed=frozenset({"b"})), []),
        ("passed", Selection(narrowed="-k"), ["no test ran"]),
        ("passed", Selection(narrowed=FROM_LEDGER), []),
        ("interrupted", Selection(narrowed=FROM_LEDGER), []),
        ("failed", Selection(narrowed=NOTHING_RAN), ["no test ran"]),
        ("interrupted", Selection(ran=frozenset({"a"})), ["the run was interrupted"]),
        (
            "interrupted",
            Selection(ran=frozenset({"a"}), not_reached=LEFT),
            ["the run was interrupted: 2 tests were not reached (first test_a.py::test_three)"],
        ),
        (
            "failed",
            Selection(ran=frozenset({"a", "b"}), failed=frozenset({"b"}), not_reached=frozenset({"c"})),
            ["the run stopped early: 1 test was not reached (first c)"],
        ),
        ("interrupted", IMPORT_ERROR, ["test_b.py could not be collected"]),
        (
            "interrupted",
            Selection(broken=frozenset({"a.py", "b.py", "c.py", "d.py"}), not_reached=frozenset({"e.py::t"})),
            [
                "a.py, b.py, c.py and 1 more could not be collected",
                "the run stopped early: 1 test was not reached (first e.py::t)",
            ],
        ),
        (
            "failed",
            Selection(ran=frozenset({"a"}), skipped=frozenset({"c"}), failed=frozenset({"a", "b"})),
            ["no test came to its end: 2 tests failed"],
        ),
    ],
)
def test_why_a_run_did_not_come_to_its_end(outcome: str, selection: Selection, reasons: list[str]) -> None:
    """One test that came to its end makes a run of failures one that finished something."""
    assert reasons == list(unfinished(outcome, selection, selection.ran))


@pytest.mark.parametrize(
    ("outcome", "selection", "heading"),
    [
        ("interrupted", IMPORT_ERROR, "not known (1 file could not be collected)"),
        ("interrupted", Selection(not_reached=LEFT, narrowed="-k"), "not known (interrupted, 2 tests not reached)"),
        (
            "failed",
            Selection(ran=frozenset({"x"}), failed=frozenset({"x"}), not_reached=LEFT),
            "not known (`x` failed, 2 tests not reached)",
        ),
        ("failed", Selection(ran=frozenset({"x"}), failed=frozenset({"x"})), "not known (`x` failed)"),
    ],
    ids=["import error", "Ctrl-C", "-x", "all failed"],
)
def test_a_run_that_finished_nothing_is_incomplete_and_not_known(
    outcome: str, selection: Selection, heading: str
) -> None:
    """Nothing says that it is within, nor advises to tolerate it for ever."""
    report = run(outcome, selection)
    assert (report.verdict.outcome, report.verdict.fails) == (Outcome.INCOMPLETE, True)
    assert said(report).endswith("verdict: incomplete: the run did not come to its end")
    page = comment(json_document(report))
    assert page.splitlines()[0] == f"### Claude cost: {heading}; the check fails"
    assert "on_incomplete" not in page + said(report)
    assert "within" not in page + said(report)


@pytest.mark.parametrize(
    ("failed", "lack"), [("a", "a failed test may lack some"), ("ab", "failed tests may lack some")]
)
def test_answers_that_are_all_priced_may_not_be_all(failed: str, lack: str) -> None:
    """A test that failed after its first call made one that is priced."""
    used = record(*(replace(ONE, owner=name) for name in "abc"))
    ran = Selection(ran=frozenset("abc"), failed=frozenset(failed))
    report = run("failed", ran, used=used, before=used)
    (line,) = [line.text for line in terminal_lines(report, 120) if " priced" in line.text]
    assert f"3 of 3 answers priced ({lack}), rates as of " in line


def test_a_run_that_warns_beside_a_test_that_failed_warns_as_far_as_it_is_known() -> None:
    """Two cents of two; the third test failed."""
    near = Budget(source="b.yml", limits=(replace(CHEAP, maximum=Decimal("0.02"), warn_at=Decimal("0.5")),))
    used = record(*(replace(ONE, owner=name) for name in "ab"))
    ran = Selection(ran=frozenset("ab"), failed=frozenset("b"))
    report = run("failed", ran, used=used, before=used, budget=near)
    assert said(report).endswith("verdict: warned: 1 limit is reached, as far as it is known: 1 test failed")


def test_what_a_run_that_was_cut_short_made_is_a_lower_bound() -> None:
    """One cent of three: the rest was not reached, and is named so, not deselected; the baseline had $0.03."""
    before = record(ONE, *(replace(ONE, owner=name) for name in sorted(LEFT)))
    cut = Selection(ran=frozenset({ONE.owner}), not_reached=LEFT, skipped=LEFT)
    report = run("interrupted", cut, used=record(ONE), before=before)
    page = comment(json_document(report))
    assert (
        page.splitlines()[0]
        == "### Claude cost: not known in full (interrupted, 2 tests not reached), at least $0.01 per run (was $0.03); the check fails"
    )
    assert "1 unchanged · 0 new · 0 removed · 2 not reached" in page
    assert "`test_a.py::test_three` (not reached, $0.01)" in page
    assert "what was not reached cost $0.02: that is not counted as a saving" in said(report)
    assert "deselected" not in page + said(report)


def test_a_limit_that_is_exceeded_already_is_over_whatever_was_not_reached() -> None:
    """$1.01 of $1.00."""
    cut = Selection(ran=frozenset({ONE.owner}), not_reached=LEFT)
    used = record(owner(ONE.owner, group(usage(1_010_000), HAIKU)))
    assert run("interrupted", cut, used=used).verdict.outcome is Outcome.OVER


def test_where_a_run_may_be_incomplete_one_that_was_cut_short_is_warned() -> None:
    """`on_incomplete: warn` is about all that is not known."""
    report = run("interrupted", IMPORT_ERROR)
    budget = replace(BUDGET, on_incomplete="warn")
    report = judge(report.sums, report.record, replace(report.facts, budget=budget))
    assert report.verdict.outcome is Outcome.WARNED
    assert said(report).endswith("verdict: warned: the run did not come to its end")


def test_a_run_without_a_test_and_without_a_failure_is_not_judged() -> None:
    """As with `--collect-only`, or where all tests skip themselves: no reason to fail it, and none to praise it."""
    report = run("passed", Selection(narrowed=NOTHING_RAN, skipped=LEFT))
    assert (report.verdict.outcome, report.verdict.fails) == (Outcome.UNJUDGED, False)
    page = comment(json_document(report))
    assert page.splitlines()[0] == "### Claude cost: not known (no test ran)"
    assert "there is no budget file" not in page
    assert run("passed", Selection(ran=LEFT)).verdict.outcome is Outcome.WITHIN  # they made no calls


@pytest.mark.parametrize(
    ("kind", "name", "selection", "standing"),
    [
        ("test", "a.py::t", Selection(narrowed="-k"), "deselected"),
        ("test", "a.py::t", Selection(paths=("b.py",)), "deselected"),
        ("test", "a.py::t", Selection(uncollected=frozenset({"a.py"})), "deselected"),
        ("test", "a.py::t[1]", Selection(skipped=frozenset({"a.py::t"})), "skipped"),
        ("test", "a.py::t", Selection(narrowed="-k", skipped=frozenset({"a.py"})), "skipped"),
        (
            "test",
            "a.py::t",
            Selection(skipped=frozenset({"a.py::t"}), not_reached=frozenset({"a.py::t"})),
            "not_reached",
        ),
        ("test", "a.py::t", Selection(skipped=frozenset({"a.py"}), broken=frozenset({"a.py"})), "not_reached"),
        ("test", "a.py::t", Selection(uncollected=frozenset({"a.py"}), broken=frozenset({"b.py"})), "not_reached"),
        ("fixture", "a.py::f", Selection(narrowed="-k"), "not_requested"),
        ("fixture", "conftest.py::f", Selection(skipped=frozenset({"a.py::t"})), "not_requested"),
        ("outside", "outside tests", Selection(paths=("b.py",)), "not_requested"),
    ],
)
def test_what_is_not_in_a_run_is_called_what_it_is(kind: str, name: str, selection: Selection, standing: str) -> None:
    """Only what an option or a path left out is deselected."""
    one = replace(ONE, owner=name, kind=kind)
    assert not selection.is_gone(one)
    assert selection.absence(one) == standing


def test_a_run_whose_calls_were_refused_is_over_and_read_back_so() -> None:
    """Whatever else holds of it, and whoever judges it anew."""
    said = "the cap of $5.00 refused calls of 1 test"
    facts = RunFacts(rates=TABLE, day=TODAY, capped=[said])
    used = record(ONE)
    report = judge(sums_of(used, Terms(budget=None, rates=TABLE, day=TODAY)), used, facts)
    assert (Outcome.OVER, True) == (report.verdict.outcome, report.verdict.fails)
    shown = [line.text for line in terminal_lines(report, 300)]
    room = "raise hard_cap (or --claude-budget-cap, where that is given), or make the refused calls smaller"
    assert shown[-2].startswith(f"  to pass: {room}")
    assert shown[-1] == f"verdict: over: {said}"
    loaded = read_report(json_document(report), "a.json")
    again = judge_report(combine([loaded]), Terms(budget=BUDGET, rates=TABLE, day=TODAY), Asked())
    assert (Outcome.OVER, (said,)) == (again.verdict.outcome, again.verdict.capped)
    assert "calls were refused by a cap, and are not in the cost" == refusal(report)
