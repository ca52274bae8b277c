"""The `claude-budget` commands: arguments come in, a document on stdout, words on stderr and an exit status go out.

Nothing is measured or judged here. `commands.py` lists the commands; this module runs one of them.

Exit status: 0 within or warned, 1 over, 2 bad usage or bad input, 3 incomplete.
"""

import gc
import sys
from collections.abc import Sequence

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.cli.commands import parser

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
    options = parser().parse_args(arguments)
    collects = gc.isenabled()
    gc.disable()  # a command makes a million values and ends: looking through them again and again takes a third of it
    try:
        status: int = options.command(options)
    finally:
        if collects:
            gc.enable()
    return status
