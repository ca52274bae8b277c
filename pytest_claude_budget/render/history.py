"""What `claude-budget history` prints: a table with a bar for each version of the lock file, or the same for other tools."""

import csv
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from pytest_claude_budget.base.money import EXACT, ZERO, dollars, to_json
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.compare.result import rounded_percent
from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.record.history import Cost
from pytest_claude_budget.record.totals import Totals
from pytest_claude_budget.render.terminal_text import counted, printable

_BAR = 20
_COLUMNS = ("commit", "at", "cost", "at_least", "calls", "owners", "subject")
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


@value_class(frozen=True, kw_only=True, slots=True)
class Point:
    """One version of the lock file, and what it comes to."""

    commit: str
    at: str
    subject: str
    cost: Cost | None
    """None where the file was removed, or cannot be read."""
    problem: str = ""


def history_text(points: Sequence[Point], shown: str, rates: RateTable, width: int) -> str:
    """A table, oldest first: day, cost a run, change to the one before, and a bar."""
    if not points:
        return f"{printable(shown)} was never committed here, or not since then"
    costs = [point.cost.totals for point in points if point.cost is not None]
    most = max((cost.cost for cost in costs), default=ZERO)
    wide = max((len(amount_of(cost)) for cost in costs), default=0)
    head = f"{printable(shown)}: {counted(len(points), 'version')}, all at the rates as of {rates.as_of}"
    rows = (_row_of(point, before, wide) + _bar(point, most) for point, before in pairs_of(points))
    return "\n".join([head, "", *(_line(row, point, width) for row, point in zip(rows, points, strict=True))])


def pairs_of(points: Sequence[Point]) -> Iterator[tuple[Point, Cost | None]]:
    """Each version with the cost of the one before."""
    before: Cost | None = None
    for point in points:
        yield point, before
        before = point.cost or before


def _row_of(point: Point, before: Cost | None, wide: int) -> str:
    start = f"{point.at[:10]}  {point.commit}  "
    if point.cost is None:
        return start
    return f"{start}{amount_of(point.cost.totals):>{wide}}  {move_of(point.cost.totals.cost, before):>6}  "


def _bar(point: Point, most: Decimal) -> str:
    if point.cost is None:
        return ""
    bar = "#" * int(EXACT.multiply(point.cost.totals.cost, _BAR) // most) if most else ""
    return f"{bar:<{_BAR}}  "


def _line(row: str, point: Point, width: int) -> str:
    words = point.subject if point.cost is not None else point.problem or "the file was removed"
    return f"{row}{printable(words, max(3, width - len(row)))}".rstrip()


def amount_of(totals: Totals) -> str:
    """Say a cost, or its lower bound."""
    return f"{'at least ' if totals.at_least else ''}{dollars(totals.cost)}"


def move_of(cost: Decimal, before: Cost | None) -> str:
    """Say by how much it moved; empty where it did not, or where there is nothing to compare with."""
    if before is None or not before.totals.cost or cost == before.totals.cost:
        return ""
    change = EXACT.subtract(cost, before.totals.cost)
    return f"{rounded_percent(change, before.totals.cost, None):+f}%"


def history_entry(points: Sequence[Point], rates: RateTable) -> dict[str, Any]:
    """The same for a program: dollars are strings, to the last digit."""
    return {
        "schema_version": 1,
        "rates_as_of": rates.as_of.isoformat(),
        "points": [_entry(point) for point in points],
    }


def _entry(point: Point) -> dict[str, Any]:
    head: dict[str, Any] = {"commit": point.commit, "at": point.at, "subject": point.subject}
    if point.cost is None:
        return {**head, "cost": None, "problem": point.problem or "removed"}
    totals = point.cost.totals
    return {
        **head,
        "cost": to_json(totals.cost),
        "at_least": totals.at_least,
        "calls": totals.calls,
        "owners": point.cost.owners,
        "by_feature": {name: to_json(each.cost) for name, each in point.cost.by_feature.items()},
    }


def history_csv(points: Sequence[Point]) -> str:
    """The same for a spreadsheet; no subject becomes a formula."""
    lines: list[str] = []
    rows = [_COLUMNS, *(_row(_entry(point)) for point in points if point.cost is not None)]
    csv.writer(SimpleNamespace(write=lines.append), lineterminator="\n").writerows(rows)
    return "".join(lines).rstrip("\n")


def _row(entry: dict[str, Any]) -> tuple[object, ...]:
    subject = str(entry["subject"])
    safe = f"'{subject}" if subject.startswith(_FORMULAS) else subject
    return (*(entry[name] for name in _COLUMNS[:-1]), safe)


def benchmark_json(points: Sequence[Point]) -> str:
    """The newest version in the form `customSmallerIsBetter` of github-action-benchmark, which keeps the earlier ones itself."""
    newest = next((point for point in reversed(points) if point.cost is not None), None)
    if newest is None or newest.cost is None:
        return "[]"
    named = {"Claude cost of a run": newest.cost.totals, **_features(newest.cost)}
    rows = [
        f' {{"name": {json.dumps(name)}, "unit": "USD", "value": {to_json(totals.cost)},'
        f' "extra": {json.dumps(_extra(totals.calls, at_least=totals.at_least))}}}'
        for name, totals in named.items()
    ]
    return "[\n" + ",\n".join(rows) + "\n]"


def _features(cost: Cost) -> dict[str, Any]:
    return {f"Claude cost of {name}": totals for name, totals in cost.by_feature.items()}


def _extra(calls: int, *, at_least: bool) -> str:
    return f"{counted(calls, 'call')}{', at least' if at_least else ''}"
