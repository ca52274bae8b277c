"""Names and numbers that are not what was meant: what is said of each, and that nothing is done by halves."""

from pathlib import Path

import pytest

from pytest_claude_budget.cli import main
from tests.builders.records import record
from tests.unit.cli.test_gate_and_compare import costing, report


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command runs in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()


BUDGETS = {
    "no rates file": (
        "rates:\n  file: nope.yml\n",
        "b.yml:3:9: rates.file: there is no such file: nope.yml\nhint: write a path that is relative to this file, or "
        "remove the line   [no-such-file]",
    ),
    "a folder for rates": (
        "rates: {file: folder}\n",
        "b.yml:2:15: rates.file: expected a file, got a folder: folder\n",
    ),
    "an alias of nothing": (
        "rates:\n  aliases: {mine: gpt-5, ours: claude-haiku-4-5}\n",
        "b.yml:3:19: rates.aliases: expected a model that has rates, got 'gpt-5' for 'mine'\n"
        "hint: claude-budget rates lists them; rates.file adds others   [unknown-model]",
    ),
    "an alias of a misspelt name": (
        "rates:\n  aliases: {mine: claude-sonet-4-5}\n",
        "got 'claude-sonet-4-5' for 'mine'\nhint: did you mean 'claude-sonnet-4-5'?   [unknown-model]",
    ),
    "a decimal comma": (
        "limits:\n  - {scope: run, max_cost: 1,5}\n",
        "warn_at, enforce\nhint: write fractions with a point: in braces, a comma ends a value   [unknown-key]",
    ),
}


@pytest.mark.parametrize(("text", "said"), BUDGETS.values(), ids=BUDGETS)
def test_a_budget_files_mistake_is_told_at_its_line(text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where it is the name of another file, or of a model."""
    Path("b.yml").write_text(f"version: 1\n{text}", encoding="utf-8")
    assert main(["check", "b.yml"]) == 2
    assert said in capsys.readouterr().err


def test_a_number_that_is_none_of_the_whole_ones_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    """It is neither whole nor in the range, and the first says all."""
    feature = "features: {a: {tests: ['*'], requests_per_month: 1e30}}"
    Path("b.yml").write_text(f"version: 1\n{feature}\n", encoding="utf-8")
    assert main(["check", "b.yml"]) == 2
    assert capsys.readouterr().err.count("[bad-count]") == 1


@pytest.mark.parametrize(
    ("baseline", "said"),
    [
        (
            "nope",
            "nope: there is no such file\nhint: check the path; pytest --claude-budget-report=json:PATH writes a report",
        ),
        ("folder", "folder: expected a file, got a folder\nhint: name the file in it   [is-a-folder]"),
        ("", "baseline: expected a lock file, a JSON report, git:REF or none, got ''"),
        ("git:", "baseline: expected a lock file, a JSON report, git:REF or none, got 'git:'"),
    ],
)
def test_a_baseline_that_is_not_there_is_told_as_one(
    baseline: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not as a budget file."""
    assert main(["gate", report("r.json", record(costing("a.py::t", 1))), "--baseline", baseline]) == 2
    assert said in capsys.readouterr().err


def test_a_merge_of_files_that_are_not_there_writes_none(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty one is a side that had no lock file, as git gives it; a missing one is a mistake."""
    assert main(["baseline", "merge", "BASE", "OURS", "THEIRS"]) == 2
    assert "BASE: there is no such file" in capsys.readouterr().err
    assert not Path("OURS").exists()


def test_options_that_would_mean_something_else_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A part of one for a percentage, and answers of no tokens."""
    path = report("r.json", record(costing("a.py::t", 1)))
    for command, said in (
        (["init", "--from", path, "--headroom", "0.2"], "expected a percentage such as 20%, got '0.2'"),
        (["whatif", path, "--max-output", "0"], "expected at least 1 token, such as 500, got 0"),
    ):
        with pytest.raises(SystemExit):
            main(command)
        assert said in capsys.readouterr().err
    assert main(["init", "b.yml", "--from", path, "--headroom", "0.2%"]) == 0


def test_a_part_of_an_id_is_met_with_those_that_have_it(capsys: pytest.CaptureFixture[str]) -> None:
    """With what no id ends with, a few are named."""
    path = report("r.json", record(*(costing(f"a.py::test_{name}[{at}]", 1) for name in "pq" for at in range(5))))
    assert main(["explain", "test_p[", path, "--baseline", path]) == 2
    said = "hint: one of a.py::test_p[0], a.py::test_p[1], a.py::test_p[2] and 2 more   [unknown-test]"
    assert said in capsys.readouterr().err
