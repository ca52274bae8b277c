"""The pages of the reference that are made from the code: formats of files, help of the commands, the plugin's options, the Action."""

import argparse
import json
import os
from pathlib import Path
from typing import Any

import yaml

from docs.site.schemas import schema_page
from pytest_claude_budget.cli.commands import parser
from pytest_claude_budget.plugin import pytest_addoption

FORMATS = {
    "budget": "The budget file",
    "report": "The JSON report",
    "lock": "The lock file",
    "rates-overrides": "Rates of your own",
}
WIDTH = "90"


def reference_pages(root: Path) -> dict[str, str]:
    """The text of each page by its place on the site."""
    os.environ["COLUMNS"] = WIDTH  # argparse asks it for the width of its help
    pages = {"reference/help.md": help_page(), "reference/action.md": action_page(root / "action.yml")}
    for name, title in FORMATS.items():
        file = f"{name}.schema.json"
        document = json.loads((root / "schemas" / file).read_text(encoding="utf-8"))
        pages[f"reference/{name}.md"] = schema_page(document, title, file)
    return pages


class _Options:
    """Stands in for pytest's parser, and keeps what the plugin adds to it."""

    def __init__(self) -> None:
        self.lines = ["| option or ini value | what it does |", "| --- | --- |"]

    def getgroup(self, *names: str) -> "_Options":
        return self

    def addoption(self, name: str, *, help: str, metavar: str = "", **more: Any) -> None:  # noqa: A002  # as pytest has it
        self.lines.append(f"| `{name}{'=' if metavar else ''}{metavar}` | {help} |".replace("%%", "%"))

    def addini(self, name: str, help: str, **more: Any) -> None:  # noqa: A002  # as pytest has it
        self.lines.append(f"| `{name}` (ini) | {help} |")


def help_page() -> str:
    """What `pytest --help` and the commands' `--help` say."""
    options = _Options()
    pytest_addoption(options)  # type: ignore[arg-type]  # it has what the plugin uses of a parser
    lines = ["# Help of the options and commands", "", "This page is made from what `--help` says.", ""]
    lines += ["## Options of pytest", "", *options.lines, "", "## Commands", ""]
    for name, command in _commands(parser()):
        lines += [f"### {name}", "", f"```text\n{command.format_help().rstrip()}\n```", ""]
    return "\n".join(lines)


def _commands(made: argparse.ArgumentParser) -> list[tuple[str, argparse.ArgumentParser]]:
    """Each command with its parser; of one that has commands of its own, those."""
    below = [action.choices for action in made._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        return [(made.prog, made)]
    return [each for choices in below for command in choices.values() for each in _commands(command)]


def action_page(path: Path) -> str:
    """Inputs and outputs of the Action."""
    action = yaml.safe_load(path.read_text(encoding="utf-8"))
    lines = ["# Inputs and outputs of the Action", "", action["description"], ""]
    lines += ["This page is made from `action.yml`, which decides.", ""]
    lines += ["## Inputs", "", "| input | what it is | without it |", "| --- | --- | --- |"]
    for name, each in action["inputs"].items():
        default = f"`{each['default']}`" if each.get("default") else ""
        lines.append(f"| `{name}` | {each['description'].strip()} | {default} |")
    lines += ["", "## Outputs", "", "| output | what it is |", "| --- | --- |"]
    lines += [f"| `{name}` | {each['description'].strip()} |" for name, each in action["outputs"].items()]
    return "\n".join([*lines, ""])
