"""`html`: a report as a page for a browser."""

import argparse

from pytest_claude_budget.cli.common import Commands, add_command, put_out


def add_html(commands: Commands) -> None:
    """Add `html`."""
    help_ = "lay a report out as one page for a browser, which needs no network"
    parser = add_command(commands, "html", help_, "claude-budget html claude-cost.json -o claude-cost.html")
    parser.add_argument("report", metavar="REPORT", help="JSON report of the run, shown as it was judged")
    parser.add_argument("-o", "--output", metavar="PATH", help="the file to write [REPORT, ending in .html]")
    parser.set_defaults(command=_html)


def _html(options: argparse.Namespace) -> int:
    from pathlib import Path

    from pytest_claude_budget.files.html_looks import page_of_file
    from pytest_claude_budget.files.read_write import write_atomically
    from pytest_claude_budget.render.report_kinds import HTML, written_line

    report = Path(options.report)
    path = report.with_suffix(".html") if options.output is None else Path(options.output)
    write_atomically(path, page_of_file(report, options.report))
    put_out(written_line(HTML, str(path)))
    return 0
