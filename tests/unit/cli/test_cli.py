"""The `claude-budget` command: what it prints, and its exit statuses."""

import json
from pathlib import Path

import pytest

from pytest_claude_budget.cli import main
from pytest_claude_budget.files.budget_file import load_budget
from pytest_claude_budget.files.read_write import schema_path


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


def test_init_makes_no_folder(capsys: pytest.CaptureFixture[str]) -> None:
    """A budget file has its place: a folder that is not there is a mistake."""
    assert main(["init", "tset/claude-budget.yml"]) == 2
    assert capsys.readouterr().err == (
        "tset/claude-budget.yml: there is no folder 'tset' to write the file in\n"
        "hint: correct the path, or make the folder first   [no-such-folder]\n"
    )
    assert not Path("tset").exists()


def test_commands_make_no_folders_of_their_own(tmp_path: Path) -> None:
    """Neither a cache nor a temporary one."""
    assert main(["init"]) == 0
    for arguments in (["check"], ["rates"], ["rates", "claude-opus-5"], ["schema", "lock"], ["baseline", "show"]):
        assert main(arguments) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["claude-budget.yml"]


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


def test_rates_of_a_model_without_counts_shows_its_rates(capsys: pytest.CaptureFixture[str]) -> None:
    """Those of the day, its other names, and the days of all its rates."""
    assert main(["rates", "claude-sonnet-4-5", "--on", "2026-11-23"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "claude-sonnet-4-5-20250929 on 2026-11-23, US dollars per million tokens",
        "list rates as of 2026-11-23",
        "also called claude-sonnet-4-5",
        "",
        "model                           input  write 5m  write 1h  read  output  us  reg",
        "claude-sonnet-4-5-20250929       3.00      3.75      6.00  0.30   15.00   -  1.1",
        "",
        "us: x with inference_geo us   reg: x at regional endpoints   batch: x 0.5",
        "web search: $10.00 per 1,000, never discounted",
        "sessions of Managed Agents: $0.08 for each hour that one runs",
        "rates: from 2025-09-29 to 2026-04-29, from 2026-04-30 on",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["claude-opus-5-5", "--on", "2026-09-21"], "unpriced: it has no rates on 2026-09-21"),
        (["claude-opus-5-5", "--on", "2026-09-21", "--input", "5"], "unpriced: 'claude-opus-5-5' has no rates on"),
        (["claude-sonnet-5-5", "--fast", "--input", "5"], "unpriced: 'claude-sonnet-5-5' has no fast rates on"),
    ],
)
def test_rates_of_what_has_no_price_is_incomplete(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 3, as the gate's."""
    assert main(["rates", *arguments]) == 3
    assert said in capsys.readouterr().out


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
    folder = Path(__file__).parents[3] / "schemas"
    drafts = {json.loads(path.read_text(encoding="utf-8"))["$schema"] for path in folder.glob("*.json")}
    assert drafts == {"https://json-schema.org/draft/2020-12/schema"}


def test_init_names_a_schema_that_is_found_on_every_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A relative path, with the command that puts the schema there."""
    assert main(["init"]) == 0
    written = Path("claude-budget.yml").read_text(encoding="utf-8")
    assert "$schema=claude-budget.schema.json" in written
    assert str(tmp_path) not in written
    assert "file:" not in written.replace("rates:\n#   file:", "")
    assert "claude-budget schema budget > claude-budget.schema.json" in written


@pytest.mark.parametrize("name", ["budget", "lock", "report", "rates", "rates-overrides"])
def test_schema_prints_the_schema_that_is_in_force(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """To the byte, so that it can be put into a file."""
    assert main(["schema", name]) == 0
    assert capsys.readouterr().out == schema_path(name).read_text(encoding="utf-8")


@pytest.fixture
def below_the_rootdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder below pytest's rootdir."""
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n", encoding="utf-8")
    (tmp_path / "tests").mkdir()
    monkeypatch.chdir(tmp_path / "tests")
    return tmp_path


def test_the_budget_file_is_the_one_that_pytest_takes(
    below_the_rootdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From a folder below the rootdir too, with either ending, or by the name that the configuration gives."""
    (below_the_rootdir / "claude-budget.yaml").write_text("version: 1\n", encoding="utf-8")
    assert main(["check"]) == 0
    assert capsys.readouterr().out == "../claude-budget.yaml: fine, 0 limits\n"
    (below_the_rootdir / "pytest.ini").write_text("[pytest]\nclaude_budget = mine.yml\n", encoding="utf-8")
    aliases = "rates: {aliases: {ours: claude-haiku-4-5}}\n"
    (below_the_rootdir / "mine.yml").write_text("version: 1\n" + aliases, encoding="utf-8")
    assert main(["check"]) == 0
    assert main(["rates", "ours", "--input", "1"]) == 0
    assert "../mine.yml: fine, 0 limits\nours = claude-haiku-4-5-20251001" in capsys.readouterr().out


def test_init_writes_where_pytest_looks(below_the_rootdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And never beside a file that pytest would take."""
    assert main(["init"]) == 0
    assert capsys.readouterr().out.startswith("wrote ../claude-budget.yml: ")
    assert (below_the_rootdir / "claude-budget.yml").exists()
    (below_the_rootdir / "claude-budget.yml").rename(below_the_rootdir / "claude-budget.yaml")
    assert main(["init"]) == 2
    assert "../claude-budget.yaml: there is a file already" in capsys.readouterr().err


def test_check_warns_of_a_match_that_no_model_fits(capsys: pytest.CaptureFixture[str]) -> None:
    """With what was meant, of the same family and generation; it may be a model without rates, and is no error."""
    limit = "  - {scope: model, max_cost: 1, max_calls: 3, match: '%s'}\n"
    matches = ("claude-opous-*", "claude-opus-*", "ours", "claude-sonet-4-5", "claude-haiku-9", "*")
    aliases = "rates: {aliases: {ours: claude-haiku-4-5}}\n"
    text = "version: 1\nlimits:\n" + "".join(limit % match for match in matches) + aliases
    Path("claude-budget.yml").write_text(text, encoding="utf-8")
    assert main(["check"]) == 0
    lines = capsys.readouterr().out.splitlines()
    said = [line.partition("warning: ")[2] for line in lines if "warning" in line]
    assert lines[0] == "claude-budget.yml: fine, 12 limits"
    assert said == [
        "no model of the rate table is called 'claude-opous-*': did you mean 'claude-opus-*'?",
        "no model of the rate table is called 'claude-sonet-4-5': did you mean 'claude-sonnet-4-5'?",
        "no model of the rate table is called 'claude-haiku-9'",
    ]
    assert lines[1].startswith("claude-budget.yml:3:")


def test_help_breaks_no_name_at_its_hyphens(capsys: pytest.CaptureFixture[str]) -> None:
    """So that it can be copied."""
    for command in ("gate", "schema"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        said = capsys.readouterr().out
        assert "claude-budget.lock.json" in said
        assert "claude-\n" not in said


def test_a_missing_lock_file_is_told_with_what_writes_one(capsys: pytest.CaptureFixture[str]) -> None:
    """And not with what writes a report."""
    assert main(["compare", "old.lock.json", "x.json"]) == 2
    assert "pytest --claude-budget-update writes claude-budget.lock.json" in capsys.readouterr().err


def test_init_says_how_pytest_is_run_with_a_file_that_it_would_not_find(capsys: pytest.CaptureFixture[str]) -> None:
    """Under another name it has to be told."""
    assert main(["init", "mine.yml"]) == 0
    assert capsys.readouterr().out.endswith("then run pytest --claude-budget=mine.yml\n")
    assert main(["init"]) == 0
    assert capsys.readouterr().out.endswith("then run pytest\n")


def test_a_baseline_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """As it was asked for."""
    assert main(["baseline", "show", "other/claude-budget.lock.json"]) == 0
    assert "there is no baseline in other/claude-budget.lock.json yet" in capsys.readouterr().out
