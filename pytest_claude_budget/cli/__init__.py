"""The `claude-budget` commands: arguments come in, a document on stdout, words on stderr and an exit status go out.

This module is wiring only; each command is in a module of its own and loads what it needs.

Exit status: 0 within or warned, 1 over, 2 bad usage or bad input, 3 incomplete.
"""

import argparse
import gc
import sys
from collections.abc import Sequence

from pytest_claude_budget import __version__
from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.cli import baselines, budget_files, github, project, rates, runs, schemas, shards, whatif
from pytest_claude_budget.cli import gate as judged

BAD_INPUT = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    try:
        return run(arguments)
    except InputError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:
        sys.stderr.close()
        return 0


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status. Raises InputError."""
    options = _parser().parse_args(arguments)
    collects = gc.isenabled()
    gc.disable()  # a command makes a million values and ends: looking through them again and again takes a third of it
    try:
        status: int = options.command(options)
    finally:
        if collects:
            gc.enable()
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="claude-budget", description="Know what a change does to your Claude bill before it is merged."
    )
    parser.add_argument("--version", action="version", version=f"claude-budget {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    budget_files.add_init(commands)
    budget_files.add_check(commands)
    runs.add_report(commands)
    schemas.add_schema(commands)
    judged.add_compare(commands)
    judged.add_gate(commands)
    baselines.add_baseline_commands(commands)
    shards.add_combine(commands)
    rates.add_rates(commands)
    judged.add_explain(commands)
    project.add_project(commands)
    whatif.add_whatif(commands)
    github.add_comment(commands)
    github.add_action(commands)
    return parser
