"""`html`: a report as a page for a browser."""

import argparse
from typing import Any

from pytest_claude_budget.cli.common import Commands, add_budget, add_command, put_out

FEWEST_VERSIONS = 2


def add_html(commands: Commands) -> None:
    """Add `html`."""
    help_ = "lay a report out as one page for a browser, which needs no network"
    parser = add_command(commands, "html", help_, "claude-budget html claude-cost.json -o claude-cost.html")
    parser.add_argument("report", metavar="REPORT", help="JSON report of the run, shown as it was judged")
    parser.add_argument("-o", "--output", metavar="PATH", help="the file to write [REPORT, ending in .html]")
    help_ = "show what the suite cost through time too, by the lock file's versions in git, where there are any"
    parser.add_argument("--history", action="store_true", help=help_)
    add_budget(parser)
    parser.set_defaults(command=_html)


def _html(options: argparse.Namespace) -> int:
    from pathlib import Path

    from pytest_claude_budget.files.html_looks import page_of_file
    from pytest_claude_budget.files.read_write import write_atomically
    from pytest_claude_budget.render.report_kinds import HTML, written_line

    report = Path(options.report)
    path = report.with_suffix(".html") if options.output is None else Path(options.output)
    through_time, missing = _through_time(options.budget) if options.history else (None, "")
    write_atomically(path, page_of_file(report, options.report, through_time))
    put_out(written_line(HTML, str(path)))
    put_out(missing)
    return 0


def _through_time(budget: str | None) -> tuple[dict[str, Any] | None, str]:
    """What `history` tells of pytest's own lock file; or why there is nothing to tell. Raises InputError over a bad budget file."""
    from pytest_claude_budget.base.errors import InputError
    from pytest_claude_budget.files.load import load_terms, lock_path
    from pytest_claude_budget.files.lock_history import points_of
    from pytest_claude_budget.render.history import history_entry

    terms = load_terms(budget)
    try:
        points = points_of(lock_path(), "HEAD", terms.rates, terms.day)
    except InputError as error:  # no git, no repository, no commit: a page without a history is still a page
        return None, f"no history: {error.problems[0].what}"
    if len(points) < FEWEST_VERSIONS:
        return None, "no history: the lock file has fewer than two versions in git"
    return history_entry(points, terms.rates), ""
