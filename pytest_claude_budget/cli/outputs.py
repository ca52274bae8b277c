"""What `--output KIND:PATH` of a command asks for."""

from collections.abc import Iterable
from pathlib import Path

from pytest_claude_budget.files.read_write import write_atomically
from pytest_claude_budget.files.report_files import report_content
from pytest_claude_budget.judge.report import CostReport
from pytest_claude_budget.render.report_kinds import kind_and_path, written_line

_EXAMPLE = "--output json:verdict.json"


def write_outputs(report: CostReport, outputs: Iterable[str]) -> list[str]:
    """Write what `--output KIND:PATH` asks for; returns what was written where. Raises InputError."""
    wanted = [kind_and_path(text, "--output", _EXAMPLE) for text in outputs]
    for kind, path in wanted:
        write_atomically(Path(path), report_content(report, kind))
    return [written_line(kind, str(Path(path))) for kind, path in wanted]
