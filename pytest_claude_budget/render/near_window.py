"""Calls near the context window in words."""

from collections.abc import Sequence

from pytest_claude_budget.calls.long_prompts import NEAR_PERCENT
from pytest_claude_budget.record.near_window import NearWindow, fullness
from pytest_claude_budget.render.terminal_text import counted, printable, shortened_id

_SHORTEST = 24
"""Characters of a test's id that are shown, however long the rest of the line is."""


def near_window_line(rows: Sequence[NearWindow], width: int) -> str:
    """One line with the fullest of them; empty where there are none.

    For example `2 prompts above 80% of the context window: 186,000 of 200,000 tokens (test_a.py::test_one and 1 more)`.
    """
    if not rows:
        return ""
    most = fullest_first(rows)
    prompts = counted(sum(row.calls for row in rows), "prompt")
    head = f"{prompts} above {NEAR_PERCENT}% of the context window: {of_window(most[0])} ("
    others = len({row.owner for row in rows}) - 1
    tail = f" and {others:,} more)" if others else ")"
    return f"{head}{shortened_id(most[0].owner, max(_SHORTEST, width - len(head) - len(tail)))}{tail}"


def fullest_first(rows: Sequence[NearWindow]) -> list[NearWindow]:
    """Those first that fill their window most."""
    return sorted(sorted(rows, key=lambda row: (row.owner, row.model)), key=fullness, reverse=True)


def of_window(row: NearWindow) -> str:
    """How much of its window the longest prompt takes."""
    return f"{row.longest:,} of {row.window:,} tokens for {printable(row.model, 60)}"
