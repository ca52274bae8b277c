"""A budget file from disk to checked limits: reading, schema and meaning put together in one place."""

from pathlib import Path

from pytest_claude_budget.budget import Budget, parse_budget
from pytest_claude_budget.checked import Memory, read_checked
from pytest_claude_budget.yaml_document import YamlDocument


def load_budget(path: Path, shown: str, memory: Memory | None = None) -> tuple[Budget, YamlDocument]:
    """The budget in a file, with the document to find lines in. Raises InputError with every problem of the file."""
    document = read_checked(path, shown, "budget", memory)
    return parse_budget(document.value, document.where, shown), document
