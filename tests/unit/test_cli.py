"""The `claude-budget` command: what it prints, and its exit statuses."""

import json
from pathlib import Path

import pytest

from pytest_claude_budget.budget_file import load_budget
from pytest_claude_budget.cli import main


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each command runs in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_init_writes_a_budget_that_loads_and_check_says_it_is_fine(capsys: pytest.CaptureFixture[str]) -> None:
    """Two commands, both with status 0."""
    assert (main(["init"]), main(["check"])) == (0, 0)
    load_budget(Path("claude-budget.yml"), "claude-budget.yml")
    assert "claude-budget.yml: fine, " in capsys.readouterr().out


def test_init_does_not_replace_a_file_unless_forced(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing of the user's is lost."""
    Path("claude-budget.yml").write_text("version: 1\n", encoding="utf-8")
    assert main(["init"]) == 2
    assert capsys.readouterr().err == (
        "claude-budget.yml: there is a file already\nhint: edit it, or write it anew with --force   [file-exists]\n"
    )
    assert Path("claude-budget.yml").read_text(encoding="utf-8") == "version: 1\n"
    assert main(["init", "--force"]) == 0


def test_check_names_every_problem_of_every_file(capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2, and each place."""
    Path("a.yml").write_text("version: 1\nlimits:\n  - {scope: run, max_costs: 1}\n", encoding="utf-8")
    Path("b.yml").write_text("version: 1\n", encoding="utf-8")
    assert main(["check", "a.yml", "b.yml", "missing.yml"]) == 2
    said = capsys.readouterr()
    assert said.out == "b.yml: fine, 0 limits\n"
    assert "a.yml:3:18: limits[0].max_costs: " in said.err
    assert "missing.yml: there is no such file" in said.err


def test_check_reads_the_rate_file_too(capsys: pytest.CaptureFixture[str]) -> None:
    """A budget is only fine if its rates are."""
    Path("claude-budget.yml").write_text("version: 1\nrates: {file: mine.yml}\n", encoding="utf-8")
    Path("mine.yml").write_text("version: 1\nmodels: {x: {rates: 3}}\n", encoding="utf-8")
    assert main(["check"]) == 2
    assert "mine.yml:2:" in capsys.readouterr().err


def test_rates_prices_by_hand_with_the_sum(capsys: pytest.CaptureFixture[str]) -> None:
    """100,000 x $3 + 10,000 x $15 per million = $0.30 + $0.15."""
    assert main(["rates", "claude-sonnet-4-6", "--input", "100000", "--output", "10_000", "--on", "2026-11-23"]) == 0
    said = capsys.readouterr().out
    assert "$0.3" in said
    assert "$0.15" in said
    assert "$0.45" in said


def test_rates_shows_the_table_within_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """Every model of the table is there."""
    assert main(["rates", "--on", "2026-11-23"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > 80] == []
    assert sum(line.startswith("claude-") for line in lines) == 28


def test_rates_of_an_unknown_model_suggests_a_known_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Never a neighbour's price, but a hint."""
    assert main(["rates", "claude-sonet-4-6", "--input", "1"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "did you mean 'claude-sonnet-4-6'?   [unknown-model]" in said.err


def test_a_hint_may_be_a_name_of_the_users_own(capsys: pytest.CaptureFixture[str]) -> None:
    """All names that are accepted are looked at."""
    Path("claude-budget.yml").write_text(
        "version: 1\nrates: {aliases: {our-gateway-sonnet: claude-sonnet-4-6}}\n", encoding="utf-8"
    )
    assert main(["rates", "our-gatway-sonnet", "--input", "1"]) == 2
    assert "did you mean 'our-gateway-sonnet'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonsense"], ["rates", "m", "--input", "many"], ["rates", "m", "--input", "-1"], ["rates", "--on", "soon"]],
)
def test_bad_usage_has_status_2_and_no_name_of_our_code(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """What was allowed is said."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "_count" not in capsys.readouterr().err


@pytest.mark.parametrize("command", ["init", "check", "rates", "project", "whatif"])
def test_each_command_has_help_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` ends well and shows how."""
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"example:\n  claude-budget {command}" in capsys.readouterr().out


def test_schemas_say_which_draft_they_follow() -> None:
    """JSON Schema 2020-12, all of them."""
    folder = Path(__file__).parents[2] / "schemas"
    drafts = {json.loads(path.read_text(encoding="utf-8"))["$schema"] for path in folder.glob("*.json")}
    assert drafts == {"https://json-schema.org/draft/2020-12/schema"}
