"""A budget file from disk to checked limits: reading, schema and meaning put together in one place."""

from pathlib import Path

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.base.places import YamlDocument
from pytest_claude_budget.budget.limits import Budget, parse_budget
from pytest_claude_budget.files.checked_yaml import Memory, read_checked
from pytest_claude_budget.files.read_write import read_json


def load_budget(path: Path, shown: str, memory: Memory | None = None) -> tuple[Budget, YamlDocument]:
    """The budget in a file, with the document to find lines in. Raises InputError with every problem of the file."""
    if path.suffix == ".json":
        _refuse_ours(path, shown)
    document = read_checked(path, shown, "budget", memory)
    return parse_budget(document.value, document.where, shown), document


def _refuse_ours(path: Path, shown: str) -> None:
    """JSON is YAML, and a report or a lock file of ours would be refused for each of its keys."""
    from pytest_claude_budget.base.unusable_files import other_kind

    try:
        other = other_kind(read_json(path, shown), "a budget file", shown)
    except InputError:
        return
    if other is not None:
        raise InputError(other)
