"""`history`: the lock file's versions in a real repository, priced at one table."""

import csv
import json
import os
import subprocess
from pathlib import Path

import pytest

from pytest_claude_budget.cli import main
from pytest_claude_budget.record.lock_text import lock_text
from tests.builders.records import record
from tests.unit.cli.test_gate_and_compare import costing

LOCK = "claude-budget.lock.json"
SETTINGS = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
SETTINGS |= {f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository."""
    monkeypatch.chdir(tmp_path)
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    git("init", "--quiet", "--initial-branch=main")
    return tmp_path


def git(*arguments: str, day: int = 1) -> str:
    """A command in this folder, on a day of October 2026."""
    moment = f"2026-10-{day:02}T12:00:00+00:00"
    dates = {"GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment}
    return subprocess.run(
        ["git", *arguments], check=True, capture_output=True, text=True, env={**os.environ, **dates}
    ).stdout.strip()


def commit(folder: Path, text: str | None, subject: str, day: int) -> str:
    """Commit the lock file so, or without it."""
    if text is None:
        (folder / LOCK).unlink()
    else:
        (folder / LOCK).write_text(text, encoding="utf-8")
    git("add", "--all")
    git("commit", "--quiet", "--message", subject, day=day)
    return git("rev-parse", "--short", "HEAD")


def three(folder: Path) -> list[str]:
    """$0.10, then $0.15 beside a feature, then $0.45."""
    first = commit(folder, lock_text(record(costing("a.py::t", 10))), "Begin", 1)
    second = commit(
        folder, lock_text(record(costing("a.py::t", 10), costing("b.py::t", 5, feature="refund"))), "Add", 2
    )
    (folder / "other.txt").touch()
    git("add", "--all")
    git("commit", "--quiet", "--message", "Something else", day=3)
    third = commit(
        folder, lock_text(record(costing("a.py::t", 40), costing("b.py::t", 5, feature="refund"))), "=Ask more", 4
    )
    return [first, second, third]


def printed(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert 0 == main(["history", *options])
    return capsys.readouterr().out


def test_each_version_has_a_row_with_its_change_and_a_bar(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """10 of 45 is 4 of 20, rounded down; 15 is 6; +50% and +200%."""
    first, second, third = three(folder)
    head, *rows = [" ".join(line.split()) for line in printed(capsys).splitlines() if line]
    assert head.startswith(f"{LOCK}: 3 versions, all at the rates as of 2026-")
    assert [
        f"2026-10-01 {first} $0.10 #### Begin",
        f"2026-10-02 {second} $0.15 +50% ###### Add",
        f"2026-10-04 {third} $0.45 +200% {'#' * 20} =Ask more",
    ] == rows


def test_programs_get_every_digit_and_each_feature(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    three(folder)
    points = json.loads(printed(capsys, "--format", "json"))["points"]
    assert ["0.1", "0.15", "0.45"] == [point["cost"] for point in points]
    assert [{}, {"refund": "0.05"}, {"refund": "0.05"}] == [point["by_feature"] for point in points]
    rows = list(csv.DictReader(printed(capsys, "--format", "csv").splitlines()))
    assert [("0.1", "Begin"), ("0.15", "Add"), ("0.45", "'=Ask more")] == [
        (row["cost"], row["subject"]) for row in rows
    ]


def test_another_tool_gets_the_newest_version(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    three(folder)
    assert [
        {"name": "Claude cost of a run", "unit": "USD", "value": 0.45, "extra": "2 calls"},
        {"name": "Claude cost of refund", "unit": "USD", "value": 0.05, "extra": "1 call"},
    ] == json.loads(printed(capsys, "--format", "benchmark"))


def test_a_summary_gets_a_chart_from_zero_and_a_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Newest first in the table, oldest first in the chart; a version that is gone has no bar. Subjects are untrusted."""
    commits = three(folder)
    gone = commit(folder, None, "<b>|`@all`", 5)
    text = printed(capsys, "--format", "markdown")
    chart, _, rows = text.partition("```mermaid")[2].partition("```")
    bars = ", ".join(f'"{each}"' for each in commits)
    assert f"x-axis [{bars}]" in chart
    assert 'y-axis "US dollars" 0 --> 0.45' in chart
    assert "bar [0.1, 0.15, 0.45]" in chart
    days = [line.split(" | ")[:4] for line in rows.splitlines() if line.startswith("| 2026")]
    assert days[0] == ["| 2026-10-05", f"`{gone}`", "–", "–"]
    assert [row[2:] for row in days[1:]] == [["$0.45", "+200%"], ["$0.15", "+50%"], ["$0.10", "–"]]
    assert "<b>" not in text
    commit(folder, lock_text(record(costing("a.py::t", 10))), "<b>|`@all`", 6)
    assert "<b>|" not in printed(capsys, "--format", "markdown", "--since", "2026-10-06")


def test_only_what_is_newer_or_on_another_branch(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, second, third = three(folder)
    assert 1 == len(json.loads(printed(capsys, "--since", "2026-10-03", "--format", "json"))["points"])
    found = json.loads(printed(capsys, "--ref", second, "--format", "json"))["points"]
    assert second == found[-1]["commit"] != third


def test_a_merge_is_one_version_on_the_way_of_first_parents(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = commit(folder, lock_text(record(costing("a.py::t", 10))), "Begin", 1)
    git("checkout", "--quiet", "-b", "side")
    commit(folder, lock_text(record(costing("a.py::t", 20))), "On the side", 2)
    commit(folder, lock_text(record(costing("a.py::t", 30))), "More on the side", 3)
    git("checkout", "--quiet", "main")
    git("merge", "--quiet", "--no-ff", "--message", "Merge", "side", day=4)
    points = json.loads(printed(capsys, "--format", "json"))["points"]
    assert [("Begin", "0.1"), ("Merge", "0.3")] == [(point["subject"], point["cost"]) for point in points]
    assert first == points[0]["commit"]


def test_what_was_removed_or_broken_is_told_and_hides_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(folder, lock_text(record(costing("a.py::t", 10))), "Begin", 1)
    commit(folder, "<<<<<<< ours\n", "Break", 2)
    commit(folder, None, "Remove", 3)
    commit(folder, lock_text(record(costing("a.py::t", 20))), "Begin anew", 4)
    rows = [" ".join(line.split()) for line in printed(capsys).splitlines() if line][1:]
    assert rows[1].endswith("where both sides changed it")
    assert rows[2].endswith("the file was removed")
    assert rows[3].endswith(f"$0.20 +100% {'#' * 20} Begin anew")
    assert 79 >= max(map(len, rows))


def test_a_subject_cannot_do_anything_to_a_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(folder, lock_text(record(costing("a.py::t", 10))), "Red \x1b[31m and \x1f more", 1)
    assert "Red ?[31m and ? more" in printed(capsys)


def test_a_file_that_was_never_committed_is_no_fault(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "other.txt").touch()
    git("add", "--all")
    git("commit", "--quiet", "--message", "Begin")
    assert f"{LOCK} was never committed here, or not since then\n" == printed(capsys)
    assert "[]\n" == printed(capsys, "--format", "benchmark")


@pytest.mark.parametrize("ref", ["nope", "--output=x"])
def test_a_ref_that_is_none_is_told(folder: Path, ref: str, capsys: pytest.CaptureFixture[str]) -> None:
    three(folder)
    assert 2 == main(["history", f"--ref={ref}"])
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith(f"git:{ref}: git log failed, and says: ")
    assert "name a branch, tag or commit of this repository" in said[1]
    assert not (folder / "x").exists()
