"""What a child process knows of a run by its environment."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_claude_budget.measure.environment import ROOT_VARIABLE, RUNS_VARIABLE, runs_told
from pytest_claude_budget.measure.run import Run


@contextmanager
def going_on(ledger: Path, root: str) -> Iterator[Run]:
    """A run with the user's own files in a folder."""
    ledger.parent.mkdir(parents=True)
    run = Run(ledger, "", root)
    run.start()
    try:
        yield run
    finally:
        run.stop()


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the run around this one says is said of no other."""
    for name in [name for name in os.environ if name.startswith("CLAUDE_BUDGET_")]:
        monkeypatch.delenv(name)


def roots() -> list[str]:
    """As a child finds it where there is one run: the one around this test has each told by a line of its own."""
    return [told.root for told in runs_told({name: os.environ[name] for name in os.environ if name != RUNS_VARIABLE})]


def test_the_folder_around_pytests_cache_is_the_root_without_a_word(tmp_path: Path) -> None:
    """Where the ledger lies elsewhere, or somebody's files do, a variable says it."""
    cached = Path(".pytest_cache", "d", "claude-budget", "run.sqlite3")
    with going_on(tmp_path / "a" / cached, str(tmp_path / "a")):
        assert (roots(), ROOT_VARIABLE in os.environ) == ([str(tmp_path / "a")], False)
    with going_on(tmp_path / "b" / cached, str(tmp_path)):
        assert (roots(), os.environ[ROOT_VARIABLE]) == ([str(tmp_path)], str(tmp_path))
    with going_on(tmp_path / "c" / "run.sqlite3", str(tmp_path)):
        assert roots() == [str(tmp_path)]
    assert ROOT_VARIABLE not in os.environ


def test_who_wants_to_know_no_lines_tells_children_so(tmp_path: Path) -> None:
    with going_on(tmp_path / ".pytest_cache" / "d" / "claude-budget" / "run.sqlite3", str(tmp_path)) as run:
        run.know_no_sites()
        assert roots() == [""]
    with going_on(tmp_path / "elsewhere" / "run.sqlite3", str(tmp_path)) as run:
        run.know_no_sites()
        assert (roots(), ROOT_VARIABLE in os.environ) == ([""], False)
