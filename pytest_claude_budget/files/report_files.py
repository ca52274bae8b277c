"""What is written to `KIND:PATH`: a kind of report that is more than a text of values takes it from the package's files."""

from pytest_claude_budget.judge.report import CostReport
from pytest_claude_budget.render.report_kinds import HTML, content_of


def report_content(report: CostReport, kind: str) -> str | bytes:
    """What the file of a report holds, of one of the kinds that there are. Raises InputError."""
    if kind != HTML:
        return content_of(report, kind)
    from pytest_claude_budget.files.html_looks import packaged_looks
    from pytest_claude_budget.render.html_page import page
    from pytest_claude_budget.render.json_document import json_document

    return page(json_document(report), packaged_looks())
