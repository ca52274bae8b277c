"""A report in each of the kinds that can be printed or written to a file."""

import json

from pytest_claude_budget.judge.report import CostReport
from pytest_claude_budget.render.comparison import comparison_lines, projection_lines
from pytest_claude_budget.render.json_comparison import comparison_entry, projection_entry
from pytest_claude_budget.render.json_document import json_document, report_text
from pytest_claude_budget.render.terminal_limits import update_words
from pytest_claude_budget.render.terminal_text import printable

KINDS = ("json", "markdown", "summary")


def document_of(report: CostReport, kind: str) -> str:
    """The text of a report: `json`, `markdown` (a comment) or `summary` (all rows)."""
    if kind == "json":
        return report_text(report)
    from pytest_claude_budget.render.comment import comment, summary

    document = json_document(report)
    return comment(document, beside_summary=False) if kind == "markdown" else summary(document)


def written_line(kind: str, shown: str) -> str:
    """Say where a report was written."""
    return f"report: {kind} → {printable(shown, 500)}"


def comparison_text(report: CostReport, kind: str, *, priced: bool) -> str:
    """A comparison as text, JSON or Markdown; `priced` tells what new rates alone change."""
    if kind == "markdown":
        return document_of(report, kind).rstrip("\n")
    comparison = report.comparison
    if comparison is None:
        return "null" if kind == "json" else f"there is no baseline yet: {update_words(report, 'writes one')}"
    if kind == "json":
        projection = [projection_entry(row) for row in report.projection]
        return json.dumps({**comparison_entry(comparison), "projection": projection}, indent=1)
    lines = comparison_lines(comparison, 79)
    if priced and not comparison.price_change:
        lines.append("new prices alone: no change")
    return "\n".join([*lines, *projection_lines(report.projection, 79)])
