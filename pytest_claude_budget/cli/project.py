"""`project`: what the features of a product cost a month."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.cli.common import DEFAULT_FILE, Commands, add_baseline, add_command, budget_here, put_out
from pytest_claude_budget.cli.repriced import add_run, record_from, run_from, terms_of

if TYPE_CHECKING:
    from pytest_claude_budget.files.load import Terms
    from pytest_claude_budget.forecast.month_rows import Row
    from pytest_claude_budget.record.record import Record


def add_project(commands: Commands) -> None:
    """Add `project`."""
    help_ = "show what the features of the budget file cost a month, from what their tests cost"
    parser = add_command(commands, "project", help_, "claude-budget project claude-cost.json --baseline git:main")
    add_run(parser)
    add_baseline(parser)
    parser.set_defaults(command=_project)


def _project(options: argparse.Namespace) -> int:
    terms = terms_of(options)
    if terms.budget is None or not terms.budget.features:
        is_report = run_from(options.report)[1] == "report"
        raise InputError(_no_features(options.budget or budget_here() or DEFAULT_FILE, is_report=is_report))
    rows = _rows(terms, record_from(options.report), options)
    if options.format == "json":
        put_out(json.dumps(_document(rows, terms), indent=1))
    else:
        from pytest_claude_budget.render import projection as months

        render = months.months_markdown if options.format == "markdown" else months.months_text
        put_out(render(rows, terms.rates))
    return 0


def _no_features(shown: str, *, is_report: bool) -> Problem:
    hint = "add for example features: {triage: {tests: [tests/triage], requests_per_month: 50_000}}"
    if not is_report:
        hint += "; without features, claude-budget baseline show, compare and whatif take a lock file"
    return Problem(
        slug="no-features", where=shown, what="expected features with volumes to project, got none", hint=hint
    )


def _rows(terms: "Terms", after: "Record", options: argparse.Namespace) -> "tuple[Row, ...]":
    from pytest_claude_budget.forecast.month import Volumes, project

    budget = terms.budget
    if budget is None:
        return ()
    volumes = Volumes(features=budget.features, growth=budget.projection.growth, cache=budget.projection.cache)
    return project(volumes, _before(terms, after, options), after, terms.rates, terms.day)


def _before(terms: "Terms", after: "Record", options: argparse.Namespace) -> "Record | None":
    """The baseline, with the ids that its tests have now."""
    from pytest_claude_budget.compare.compare import Facts, compare, with_new_names
    from pytest_claude_budget.files.load import baseline_at
    from pytest_claude_budget.record.record import LOCK_FILE

    if options.baseline is None and Path(options.report).name == LOCK_FILE:
        return None
    loaded = baseline_at(options.baseline)
    if loaded is None or loaded.record is None:
        return None
    facts = Facts(baseline=loaded.baseline, rates=terms.rates, day=terms.day)
    return with_new_names(loaded.record, compare(loaded.record, after, facts))


def _document(rows: "tuple[Row, ...]", terms: "Terms") -> dict[str, object]:
    from pytest_claude_budget.base.money import to_json
    from pytest_claude_budget.forecast.month_totals import totals_by_scenario
    from pytest_claude_budget.render.json_comparison import projection_entry

    totals = [
        {
            "scenario": total.scenario,
            "after": to_json(total.after),
            "compared_before": to_json(total.compared_before),
            "compared_after": to_json(total.compared_after),
            "at_least": total.at_least,
            "missing": list(total.missing),
        }
        for total in totals_by_scenario(rows)
    ]
    as_of = terms.rates.as_of.isoformat()
    return {
        "schema_version": 1,
        "rates_as_of": as_of,
        "projection": [projection_entry(row) for row in rows],
        "totals": totals,
    }
