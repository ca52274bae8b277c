"""Which lines of the user's code pay: a flame graph with exact sums, and a table of the lines."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from pytest_claude_budget.base.money import EXACT, ZERO, dollars, to_json
from pytest_claude_budget.render.comment_tables import cost
from pytest_claude_budget.render.comment_values import Document, cost_not_known
from pytest_claude_budget.render.html_text import name, plain, share_bar, table
from pytest_claude_budget.render.markdown_text import amount, number, visible

_SLIVER = 5_000
"""What is less than this part of the whole is no box: on no screen has it a pixel."""
_FILE, _FUNCTION, _MOST_LINES = 120, 120, 1_000
Frame = tuple[str, str, int]
"""File, function, line."""


class _Node:
    """A frame with all that was called below it."""

    __slots__ = ("at_least", "below", "calls", "cost")

    def __init__(self) -> None:
        self.cost, self.calls, self.at_least = ZERO, 0, False
        self.below: dict[Frame, _Node] = {}

    def add(self, row: Document, frames: Sequence[Frame]) -> None:
        """Add calls to this and to the frames below it."""
        node = self
        for frame in (None, *frames):
            if frame is not None:
                node = node.below.setdefault(frame, _Node())
            node.cost = EXACT.add(node.cost, amount(row["cost"]))
            node.calls += row["calls"]
            node.at_least = node.at_least or bool(row["at_least"])


def flame(document: Document) -> dict[str, Any] | None:
    """The calls by their stacks, from the paying line up and from the test down; None where no stack is known or nothing costs."""
    stacks, whole = document.get("stacks") or (), amount(document["totals"]["cost"])
    if not stacks or not whole:
        return None
    up, down = _Node(), _Node()
    for row in stacks:
        frames = [(str(file), str(function), int(line)) for file, function, line in row["stack"]]
        up.add(row, frames)
        down.add(row, frames[::-1])
    without = EXACT.subtract(whole, up.cost)
    frames_: dict[Frame, int] = {}
    trees = [_tree(node, whole, frames_) for node in (up, down)]
    return {
        "whole": to_json(whole),
        "shown": cost(document["totals"]),
        "without": {"amount": to_json(without), "shown": dollars(without)} if without > 0 else None,
        "frames": [[visible(file, _FILE), visible(function, _FUNCTION), line] for file, function, line in frames_],
        "up": trees[0],
        "down": trees[1],
    }


def _tree(node: _Node, whole: Decimal, frames: dict[Frame, int]) -> list[Any]:
    """Boxes below a node, the dearest first: frame by its number, amount, the words for it, calls, and what is below."""
    rows = sorted(node.below.items(), key=lambda entry: (-entry[1].cost, entry[0]))
    return [
        [
            frames.setdefault(frame, len(frames)),
            to_json(own.cost),
            f"{'at least ' if own.at_least else ''}{dollars(own.cost)}",
            own.calls,
            _tree(own, whole, frames),
        ]
        for frame, own in rows
        if EXACT.multiply(own.cost, _SLIVER) >= whole
    ]


def share_head(document: Document) -> str:
    """What a column of shares is headed by: nobody knows the share of a whole that is not known."""
    return "Share of what is known" if cost_not_known(document) else "Share"


def lines_table(document: Document) -> str:
    """The lines that send calls, the dearest first."""
    rows = document.get("by_site") or ()
    if not rows:
        return ""
    whole = amount(document["totals"]["cost"])
    cells = [*(_line(row, whole) for row in rows[:_MOST_LINES]), *_without(rows, whole)]
    head = ("Line", "Tests", "Calls", "Cost", share_head(document))
    return table(head, (False, True, True, True, False), cells, "Cost by line of code")


def _line(row: Document, whole: Decimal) -> tuple[str, ...]:
    where = f"{name(row['function'], _FUNCTION)}<br><small>{name(row['file'], _FILE)}:{number(row['line']).replace(',', '')}</small>"
    bar = share_bar(amount(row["cost"]), whole)
    return (where, number(row["tests"]), number(row["calls"]), plain(cost(row)), bar)


def _without(rows: Iterable[Document], whole: Decimal) -> list[tuple[str, ...]]:
    """What no line of the user's is known of."""
    left = whole
    for row in rows:
        left = EXACT.subtract(left, amount(row["cost"]))
    return [("(no line known)", "", "", dollars(left), share_bar(left, whole))] if left > 0 else []
