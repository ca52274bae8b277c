"""What `project`, `whatif` and `init --from` share: the run that they look at, and the rates that price it."""

import argparse
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_claude_budget.commands.common import DEFAULT_FILE, day
from pytest_claude_budget.errors import InputError, Problem

if TYPE_CHECKING:
    from pytest_claude_budget.budget import Budget
    from pytest_claude_budget.rates import RateTable
    from pytest_claude_budget.record import Record

FORMATS = ("text", "json", "markdown")


@dataclass(frozen=True, kw_only=True, slots=True)
class Prices:
    """The rates to price a run with, on one day."""

    budget: "Budget | None"
    """The budget file whose rates are applied; None where there is none."""
    rates: "RateTable"
    day: date


def add_pricing(parser: argparse.ArgumentParser) -> None:
    """Add the options that say at which rates."""
    parser.add_argument("--budget", metavar="PATH", help=f"the budget file, for features and rates [{DEFAULT_FILE}]")
    parser.add_argument("--on", type=day, metavar="YYYY-MM-DD", help="price as of this day [the day of the rates]")


def add_format(parser: argparse.ArgumentParser) -> None:
    """Add the choice of an output."""
    parser.add_argument("--format", choices=FORMATS, default=FORMATS[0], help="what to print [text]")


def prices_of(options: argparse.Namespace) -> Prices:
    """Read the budget file, if there is one, and the rates with what it changes in them. Raises InputError."""
    from pytest_claude_budget.rate_files import packaged_rates, rates_of

    shown = options.budget or DEFAULT_FILE
    budget, rates = None, packaged_rates()
    if options.budget or Path(shown).exists():
        from pytest_claude_budget.budget_file import load_budget

        budget, _ = load_budget(Path(shown), shown)
        rates = rates_of(budget, Path(shown).parent)
    return Prices(budget=budget, rates=rates, day=options.on or rates.as_of)


def record_from(source: str) -> "Record":
    """Read what a run used from a JSON report, a lock file, or a lock file at another commit. Raises InputError."""
    from pytest_claude_budget.baseline_files import load_baseline

    loaded = load_baseline(source, Path())
    if loaded is None or loaded.record is None:
        hint = "write one: pytest --claude-budget-report=json:out.json"
        raise InputError(Problem(slug="no-such-file", where=source, what="there is no run to look at", hint=hint))
    return loaded.record
