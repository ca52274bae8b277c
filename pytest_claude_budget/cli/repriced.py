"""What `project` and `whatif` share: the run that they look at, and the terms on which it is priced."""

import argparse
from typing import TYPE_CHECKING

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.cli.common import add_budget, add_format, day

if TYPE_CHECKING:
    from pytest_claude_budget.files.load import Terms
    from pytest_claude_budget.record.record import Record


def add_run(parser: argparse.ArgumentParser) -> None:
    """Add what names a run, and how to price and print it."""
    parser.add_argument("report", metavar="REPORT", help="a JSON report, a lock file, or the lock file at git:REF")
    add_budget(parser)
    parser.add_argument("--on", type=day, metavar="YYYY-MM-DD", help="price as of this day [today]")
    add_format(parser)


def terms_of(options: argparse.Namespace) -> "Terms":
    """Read the budget file, if there is one, and its rates. Raises InputError."""
    from dataclasses import replace

    from pytest_claude_budget.files.load import load_terms

    terms = load_terms(options.budget)
    return terms if options.on is None else replace(terms, day=options.on)


def record_from(source: str) -> "Record":
    """Read what a run used. Raises InputError."""
    return run_from(source)[0]


def run_from(source: str) -> "tuple[Record, str]":
    """Read what a run used, and the kind of its file, as a baseline has it. Raises InputError."""
    from pytest_claude_budget.files.load import baseline_at

    loaded = baseline_at(source)
    if loaded is None or loaded.record is None:
        what = "expected a JSON report, a lock file or git:REF with a lock file, and there is none"
        hint = "write one: pytest --claude-budget-report=json:claude-cost.json"
        raise InputError(Problem(slug="no-run", where=source[:200], what=what, hint=hint))
    return loaded.record, loaded.baseline.kind
