"""`top`: what a run spent most on, and what its change comes from."""

import csv
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from pytest_claude_budget.calls.call import Answer, Call, Labels, Origin, Owner, Status, Usage
from pytest_claude_budget.cli import main
from pytest_claude_budget.cli.top import BY
from pytest_claude_budget.files.rates_file import packaged_rates
from pytest_claude_budget.judge.read_report import read_report
from pytest_claude_budget.judge.report import RunFacts, build_report
from pytest_claude_budget.render.report_kinds import document_of
from pytest_claude_budget.render.top import SCOPES
from tests.builders.records import HAIKU, record
from tests.unit.cli.test_gate_and_compare import AFTER, BEFORE, costing, lock, report

NAME = "claude-cost.json"
CALL = Call(
    id=0,
    at=1_795_000_000.0,
    answer=Answer(status=Status.MEASURED, endpoint="messages", model=HAIKU, usage=Usage(input_tokens=10_000)),
    owner=Owner(id="", kind="test"),
    labels=Labels(),
    origin=Origin.SIMULATED,
)
THREE = record(costing("a.py::t", 10), costing("c.py::t", 25, feature="refund", tier="refund"), costing("b.py::t", 15))
"""$0.10, $0.25 and $0.15: $0.50."""


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command runs in a folder of its own."""
    monkeypatch.chdir(tmp_path)


def printed(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """What the command prints."""
    assert 0 == main(["top", NAME, *options])
    return capsys.readouterr().out


def test_the_dearest_come_first_and_the_rest_is_summed(capsys: pytest.CaptureFixture[str]) -> None:
    report(NAME, THREE)
    rows = [line.split() for line in printed(capsys, "-n", "2").splitlines()]
    assert [
        ["calls", "cost", "of", "all"],
        ["c.py::t", "1", "$0.25", "50%"],
        ["b.py::t", "1", "$0.15", "30%"],
        ["1", "more", "1", "$0.10", "20%"],
        ["total", "3", "$0.50", "100%"],
    ] == rows


def test_json_and_csv_have_every_digit(capsys: pytest.CaptureFixture[str]) -> None:
    report(NAME, THREE)
    document = json.loads(printed(capsys, "--format", "json", "-n", "1"))
    assert [("c.py::t", "0.25", False)] == [(row["name"], row["cost"], row["at_least"]) for row in document["rows"]]
    assert (2, "0.25", "0.5", "test") == (
        document["rest"]["names"],
        document["rest"]["cost"],
        document["total"]["cost"],
        document["by"],
    )
    rows = list(csv.DictReader(printed(capsys, "--format", "csv").splitlines()))
    assert [("c.py::t", "0.25"), ("b.py::t", "0.15"), ("a.py::t", "0.1")] == [
        (row["name"], row["cost"]) for row in rows
    ]


def test_no_name_becomes_a_formula(capsys: pytest.CaptureFixture[str]) -> None:
    report(NAME, record(costing("=1+1.py::t", 1)))
    assert printed(capsys, "--format", "csv").splitlines()[1].startswith("'=1+1.py::t,1,")


@pytest.mark.parametrize("by", [by for by in BY if by not in ("cause", "site")])
def test_each_scope_adds_up_to_the_whole(by: str, capsys: pytest.CaptureFixture[str]) -> None:
    report(NAME, THREE)
    rows = json.loads(printed(capsys, "--by", by, "--format", "json"))["rows"]
    assert Decimal("0.50") == sum(Decimal(row["cost"]) for row in rows)
    names = {"test": ["c.py::t", "b.py::t", "a.py::t"], "model": [HAIKU]}.get(by, ["refund", None])
    assert names == [row["name"] for row in rows]


def test_lines_of_code_add_up_to_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """Two tests of a.py ask at line 7, one at no line of the user's: 2 x 10,000 x $1 a million, of $0.03."""
    calls = [
        replace(CALL, id=number, owner=Owner(id=f"a.py::t{number}", kind="test"), site=site)
        for number, site in enumerate(("src/a.py:7 Desk.ask\na.py:3 t0", "src/a.py:7 Desk.ask\na.py:5 t1", None))
    ]
    made = build_report(calls, RunFacts(rates=packaged_rates()))
    Path(NAME).write_text(document_of(made, "json"), encoding="utf-8")
    rows = json.loads(printed(capsys, "--by", "site", "--format", "json"))["rows"]
    assert [("src/a.py:7 in Desk.ask", 2, "0.02"), (None, 1, "0.01")] == [
        (row["name"], row["calls"], row["cost"]) for row in rows
    ]
    again = read_report(json.loads(Path(NAME).read_text("utf-8")), NAME).sums
    assert (again.by_site, again.stacks) == (made.sums.by_site, made.sums.stacks)
    assert (2, 2) == (again.by_site[0].tests, len(again.stacks))


def test_causes_add_up_to_the_change(capsys: pytest.CaptureFixture[str]) -> None:
    """One test of two asks four cents more."""
    report(NAME, AFTER)
    lock(BEFORE)
    rows = [line.split() for line in printed(capsys, "--by", "cause").splitlines()]
    assert ["against", "claude-budget.lock.json", "moved", "change"] == rows[0]
    assert [["1", "test", "+$0.04"]] == [row[1:] for row in rows[1:-1]]
    assert ["total", "+$0.04"] == rows[-1]
    document = json.loads(printed(capsys, "--by", "cause", "--format", "json"))
    assert ("0.04", [(1, "0.04")]) == (
        document["total"]["change"],
        [(row["moved"], row["change"]) for row in document["rows"]],
    )
    assert 2 == len(printed(capsys, "--by", "cause", "--format", "csv").splitlines())


def test_without_a_baseline_there_are_no_causes(capsys: pytest.CaptureFixture[str]) -> None:
    report(NAME, AFTER)
    assert 2 == main(["top", NAME, "--by", "cause"])
    said = capsys.readouterr().err.splitlines()
    assert "--by cause: expected a baseline, since causes are those of a change, and there is none" == said[0]
    assert said[1].endswith("[no-baseline]")


def test_what_can_be_ranked_is_what_the_option_takes() -> None:
    assert BY == SCOPES
