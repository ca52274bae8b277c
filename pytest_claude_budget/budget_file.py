"""A budget file from disk to checked limits: reading, schema and meaning put together in one place."""

from pathlib import Path

from pytest_claude_budget.budget import Budget, parse_budget
from pytest_claude_budget.errors import InputError
from pytest_claude_budget.files import read_yaml, schema
from pytest_claude_budget.schema_errors import validate
from pytest_claude_budget.yaml_document import YamlDocument


def load_budget(path: Path, shown: str) -> tuple[Budget, YamlDocument]:
    """The budget in a file, with the document to find lines in. Raises InputError with every problem of the file."""
    document = read_yaml(path, shown)
    problems = validate(document, schema("budget"))
    if problems:
        raise InputError(*problems)
    return parse_budget(document.value, document.where, shown), document
