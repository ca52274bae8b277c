"""What the charts of a page show: names, amounts as they are drawn, and the words for each. Exact sums; pixels are the page's own."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from pytest_claude_budget.base.money import dollars, to_json
from pytest_claude_budget.compare.result import rounded_percent
from pytest_claude_budget.render.comment_details import KINDS, costs_of_kinds
from pytest_claude_budget.render.comment_values import Document, moved_texts
from pytest_claude_budget.render.groups import added, kind_words
from pytest_claude_budget.render.markdown_text import NO_NAME, amount, counted, number, visible
from pytest_claude_budget.render.sums_by_cause import sums_by_cause

MOST_STEPS = 9
"""Steps of a waterfall, of which the last is all the smaller ones together."""
MOST_FEATURES = 20
"""Features of a scenario that are drawn; the table has all."""
_LABEL = 90


def waterfall(document: Document) -> dict[str, Any] | None:
    """How a run came from what its baseline costs to what it costs: a step for each kind of cause; None where nothing moved."""
    comparison = document.get("comparison")
    steps = [] if comparison is None else _steps(comparison)
    if comparison is None or not steps:
        return None
    before, after = amount(comparison["before"]), amount(comparison["after"])
    then, now, _, *shown = moved_texts(comparison, *(amount(step["amount"]) for step in steps))
    return {
        "before": {"label": "Baseline", "amount": to_json(before), "shown": then},
        "steps": [{**step, "shown": said} for step, said in zip(steps, shown, strict=True)],
        "after": {"label": "This run", "amount": to_json(after), "shown": now},
    }


def _steps(comparison: Document) -> list[dict[str, Any]]:
    causes = sums_by_cause(comparison)
    steps = [_step(kind_words(each.kind, each.texts), each.amount, each.owners) for each in causes]
    if len(steps) <= MOST_STEPS:
        return steps
    rest = causes[MOST_STEPS - 1 :]
    moved = set[str]().union(*(each.owners for each in rest))
    last = _step(counted(len(rest), "smaller cause"), added(each.amount for each in rest), moved)
    return [*steps[: MOST_STEPS - 1], last]


def _step(label: str, value: Decimal, owners: Collection[str]) -> dict[str, Any]:
    """One step, but for the words of its amount: of a single test its name is more than its number."""
    label = label[:1].upper() + label[1:]
    return {
        "label": visible(label, _LABEL),
        "amount": to_json(value),
        "moved": _whose(*owners) if len(owners) == 1 else counted(len(owners), "test"),
    }


def _whose(owner: str) -> str:
    return visible(owner.partition("::")[2] or owner, _LABEL) or NO_NAME


def tokens(document: Document) -> list[dict[str, Any]]:
    """Tokens by kind, those that are there, with what they cost where the report tells it."""
    usage = document["totals"]["usage"]
    kinds = [(words, kind, usage[kind]) for words, kind in KINDS if kind.endswith("_tokens") and usage[kind]]
    costs = costs_of_kinds(document, dollars)
    whole = sum(count for *_, count in kinds)
    return [
        {
            "label": words[:1].upper() + words[1:],
            "kind": kind.removesuffix("_tokens"),
            "count": count,
            "shown": f"{number(count)} ({rounded_percent(Decimal(count), Decimal(whole), None):f}%)"
            f"{f' · {costs[kind]}' if kind in costs else ''}",
        }
        for words, kind, count in kinds
    ]


def months(document: Document) -> list[dict[str, Any]]:
    """A month of each feature by scenario, what the tests' spread makes of it, and what it was; without those of no figure."""
    rows = [row for row in document.get("projection") or () if row["after"] is not None]
    scenarios = dict.fromkeys(row["scenario"] for row in rows)
    return [
        {
            "scenario": visible(scenario, _LABEL) or NO_NAME,
            "rows": [_month(row) for row in rows if row["scenario"] == scenario][:MOST_FEATURES],
        }
        for scenario in scenarios
    ]


def _month(row: Document) -> dict[str, Any]:
    after = amount(row["after"])
    shown = f"{'at least ' if row.get('after_at_least', row['at_least']) else ''}{dollars(after)}"
    before = None if row["before"] is None or row.get("before_at_least") else amount(row["before"])
    spread = [None if row[side] is None else to_json(amount(row[side])) for side in ("low", "high")]
    return {
        "label": visible(row["feature"], _LABEL) or NO_NAME,
        "after": to_json(after),
        "before": None if before is None else to_json(before),
        "low": spread[0],
        "high": spread[1],
        "shown": shown,
        "was": "" if before is None or before == after else f"was {dollars(before)}",
    }
