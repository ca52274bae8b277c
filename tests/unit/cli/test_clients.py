"""`claude-budget clients`, and the one list that it and docs/what-is-counted.md are made from."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from pytest_claude_budget.calls.coverage_of_clients import KNOWN_CLIENTS, Seen
from pytest_claude_budget.cli import main
from pytest_claude_budget.measure.hooked_clients import CLIENTS
from pytest_claude_budget.render.clients_table import clients_table, documents_table

ROOT = Path(__file__).parents[3]


def test_each_client_that_is_here_is_shown_with_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of programs, what lies on the path; of npm's packages, what node finds from here."""
    (tmp_path / "node_modules/@anthropic-ai/sdk").mkdir(parents=True)
    (tmp_path / "node_modules/@anthropic-ai/sdk/package.json").write_text('{"version": "0.71.0"}', encoding="utf-8")
    (tmp_path / "curl").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "curl").chmod(0o755)
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["clients"]) == 0
    lines = capsys.readouterr().out.splitlines()
    found = {line.split()[0]: " ".join(line.split()[1:]) for line in lines}
    assert lines[0].split() == ["client", "version", "Claude's", "answers", "are"]
    assert found["httpx"] == f"{version('httpx')} seen exactly"
    assert found["http.client"].startswith("Python 3.")
    assert found["@anthropic-ai/sdk"] == "0.71.0 seen by the gateway"
    assert found["curl"] == "- seen by the gateway"
    assert "claude-agent-sdk" not in found


def test_a_package_of_npm_that_cannot_be_read_has_no_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "node_modules/@anthropic-ai/sdk").mkdir(parents=True)
    (tmp_path / "node_modules/@anthropic-ai/sdk/package.json").write_text("{", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["clients"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("@anthropic-ai/sdk"))
    assert line.split() == ["@anthropic-ai/sdk", "-", "seen", "by", "the", "gateway"]


def test_where_no_client_is_one_line_says_so() -> None:
    assert clients_table([]) == "no client of Claude is installed here"


def test_what_is_seen_exactly_sends_by_what_is_hooked() -> None:
    exact = {each.name: each.over for each in KNOWN_CLIENTS if each.seen is Seen.EXACTLY}
    assert {name for name, over in exact.items() if not over or not set(over) <= set(CLIENTS)} == set()
    assert [each.name for each in KNOWN_CLIENTS if each.over and each.seen is not Seen.EXACTLY] == []


def test_the_documents_have_the_table_of_the_list() -> None:
    found = re.search(
        r"^\| clients \|.*?(?=\n\n)", (ROOT / "docs" / "what-is-counted.md").read_text("utf-8"), re.M | re.S
    )
    assert found is not None
    assert documents_table() == found[0]
