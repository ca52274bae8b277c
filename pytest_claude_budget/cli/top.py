"""`top`: what a run spent most on."""

import argparse
from typing import TYPE_CHECKING

from pytest_claude_budget.cli.common import Commands, add_baseline, add_budget, add_command, count, put_out

if TYPE_CHECKING:
    from pytest_claude_budget.judge.report import CostReport

BY = ("test", "feature", "model", "tier", "site", "cause")
WIDTH = 79
_USUAL = 20


def add_top(commands: Commands) -> None:
    """Add `top`."""
    help_ = (
        "show what a run spent most on, by test, feature, model, tier or line of code, or what its change comes from"
    )
    parser = add_command(commands, "top", help_, "claude-budget top claude-cost.json --by feature")
    parser.add_argument("report", metavar="REPORT", help="JSON report of the run")
    parser.add_argument(
        "--by",
        choices=BY,
        default="test",
        help="what to rank; test has fixtures too; site is the line of your code that sends the calls [test]",
    )
    parser.add_argument("-n", type=count, default=_USUAL, metavar="N", dest="most", help=f"how many [{_USUAL}]")
    parser.add_argument("--format", choices=("text", "csv", "json"), default="text", help="what to print [text]")
    add_budget(parser)
    add_baseline(parser)
    parser.set_defaults(command=_top)


def _top(options: argparse.Namespace) -> int:
    from pytest_claude_budget.files.load import Asked, baseline_at, judge_report, load_report, load_terms
    from pytest_claude_budget.render.top import CAUSE

    loaded, terms = load_report(options.report), load_terms(options.budget)
    by_cause = options.by == CAUSE
    asked = Asked(baseline=baseline_at(options.baseline, loaded) if by_cause else None)
    report = judge_report(loaded, terms, asked)
    as_of = loaded.rates_as_of.isoformat()
    put_out(_causes(report, options, terms.rates.as_of.isoformat()) if by_cause else _ranking(report, options, as_of))
    return 0


def _ranking(report: "CostReport", options: argparse.Namespace, as_of: str) -> str:
    from pytest_claude_budget.render import top

    ranking = top.ranked(report, options.by, options.most)
    if options.format == "text":
        return top.ranking_text(ranking, WIDTH)
    return top.ranking_csv(ranking) if options.format == "csv" else top.ranking_json(ranking, as_of)


def _causes(report: "CostReport", options: argparse.Namespace, as_of: str) -> str:
    from pytest_claude_budget.base.errors import InputError, Problem
    from pytest_claude_budget.render import top

    if report.comparison is None:
        what = "expected a baseline, since causes are those of a change, and there is none"
        hint = "name one, for example --baseline git:main; pytest --claude-budget-update writes the lock file that it reads"
        raise InputError(Problem(slug="no-baseline", where=options.baseline or "--by cause", what=what, hint=hint))
    causes = top.causes_of(report.comparison, options.most)
    if options.format == "text":
        return top.causes_text(causes, WIDTH)
    return top.causes_csv(causes) if options.format == "csv" else top.causes_json(causes, as_of)
