"""`report`: what a run cost that has no report of its own."""

import argparse

from pytest_claude_budget.cli.common import Commands, add_baseline, add_budget, add_command, add_format
from pytest_claude_budget.cli.gate_and_compare import add_output, say


def add_report(commands: Commands) -> None:
    """Add `report`."""
    help_ = "make the report of a run that was killed, or that still goes on, from its ledger"
    example = "claude-budget report\n  claude-budget report --format json --output markdown:comment.md"
    parser = add_command(commands, "report", help_, example)
    parser.add_argument(
        "ledger", nargs="?", metavar="LEDGER", help="the run's .sqlite3 file [the newest one in .pytest_cache]"
    )
    add_budget(parser)
    add_baseline(parser)
    add_format(parser)
    add_output(parser)
    parser.set_defaults(command=_report)


def _report(options: argparse.Namespace) -> int:
    from pathlib import Path

    from pytest_claude_budget.cli.report_from_ledger import find_ledger, report_of
    from pytest_claude_budget.files.load import baseline_at, load_terms

    path, shown = find_ledger(options.ledger, Path.cwd())
    report = report_of(path, shown, load_terms(options.budget), baseline_at(options.baseline))
    return say(report, options)
