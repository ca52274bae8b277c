"""A report in each of the kinds that can be written to a file."""

import json

from pytest_claude_budget.render.json_document import document_text, json_document
from pytest_claude_budget.report import CostReport

KINDS = ("json", "markdown", "summary")


def document_of(report: CostReport, kind: str) -> str:
    """The text of a report: `json`, `markdown` (a comment) or `summary` (all rows)."""
    document = json_document(report)
    if kind == "json":
        return document_text(document)
    from pytest_claude_budget.render import markdown

    render = markdown.comment if kind == "markdown" else markdown.summary
    return render(json.loads(json.dumps(document)))
