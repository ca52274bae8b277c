"""What equals its limit has reached it, and is not said to be close to it: in the terminal, the comment and annotations."""

from decimal import Decimal

import pytest

from pytest_claude_budget.budget.limits import Budget, Limit
from pytest_claude_budget.files.load import Terms, sums_of
from pytest_claude_budget.github.annotations import annotations_of
from pytest_claude_budget.judge.report import CostReport, RunFacts, judge
from pytest_claude_budget.record.record import Record
from pytest_claude_budget.render.comment import comment
from pytest_claude_budget.render.json_document import json_document
from pytest_claude_budget.render.terminal import terminal_lines
from tests.builders.priced import TABLE, TODAY
from tests.builders.records import HAIKU, group, owner, record, usage


def limit(scope: str, maximum: Decimal | int, measure: str = "max_input_tokens") -> Limit:
    """From 80% of it on the run warns."""
    where = f"claude-budget.yml:{3 if scope == 'run' else 4}"
    return Limit(
        scope=scope, measure=measure, maximum=maximum, warn_at=Decimal("0.8"), where=where, path=f"{scope}.{measure}"
    )


def report_of(used: Record, *limits: Limit) -> CostReport:
    """A run judged by these limits."""
    budget = Budget(source="claude-budget.yml", limits=limits)
    facts = RunFacts(rates=TABLE, day=TODAY, budget=budget)
    return judge(sums_of(used, Terms(budget=budget, rates=TABLE, day=TODAY)), used, facts)


def taking(*tokens: int) -> Record:
    """Tests `a`, `b`, ... that take so many tokens of input each."""
    return record(*(owner(name, group(usage(count), HAIKU)) for name, count in zip("abcdef", tokens, strict=False)))


@pytest.mark.parametrize(
    ("tokens", "limits", "verdict", "heading", "title"),
    [
        ((100,), [limit("run", 100)], "1 limit is reached", ", at a limit", "At the limit"),
        ((90,), [limit("run", 100)], "1 limit is nearly reached", ", close to a limit", "Close to the limit"),
        ((100, 90), [limit("test", 100)], "1 limit is reached", ", at a limit", "At or close to the limit"),
        (
            (100, 60),
            [limit("test", 100), limit("run", 200)],
            "2 limits are reached or nearly reached",
            ", at a limit",
            "At or close to the limit",
        ),
    ],
    ids=["at", "close", "a test at and one close", "one at and one close"],
)
def test_a_limit_is_said_to_be_reached_where_it_is(
    tokens: tuple[int, ...], limits: list[Limit], verdict: str, heading: str, title: str
) -> None:
    """One token less is close to it."""
    report = report_of(taking(*tokens), *limits)
    page = comment(json_document(report))
    assert terminal_lines(report, 120)[-1].text == f"verdict: warned: {verdict}"
    assert page.splitlines()[0].endswith(f"{heading}; the budget lets the cost pass")
    assert f"**{title}:**" in page


def test_several_tests_at_one_limit_are_at_it_and_some_may_be_close() -> None:
    """The dearest first: 100 of 100 tokens, then 90."""
    for tokens, word in (((100, 100), "at"), ((100, 90), "at or close to"), ((90, 80), "close to")):
        report = report_of(taking(*tokens), limit("test", 100))
        said = " ".join(line.text for line in terminal_lines(report, 120))
        assert f"2 tests {word} max_input_tokens 100 for each test" in said
        page = comment(json_document(report))
        assert f"- 2 tests are {word} `max_input_tokens 100 for each test`" in page


@pytest.mark.parametrize(("tokens", "word"), [(100, "at"), (90, "close to")])
def test_a_line_of_the_terminal_says_so_and_looks_like_none_that_is_over(tokens: int, word: str) -> None:
    """In black and white, beside a test that takes 300 of 200 tokens; 400 of the run's 400, or 390."""
    report = report_of(taking(tokens, 300), limit("run", 400), limit("test", 200))
    lines = [line.text for line in terminal_lines(report, 120)]
    took = f"the run takes {tokens + 300} input tokens, the limit is 400"
    assert f"  {word} a limit: claude-budget.yml:3: {took}" in lines
    assert "  claude-budget.yml:4: b takes 300 input tokens, the limit is 200" in lines


@pytest.mark.parametrize(("tokens", "word"), [(100, "at"), (99, "close to")])
def test_an_annotation_says_so_too(tokens: int, word: str) -> None:
    """In its title."""
    page = json_document(report_of(taking(tokens), limit("test", 100)))
    (found,) = annotations_of(page, ".")
    assert found.title == f"Claude cost: {word} a limit"


def test_an_amount_is_at_its_limit_however_it_is_written() -> None:
    """A cent, 10,000 tokens of input on Haiku, of a limit of $0.010."""
    report = report_of(taking(10_000), limit("run", Decimal("0.010"), "max_cost"))
    assert comment(json_document(report)).splitlines()[0].endswith(", at a limit; the budget lets the cost pass")
    assert terminal_lines(report, 120)[-1].text == "verdict: warned: 1 limit is reached"


def test_a_limit_of_one_is_of_one_call_and_what_passes_it_is_said_once() -> None:
    """Two calls of `a` where one is allowed, and no baseline: it can only be written when that is seen to."""
    used = record(owner("a", group(usage(100), HAIKU, calls=2)))
    page = comment(json_document(report_of(used, limit("test", 1, "max_calls"))))
    assert page.splitlines()[0].endswith(", over the limit of 1 call for `a`")
    assert page.count("`max_calls: 2`") == 1
    assert "**No baseline yet:** see to that, then run `pytest --claude-budget-update` and commit " in page
