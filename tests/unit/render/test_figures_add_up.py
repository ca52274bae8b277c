"""What stands side by side adds up as it is shown: before and change are after, in every table, first line and terminal."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from pytest_claude_budget.compare.result import Baseline, Comparison
from pytest_claude_budget.render.comment import comment, summary
from pytest_claude_budget.render.comparison import comparison_lines
from pytest_claude_budget.render.html_charts import waterfall
from pytest_claude_budget.render.html_tests import rows_of
from tests.golden.documents import Document, Owner, Report
from tests.golden.scenes import SCENES, document

_AMOUNT = re.compile(r"[+-]?\$[\d,]+(?:\.\d+)?")
# To three digits each, 0.108 and +0.0697 are not 0.177; the other has a change of a millionth of all that it costs.
UNEVEN = Report(
    owners=[
        Owner(
            id="t.py::test_uneven",
            before="0.1075",
            after="0.17719",
            feature="replies",
            causes=[("calls", "0.06454", "makes 2 calls (was 1)"), ("system", "0.00515", "system prompt +9 tokens")],
        ),
        Owner(id="t.py::test_small", before="1.5", after="1.5000015", causes=[("calls", "0.0000015", "another call")]),
    ]
).document()


def read(text: str) -> Decimal:
    """The number that a person reads."""
    return Decimal(re.sub(r"[$,+]", "", text))


def amount_of(cell: str) -> Decimal | None:
    """The first amount of a cell; None of one that is not known."""
    found = _AMOUNT.search(cell)
    if "not known" in cell or "at least" in cell or "at most" in cell:
        return None
    return read(found[0]) if found else None


def tables(text: str) -> list[list[list[str]]]:
    """The cells of each table of a page."""
    blocks = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [[row.strip("| ").split(" | ") for row in block.splitlines()] for block in blocks]


def rows_with_a_change(text: str) -> list[tuple[Decimal, Decimal, Decimal]]:
    found = []
    for head, _, *rows in tables(text):
        if {"Before", "After", "Change"} <= set(head):
            for row in rows:
                before, after, change = (amount_of(row[head.index(name)]) for name in ("Before", "After", "Change"))
                if before is not None and after is not None and change is not None:
                    found.append((before, change, after))
    return found


@pytest.mark.parametrize("name", [*sorted(set(SCENES) - {"hostile", "many"}), "uneven"])
def test_every_row_of_a_comment_and_of_a_summary_adds_up(name: str) -> None:
    report = UNEVEN if name == "uneven" else document(name)
    for text in (comment(report), summary(report)):
        for before, change, after in rows_with_a_change(text):
            assert before + change == after


def test_the_first_lines_add_up() -> None:
    first, *others = comment(UNEVEN).splitlines()
    facts = next(line for line in others if line.startswith("Run "))
    change, after = map(read, _AMOUNT.findall(first))
    before, again = map(read, _AMOUNT.findall(facts.partition(" at list price")[0]))
    assert (before, after) == (Decimal("1.6075"), Decimal("1.6772"))
    assert before + change == after == again


def test_causes_add_up_to_the_change_beside_them() -> None:
    (row,) = [line for line in comment(UNEVEN).splitlines() if "`test_uneven`<br>" in line]
    assert "| $0.1075 | $0.1772 | +$0.0697 (+65%) | +$0.0645: makes 2 calls (was 1)<br>+$0.0052: system" in row


def test_dearer_and_cheaper_add_up_to_what_moved() -> None:
    """19 tests are 0.0142 dearer, two 0.00001 cheaper: 0.01419, which three digits would show as 0.0142."""
    assert "| +$0.01419 | and 4 further changes" in comment(document("busy"))
    assert "19 dearer (+$0.0142), 2 cheaper (-$0.00001)" in comment(document("busy"))


def test_a_page_adds_up_in_its_tests_and_its_waterfall() -> None:
    """What it cost, what it costs, the change and its causes; a step for each kind of cause of both tests."""
    drawn = waterfall(UNEVEN)
    assert drawn is not None
    steps = [read(step["shown"]) for step in drawn["steps"]]
    assert read(drawn["before"]["shown"]) + sum(steps) == read(drawn["after"]["shown"])
    for row in rows_of(UNEVEN)["rows"]:
        after, change, before = (read(row[at]) for at in (8, 11, 13))
        assert before + change == after
        assert sum(read(cause.partition(":")[0]) for cause in row[15]) == change


def test_the_terminal_adds_up() -> None:
    found: Document = UNEVEN["comparison"]
    comparison = Comparison(
        before=Decimal(found["before"]),
        after=Decimal(found["after"]),
        change=Decimal(found["change"]),
        judged=Decimal(found["change"]),
        baseline=Baseline(source="claude-budget.lock.json", kind="lock"),
    )
    (line, *_) = comparison_lines(comparison, 80)
    assert line == "against claude-budget.lock.json: $1.6075 → $1.6772, +$0.0697 (+4.3%)"
    even = replace(comparison, before=Decimal("0.01"), after=Decimal("0.0275"), change=Decimal("0.0175"))
    (line, *_) = comparison_lines(even, 80)
    assert line == "against claude-budget.lock.json: $0.01 → $0.0275, +$0.0175 (+175%)"
