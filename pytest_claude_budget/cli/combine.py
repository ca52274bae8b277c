"""`combine`: the reports of a CI matrix as one."""

import argparse

from pytest_claude_budget.cli.common import Commands, add_budget, add_command, put_out, run_there


def add_combine(commands: Commands) -> None:
    """Add `combine`."""
    help_ = "add up the JSON reports of shards: sums are exact, the order makes no difference"
    parser = add_command(
        commands, "combine", help_, "claude-budget combine shard-1.json shard-2.json --output all.json"
    )
    parser.add_argument("reports", nargs="+", metavar="REPORT")
    parser.add_argument("--output", metavar="PATH", help="where to write the JSON report [standard output]")
    add_budget(parser)
    parser.set_defaults(command=_combine)


def _combine(options: argparse.Namespace) -> int:
    from pathlib import Path

    from pytest_claude_budget.files.another_folder import refuse_another_folder
    from pytest_claude_budget.files.load import Asked, judge_report, load_report, load_terms
    from pytest_claude_budget.files.read_write import write_atomically
    from pytest_claude_budget.judge.combine import combine
    from pytest_claude_budget.render.report_kinds import document_of, written_line

    reports, terms = [load_report(path) for path in options.reports], load_terms(options.budget)
    if options.budget is None:
        for report in reports:
            refuse_another_folder(report, terms, Path.cwd(), run_there)
    text = document_of(judge_report(combine(reports), terms, Asked()), "json")
    if options.output is None:
        put_out(text.rstrip("\n"))
    else:
        write_atomically(Path(options.output), text)
        put_out(written_line("json", options.output))
    return 0
