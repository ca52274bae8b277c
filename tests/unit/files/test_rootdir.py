"""Which rootdir and budget file pytest would take, held to what pytest itself says."""

import itertools
from pathlib import Path
from typing import Any

import pytest
from _pytest.config.findpaths import determine_setup

from pytest_claude_budget.files.rootdir import Project, project_of, seen_from

FILES = {
    "pytest.ini": "[pytest]\nclaude_budget = ini.yml\n",
    ".pytest.ini": "",
    "pyproject.toml": "[project]\nname = 'x'\n",
    "a/pyproject.toml": "[tool.pytest.ini_options]\nclaude_budget = 'toml.yml'\n",
    "a/tox.ini": "[pytest]\nclaude_budget = tox.yml\n[tox]\n",
    "tox.ini": "[tox]\n",
    "setup.cfg": "[tool:pytest]\nclaude_budget = cfg.yml\n",
    "a/setup.cfg": "[metadata]\n",
    "setup.py": "",
    "a/b/setup.py": "",
}


def what_pytest_says(folder: Path) -> tuple[Path, str]:
    """By its own function, which pytest 9 gave another argument and more results."""
    more: dict[str, Any] = {"override_ini": None} if pytest.version_tuple >= (9,) else {}
    rootdir, _, options, *_ = determine_setup(
        inifile=None, args=[], rootdir_cmd_arg=None, invocation_dir=folder, **more
    )
    value: Any = options.get("claude_budget", "")
    return rootdir, getattr(value, "value", value)


@pytest.mark.parametrize(
    "names", [(), *itertools.combinations(FILES, 1), *itertools.combinations(FILES, 2), tuple(FILES)]
)
def test_the_rootdir_is_pytests(names: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever files there are, and from a folder below."""
    (tmp_path / "a/b").mkdir(parents=True)
    for name in names:
        (tmp_path / name).write_text(FILES[name], encoding="utf-8")
    for folder in (tmp_path, tmp_path / "a", tmp_path / "a/b"):
        monkeypatch.chdir(folder)
        rootdir, named = what_pytest_says(folder)
        assert Project(rootdir=rootdir, budget=rootdir / named if named else None) == project_of(folder)


def test_a_native_table_of_pyproject_counts(tmp_path: Path) -> None:
    """As pytest 9 reads it."""
    (tmp_path / "pyproject.toml").write_text("[tool.pytest]\nclaude_budget = 'toml.yml'\n", encoding="utf-8")

    assert project_of(tmp_path).budget == tmp_path / "toml.yml"


@pytest.mark.parametrize("text", ["[pytest", "\x00", "[pytest]\nx\n"])
def test_a_file_that_pytest_could_not_read_is_passed_over(text: str, tmp_path: Path) -> None:
    """Pytest says what is wrong with it."""
    (tmp_path / "tox.ini").write_text(text, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")

    assert project_of(tmp_path).rootdir == tmp_path


def test_the_budget_file_is_the_rootdirs_and_else_the_folders_own(tmp_path: Path) -> None:
    """Either ending will do; `.yml` goes first."""
    (tmp_path / "pytest.ini").write_text("", encoding="utf-8")
    (tmp_path / "sub").mkdir()
    assert project_of(tmp_path / "sub").budget is None
    for name in ("sub/claude-budget.yml", "claude-budget.yaml", "claude-budget.yml"):
        (tmp_path / name).write_text("version: 1\n", encoding="utf-8")
        assert project_of(tmp_path / "sub").budget == tmp_path / name
    assert seen_from(tmp_path / "claude-budget.yml", tmp_path / "sub") == "../claude-budget.yml"
    assert seen_from(tmp_path / "claude-budget.yml", tmp_path) == "claude-budget.yml"
