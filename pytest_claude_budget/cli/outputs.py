"""What `--output KIND:PATH` of a command asks for."""

from collections.abc import Iterable
from pathlib import Path

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.files.read_write import write_atomically
from pytest_claude_budget.judge.report import CostReport
from pytest_claude_budget.render.report_kinds import KINDS, document_of, written_line


def write_outputs(report: CostReport, outputs: Iterable[str]) -> list[str]:
    """Write what `--output KIND:PATH` asks for; returns what was written where. Raises InputError."""
    wanted = [_output(text) for text in outputs]
    for kind, path in wanted:
        write_atomically(path, document_of(report, kind))
    return [written_line(kind, str(path)) for kind, path in wanted]


def _output(text: str) -> tuple[str, Path]:
    kind, colon, path = text.partition(":")
    if not colon or kind not in KINDS or not path:
        what = f"expected KIND:PATH with a KIND of {', '.join(KINDS)}, got {text[:100]!r}"
        hint = "write it so, for example --output json:verdict.json"
        raise InputError(Problem(slug="bad-report", where="--output", what=what, hint=hint))
    return kind, Path(path)
