"""A comparison in each of the formats that `claude-budget compare` prints."""

import json

from pytest_claude_budget.judge.report import CostReport
from pytest_claude_budget.render.comparison import comparison_lines
from pytest_claude_budget.render.json_comparison import comparison_entry, projection_entry
from pytest_claude_budget.render.months_table import projection_lines
from pytest_claude_budget.render.report_kinds import document_of
from pytest_claude_budget.render.terminal_limits import update_words


def comparison_text(report: CostReport, format_: str, *, priced: bool) -> str:
    """A comparison as `text`, `json` or `markdown`; `priced` tells what new rates alone change."""
    if format_ == "markdown":
        return document_of(report, format_).rstrip("\n")
    comparison = report.comparison
    if comparison is None:
        return "null" if format_ == "json" else f"there is no baseline yet: {update_words(report, 'writes one')}"
    if format_ == "json":
        projection = [projection_entry(row) for row in report.projection]
        return json.dumps({**comparison_entry(comparison), "projection": projection}, indent=1)
    lines = comparison_lines(comparison, 79)
    if priced and not comparison.price_change:
        lines.append("new prices alone: no change")
    return "\n".join([*lines, *projection_lines(report.projection, 79)])
