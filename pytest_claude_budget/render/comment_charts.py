"""Charts in Mermaid, which GitHub draws: in a job's summary, and in a comment's fold where they say more than its table.

Only what every version draws alike, since nobody says which one GitHub has; and nothing in it that somebody else wrote as it was.
"""

import re
from decimal import Decimal

from pytest_claude_budget.base.money import EXACT
from pytest_claude_budget.render.comment_values import Document, moved_texts
from pytest_claude_budget.render.groups import NOT_KNOWN, added, word_of
from pytest_claude_budget.render.markdown_text import amount, counted
from pytest_claude_budget.render.sums_by_cause import sums_by_cause

_FEWEST, _MOST_BARS = 2, 12
_FEWEST_CAUSES, _MOST_CAUSES = 4, 8
_MATTERS = 20
"""A cause matters that is at least one part in so many of the change."""
_CAUSE = 40
"""Characters of a kind of causes that are shown."""


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


def causes_chart(document: Document) -> list[str]:
    """Draw what a change is made of, by kind of cause over all tests; nothing where the table of causes says as much.

    That is where fewer than four matter, and where some make it dearer and some cheaper: parts of a whole are what this can show.
    """
    comparison = document.get("comparison")
    if comparison is None or comparison["at_least"]:
        return []
    causes, whole = sums_by_cause(comparison), amount(comparison["change"])
    if added(each.amount for each in causes) != whole or any(each.kind == NOT_KNOWN for each in causes):
        return []
    matter = [each for each in causes if EXACT.multiply(each.amount.copy_abs(), _MATTERS) >= whole.copy_abs()]
    one_way = all((each.amount > 0) == (whole > 0) for each in causes)
    if not one_way or not _FEWEST_CAUSES <= len(matter) <= _MOST_CAUSES:
        return []
    rest = causes[len(matter) :]
    parts = [(word_of(each.kind, each.texts), each.amount) for each in matter]
    parts += [(counted(len(rest), "smaller cause"), added(each.amount for each in rest))] if rest else []
    _, _, all_, *shown = moved_texts(comparison, *(value for _, value in parts))
    lines = [
        f'    "{_label(words, at, _CAUSE)}: {said}" : {bar_height(value.copy_abs())}'
        for at, ((words, value), said) in enumerate(zip(parts, shown, strict=True), 1)
    ]
    return ["", "```mermaid", "pie", f"    title What {all_} a run is made of", *lines, "```"]


def _label(name: str, at: int, width: int = 18) -> str:
    """Only what cannot end a label or mean anything to the chart; never empty, never twice."""
    plain = " ".join(re.sub(r"[^A-Za-z0-9_.,-]+", " ", name[:200]).split())[:width]
    return plain if plain == name else f"{at} {plain}".strip()


def bar_height(value: Decimal) -> str:
    """A number as a chart takes it."""
    text = f"{value:.12f}".rstrip("0").rstrip(".")
    return text or "0"
