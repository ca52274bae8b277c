"""The command `comment` without GitHub: what it would post, and what it says where it cannot."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_budget.cli import main
from tests.builders.records import record
from tests.unit.cli.test_gate_and_compare import AFTER, BEFORE, costing, lock, report

POST = ["comment", "out.json", "--pull-request", "7"]


@pytest.fixture(autouse=True)
def without_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a report, in the repository `octo/desk`."""
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_TOKEN", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "RUNNER_TEMP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_REPOSITORY", "octo/desk")
    lock(BEFORE)
    report("run.json", AFTER)
    assert main(["gate", "run.json", "--output", "json:out.json"]) == 0


@pytest.fixture
def without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """As most installations are."""
    there = importlib.util.find_spec

    def find_spec(name: str, *more: Any) -> Any:
        return None if name in ("github", "github_action_utils") else there(name, *more)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)


@pytest.mark.usefixtures("without_the_extra")
def test_a_dry_run_prints_what_would_be_posted_and_where(capsys: pytest.CaptureFixture[str]) -> None:
    """10 + 10 cents became 14 + 10. It needs no token and no extra."""
    capsys.readouterr()
    assert main([*POST, "--dry-run", "--title", "The desk"]) == 0
    first, blank, marker, title, _, sentence, *_ = capsys.readouterr().out.splitlines()
    assert first == (
        "would be posted on octo/desk, pull request 7: in the place of the comment that is there, else as a new one"
    )
    assert (blank, title) == ("", "**The desk**")
    assert marker.startswith("<!-- pytest-claude-budget tag=default run=")
    assert sentence.startswith("### Claude cost: +$0.04 per run (+20%)")


def test_a_dry_run_wants_a_repository_and_a_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The mistakes are those of the real one."""
    assert main(["comment", "claude-budget.lock.json", "--pull-request", "7", "--dry-run"]) == 2
    assert "expected a JSON report, got a lock file" in capsys.readouterr().err
    monkeypatch.delenv("GITHUB_REPOSITORY")
    assert main([*POST, "--dry-run"]) == 2
    assert "[bad-repository]" in capsys.readouterr().err
    assert main([*POST, "--dry-run", "--repository", "octo/other"]) == 0
    assert "would be posted on octo/other" in capsys.readouterr().out


def test_without_a_token_nothing_is_posted(capsys: pytest.CaptureFixture[str]) -> None:
    """And the dry run is named."""
    assert main(POST) == 2
    assert "--dry-run needs none   [no-token]" in capsys.readouterr().err


@pytest.mark.usefixtures("without_the_extra")
@pytest.mark.parametrize("arguments", [POST, ["action"]])
def test_without_the_extra_it_is_named(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """And there is no traceback."""
    assert main(arguments) == 2
    assert capsys.readouterr().err == (
        f"claude-budget {arguments[0]}: what speaks to GitHub is not installed: it comes with an extra\n"
        "hint: install pytest-claude-budget[action], for example: pip install 'pytest-claude-budget[action]'   [no-extra]\n"
    )


def test_the_action_is_for_a_runner(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It would leave a folder behind."""
    assert main(["action"]) == 2
    assert "RUNNER_TEMP: expected a GitHub runner" in capsys.readouterr().err
    assert {"claude-budget.lock.json", "run.json", "out.json"} == {path.name for path in tmp_path.iterdir()}


def test_what_there_is_no_room_for_is_in_the_report_and_in_no_summary(capsys: pytest.CaptureFixture[str]) -> None:
    """A job's summary is the action's alone. Sixty tests of a cent: some rows are left out."""
    report("run.json", record(*(costing(f"a.py::t{number}", 1) for number in range(60))))
    assert (
        main(["gate", "run.json", "--baseline", "none", "--output", "json:out.json", "--output", "markdown:out.md"])
        == 0
    )
    capsys.readouterr()
    assert main([*POST, "--dry-run"]) == 0
    for page in (capsys.readouterr().out, Path("out.md").read_text("utf-8")):
        assert "job summary" not in page
        assert "in the JSON report" in page
