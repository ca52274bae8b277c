"""A file that the schema allowed is not checked again; any other is."""

from pathlib import Path

import pytest

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.files import checked_yaml as checked
from pytest_claude_budget.files.budget_file import load_budget
from pytest_claude_budget.files.checked_yaml import read_checked
from pytest_claude_budget.plugin.settings import CACHE_KEY, MOST_CHECKED, CheckedFiles

GOOD = "version: 1\nlimits:\n  - {scope: run, max_cost: 2.00}\n"
BAD = "version: 1\nlimits:\n  - {scope: run, max_cost: cheap}\n"


class Memory:
    """Remembers in a set."""

    def __init__(self) -> None:
        self.known: set[str] = set()

    def knows(self, fingerprint: str) -> bool:
        return fingerprint in self.known

    def remember(self, fingerprint: str) -> None:
        self.known.add(fingerprint)


class Cache:
    """pytest's, as far as it is used."""

    def __init__(self, found: object = None) -> None:
        self.found = found
        self.key = ""

    def get(self, key: str, default: object) -> object:
        self.key = key
        return default if self.found is None else self.found

    def set(self, key: str, value: object) -> None:
        assert key == self.key
        self.found = value


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the schema's check was asked about."""
    asked: list[str] = []
    validate = checked.validate
    monkeypatch.setattr(checked, "validate", lambda document, rules: asked.append("") or validate(document, rules))
    return asked


def written(folder: Path, text: str) -> Path:
    path = folder / "claude-budget.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_that_was_allowed_is_checked_once(tmp_path: Path, checks: list[str]) -> None:
    """And means the same both times."""
    memory, path = Memory(), written(tmp_path, GOOD)
    first, second = (load_budget(path, "b.yml", memory)[0] for _ in range(2))
    assert (len(checks), first) == (1, second)
    assert first.limits[0].maximum == 2


@pytest.mark.parametrize("changed", [GOOD + "\n", GOOD.replace("2.00", "2.0"), GOOD + "# a comment\n", BAD])
def test_any_other_byte_has_the_file_checked(tmp_path: Path, checks: list[str], changed: str) -> None:
    """Also one that could not matter."""
    memory = Memory()
    load_budget(written(tmp_path, GOOD), "b.yml", memory)
    path = written(tmp_path, changed)
    if changed is BAD:
        with pytest.raises(InputError, match="expected dollars"):
            load_budget(path, "b.yml", memory)
    else:
        load_budget(path, "b.yml", memory)
    assert len(checks) == 2


def test_a_file_that_is_refused_is_refused_each_time(tmp_path: Path, checks: list[str]) -> None:
    """Only what was allowed is remembered."""
    memory, path = Memory(), written(tmp_path, BAD)
    for _ in range(2):
        with pytest.raises(InputError):
            load_budget(path, "b.yml", memory)
    assert (len(checks), memory.known) == (2, set())


def test_another_schema_or_version_has_the_file_checked(
    tmp_path: Path, checks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one schema allows, another may not; nor what one version allows, the next."""
    memory, path = Memory(), written(tmp_path, GOOD)
    load_budget(path, "b.yml", memory)
    with pytest.raises(InputError):
        read_checked(path, "b.yml", "rates-overrides", memory)
    monkeypatch.setattr(checked, "__version__", "0.0.0")
    load_budget(path, "b.yml", memory)
    assert len(checks) == 3


def test_what_a_file_means_is_looked_at_each_time(tmp_path: Path, checks: list[str]) -> None:
    """A limit that is written twice passes the schema, and never the rest."""
    memory, twice = Memory(), "  - {scope: run, max_cost: 2.00}\n" * 2
    path = written(tmp_path, f"version: 1\nlimits:\n{twice}")
    for _ in range(2):
        with pytest.raises(InputError, match="already on line 3"):
            load_budget(path, "b.yml", memory)
    assert len(checks) == 1


def test_the_newest_files_are_remembered() -> None:
    """Each edit makes a new one: the list stays short."""
    files = CheckedFiles(Cache())  # type: ignore[arg-type]  # as far as it is used
    for number in range(MOST_CHECKED + 1):
        files.remember(str(number))
    assert not files.knows("0")
    assert files.knows("1")
    assert files.knows(str(MOST_CHECKED))


@pytest.mark.parametrize("found", [None, {}, "x", [1, None], 7])
def test_a_cache_that_holds_anything_else_knows_nothing(found: object) -> None:
    """Nor does it keep a new file from being remembered."""
    files = CheckedFiles(Cache(found))  # type: ignore[arg-type]  # as above
    assert not files.knows("x")
    files.remember("a")
    assert files.knows("a")


def test_without_a_cache_nothing_is_remembered() -> None:
    """As with `-p no:cacheprovider`."""
    files = CheckedFiles(None)
    files.remember("a")
    assert not files.knows("a")


def test_commands_know_what_a_pytest_run_in_the_folder_remembered(tmp_path: Path) -> None:
    """Both name the same place in pytest's cache; where there is none, nothing is known."""
    assert CACHE_KEY == checked.CACHE_KEY
    memory = checked.PytestsMemory(tmp_path)
    assert not memory.knows("a1")
    (tmp_path / "v" / "claude-budget").mkdir(parents=True)
    (tmp_path / "v" / CACHE_KEY).write_text('["a1", "b2"]', encoding="utf-8")
    assert (memory.knows("a1"), memory.knows("a")) == (True, False)
