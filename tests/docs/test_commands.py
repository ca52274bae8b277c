"""Every command of the documents does what it says there, in a project as a reader has one."""

import argparse
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pytest_claude_budget.cli import main
from pytest_claude_budget.cli.commands import parser as all_commands
from tests.action.github_double import REPOSITORY, Double
from tests.docs import shop
from tests.docs.pages import all_pages, blocks, page
from tests.warm.interpreters import Interpreters

PAGES = all_pages()
BLOCKS = blocks(PAGES)
BUDGET = next(block for language, block in blocks(page("docs/how-to/budget.md")) if language == "yaml")
LINES = [line.partition(" #")[0].strip() for _, block in BLOCKS for line in block.splitlines()]
LINES += re.findall(r"`([^`\n]+)`", PAGES)
COMMANDS = sorted({line for line in LINES if re.match(r"claude-budget [a-z]", line) and "%O" not in line})
RUNS = sorted({line for line in LINES if re.match("pytest --claude-budget-", line)})
ON_GITHUB = ("action", "comment")
"""What `tests/action` runs, against a double of GitHub."""
ELSEWHERE = (*ON_GITHUB, "gateway", "watch")
"""The last two go on until something ends: `tests/gateway` and `tests/plugin/test_spent_so_far.py` run them."""
OVER = 1
"""What `gate` ends with: the project's change is more than that budget allows."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, interpreters: Interpreters) -> Path:
    """On the branch of a change, with its reports."""
    folder = tmp_path_factory.mktemp("docs") / "project"
    shop.make(folder, BUDGET, interpreters.warm())
    return folder


@pytest.fixture(scope="module")
def github() -> Iterator[str]:
    """Where `comment` posts."""
    double = Double()
    yield double.url
    double.close()


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """All commands by their names."""
    (commands,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return commands.choices


NAMED = commands_of(all_commands())


def only_named(line: str) -> bool:
    """A command that cannot do without arguments, and has none here: it is spoken of, and nobody would run it so."""
    name = line.split()[1]
    none_will_do = ("*", "?", argparse.REMAINDER)
    needed = [action for action in NAMED[name]._actions if action.required and action.nargs not in none_will_do]
    return line == f"claude-budget {name}" and bool(needed)


def test_no_document_names_a_command_that_there_is_not() -> None:
    assert [line for line in COMMANDS if line.split()[1] not in NAMED] == []


@pytest.mark.parametrize(
    "line",
    [line for line in COMMANDS if line.split()[1] in NAMED if line.split()[1] not in ELSEWHERE if not only_named(line)],
)
def test_every_command_of_the_documents_runs(
    line: str, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, github: str
) -> None:
    """It ends well, but for what judges the change, and has something to say."""
    for name, value in {"API_URL": github, "REPOSITORY": REPOSITORY, "TOKEN": "t0ken", "RUN_ID": "1"}.items():
        monkeypatch.setenv(f"GITHUB_{name}", value)
    folder = shop.copied(project, tmp_path)
    if line == "claude-budget init":
        (folder / "claude-budget.yml").unlink()
    monkeypatch.chdir(folder)
    assert main(shlex.split(line)[1:]) == (OVER if {"gate", "report"} & {line.split()[1]} else 0)


@pytest.mark.parametrize("name", sorted({*NAMED} - {"action"}))
def test_every_command_is_in_the_documents(name: str) -> None:
    """With an example; `action` is what action.yml runs, and is documented as that."""
    assert [line for line in COMMANDS if line.split()[1] == name and not only_named(line)]


@pytest.mark.parametrize("line", RUNS)
def test_every_run_of_the_documents_runs(line: str, project: Path, tmp_path: Path, interpreters: Interpreters) -> None:
    """An update is written and passes; any other run of the change is over the budget's limits."""
    folder = shop.copied(project, tmp_path)
    before = (folder / "claude-budget.lock.json").read_bytes()
    ended = shop.measured(folder, interpreters.warm(), *shlex.split(line)[1:])
    updates = "--claude-budget-update" in line
    assert ended.returncode == (0 if updates else OVER), ended.stdout + ended.stderr
    assert ((folder / "claude-budget.lock.json").read_bytes() != before) is updates


def test_the_documents_show_what_a_comparison_prints(project: Path) -> None:
    """The example of why a cost moved is what `compare` prints, but for the commit."""
    printed = shop.told(project, "claude-budget", "compare", "git:main", "claude-cost.json")
    said = re.sub(r" at [0-9a-f]{7,}:", " at 5f9d731:", printed)
    shown = next(block for _, block in BLOCKS if block.startswith("against git:main"))
    assert said.startswith(shown)


def test_branches_that_touch_different_tests_merge_by_themselves(
    project: Path, tmp_path: Path, interpreters: Interpreters
) -> None:
    """With the two settings of docs/how-to/baseline.md, in a real repository; without them git finds no way."""
    folder = shop.copied(project, tmp_path)
    branches_of_two_tests(folder, interpreters.warm())
    assert shop.run(folder, "git", "merge", "--quiet", "theirs").returncode != 0
    shop.told(folder, "git", "merge", "--abort")
    shop.told(folder, *shlex.split(next(line for line in LINES if line.startswith("git config merge."))))
    attributes = next(line for line in LINES if line.startswith("claude-budget.lock.json merge="))
    (folder / ".gitattributes").write_text(f"{attributes}\n", encoding="utf-8")
    shop.told(folder, "git", "merge", "--quiet", "--no-edit", "theirs")
    again = shop.measured(folder, interpreters.warm(), "--no-header")
    assert "unchanged against claude-budget.lock.json" in again.stdout


def branches_of_two_tests(folder: Path, python: Sequence[str]) -> None:
    """`change` made one test dearer, `theirs` the one in the next line; each accepted it. We are on `change`."""
    for branch, file, old, new in (
        ("theirs", "helpdesk.py", "Sort the ticket", "Please sort the ticket"),
        ("change", "tests/triage/test_refund.py", "range(1)", "range(2)"),
    ):
        shop.told(folder, "git", "checkout", "--quiet", "--force", "-B", branch, "main")
        path = folder / file
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        assert shop.measured(folder, python, "--claude-budget-update").returncode == 0
        shop.told(folder, "git", "commit", "--quiet", "--all", f"--message=Change {file}")


def test_two_first_lock_files_merge_too(project: Path, tmp_path: Path) -> None:
    """Git gives the driver an empty file for the base that there is not."""
    locks = [tmp_path / name for name in ("base", "ours", "theirs")]
    locks[0].touch()
    for path in locks[1:]:
        path.write_bytes((project / "claude-budget.lock.json").read_bytes())
    assert main(["baseline", "merge", *map(str, locks)]) == 0
    assert locks[1].read_bytes() == locks[2].read_bytes()
