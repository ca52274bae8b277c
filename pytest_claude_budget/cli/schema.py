"""`schema`: the form of a file, for editors and other programs."""

import argparse

from pytest_claude_budget.cli.common import Commands, add_command, put_out

_NAMES = {
    "budget": "claude-budget.yml",
    "lock": "claude-budget.lock.json",
    "report": "a JSON report",
    "rates-overrides": "the file that rates.file names",
    "rates": "the packaged rate table",
}
"""Each schema, and what it is the form of."""


def add_schema(commands: Commands) -> None:
    """Add `schema`."""
    help_ = "print the JSON Schema of a file, which editors complete and check YAML with"
    example = "claude-budget schema budget > claude-budget.schema.json"
    parser = add_command(commands, "schema", help_, example)
    help_ = ", ".join(f"{name}: of {what}" for name, what in _NAMES.items())
    parser.add_argument("name", choices=tuple(_NAMES), help=help_)
    parser.set_defaults(command=_schema)


def _schema(options: argparse.Namespace) -> int:
    from pytest_claude_budget.files.read_write import read_text, schema_path

    put_out(read_text(schema_path(options.name), f"{options.name}.schema.json").rstrip("\n"))
    return 0
