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
from pytest_claude_budget.cli import (
    baseline,
    combine,
    comment_and_action,
    gate_and_compare,
    init_and_check,
    project,
    rates,
    report,
    schema,
    whatif,
)

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
    init_and_check.add_init(commands)
    init_and_check.add_check(commands)
    report.add_report(commands)
    schema.add_schema(commands)
    gate_and_compare.add_compare(commands)
    gate_and_compare.add_gate(commands)
    baseline.add_baseline_commands(commands)
    combine.add_combine(commands)
    rates.add_rates(commands)
    gate_and_compare.add_explain(commands)
    project.add_project(commands)
    whatif.add_whatif(commands)
    comment_and_action.add_comment(commands)
    comment_and_action.add_action(commands)
    return parser
