"""`gate`, `compare` and `explain`: a run beside its baseline, and whether it passes."""

import argparse
import sys
from typing import TYPE_CHECKING

from pytest_claude_budget.cli.common import (
    Commands,
    add_baseline,
    add_budget,
    add_command,
    add_format,
    put_out,
    run_there,
)

if TYPE_CHECKING:
    from pytest_claude_budget.judge.report import CostReport

OVER, INCOMPLETE = 1, 3


def add_gate(commands: Commands) -> None:
    """Add `gate`."""
    help_ = "judge a run against the budget and its baseline: the exit status decides"
    parser = add_command(commands, "gate", help_, "claude-budget gate claude-cost.json --baseline git:origin/main")
    parser.add_argument("report", metavar="REPORT", help="JSON report of the run")
    add_budget(parser)
    add_baseline(parser)
    parser.add_argument(
        "--lock",
        metavar="PATH",
        help="the lock file beside the code that ran: say whether it is stale or accepts the change",
    )
    parser.add_argument("--accepted", metavar="REASON", help="do not fail over an increase; REASON is shown")
    add_format(parser)
    add_output(parser)
    parser.set_defaults(command=_gate)


def add_output(parser: argparse.ArgumentParser) -> None:
    """Let a command be told to write files."""
    parser.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="KIND:PATH",
        help="also write a file; KIND is json, markdown (a comment), summary (all rows), html (a page),"
        " or speedscope or pprof (a profile of your lines of code); repeatable",
    )


def add_compare(commands: Commands) -> None:
    """Add `compare`."""
    help_ = "compare two runs: each a lock file, a JSON report, or the lock file at git:REF"
    parser = add_command(commands, "compare", help_, "claude-budget compare git:main claude-cost.json")
    parser.add_argument("base", metavar="BASE", help="what was before")
    parser.add_argument("head", metavar="HEAD", help="what is now")
    add_budget(parser)
    help_ = "say what new rates alone change, also where it is nothing: it is never part of the change"
    parser.add_argument("--price-change", action="store_true", help=help_)
    add_format(parser)
    parser.set_defaults(command=_compare)


def add_explain(commands: Commands) -> None:
    """Add `explain`."""
    help_ = "say why the cost of one test moved: every cause, which add up to the change exactly"
    parser = add_command(commands, "explain", help_, "claude-budget explain test_refund claude-cost.json")
    parser.add_argument("test", metavar="TEST", help="its id, or the end of it; without parameters, with all of them")
    parser.add_argument("report", metavar="REPORT", help="JSON report of the run")
    add_budget(parser)
    add_baseline(parser)
    parser.set_defaults(command=_explain)


def _gate(options: argparse.Namespace) -> int:
    from pathlib import Path

    from pytest_claude_budget.files.another_folder import refuse_another_folder
    from pytest_claude_budget.files.load import Asked, baseline_at, judge_report, load_report, load_terms

    loaded, terms = load_report(options.report), load_terms(options.budget)
    if options.budget is None:
        refuse_another_folder(loaded, terms, Path.cwd(), run_there)
    asked = Asked(baseline=baseline_at(options.baseline, loaded), lock=options.lock, accepted=options.accepted)
    return say(judge_report(loaded, terms, asked), options)


def say(report: "CostReport", options: argparse.Namespace) -> int:
    """Print a report and write its files; returns the exit status that its verdict stands for."""
    from pytest_claude_budget.cli.outputs import write_outputs
    from pytest_claude_budget.judge.verdict import Outcome
    from pytest_claude_budget.render.report_kinds import document_of
    from pytest_claude_budget.render.terminal import terminal_lines

    written = write_outputs(report, options.output)
    if options.format == "text":
        put_out("\n".join(line.text for line in terminal_lines(report, 79)) or "no Claude calls: nothing to judge")
    else:
        put_out(document_of(report, options.format).rstrip("\n"))
    put_out("\n".join(written), sys.stdout if options.format == "text" else sys.stderr)
    return {Outcome.OVER: OVER, Outcome.INCOMPLETE: INCOMPLETE}.get(report.verdict.outcome, 0)


def _compare(options: argparse.Namespace) -> int:
    from pytest_claude_budget.files.load import compare_sources, load_terms
    from pytest_claude_budget.render.comparison_formats import comparison_text

    report = compare_sources(options.base, options.head, load_terms(options.budget))
    put_out(comparison_text(report, options.format, priced=options.price_change))
    return 0


def _explain(options: argparse.Namespace) -> int:
    from pytest_claude_budget.files.load import Asked, baseline_at, judge_report, load_report, load_terms
    from pytest_claude_budget.record.find_tests import find_tests
    from pytest_claude_budget.render.explanation import explanation_lines, together_lines
    from pytest_claude_budget.render.terminal_limits import update_words

    loaded = load_report(options.report)
    report = judge_report(loaded, load_terms(options.budget), Asked(baseline=baseline_at(options.baseline, loaded)))
    if report.comparison is None:
        put_out(f"there is no baseline to explain a change from: {update_words(report, 'writes one')}")
        return 0
    rows = {row.owner: row for row in report.comparison.owners}
    found = [rows[name] for name in find_tests(options.test, tuple(rows))]
    put_out("\n".join([line for row in found for line in explanation_lines(row)] + together_lines(found)))
    return 0
