"""`html`: a report on disk becomes a page beside it; what is no report gets an error."""

import json
from pathlib import Path

import pytest

from pytest_claude_budget.cli import main
from pytest_claude_budget.render.report_kinds import document_of
from tests.unit.judge.test_report import one_call, report_of


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "cost.json"
    path.write_text(document_of(report_of([one_call()]), "json"), encoding="utf-8")
    return path


def test_a_report_becomes_a_page_beside_it_or_where_it_is_asked_for(
    report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == main(["html", "cost.json"])
    assert 0 == main(["html", "cost.json", "-o", "pages/run.html"])
    assert "report: html → cost.html\nreport: html → pages/run.html\n" == capsys.readouterr().out
    text = Path("cost.html").read_text("utf-8")
    assert text.startswith("<!doctype html>\n")
    assert text == Path("pages/run.html").read_text("utf-8")


def test_a_report_is_shown_as_it_was_judged_whatever_budget_is_here(report: Path) -> None:
    document = json.loads(report.read_text("utf-8"))
    document["verdict"]["outcome"] = "over"
    report.write_text(json.dumps(document), encoding="utf-8")
    Path("claude-budget.yml").write_text("version: 1\n", encoding="utf-8")
    assert 0 == main(["html", "cost.json"])
    assert '<span class="badge over">Over budget</span>' in Path("cost.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("key", "value"), [("comparison", {"owners": 7}), ("verdict", {"outcome": "over"}), ("projection", [3])]
)
def test_a_report_that_nobody_could_have_written_gets_an_error_and_no_page(
    key: str, value: object, report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report.write_text(json.dumps({**json.loads(report.read_text("utf-8")), key: value}), encoding="utf-8")
    assert 2 == main(["html", "cost.json"])
    assert "cost.json: the file: expected a whole JSON report of pytest-claude-budget, got" in capsys.readouterr().err
    assert not Path("cost.html").exists()
