"""The order of the pages. One that no section names goes to the section of its folder, so that a new page needs no line here."""

import json
from collections.abc import Sequence

TUTORIAL = ("tutorial.md", "examples/quickstart/README.md")
HOW_TO = (
    "how-to/budget.md",
    "how-to/baseline.md",
    "how-to/why-it-moved.md",
    "how-to/call-sites.md",
    "how-to/html-report.md",
    "how-to/github-action.md",
    "how-to/other-ci.md",
    "how-to/no-live-calls.md",
    "how-to/hard-cap.md",
    "how-to/spent-so-far.md",
    "how-to/gateway.md",
    "how-to/look-ahead.md",
    "how-to/other-reports.md",
    "how-to/opentelemetry.md",
    "how-to/troubleshooting.md",
)
REFERENCE = (
    "reference/commands.md",
    "reference/help.md",
    "reference/exit-statuses.md",
    "messages.md",
    "reference/budget.md",
    "reference/action.md",
    "reference/report.md",
    "reference/lock.md",
    "reference/rates-overrides.md",
    "reference/companions.md",
)
EXPLANATION = (
    "what-is-counted.md",
    "origins.md",
    "explanations.md",
    "failed-calls.md",
    "projection.md",
    "advice.md",
    "cap.md",
    "openai-compatible.md",
    "managed-agents.md",
    "comparison.md",
    "decisions.md",
)
PROJECT = ("project/CHANGELOG.md", "project/CONTRIBUTING.md", "project/SECURITY.md")
SECTIONS = {
    "Tutorial": TUTORIAL,
    "How to": HOW_TO,
    "Reference": REFERENCE,
    "Explanation": EXPLANATION,
    "Project": PROJECT,
}
FOLDERS = {"how-to": "How to", "reference": "Reference", "project": "Project"}
NOT_SHOWN = ("files/", "examples/")
"""Files that pages link to have a page each, which no section shows."""


def sections(pages: Sequence[str]) -> dict[str, list[str]]:
    """The pages of each section, in order."""
    named = {name: [page for page in order if page in pages] for name, order in SECTIONS.items()}
    shown = {page for order in named.values() for page in order}
    for page in sorted(set(pages) - shown - {"index.md"}):
        if not page.startswith(NOT_SHOWN):
            named[FOLDERS.get(page.partition("/")[0], "Explanation")].append(page)
    return named


def navigation(titles: dict[str, str]) -> str:
    """The setting `nav`, of pages with their titles."""
    lines = ["nav = [", '  {"Start" = "index.md"},']
    for name, pages in sections(list(titles)).items():
        entries = ", ".join(f"{{{_quoted(titles[page])} = {_quoted(page)}}}" for page in pages)
        lines.append(f"  {{{_quoted(name)} = [{entries}]}},")
    return "\n".join([*lines, "]\n"])


def _quoted(text: str) -> str:
    """A string of TOML: that of JSON is one."""
    return json.dumps(text.replace("`", ""), ensure_ascii=False)
