"""One list of the kinds of report: what takes KIND:PATH, its help and the documents know each of them and no other."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest

from pytest_claude_budget import plugin
from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.calls.call import Owner
from pytest_claude_budget.cli.commands import parser
from pytest_claude_budget.files.report_files import report_content
from pytest_claude_budget.render.report_kinds import KINDS, kind_and_path
from tests.unit.judge.test_report import one_call, report_of

ROOT = Path(__file__).parents[3]


def test_each_kind_has_a_document_of_its_own() -> None:
    calls = [
        replace(one_call(), id=at, owner=Owner(id=f"a.py::test_{at}", kind="test", phase="call")) for at in range(200)
    ]
    report = report_of(calls)
    documents = {kind: report_content(report, kind) for kind in KINDS}
    assert json.loads(str(documents["json"]))["totals"]["calls"] == len(calls)
    assert len({*documents.values()}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_taken_with_any_path(kind: str) -> None:
    assert kind_and_path(f"{kind}:C:\\cost.txt", "--output", "verdict.json") == (kind, "C:\\cost.txt")


@pytest.mark.parametrize("text", ["json", "json:", "pdf:cost.pdf", ":cost.json", ""])
def test_what_is_no_kind_and_path_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError) as refused:
        kind_and_path(text, "--output", "--output json:verdict.json")
    assert str(refused.value) == (
        f"--output: expected KIND:PATH with a KIND of json, markdown, summary, html, speedscope, pprof, got {text!r}\n"
        "hint: write it so, for example --output json:verdict.json   [bad-report]"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_in_the_help_of_both_options_and_in_the_documents(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = Mock()
    plugin.pytest_addoption(options)
    added = {call.args[0]: call.kwargs.get("help") for call in options.getgroup().addoption.call_args_list}
    assert f" {kind}" in added["--claude-budget-report"].partition("KIND is")[2]
    with pytest.raises(SystemExit):
        parser().parse_args(["gate", "--help"])
    assert f" {kind}" in capsys.readouterr().out.partition("KIND is")[2].partition(";")[0]
    for document in ("docs/reference/commands.md", "docs/messages.md"):
        assert f"`{kind}`" in (ROOT / document).read_text("utf-8")


@pytest.mark.parametrize("module", ["plugin.settings", "render.report_kinds"])
def test_the_list_is_had_without_what_writes_the_reports(module: str) -> None:
    program = (
        f"import sys, pytest_claude_budget.{module}; print(sorted(name for name in sys.modules if '.render.' in name))"
    )
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT)
    assert ran.stdout.strip() == ("['pytest_claude_budget.render.report_kinds']" if "render" in module else "[]")
