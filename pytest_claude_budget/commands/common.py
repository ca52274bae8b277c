"""What the commands share: how one is added, and the values that their arguments take."""

import argparse
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
