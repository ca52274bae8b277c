"""`history`: what the suite cost through time, from the lock file's versions in git."""

import argparse
import json
from pathlib import Path

from pytest_claude_budget.cli.common import Commands, add_budget, add_command, put_out

WIDTH = 80


def add_history(commands: Commands) -> None:
    """Add `history`."""
    help_ = "show what a run cost through time: each version of the lock file in git, all at one rate table"
    parser = add_command(commands, "history", help_, "claude-budget history --since 2026-10-01")
    parser.add_argument("--ref", default="HEAD", metavar="REF", help="of this branch, tag or commit [HEAD]")
    parser.add_argument("--since", metavar="TIME", help="only commits since then, as git takes it, such as 2026-10-01")
    parser.add_argument("--lock", metavar="PATH", help="the lock file [claude-budget.lock.json at pytest's rootdir]")
    kinds = ("text", "markdown", "csv", "json", "benchmark")
    help_ = "what to print; markdown has a chart for a job's summary; benchmark is the newest version for github-action-benchmark, customSmallerIsBetter [text]"
    parser.add_argument("--format", choices=kinds, default="text", help=help_)
    add_budget(parser)
    parser.set_defaults(command=_history)


def _history(options: argparse.Namespace) -> int:
    from pytest_claude_budget.files.load import load_terms, lock_path
    from pytest_claude_budget.files.lock_history import Bounds, points_of
    from pytest_claude_budget.render import history

    lock, terms = lock_path() if options.lock is None else Path(options.lock), load_terms(options.budget)
    points = points_of(lock, options.ref, terms.rates, terms.day, Bounds(since=options.since))
    if options.format == "json":
        put_out(json.dumps(history.history_entry(points, terms.rates), indent=1))
    elif options.format == "text":
        put_out(history.history_text(points, options.lock or lock.name, terms.rates, WIDTH))
    elif options.format == "markdown":
        from pytest_claude_budget.render.history_markdown import history_markdown

        put_out(history_markdown(points, options.lock or lock.name, terms.rates))
    else:
        put_out(history.history_csv(points) if options.format == "csv" else history.benchmark_json(points))
    return 0
