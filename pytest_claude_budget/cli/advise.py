"""`advise`: what the calls of a run show that would cost less."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_claude_budget.cli.common import Commands, add_budget, add_command, add_format, put_out

if TYPE_CHECKING:
    from pytest_claude_budget.advice.lever import Lever
    from pytest_claude_budget.files.load import Terms

_SQLITE, _JOURNAL = ".sqlite3", ".jsonl"


def add_advise(commands: Commands) -> None:
    """Add `advise`."""
    help_ = "show what the calls of a run show that would cost less, with the dollars and what they rest on"
    example = "claude-budget advise\n  claude-budget advise --try claude-haiku-4-5 -- pytest tests/triage"
    parser = add_command(commands, "advise", help_, example)
    parser.add_argument(
        "run",
        nargs="*",
        metavar="REPORT|LEDGER",
        help="a JSON report, or a run's .sqlite3 file [the newest one in .pytest_cache]; with --try, -- and the command to run",
    )
    parser.add_argument("--try", metavar="MODEL", dest="model", help="run tests as they are, and again with this model")
    add_budget(parser)
    add_format(parser)
    parser.set_defaults(command=_advise)


def _advise(options: argparse.Namespace) -> int:
    if options.model is not None:
        return _try(options)
    from pytest_claude_budget.render import levers as words
    from pytest_claude_budget.render.json_levers import lever_entries

    entries = lever_entries(_levers(options))
    if options.format == "json":
        document: dict[str, Any] = {"schema_version": 1, "levers": entries}
        put_out(json.dumps(document, indent=1))
    else:
        put_out(words.levers_markdown(entries) if options.format == "markdown" else words.levers_text(entries))
    return 0


def _try(options: argparse.Namespace) -> int:
    from pytest_claude_budget.cli.try_model import try_model
    from pytest_claude_budget.files.load import load_terms
    from pytest_claude_budget.render.tried import tried_entry, tried_text

    found = try_model(options.model, options.run, load_terms(options.budget))
    put_out(json.dumps(tried_entry(found), indent=1) if options.format == "json" else tried_text(found))
    return 0


def _levers(options: argparse.Namespace) -> "tuple[Lever, ...]":
    from pytest_claude_budget.files.load import load_report, load_terms

    if len(options.run) > 1:
        from pytest_claude_budget.base.errors import InputError, Problem

        what, hint = f"expected one report or ledger, got {len(options.run)}", "to run a command, add --try MODEL"
        raise InputError(Problem(slug="several-runs", where="advise", what=what, hint=hint))
    name: str | None = options.run[0] if options.run else None
    if name is None or name.endswith((_SQLITE, _JOURNAL)):
        return _of_ledger(name, load_terms(options.budget))
    found = load_report(name).levers
    if found is None:
        from pytest_claude_budget.base.errors import InputError, Problem

        what = "expected a report in which levers were looked for, and in this one they were not"
        hint = "name the run's ledger, or nothing for the newest one: claude-budget advise"
        raise InputError(Problem(slug="no-levers", where=name, what=what, hint=hint))
    return found


def _of_ledger(name: str | None, terms: "Terms") -> "tuple[Lever, ...]":
    from pytest_claude_budget.advice.levers import find_levers
    from pytest_claude_budget.base.pause_gc import uncollected
    from pytest_claude_budget.cli.report_from_ledger import find_ledger, reading
    from pytest_claude_budget.judge.report import feature_of

    path, shown = find_ledger(name, Path.cwd())
    features = () if terms.budget is None else terms.budget.features
    with uncollected(), reading(path, shown) as ledger:
        return find_levers(ledger.seen(), terms.rates, terms.day, features, feature_of(terms.budget))
