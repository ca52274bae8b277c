"""The budget file that `claude-budget init` writes: short, commented, and valid as it is."""

from pytest_claude_budget.files import package_data, read_text

_PLACEHOLDER = "SCHEMA_LOCATION"


def starter_budget(schema_location: str) -> str:
    """The starter file, with an address or path of the budget schema for editors that complete and check YAML."""
    name = "starter-budget.yml"
    return read_text(package_data(name), name).replace(_PLACEHOLDER, schema_location, 1)
