"""The page of a large run: from its JSON report to one file for a browser, by the command."""

import sys
import tempfile
from pathlib import Path
from statistics import median

from bench.children import child, environment, timed
from bench.figures import Figure, Line, shown
from bench.report import CALLS, TESTS

RUNS = 3
LIMIT_SECONDS = 3.0
LIMIT_BYTES = 4_000_000


def figure() -> Figure:
    """Measure."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        child("report", "fill", made)
        child("report", "unjudged", made)
        command = (sys.executable, "-m", "pytest_claude_budget", "html", "report.json")
        taken = [timed(command, folder, environment()) for _ in range(RUNS)]
        size = (folder / "report.html").stat().st_size
    clocks = zip(("wall time", "CPU time"), map(median, zip(*taken, strict=True)), strict=True)
    lines = [_line(f"the command, {clock}", seconds) for clock, seconds in clocks]
    lines.append(
        Line(
            what="the page",
            measured=f"{size / 1e6:.2f} MB",
            limit=f"{LIMIT_BYTES / 1e6:g} MB",
            met=size <= LIMIT_BYTES,
            numbers={"bytes": size},
        )
    )
    how = f"the report of {CALLS:,} calls over {TESTS:,} tests; median of {RUNS} processes"
    return Figure(title="HTML report", how=how, lines=lines)


def _line(what: str, seconds: float) -> Line:
    return Line(
        what=what,
        measured=shown(seconds),
        limit=shown(LIMIT_SECONDS),
        met=seconds <= LIMIT_SECONDS,
        numbers={"seconds": seconds},
    )
