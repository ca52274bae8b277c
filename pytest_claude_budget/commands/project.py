"""`project`: what the features of a product cost a month."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_claude_budget.commands.common import DEFAULT_FILE, Commands, add_command
from pytest_claude_budget.commands.repriced import Prices, add_format, add_pricing, prices_of, record_from
from pytest_claude_budget.errors import InputError, Problem

if TYPE_CHECKING:
    from pytest_claude_budget.projection import Row
    from pytest_claude_budget.record import Record


def add_project(commands: Commands) -> None:
    """Add `project`."""
    help_ = "show what the features of the budget file cost a month, from what their tests cost"
    parser = add_command(commands, "project", help_, "claude-budget project out.json --baseline git:main")
    parser.add_argument("report", metavar="REPORT", help="a JSON report, a lock file or git:REF")
    parser.add_argument(
        "--baseline", metavar="SOURCE", help="what to compare with; none compares with nothing [the lock file]"
    )
    add_pricing(parser)
    add_format(parser)
    parser.set_defaults(command=_project)


def _project(options: argparse.Namespace) -> int:
    prices = prices_of(options)
    if prices.budget is None or not prices.budget.features:
        raise InputError(_no_features(options.budget or DEFAULT_FILE))
    rows = _rows(prices, record_from(options.report), options)
    if options.format == "json":
        print(json.dumps(_document(rows, prices), indent=1))
    else:
        from pytest_claude_budget.render import months

        render = months.months_markdown if options.format == "markdown" else months.months_text
        print(render(rows, prices.rates))
    return 0


def _no_features(shown: str) -> Problem:
    hint = "add for example features: {triage: {tests: [tests/triage], requests_per_month: 50_000}}"
    return Problem(
        slug="no-features", where=shown, what="expected features with volumes to project, got none", hint=hint
    )


def _rows(prices: Prices, after: "Record", options: argparse.Namespace) -> "tuple[Row, ...]":
    from pytest_claude_budget.projection import Volumes, project

    budget = prices.budget
    if budget is None:
        return ()
    volumes = Volumes(features=budget.features, growth=budget.projection.growth, cache=budget.projection.cache)
    return project(volumes, _before(prices, after, options), after, prices.rates, prices.day)


def _before(prices: Prices, after: "Record", options: argparse.Namespace) -> "Record | None":
    """The baseline, with the ids that its tests have now."""
    from pytest_claude_budget.baseline_files import LOCK_FILE, load_baseline
    from pytest_claude_budget.compare import Facts, compare, with_new_names

    if options.baseline is None and Path(options.report).name == LOCK_FILE:
        return None
    loaded = load_baseline(options.baseline, Path())
    if loaded is None or loaded.record is None:
        return None
    facts = Facts(baseline=loaded.baseline, rates=prices.rates, day=prices.day)
    return with_new_names(loaded.record, compare(loaded.record, after, facts))


def _document(rows: "tuple[Row, ...]", prices: Prices) -> dict[str, object]:
    from pytest_claude_budget.money import to_json
    from pytest_claude_budget.projection import totals_by_scenario
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
    as_of = prices.rates.as_of.isoformat()
    return {
        "schema_version": 1,
        "rates_as_of": as_of,
        "projection": [projection_entry(row) for row in rows],
        "totals": totals,
    }
