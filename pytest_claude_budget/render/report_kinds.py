"""The list of the kinds of report that can be written. A new one is a function here, and one more line in `_DOCUMENTS`.

pytest's options are checked against this list as a run begins, on each worker too: so nothing is imported here before a report
is written.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_claude_budget.judge.report import CostReport


def _json(report: "CostReport") -> str:
    from pytest_claude_budget.render.json_document import report_text

    return report_text(report)


def _markdown(report: "CostReport") -> str:
    """A comment on a pull request, bounded to what is read in seconds."""
    from pytest_claude_budget.render.comment import comment
    from pytest_claude_budget.render.json_document import json_document

    return comment(json_document(report), beside_summary=False)


def _summary(report: "CostReport") -> str:
    """Markdown with all rows."""
    from pytest_claude_budget.render.comment import summary
    from pytest_claude_budget.render.json_document import json_document

    return summary(json_document(report))


def _speedscope(report: "CostReport") -> str:
    """A flame graph of the user's own frames, as speedscope reads it."""
    from pytest_claude_budget.render.speedscope import speedscope_text

    return speedscope_text(report)


def _pprof(report: "CostReport") -> bytes:
    """The same for pprof."""
    from pytest_claude_budget.render.pprof import pprof_bytes

    return pprof_bytes(report)


_DOCUMENTS: Mapping[str, Callable[["CostReport"], str]] = {"json": _json, "markdown": _markdown, "summary": _summary}
_PROFILES: Mapping[str, Callable[["CostReport"], str | bytes]] = {"speedscope": _speedscope, "pprof": _pprof}
HTML = "html"
"""A page for a browser. Its looks are files, so `files/report_files.py` writes it."""
KINDS = (*_DOCUMENTS, HTML, *_PROFILES)
"""What KIND of KIND:PATH may be, in the order in which messages name them."""


OTLP = "otlp"
"""All calls of a run one by one, for OpenTelemetry: of a run as it ends, since a report has their sums alone."""


def document_of(report: "CostReport", kind: str) -> str:
    """The text of a report for programs or in Markdown: `json`, `markdown` or `summary`."""
    return _DOCUMENTS[kind](report)


def content_of(report: "CostReport", kind: str) -> str | bytes:
    """What a file of one of `KINDS` holds, but of `html`."""
    return _PROFILES[kind](report) if kind in _PROFILES else document_of(report, kind)


def kind_and_path(text: str, option: str, example: str, kinds: Sequence[str] = KINDS) -> tuple[str, str]:
    """Take KIND:PATH apart, as `option` has it. Raises InputError, whose hint is the example."""
    kind, colon, path = text.partition(":")
    if colon and kind in kinds and path:
        return kind, path
    from pytest_claude_budget.base.errors import InputError, Problem

    what = f"expected KIND:PATH with a KIND of {', '.join(kinds)}, got {text[:100]!r}"
    hint = f"write it so, for example {example}"
    raise InputError(Problem(slug="bad-report", where=option, what=what, hint=hint))


def written_line(kind: str, shown: str) -> str:
    """Say where a report was written."""
    from pytest_claude_budget.render.terminal_text import printable

    return f"report: {kind} → {printable(shown, 500)}"
