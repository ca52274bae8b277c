"""The `claude-budget` command: wiring only. Exit status: 0 fine, 2 bad usage or bad input."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from pytest_claude_budget import __version__
from pytest_claude_budget.errors import InputError, Problem

DEFAULT_FILE = "claude-budget.yml"
BAD_INPUT = 2
MOST_DIGITS = 12


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.command(options)
    except InputError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="claude-budget", description="Know what a change does to your Claude bill before it is merged."
    )
    parser.add_argument("--version", action="version", version=f"claude-budget {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_init(commands)
    _add_check(commands)
    _add_rates(commands)
    return parser


def _add_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, help_: str, example: str
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=help_,
        description=help_[0].upper() + help_[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_init(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _add_command(commands, "init", "write a commented budget file to start from", "claude-budget init")
    parser.add_argument("path", nargs="?", default=DEFAULT_FILE, help=f"where to write it [{DEFAULT_FILE}]")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    parser.set_defaults(command=_init)


def _add_check(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    help_ = "check that budget files are right, and say what is wrong with them and where"
    parser = _add_command(commands, "check", help_, "claude-budget check claude-budget.yml")
    parser.add_argument("paths", nargs="*", default=[DEFAULT_FILE], metavar="PATH", help=f"[{DEFAULT_FILE}]")
    parser.set_defaults(command=_check)


def _add_rates(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    help_ = "show the rate table in force, or price counts of one model by hand"
    example = "claude-budget rates claude-sonnet-4-6 --input 100000 --output 10000"
    parser = _add_command(commands, "rates", help_, example)
    parser.add_argument("model", nargs="?", help="price this model; without it, show the table")
    for name in ("input", "output", "cache-read", "cache-write-5m", "cache-write-1h", "web-search"):
        parser.add_argument(f"--{name}", type=_count, default=0, metavar="N")
    parser.add_argument("--batch", action="store_true", help="answered by a batch")
    parser.add_argument("--fast", action="store_true", help="answered in fast mode")
    parser.add_argument("--geo", metavar="GEO", help="inference_geo of the answer, such as us")
    parser.add_argument("--on", type=_day, metavar="YYYY-MM-DD", help="price as of this day [today]")
    parser.add_argument("--budget", metavar="PATH", help=f"apply the rates of this budget file [{DEFAULT_FILE}]")
    parser.set_defaults(command=_rates)


def _count(text: str) -> int:
    digits = text.replace(",", "").replace("_", "")
    if not digits.isdecimal() or len(digits) > MOST_DIGITS:
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 up, such as 100000, got {text[:40]!r}")
    return int(digits)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a day such as 2026-11-23, got {text[:40]!r}") from None


def _init(options: argparse.Namespace) -> int:
    from pytest_claude_budget.files import schema_path, write_atomically
    from pytest_claude_budget.starter import starter_budget

    path = Path(options.path)
    if path.exists() and not options.force:
        hint = "edit it, or write it anew with --force"
        raise InputError(Problem(slug="file-exists", where=options.path, what="there is a file already", hint=hint))
    write_atomically(path, starter_budget(schema_path("budget").resolve().as_uri()))
    print(f"wrote {options.path}: read it, set your limits, then run pytest")
    return 0


def _check(options: argparse.Namespace) -> int:
    from pytest_claude_budget.budget_file import load_budget
    from pytest_claude_budget.rate_files import rates_of

    problems: list[Problem] = []
    for shown in options.paths:
        try:
            budget, _ = load_budget(Path(shown), shown)
            rates_of(budget, Path(shown).parent)
        except InputError as error:
            problems += error.problems
        else:
            limits = len(budget.limits)
            print(f"{shown}: fine, {limits} limit{'' if limits == 1 else 's'}")
    if problems:
        raise InputError(*problems)
    return 0


def _rates(options: argparse.Namespace) -> int:
    from pytest_claude_budget.rate_files import packaged_rates, rates_of
    from pytest_claude_budget.render.rates_table import hand_price, rates_table
    from pytest_claude_budget.usage import Answer, Status, Usage

    day = options.on or datetime.now(UTC).date()
    table = packaged_rates()
    shown = options.budget or DEFAULT_FILE
    if options.budget or Path(shown).exists():
        from pytest_claude_budget.budget_file import load_budget

        table = rates_of(load_budget(Path(shown), shown)[0], Path(shown).parent)
    if options.model is None:
        print(rates_table(table, day))
        return 0
    usage = Usage(
        input_tokens=options.input,
        cache_creation_5m_input_tokens=options.cache_write_5m,
        cache_creation_1h_input_tokens=options.cache_write_1h,
        cache_read_input_tokens=options.cache_read,
        output_tokens=options.output,
        web_search_requests=options.web_search,
    )
    answer = Answer(
        status=Status.MEASURED,
        endpoint="messages",
        model=options.model,
        usage=usage,
        batch=options.batch,
        speed="fast" if options.fast else None,
        inference_geo=options.geo,
    )
    if table.find(options.model) is None:
        raise InputError(_unknown_model(options.model, table.models))
    print(hand_price(answer, day, table))
    return 0


def _unknown_model(model: str, known: Iterable[str]) -> Problem:
    from pytest_claude_budget.schema_errors import suggestion

    return Problem(
        slug="unknown-model",
        where=repr(model[:80]),
        what="expected a model of the rate table",
        hint=suggestion(model, tuple(known)) or "claude-budget rates shows them all",
    )
