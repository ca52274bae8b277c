"""What the commands share: how one is added, and the values that their arguments take."""

import argparse
import sys
from datetime import date
from typing import TypeAlias

DEFAULT_FILE = "claude-budget.yml"
MOST_DIGITS = 12

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_command(commands: Commands, name: str, help_: str, example: str) -> argparse.ArgumentParser:
    """Add a command with its description and an example."""
    return commands.add_parser(
        name,
        help=help_,
        description=help_[0].upper() + help_[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_budget(parser: argparse.ArgumentParser) -> None:
    """Let a command be told of a budget file."""
    parser.add_argument("--budget", metavar="PATH", help=f"apply this budget file [{DEFAULT_FILE}, where there is one]")


def add_baseline(parser: argparse.ArgumentParser) -> None:
    """Let a command be told what to compare with."""
    help_ = "compare with this lock file or report, or with the lock file at a commit; none: with nothing"
    parser.add_argument("--baseline", metavar="PATH|git:REF", help=f"{help_} [claude-budget.lock.json]")


def add_format(parser: argparse.ArgumentParser) -> None:
    """Let a command be told how to print."""
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text", help="what to print [text]")


def put_out(text: str) -> None:
    """Print what was asked for; what the terminal's encoding lacks is replaced rather than a crash."""
    stream = sys.stdout
    print(text.encode(stream.encoding or "utf-8", "replace").decode(stream.encoding or "utf-8"))


def count(text: str) -> int:
    """Read a whole number, digits grouped or not."""
    digits = text.replace(",", "").replace("_", "")
    if not digits.isdecimal() or len(digits) > MOST_DIGITS:
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 up, such as 100000, got {text[:40]!r}")
    return int(digits)


def day(text: str) -> date:
    """Read a day such as 2026-11-23."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a day such as 2026-11-23, got {text[:40]!r}") from None
