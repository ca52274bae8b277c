"""The list of the `claude-budget` commands. A new one is a module beside this, and one more line in `COMMANDS`.

A module adds its command to the parser with a function `add_…`, and imports what the command needs as it runs: `--help` of one
command loads nothing of the others.
"""

import argparse
from collections.abc import Callable

from pytest_claude_budget import __version__
from pytest_claude_budget.cli.advise import add_advise
from pytest_claude_budget.cli.baseline import add_baseline_commands
from pytest_claude_budget.cli.bound import add_bound
from pytest_claude_budget.cli.clients import add_clients
from pytest_claude_budget.cli.combine import add_combine
from pytest_claude_budget.cli.comment_and_action import add_action, add_comment
from pytest_claude_budget.cli.common import Commands
from pytest_claude_budget.cli.estimate import add_estimate
from pytest_claude_budget.cli.gate_and_compare import add_compare, add_explain, add_gate
from pytest_claude_budget.cli.gateway import add_gateway
from pytest_claude_budget.cli.history import add_history
from pytest_claude_budget.cli.html import add_html
from pytest_claude_budget.cli.init_and_check import add_check, add_init
from pytest_claude_budget.cli.project import add_project
from pytest_claude_budget.cli.rates import add_rates
from pytest_claude_budget.cli.report import add_report
from pytest_claude_budget.cli.schema import add_schema
from pytest_claude_budget.cli.top import add_top
from pytest_claude_budget.cli.watch import add_watch
from pytest_claude_budget.cli.whatif import add_whatif

COMMANDS: tuple[Callable[[Commands], None], ...] = (
    add_init,
    add_check,
    add_report,
    add_html,
    add_watch,
    add_schema,
    add_compare,
    add_gate,
    add_baseline_commands,
    add_history,
    add_combine,
    add_rates,
    add_bound,
    add_explain,
    add_top,
    add_project,
    add_estimate,
    add_whatif,
    add_advise,
    add_clients,
    add_gateway,
    add_comment,
    add_action,
)
"""What adds each command, in the order in which `--help` shows them."""


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; `command` of what it parses is the function to run."""
    made = argparse.ArgumentParser(
        prog="claude-budget", description="Know what a change does to your Claude bill before it is merged."
    )
    made.add_argument("--version", action="version", version=f"claude-budget {__version__}")
    commands = made.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in COMMANDS:
        add(commands)
    return made
