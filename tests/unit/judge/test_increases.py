"""Limits on change and on a month: what fails, what warns, what was over before, and what somebody accepted."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from pytest_claude_budget.base.money import dollars_moved
from pytest_claude_budget.budget.increases_and_volumes import Feature
from pytest_claude_budget.budget.limits import Budget
from pytest_claude_budget.compare.result import Baseline
from pytest_claude_budget.files.budget_file import load_budget
from pytest_claude_budget.files.load import Terms, sums_of
from pytest_claude_budget.github.annotations import annotations_of
from pytest_claude_budget.judge.report import CostReport, RunFacts, judge
from pytest_claude_budget.judge.verdict import Outcome
from pytest_claude_budget.record.record import OwnerRecord, Record
from pytest_claude_budget.record.sums import Sums
from pytest_claude_budget.render import terminal_lead
from pytest_claude_budget.render.comment import comment
from pytest_claude_budget.render.json_document import json_document
from pytest_claude_budget.render.remedies import ENOUGH, Step
from pytest_claude_budget.render.sentences import breach_line
from pytest_claude_budget.render.terminal import terminal_lines
from pytest_claude_budget.render.terminal_causes import causes_told, down, steps_down, why
from pytest_claude_budget.render.terminal_lead import begun, lead
from tests.builders.priced import TABLE, TODAY
from tests.builders.records import HAIKU, group, owner, record, usage

LOCK = Baseline(source="claude-budget.lock.json", kind="lock")


def costing(name: str, cents: int, *, feature: str | None = None) -> OwnerRecord:
    """One call on Haiku: 10,000 tokens of input are a cent."""
    said = json.dumps({"messages": f"{name}:9"})
    return owner(name, group(usage(10_000 * cents), HAIKU, request=said, feature=feature))


@pytest.fixture
def budget(tmp_path: Path) -> Budget:
    """The run may become 10% dearer, a test 25% if that is more than a cent."""
    path = tmp_path / "claude-budget.yml"
    path.write_text(
        "version: 1\n"
        "limits:\n"
        "  - {scope: test, max_cost: 0.20}\n"
        "changes:\n"
        "  run: {max_increase: 10%, warn_increase: 5%}\n"
        "  test: {max_increase: 25%, ignore_below: 0.01}\n"
        "  feature: {max_increase: 50%}\n"
        "features:\n"
        "  triage: {requests_per_month: {average: 1000, heavy: 2000}}\n"
        "projection:\n"
        "  max_monthly_cost: {heavy: 300}\n"
        "  max_monthly_increase: 50%\n",
        encoding="utf-8",
    )
    return load_budget(path, "claude-budget.yml")[0]


def judged(budget: Budget, before: Record, after: Record, accepted: str | None = None) -> CostReport:
    """As a gate does; a month is limited where a test of its feature ran, for else it is not known."""
    if not any(group.feature for one in after.owners.values() for group in one.groups):
        budget = replace(budget, projection=replace(budget.projection, max_monthly_cost={}))
    facts = RunFacts(rates=TABLE, day=TODAY, budget=budget, baseline=LOCK, before=before, accepted=accepted)
    sums: Sums = sums_of(after, Terms(budget=budget, rates=TABLE, day=TODAY))
    return judge(sums, after, facts)


def lines(report: CostReport) -> list[str]:
    """The breaches."""
    return [breach_line(breach) for breach in report.verdict.breaches]


def test_an_increase_of_the_run_and_of_a_test_above_what_is_allowed(budget: Budget) -> None:
    """20 cents become 24: +20% of the run; one test 10 becomes 14: +40%."""
    report = judged(budget, record(costing("a", 10), costing("b", 10)), record(costing("a", 14), costing("b", 10)))
    assert report.verdict.outcome is Outcome.OVER
    assert lines(report) == [
        "claude-budget.yml:5: the run costs $0.20 → $0.24: +20.0%, the limit is +10%",
        "claude-budget.yml:6: a costs $0.10 → $0.14: +40.0%, the limit is +25%",
    ]


def test_what_equals_the_limit_is_within_and_a_hair_more_is_over(budget: Budget) -> None:
    """100 cents may become 110."""
    before = record(*(costing(name, 10) for name in "abcdefghij"))
    at = record(*(costing(name, 11) for name in "abcdefghij"))
    assert judged(budget, before, at).verdict.outcome is Outcome.WARNED
    above = record(*(costing(name, 11) for name in "abcdefghi"), owner("j", group(usage(110_001), HAIKU, request="{}")))
    (line,) = lines(judged(budget, before, above))
    assert "the run costs $1.00 → $1.100001: +10.0001%, the limit is +10%" in line


@pytest.mark.parametrize(
    ("tokens", "grown", "how", "word", "title"),
    [
        (1_100_000, "+10.0%, the limit is +10%", "reached", "at", "At the limit"),
        (1_099_999, "+9.9999%, the limit is +10%", "nearly reached", "close to", "Close to the limit"),
        (1_060_000, "+6.0%, the limit is +10%", "nearly reached", "close to", "Close to the limit"),
    ],
)
def test_a_warning_is_at_or_close_to_the_maximum_and_not_to_what_warns(
    budget: Budget, tokens: int, grown: str, how: str, word: str, title: str
) -> None:
    """A dollar may become $1.10, and warns above $1.05."""
    run_alone = replace(budget, limits=(), changes=budget.changes[:1])
    report = judged(run_alone, record(costing("a", 100)), record(owner("a", group(usage(tokens), HAIKU, request="{}"))))
    page = comment(json_document(report))
    assert page.splitlines()[0].endswith(f", {word} a limit; the budget lets the cost pass")
    assert f"**{title}:**" in page
    assert grown in page
    said = [line.text for line in terminal_lines(report, 120)]
    assert any(grown in line for line in said)
    assert said[-1] == f"verdict: warned: 1 limit is {how}"
    (found,) = annotations_of(json_document(report), ".")
    assert found.title == f"Claude cost: {word} a limit"


def test_what_only_warns_is_above_it_and_not_close_to_it(budget: Budget) -> None:
    """A dollar became $1.06 and one cent nothing; both are above the 5% from which the run and each test warns."""
    run_limit, test_limit, *_ = budget.changes
    warns = replace(run_limit, max_increase=None)
    each = replace(test_limit, max_increase=None, warn_increase=Decimal("0.05"), ignore_below=Decimal(0))
    only = replace(budget, changes=(warns, each), limits=())
    before = record(costing("a", 50), costing("b", 50), costing("c", 0))
    report = judged(only, before, record(costing("a", 53), costing("b", 53), costing("c", 1)))
    page, said = comment(json_document(report)), [line.text for line in terminal_lines(report, 120)]
    assert page.splitlines()[0].endswith(", above a limit; the budget lets the cost pass")
    assert "**Above the limit:**" in page
    assert "- the run costs $1.00 → $1.07: +7.0%, it warns above +5% (`claude-budget.yml:5`)" in page
    assert "- 3 tests are above `warn_increase 5% for each test`" in page
    assert said[-1] == "verdict: warned: 2 limits that only warn are exceeded"
    assert "close to" not in page + "".join(said)
    assert {each.title for each in annotations_of(json_document(report), ".")} == {"Claude cost: above a limit"}


def test_an_increase_below_what_is_ignored_is_never_held_against_a_test(budget: Budget) -> None:
    """One cent on one cent is +100% and still ignored; two are not."""
    before = record(costing("a", 1), costing("b", 100))
    assert (
        lines(judged(budget, before, record(costing("a", 2), costing("b", 100))))
        == ["claude-budget.yml:3: b costs $1.00, the limit is $0.20"][:0]
    )
    assert [
        breach.name for breach in judged(budget, before, record(costing("a", 3), costing("b", 100))).verdict.breaches
    ] == ["a"]


def test_a_limit_that_was_exceeded_before_is_shown_and_fails_no_change_that_does_not_worsen_it(budget: Budget) -> None:
    """$0.30 of $0.20: the same or less is known, more is over."""
    before = record(costing("a", 30))
    for cents, outcome in ((30, Outcome.WARNED), (25, Outcome.WARNED), (31, Outcome.OVER)):
        report = judged(budget, before, record(costing("a", cents)))
        assert report.verdict.outcome is outcome
        assert len(report.verdict.known) == (outcome is Outcome.WARNED)
    assert judged(budget, record(costing("b", 1)), record(costing("a", 30))).verdict.outcome is Outcome.OVER
    (line, *_) = lines(judged(budget, before, record(costing("a", 31))))
    assert line.endswith("a costs $0.31, the limit is $0.20; the baseline was over it too, and this is worse")


@pytest.mark.parametrize(
    ("before", "after", "percent", "shown"),
    [
        ("12.345", "12.346", "0", ("$12.345", "$12.346")),
        ("0.1", "0.1101", "10", ("$0.10", "$0.1101")),
        ("0.1", "0.14", "25", ("$0.10", "$0.14")),
        ("0.1", "0.11", "10", ("$0.10", "$0.11")),
    ],
)
def test_an_increase_shows_the_digits_that_decide(
    before: str, after: str, percent: str, shown: tuple[str, str]
) -> None:
    """What is over looks over; where no digits tell, as where noise is left out, the usual ones."""
    assert dollars_moved(Decimal(before), Decimal(after), percents=[Decimal(percent)])[:2] == list(shown)


def test_a_new_test_is_held_to_limits_and_to_the_runs_increase(budget: Budget) -> None:
    """It has no increase of its own."""
    report = judged(budget, record(costing("a", 10)), record(costing("a", 10), costing("b", 5)))
    assert [(breach.scope, breach.value) for breach in report.verdict.breaches] == [("run", Decimal("50.0"))]


def test_an_accepted_increase_is_shown_and_does_not_fail(budget: Budget) -> None:
    """But a plain limit still does."""
    before, after = record(costing("a", 10)), record(costing("a", 19))
    report = judged(budget, before, after, accepted="label claude-cost-accepted")
    assert (report.verdict.outcome, len(report.verdict.known)) == (Outcome.WITHIN, 2)
    over = judged(budget, before, record(costing("a", 21)), accepted="label claude-cost-accepted")
    assert [breach.measure for breach in over.verdict.breaches] == ["max_cost"]


def test_accepting_an_increase_accepts_no_month_above_its_maximum(budget: Budget) -> None:
    """10 cents become 16, and 2,000 of them $320 a month: the increases are let pass, the $300 are not."""
    before, after = (record(costing("a", cents, feature="triage")) for cents in (10, 16))
    report = judged(budget, before, after, accepted="label claude-cost-accepted")
    assert [breach.measure for breach in report.verdict.breaches] == ["max_monthly_cost"]
    assert {breach.measure for breach in report.verdict.known} == {"max_increase", "max_monthly_increase"}


def test_the_hint_says_how_an_increase_a_month_is_accepted(budget: Budget) -> None:
    """As any other increase: 8 cents become 14, which is +75%."""
    before = record(costing("a", 8, feature="triage"), costing("z", 100))
    months = replace(budget, changes=())
    report = judged(months, before, record(costing("a", 14, feature="triage"), costing("z", 100)))
    assert {breach.measure for breach in report.verdict.breaches} == {"max_monthly_increase"}
    shown = [line.text for line in terminal_lines(report, 79)]
    said = " ".join(map(str.strip, shown))
    assert "2 months over max_monthly_increase 50% for a month, the farthest average (+75.0%), heavy (+75.0%)" in said
    assert [line.rpartition("costs ")[2] for line in lines(report)] == [
        "$80.00 → $140.00: +75.0% by volume, the limit is +50%",
        "$160.00 → $280.00: +75.0% by volume, the limit is +50%",
    ]
    steps = "pytest --claude-budget-update, then commit claude-budget.lock.json"
    assert f"to accept: {steps} [over-limit]" in said


def test_the_terminal_says_what_would_bring_down_what_is_over(budget: Budget) -> None:
    """A longer prompt, and a new test: 15 cents more are $0.05 of input and $0.10 of what is new."""
    before, after = record(costing("a", 10)), record(costing("a", 15), costing("new", 10))
    said = [line.text for line in terminal_lines(judged(budget, before, after), 200)]
    at = said.index("  to bring it down:")
    assert said[at + 1 : at + 4] == [
        "    make the new test cheaper ($0.10 in new)",
        "    send a shorter prompt ($0.05 in a)",
        "    whether that is enough, the next run shows",
    ]
    within = terminal_lines(judged(budget, before, before), 79)
    assert not any("to bring it down" in line.text for line in within)


def test_the_last_lines_of_a_terminal_say_why_and_what_to_do(budget: Budget) -> None:
    """Two tests of 10 cents became 15 and 14 by longer prompts, one is new at 6: $0.05 + $0.04 + $0.06 on $0.20 are +75%."""
    before = record(costing("a", 10), costing("b", 10))
    report = judged(budget, before, record(costing("a", 15), costing("b", 14), costing("c", 6)))
    said = [line.text for line in terminal_lines(report, 160)][-10:]
    assert said == [
        "  why:",
        "    +$0.09 in 2 tests: a longer prompt",
        "    +$0.06 in c, which is new",
        "    in all +$0.15 (+75%)",
        "  to bring it down:",
        "    send a shorter prompt ($0.09 in 2 tests)",
        "    make the new test cheaper ($0.06 in c)",
        "    whether that is enough, the next run shows",
        "  to accept: pytest --claude-budget-update, then commit claude-budget.lock.json   [over-limit]",
        "verdict: over: 2 limits exceeded",
    ]


def test_why_a_single_test_is_over_is_its_own_cause(budget: Budget) -> None:
    """The change of another that is within its limit explains nothing of it, and neither do all together."""
    only = replace(budget, changes=budget.changes[1:2])
    report = judged(only, record(costing("a", 10), costing("b", 10)), record(costing("a", 14), costing("b", 12)))
    said = [line.text for line in terminal_lines(report, 120)]
    assert "  why: +$0.04 in a: input +40,000 tokens" in said
    assert causes_told(report) == ["+$0.04 in a: input +40,000 tokens"]
    alone = judged(only, record(costing("a", 10)), record(costing("a", 10)))
    assert (why(alone), causes_told(alone), down(alone)) == ([], [], [])


def test_the_last_lines_say_why_and_the_two_ways_on_where_that_takes_several_lines(budget: Budget) -> None:
    """20 and 60 cents, 25 is what one may cost: a limit is to be raised, and two increases accepted."""
    before = record(costing("a", 10), costing("b", 10))
    said = lead(judged(budget, before, record(costing("a", 20), costing("b", 60))))
    assert [(line.word, line.subject, line.more) for line in said] == [
        ("WHY", "+$0.60 in 2 tests", "a longer prompt"),
        ("NOT INTENDED?", "send a shorter prompt", "see 'to bring it down'"),
        ("INTENDED?", "raise 1 limit, then pytest --claude-budget-update", "see 'to accept'"),
    ]
    several = judged(budget, before, record(costing("a", 14), costing("b", 14), costing("c", 6)))
    assert [(line.word, line.subject, line.more) for line in lead(several)] == [
        ("WHY", "+$0.08 in 2 tests", "input +40,000 tokens"),
        ("WHY", "+$0.06 in c, which is new", ""),
        ("NOT INTENDED?", "send a shorter prompt, and 1 more", "see 'to bring it down'"),
        ("INTENDED?", "pytest --claude-budget-update", "see 'to accept'"),
    ]


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("t.py::one[what: this]", "t.py::one[what: this]"),
        ("tests/support/refunds/test_refunds.py::test_of_german_customers[who: a]", "test_of_german...omers[who: a]"),
    ],
)
def test_a_name_is_not_torn_apart_in_the_last_lines_and_leaves_room_for_why(
    budget: Budget, name: str, subject: str
) -> None:
    """Whatever its parameters hold. 20 cents became 60."""
    said = lead(judged(budget, record(costing(name, 20)), record(costing(name, 60))))
    assert [(line.subject, line.more) for line in said if line.word == "WHY"] == [
        (f"+$0.40 in {subject}", "input +400,000 tokens")
    ]


def test_what_drew_less_by_chance_does_not_make_a_step_enough(budget: Budget) -> None:
    """Of +$0.05 on $0.20 a step is against $0.04, and 10% are left; with another that drew $0.02 less by chance, it would not be.

    What was refused is not in the cost.
    """
    before = record(costing("a", 10), costing("b", 10))
    report = judged(replace(budget, changes=budget.changes[:1]), before, record(costing("a", 14), costing("b", 11)))
    assert report.comparison is not None
    first, other = report.comparison.owners
    unasked = replace(other, causes=())
    drew = replace(unasked, judged=other.judged + Decimal("0.02"))
    for row, said in ((unasked, ENOUGH), (drew, "whether that is enough, the next run shows")):
        changed = replace(report, comparison=replace(report.comparison, owners=(first, row)))
        assert steps_down(changed)[1] == said
    refused = replace(report.verdict, capped=("the cap of $5.00 refused calls of 1 test",))
    assert steps_down(replace(report, verdict=refused))[1] != ENOUGH


def test_where_the_rest_stands_is_not_cut_off_behind_a_long_step(
    budget: Budget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """80 columns: a model with its date, and one more step."""
    steps = [
        Step(words=f"go back to {name}", amount=Decimal(1), owners=("a",))
        for name in ("claude-haiku-4-5-20251001", "b")
    ]
    monkeypatch.setattr(terminal_lead, "steps_down", lambda report: (steps, ENOUGH))
    said = lead(judged(budget, record(costing("a", 10)), record(costing("a", 60))))
    (line,) = [each for each in said if each.word == "NOT INTENDED?"]
    assert (line.subject, line.more) == ("go back to claude-haiku-4-5-20251001, and 1 more", "see above")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cache reads 2,866 → 0", "cache reads 2,866 → 0"),
        ("cache reads 2,866 → 0: block 1 of the system prompt changed", "cache reads 2,866 → 0"),
        ("a, b: cde, and what does not fit any more", "a, b: cde"),
        ("a-word-that-has-no-end-in-sight-and-goes-on", "a-word-tha...d-goes-on"),
    ],
)
def test_a_long_reason_ends_with_a_clause(text: str, shown: str) -> None:
    """22 columns are there."""
    assert begun(text, 22) == shown


def test_what_is_said_in_three_lines_is_not_said_again(budget: Budget) -> None:
    """A single test, a single cause, and one way on; and a run within its limits."""
    only, before = replace(budget, changes=budget.changes[1:2]), record(costing("a", 10))
    assert lead(judged(only, before, record(costing("a", 14)))) == []
    assert lead(judged(budget, before, before)) == []


def test_a_feature_has_an_increase_and_months_of_its_own(budget: Budget) -> None:
    """10 cents become 16: +60%; 2,000 requests at $0.16 are $320 a month."""
    before, after = (record(costing("a", cents, feature="triage"), costing("z", 100)) for cents in (10, 16))
    report = judged(budget, before, after)
    assert lines(report) == [
        "claude-budget.yml:7: feature triage costs $0.10 → $0.16: +60.0%, the limit is +50%",
        "claude-budget.yml:6: a costs $0.10 → $0.16: +60.0%, the limit is +25%",
        "claude-budget.yml:12: a month (average) costs $100.00 → $160.00: +60.0% by volume, the limit is +50%",
        "claude-budget.yml:11: a month (heavy) costs $320.00, the limit is $300.00",
        "claude-budget.yml:12: a month (heavy) costs $200.00 → $320.00: +60.0% by volume, the limit is +50%",
    ]


def test_without_a_baseline_only_limits_and_months_are_judged(budget: Budget) -> None:
    """The first run reports and passes."""
    facts = RunFacts(rates=TABLE, day=TODAY, budget=budget, baseline=LOCK, before=None)
    after = record(costing("a", 10, feature="triage"))
    report = judge(sums_of(after, Terms(budget=budget, rates=TABLE, day=TODAY)), after, facts)
    assert (report.verdict.outcome, report.comparison) == (Outcome.WITHIN, None)
    assert [row.after.measured for row in report.projection if row.after is not None] == [Decimal(100), Decimal(200)]


def test_what_grows_from_nothing_is_over_every_limit_on_an_increase(budget: Budget) -> None:
    """$0.00 is a base: $0.00 to $0.19 a run, which are $190 and $380 a month at 1,000 and 2,000 requests."""
    before, after = (record(costing("a", cents, feature="triage")) for cents in (0, 19))
    report = judged(budget, before, after)
    assert lines(report) == [
        "claude-budget.yml:5: the run costs $0.19, up from $0.00, the limit is +10%",
        "claude-budget.yml:7: feature triage costs $0.19, up from $0.00, the limit is +50%",
        "claude-budget.yml:6: a costs $0.19, up from $0.00, the limit is +25%",
        "claude-budget.yml:12: a month (average) costs $190.00, up from $0.00, the limit is +50%",
        "claude-budget.yml:11: a month (heavy) costs $380.00, the limit is $300.00",
        "claude-budget.yml:12: a month (heavy) costs $380.00, up from $0.00, the limit is +50%",
    ]
    assert {row["value"] for row in json_document(report)["verdict"]["breaches"]} == {"from $0.00", "380"}


def test_the_first_test_that_ever_calls_is_over_but_has_no_increase_of_its_own(budget: Budget) -> None:
    """A baseline that holds no call is one of $0.00: $0.05 a run, $50 and $100 a month."""
    report = judged(budget, record(), record(costing("a", 5, feature="triage")))
    assert [(breach.scope, breach.name, breach.value) for breach in report.verdict.breaches] == [
        ("run", "", None),
        ("feature", "triage", None),
        ("projection", "average", None),
        ("projection", "heavy", None),
    ]


def test_a_month_that_is_new_counts_in_the_increase_of_all(budget: Budget) -> None:
    """A second feature brings $60 at 1,000 requests, in heavy too: $10 to $70 is +600%, $20 to $80 is +300%."""
    second = Feature(name="reply", requests_per_month={"average": 1000}, where="claude-budget.yml:9")
    both = replace(budget, changes=(), features=(*budget.features, second))
    old = costing("a", 1, feature="triage")
    report = judged(both, record(old), record(old, costing("b", 6, feature="reply")))
    assert [(breach.name, breach.before, breach.after, breach.value) for breach in report.verdict.breaches] == [
        ("average", Decimal(10), Decimal(70), Decimal("600.0")),
        ("heavy", Decimal(20), Decimal(80), Decimal("300.0")),
    ]


def test_from_nothing_it_is_ignored_up_to_what_is_ignored(budget: Budget) -> None:
    """One cent of a test is, two are not; the run ignores nothing."""
    for cents, scopes in ((1, ["run"]), (2, ["run", "test"])):
        report = judged(budget, record(costing("a", 0)), record(costing("a", cents)))
        assert [breach.scope for breach in report.verdict.breaches] == scopes


def test_a_base_that_nobody_knows_is_not_nothing(budget: Budget) -> None:
    """The baseline's call had no rates. What it cost is not known, so there is nothing to grow from."""
    unknown = owner("a", group(usage(10_000), "claude-unheard-of", request="{}", feature="triage"))
    report = judged(budget, record(unknown), record(costing("a", 10, feature="triage")))
    assert lines(report) == []


def test_why_a_limit_is_not_held_against_a_test_is_told(budget: Budget) -> None:
    """One cent more is no more than what is ignored, and a new test has nothing to grow from; 4 cents of 10 are over 25%."""
    before = record(costing("a", 10), costing("b", 1), costing("c", 10))
    report = judged(budget, before, record(costing("a", 14), costing("b", 2), costing("c", 11), costing("d", 5)))
    assert [(each.owner, each.why, each.ignore_below) for each in report.verdict.spared] == [
        ("d", "new", 0),
        ("b", "ignore_below", Decimal("0.01")),
    ]
    page = comment(json_document(report))
    assert "| +$0.05 | `d` is new |" in page
    assert "| `d` | – | $0.05 | +$0.05 (new) | not judged: new |" in page
    assert "| +$0.04 (+40%) | **over +25%** |" in page
    assert "| `b` | $0.01 | $0.02 | +$0.01 (+100%) | not judged: a rise of up to $0.01 is ignored |" in page
    assert "| `c` | $0.10 | $0.11 | +$0.01 (+10%) | – |" in page


def test_a_limit_that_a_test_would_be_over_has_its_column_though_nothing_is_over(budget: Budget) -> None:
    """$0.01 more of $0.01 is a hundred percent."""
    only = replace(budget, changes=budget.changes[1:2])
    before = record(costing("b", 1), costing("c", 10))
    page = comment(json_document(judged(only, before, record(costing("b", 2), costing("c", 10)))))
    assert (
        "| +$0.01 (+100%) | `b`: **input +10,000 tokens**; within the limit of +25%, which ignores a rise of up to $0.01 |"
        in page
    )
    assert "| +$0.01 (+100%) | not judged: a rise of up to $0.01 is ignored | input +10,000 tokens |" in page
    assert "Limit" not in comment(json_document(judged(only, before, record(*before.owners.values(), costing("d", 5)))))


def test_an_increase_from_nothing_that_warns_only(budget: Budget) -> None:
    """`warn_increase` alone."""
    (limit, *_) = budget.changes
    warned = replace(budget, changes=(replace(limit, max_increase=None),))
    report = judged(warned, record(costing("a", 0)), record(costing("a", 1)))
    assert (report.verdict.outcome, [breach.value for breach in report.verdict.warnings]) == (Outcome.WARNED, [None])


def test_what_grows_from_nothing_is_worded_without_a_percentage(budget: Budget) -> None:
    """Neither +inf% nor +0%, in the terminal and on the page."""
    report = judged(budget, record(costing("a", 0)), record(costing("a", 10)))
    page = comment(json_document(report))
    said = "\n".join(line.text for line in terminal_lines(report, 79))
    assert page.splitlines()[0].startswith(
        "### Claude cost: +$0.10 per run (from $0.00), over the limits of +10% a run and "
    )
    assert "+0%" not in page + said
    assert "inf" not in (page + said).lower()


def test_a_stale_lock_file_beside_the_hint_to_accept_is_told_without_a_second_command(budget: Budget) -> None:
    """Over by $0.04 of $0.10 an update is advised by the hint; within, the stale lock file asks for it itself."""
    for cents, said in (
        (14, "it differs in a claude-budget.yml:"),
        (10, "it differs in a; pytest --claude-budget-update"),
    ):
        report = judged(budget, record(costing("a", 10)), record(costing("a", cents)))
        stale = judge(report.sums, report.record, replace(report.facts, stale=("a",)))
        text = " ".join(" ".join(line.text for line in terminal_lines(stale, 79)).split())
        assert f"stale lock file: {said}" in text
        assert text.count("pytest --claude-budget-update") == 1
