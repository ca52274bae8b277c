"""A file that the schema allowed is not checked again; any other is."""

import json
from pathlib import Path

import pytest

from pytest_claude_budget.base import schema_errors
from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.files import checked_yaml as checked
from pytest_claude_budget.files.budget_file import load_budget
from pytest_claude_budget.files.checked_yaml import read_checked
from pytest_claude_budget.plugin.settings import (
    CACHE_KEY,
    KEPT_KEY,
    LONGEST_KEPT,
    MOST_CHECKED,
    MOST_KEPT,
    CheckedFiles,
)

GOOD = "version: 1\nlimits:\n  - {scope: run, max_cost: 2.00}\n"
BAD = "version: 1\nlimits:\n  - {scope: run, max_cost: cheap}\n"


class Memory:
    """Remembers in a set."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.kept: dict[str, object] = {}

    def recall(self, fingerprint: str) -> object:
        return self.kept.get(fingerprint)

    def keep(self, fingerprint: str, held: object) -> None:
        self.kept[fingerprint] = json.loads(json.dumps(held))

    def knows(self, fingerprint: str) -> bool:
        return fingerprint in self.known

    def remember(self, fingerprint: str) -> None:
        self.known.add(fingerprint)


class Cache:
    """pytest's, as far as it is used."""

    def __init__(self, found: object = None) -> None:
        self.found: dict[str, object] = {CACHE_KEY: found, KEPT_KEY: found}

    def get(self, key: str, default: object) -> object:
        found = self.found[key]
        return default if found is None else found

    def set(self, key: str, value: object) -> None:
        assert key in self.found
        self.found[key] = json.loads(json.dumps(value))


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the schema's check was asked about."""
    asked: list[str] = []
    validate = schema_errors.validate
    monkeypatch.setattr(
        schema_errors, "validate", lambda document, rules: asked.append("") or validate(document, rules)
    )
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


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which texts were parsed."""
    asked: list[str] = []
    parse = checked.parse_yaml_text
    monkeypatch.setattr(checked, "parse_yaml_text", lambda text, shown: asked.append(text) or parse(text, shown))
    return asked


def test_a_file_is_parsed_once_and_says_the_same_of_itself(tmp_path: Path, parses: list[str]) -> None:
    """Whatever it holds, and by whatever name it is known: what an error points at is the line in the file of today."""
    memory, path = Memory(), written(tmp_path, GOOD)
    first, second = (read_checked(path, name, "budget", memory) for name in ("a.yml", "b.yml"))
    assert len(parses) == 1
    assert (first.value, first.marks) == (second.value, second.marks)
    assert [str(each.value["limits"][0]["max_cost"]) for each in (first, second)] == ["2.00", "2.00"]
    assert (first.where(("limits", 0)), second.where(("limits", 0))) == ("a.yml:3:5", "b.yml:3:5")


@pytest.mark.parametrize("changed", [GOOD.replace("2.00", "2.01"), GOOD + "#\n"])
def test_any_other_byte_has_the_file_parsed(tmp_path: Path, parses: list[str], changed: str) -> None:
    memory = Memory()
    for text in (GOOD, changed, GOOD):
        read_checked(written(tmp_path, text), "b.yml", "budget", memory)
    assert parses == [GOOD, changed]


def test_a_command_parses_each_time(tmp_path: Path, parses: list[str]) -> None:
    """It may judge code that was free to write into the cache."""
    memory = checked.PytestsMemory(tmp_path)
    for _ in range(2):
        load_budget(written(tmp_path, GOOD), "b.yml", memory)
    assert len(parses) == 2


def test_the_newest_files_are_kept_and_no_long_one() -> None:
    files = CheckedFiles(Cache())  # type: ignore[arg-type]  # as above
    for number in range(MOST_KEPT + 1):
        files.keep(str(number), [number])
    files.keep("long", ["x" * LONGEST_KEPT])
    kept = [files.recall(each) for each in ("0", "1", str(MOST_KEPT), "long")]
    assert kept == [None, [1], [MOST_KEPT], None]


@pytest.mark.parametrize("found", [None, [], "x", {"x": 1}, 7])
def test_a_cache_that_holds_anything_else_has_nothing_kept(tmp_path: Path, parses: list[str], found: object) -> None:
    files = CheckedFiles(Cache(found))  # type: ignore[arg-type]  # as above
    for _ in range(2):
        assert load_budget(written(tmp_path, GOOD), "b.yml", files)[0].limits[0].maximum == 2
    assert len(parses) == 1
