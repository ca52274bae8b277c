"""What the commands share: how one is added, and the values that their arguments take."""

import argparse
import sys
from datetime import date
from pathlib import Path
from typing import TextIO, TypeAlias

DEFAULT_FILE = "claude-budget.yml"
PYTESTS_FILE = "the one that pytest would take"
MOST_DIGITS = 12

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


class _Help(argparse.RawDescriptionHelpFormatter):
    """Breaks no line within an option or the name of a file."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        from textwrap import wrap

        return wrap(text, width, break_on_hyphens=False, break_long_words=False)


def add_command(commands: Commands, name: str, help_: str, example: str) -> argparse.ArgumentParser:
    """Add a command with its description and an example."""
    return commands.add_parser(
        name,
        help=help_,
        description=help_[0].upper() + help_[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=_Help,
    )


def add_budget(parser: argparse.ArgumentParser) -> None:
    """Let a command be told of a budget file."""
    parser.add_argument("--budget", metavar="PATH", help=f"apply this budget file [{PYTESTS_FILE}]")


def add_baseline(parser: argparse.ArgumentParser) -> None:
    """Let a command be told what to compare with."""
    help_ = "compare with this lock file or report, or with the lock file at a commit; none: with nothing"
    parser.add_argument(
        "--baseline", metavar="PATH|git:REF", help=f"{help_} [claude-budget.lock.json at pytest's rootdir]"
    )


def add_format(parser: argparse.ArgumentParser) -> None:
    """Let a command be told how to print."""
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text", help="what to print [text]")


def budget_here() -> str | None:
    """The budget file that pytest would take, as a person in this folder writes it; None where there is none."""
    from pytest_claude_budget.files.rootdir import project_of, seen_from

    budget = project_of(Path.cwd()).budget
    return None if budget is None else seen_from(budget, Path.cwd())


def refuse_without_extra(command: str, extra: str, *modules: str) -> None:
    """What only an extra brings is not there in most installations. Raises InputError where it is missing."""
    from pytest_claude_budget.base.errors import InputError
    from pytest_claude_budget.base.missing_extra import missing_extra

    if (problem := missing_extra(f"claude-budget {command}", extra, modules)) is not None:
        raise InputError(problem)


def run_there(folder: str) -> str:
    """What to do with a report of another folder's suite."""
    return f"run this in {folder or 'the folder in which pytest ran'}, or name the budget file with --budget"


def put_out(text: str, stream: TextIO | None = None, *, flush: bool = False) -> None:
    """Print what was asked for, unless it is nothing; what the terminal's encoding lacks is replaced rather than a crash."""
    stream = stream or sys.stdout
    if text:
        shown = text.encode(stream.encoding or "utf-8", "replace").decode(stream.encoding or "utf-8")
        print(shown, file=stream, flush=flush)


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
