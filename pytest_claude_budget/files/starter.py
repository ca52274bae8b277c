"""The budget file that `claude-budget init` writes: short, commented, and valid as it is."""

from pytest_claude_budget.files.read_write import package_data, read_text


def starter_budget() -> str:
    """The starter file."""
    name = "starter-budget.yml"
    return read_text(package_data(name), name)
