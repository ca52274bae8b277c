"""Charts in Mermaid, which GitHub draws, in a job's summary."""

import re
from decimal import Decimal

from pytest_claude_budget.render.comment_values import Document
from pytest_claude_budget.render.markdown_text import amount

_FEWEST, _MOST_BARS = 2, 12


def chart(document: Document) -> list[str]:
    """Draw the cost by feature, where there are a few to compare."""
    rows = [(row["feature"], amount(row["cost"])) for row in document["by_feature"]]
    if not _FEWEST <= len(rows) <= _MOST_BARS or bar_height(max(value for _, value in rows)) == "0":
        return []
    labels = [f'"{_label(name, at)}"' for at, (name, _) in enumerate(rows, 1)]
    return [
        "",
        "```mermaid",
        "xychart-beta",
        '    title "Cost by feature, US dollars a run"',
        f"    x-axis [{', '.join(labels)}]",
        f'    y-axis "US dollars" 0 --> {bar_height(max(value for _, value in rows))}',
        f"    bar [{', '.join(bar_height(value) for _, value in rows)}]",
        "```",
    ]


def _label(name: str, at: int) -> str:
    """Only what cannot end a label or mean anything to the chart; never empty, never twice."""
    plain = " ".join(re.sub(r"[^A-Za-z0-9_.-]+", " ", name[:200]).split())[:18]
    return plain if plain == name else f"{at} {plain}".strip()


def bar_height(value: Decimal) -> str:
    """A number as a chart takes it."""
    text = f"{value:.12f}".rstrip("0").rstrip(".")
    return text or "0"
