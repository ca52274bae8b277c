"""What a run cost through time: the versions of the lock file, as `claude-budget history` tells them."""

from collections.abc import Sequence
from typing import Any

from pytest_claude_budget.base.money import dollars
from pytest_claude_budget.render.comment_values import Document
from pytest_claude_budget.render.html_text import name, plain, table
from pytest_claude_budget.render.markdown_text import amount, number, visible

FEWEST = 2
"""Versions that make a history."""
_SUBJECT = 120


def points(history: Document | None) -> list[dict[str, Any]]:
    """What is drawn, oldest first; nothing of a version that cannot be read, or where there is only one."""
    known = [] if history is None else [each for each in history["points"] if each["cost"] is not None]
    if len(known) < FEWEST:
        return []
    return [
        {
            "at": str(each["at"])[:25],
            "amount": f"{amount(each['cost']):f}",
            "shown": _cost(each),
            "commit": visible(each["commit"], 40),
            "subject": visible(each["subject"], _SUBJECT),
        }
        for each in known
    ]


def as_table(history: Document) -> str:
    """Each version in a row, newest first."""
    rows = [_row(each) for each in reversed(history["points"])]
    head = ("Day", "Commit", "Cost a run", "Calls", "Subject")
    return table(head, (False, False, True, True, False), rows, "Cost through time")


def _row(point: Document) -> Sequence[str]:
    head = (plain(str(point["at"])[:10]), f"<code>{name(point['commit'], 40)}</code>")
    if point["cost"] is None:
        return (*head, "–", "–", name(point["problem"], _SUBJECT))
    return (*head, plain(_cost(point)), number(point["calls"]), name(point["subject"], _SUBJECT))


def _cost(point: Document) -> str:
    return f"{'at least ' if point['at_least'] else ''}{dollars(amount(point['cost']))}"
