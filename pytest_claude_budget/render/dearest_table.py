"""The dearest tests and fixtures, in a table for a terminal: a row each, and one for the parameters of a test that all cost the same."""

from collections.abc import Iterable, Sequence
from heapq import nsmallest

from pytest_claude_budget.judge.report import CostReport, OwnerTotals
from pytest_claude_budget.record.totals import Totals, added
from pytest_claude_budget.render.sentences import cost_of
from pytest_claude_budget.render.terminal_text import columns

DEAREST = 10
"""Rows that are shown one by one."""
_ALIKE = 3
"""So few parameters have a row each."""


def dearest_table(report: CostReport, width: int) -> list[str]:
    """Lay the table out, with what has no row of its own in one, and the total below; nothing where nobody asked Claude."""
    rows = [row for row in report.sums.by_owner if row.totals.attempts]
    if not rows:
        return []
    groups = _alike(rows) if len(rows) > DEAREST else [[row] for row in rows]
    shown = nsmallest(DEAREST, groups, key=_place)  # to sort 10,000 takes ten times as long
    named = {id(row) for group in shown for row in group}
    rest = [row for row in rows if id(row) not in named]
    table = [("", "calls", "tokens", "cost"), *[_row(_label(group), _sum(group)) for group in shown]]
    if rest:
        table.append(_row(f"{len(rest):,} more", _sum(rest)))
    return columns([*table, _row("total", report.totals)], width)


def _alike(rows: Iterable[OwnerTotals]) -> list[list[OwnerTotals]]:
    """Each by itself, but for many parameters of one test that came to the same."""
    groups: list[list[OwnerTotals]] = []
    found: dict[tuple[object, ...], list[OwnerTotals]] = {}
    for row in rows:
        if not row.owner.endswith("]"):  # most have no parameters: they cost no more than a look
            groups.append([row])
            continue
        totals = row.totals
        same = (totals.calls, totals.cost, totals.unknown, totals.usage.total_tokens)
        found.setdefault((row.kind, row.owner.partition("[")[0], *same), []).append(row)
    for each in found.values():
        groups += [each] if len(each) > _ALIKE else [[row] for row in each]
    return groups


def _place(group: Sequence[OwnerTotals]) -> tuple[object, ...]:
    first, many = group[0], len(group)
    cost, tokens = first.totals.cost, first.totals.usage.total_tokens
    return (-cost, -tokens, first.owner) if many == 1 else (-cost * many, -tokens * many, first.owner)


def _sum(group: Sequence[OwnerTotals]) -> Totals:
    return group[0].totals if len(group) == 1 else added(row.totals for row in group)


def _row(label: str, totals: Totals) -> tuple[str, str, str, str]:
    return label, f"{totals.calls:,}", f"{totals.usage.total_tokens:,}", cost_of(totals)


def _label(group: Sequence[OwnerTotals]) -> str:
    owner = group[0].owner
    if len(group) > 1:
        return f"{owner.partition('[')[0]}, {len(group):,} of the same cost"
    return f"{owner} (fixture)" if group[0].kind == "fixture" else owner
