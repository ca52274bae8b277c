"""What gateways say they charge: told beside the list price, and in no sum."""

from dataclasses import replace
from decimal import Decimal

import jsonschema

from pytest_claude_budget.calls.call import OUTSIDE, Answer, Call, Labels, Origin, Status, Usage
from pytest_claude_budget.judge.combine import combine
from pytest_claude_budget.judge.read_report import read_report
from pytest_claude_budget.judge.report import CostReport, RunInfo
from pytest_claude_budget.record.sums import Stated
from pytest_claude_budget.render.comment import comment
from pytest_claude_budget.render.json_document import json_document
from pytest_claude_budget.render.terminal import terminal_lines
from tests.unit.judge.test_report import NOON, SCHEMA, report_of

STATED = Answer(
    status=Status.MEASURED,
    endpoint="openai_compatible",
    model="anthropic/claude-sonnet-4.5",
    usage=Usage(input_tokens=1_000, output_tokens=100),
    stated_cost=Decimal("0.0047250000000000000001"),
)
"""At list price 1,000 x 3 + 100 x 15 = 4,500 millionths of a dollar; the gateway takes 5% on top, and a bit."""
SILENT = replace(STATED, stated_cost=None)
UNKNOWN = replace(STATED, status=Status.UNMEASURED, usage=Usage(), reason="why")
PASSED_ON = replace(STATED, status=Status.FREE)


def reported(*answers: Answer) -> CostReport:
    """A run with these answers."""
    made = [
        Call(id=number, at=NOON, answer=answer, owner=OUTSIDE, labels=Labels(), origin=Origin.LIVE)
        for number, answer in enumerate(answers)
    ]
    return report_of(made)


def test_what_is_stated_is_told_beside_the_list_price_of_the_same_answers() -> None:
    """Three answers at $0.0045 list price, of which two were stated."""
    report = reported(STATED, SILENT, STATED)
    assert report.totals.cost == report.totals.spent == Decimal("0.0135")
    assert report.sums.stated == Stated(cost=Decimal("0.0094500000000000000002"), list_price=Decimal("0.009"), calls=2)
    text = "stated by the server: $0.00945 for 2 calls, at list price $0.009"
    document = json_document(report)
    jsonschema.validate(document, SCHEMA)
    assert document["stated_by_gateways"] == {
        "cost": "0.0094500000000000000002",
        "list_price": "0.009",
        "at_least": False,
        "calls": 2,
        "text": text,
    }
    assert [line.text for line in terminal_lines(report, 80) if "stated" in line.text] == [text]
    assert [line for line in comment(document).splitlines() if "stated" in line] == [f"- {text}"]


def test_nothing_is_said_where_no_gateway_says_anything() -> None:
    """Nor of an answer that was passed on, which is counted where it was made."""
    for report in (reported(SILENT), reported(SILENT, PASSED_ON)):
        document = json_document(report)
        assert "stated_by_gateways" not in document
        assert "stated" not in "".join(line.text for line in terminal_lines(report, 80)) + comment(document)
        assert read_report(document, "r.json").sums.stated == Stated()


def test_an_answer_without_a_list_price_makes_that_a_lower_bound() -> None:
    """It was charged for all the same."""
    report = reported(STATED, UNKNOWN)
    assert report.sums.stated == Stated(
        cost=Decimal("0.0094500000000000000002"), list_price=Decimal("0.0045"), at_least=True, calls=2
    )
    document = json_document(report)
    assert document["stated_by_gateways"]["text"].endswith("for 2 calls, at list price at least $0.0045")
    assert read_report(document, "r.json").sums.stated == report.sums.stated


def test_the_shards_of_a_matrix_add_up() -> None:
    """To the last digit."""
    one, other = reported(STATED), reported(STATED, SILENT)
    shards = [
        read_report(json_document(replace(each, facts=replace(each.facts, run=RunInfo(ids=(name,))))), name)
        for name, each in (("a", one), ("b", other))
    ]
    assert combine(shards).sums.stated == Stated(
        cost=Decimal("0.0094500000000000000002"), list_price=Decimal("0.009"), calls=2
    )
