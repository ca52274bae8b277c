"""Verdicts that the GitHub Action gives in pytest's place: a file that lists the runs whose cost would fail them.

The environment names the file. Where it does, pytest's exit status is that of the tests alone, and the Action looks for each
listed run among the reports, so that none is lost.
"""

from collections.abc import MutableMapping
from pathlib import Path

from pytest_claude_budget.measure.environment import JUDGED_LATER_VARIABLE

SAID = "whoever started this run judges it anew: until then the exit status is that of the tests alone"


def file_from(environ: MutableMapping[str, str]) -> Path | None:
    """The file for one run, and no other: runs inside of it are judged as ever."""
    path = environ.pop(JUDGED_LATER_VARIABLE, "")
    return Path(path) if path else None


def hand_over(path: Path | None, run: str) -> bool:
    """Leave the verdict on a run to who judges later; False where nobody does, or where the file cannot be written."""
    if path is None:
        return False
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{run}\n")
    except OSError:
        return False
    return True


def handed_over(path: Path) -> list[str]:
    """The runs of a file; none where it is not there."""
    return path.read_text("utf-8").split() if path.is_file() else []
