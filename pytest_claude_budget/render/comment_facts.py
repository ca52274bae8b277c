"""The line of facts below a comment's first line: the run's cost, the budget, the month, and what was billed."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Context, Decimal

from pytest_claude_budget.base.money import dollars, dollars_against, exact_dollars
from pytest_claude_budget.compare.result import rounded_percent
from pytest_claude_budget.render.comment_values import (
    Document,
    against_budget,
    compared_of_it,
    cost_not_known,
    not_known,
    run_texts,
    total,
)
from pytest_claude_budget.render.markdown_text import amount, amount_in, code, counted, sentence, share
from pytest_claude_budget.render.phrases import spent_words

_WIDE = Context(prec=400)
_PROJECTED = ("projected", "projected by the tests that ran")
"""Of a whole run, and of a part of the suite: what a request costs on average may be another figure for all tests."""


def facts(document: Document) -> str:
    """Say the run's cost, the budget, the month and what was spent, in one line."""
    return " · ".join(fact_parts(document))


def fact_parts(document: Document) -> list[str]:
    """The same, one by one."""
    parts = [_run(document), _budget(document), _projected(document), _spent(document["totals"])]
    said = [part for part in parts if part]
    return [] if said == [parts[1]] else said  # a budget alone tells nothing of a run


def _run(document: Document) -> str:
    comparison, totals = document.get("comparison"), document["totals"]
    cost = amount(totals["cost"])
    if cost_not_known(document):  # the headline has what it was
        told = comparison is None or amount(comparison["change"]) <= 0  # by the headline
        bound = "Costs are" if told else f"Run at least {against_budget(document, cost)}"
        return f"{bound} at list price" if cost else ""
    after = against_budget(document, cost)
    if comparison is None or not_known(document) or not amount(comparison["change"]):
        return f"Run {after} at list price{compared_of_it(document)}"
    before, now, _ = run_texts(document)
    repeated = amount(comparison["after"]) != cost  # by the runner: it is in the sum, and not compared
    return f"Run {before} → {f'{now}, {after} in all' if repeated else now} at list price"


def _budget(document: Document) -> str:
    limit = (document.get("budget") or {}).get("run_max_cost")
    if limit is None:
        return ""
    maximum, cost = amount(limit), amount(document["totals"]["cost"])
    unknown = cost_not_known(document) or bool(document["verdict"].get("part"))
    if not maximum or (unknown and not cost):
        return f"budget {exact_dollars(maximum)}"
    used = rounded_percent(cost, maximum, 0, Decimal(100))
    if unknown:  # rounded up it would be no lower bound
        used = _WIDE.divide(_WIDE.multiply(cost, Decimal(100)), maximum).quantize(Decimal(1), ROUND_FLOOR, _WIDE)
    return f"budget {exact_dollars(maximum)} ({'at least ' if unknown else ''}{used:,f}% used)"


def _projected(document: Document) -> str:
    rows = document.get("projection") or []
    if not rows:
        return ""
    scenarios = [row["scenario"] for row in rows]
    scenario = "average" if "average" in scenarios else scenarios[0]
    chosen = [row for row in rows if row["scenario"] == scenario and row["after"] is not None]
    if not chosen:
        return ""
    after, part = total(row["after"] for row in chosen), bool(document["verdict"].get("part"))
    limits = [each for each in document["verdict"]["breaches"] if each["scope"] == "projection"]
    limit = next((amount_in(each["maximum"]) for each in limits if each["name"] == scenario), None)
    month = dollars(after) if limit is None else dollars_against(after, limit)
    missing = any(row["after"] is None for row in rows if row["scenario"] == scenario)
    befores = [row["before"] for row in chosen]
    before = "" if None in befores else dollars(total(befores))
    if any(row.get("before_at_least") for row in chosen):
        before = ""  # of which nobody knows what it was
    if missing or any(row.get("after_at_least", row["at_least"]) for row in chosen):
        was = f" (was {before})" if before else ""
        known = f"at least {month} a month{_of_what(chosen)}" if after else "a month is not known"
        return f"{_PROJECTED[part]}: {known}{was} at {sentence(scenario, 40)} volume"
    was = f"{before} → " if before and before != month else ""
    grown = _grown(document.get("comparison"), total(befores), after) if was else ""
    weighed = ", weighted by volume" if len({row["feature"] for row in chosen}) > 1 else ""  # one is named behind it
    grown = f" ({grown}{weighed})" if grown else ""
    return f"{_PROJECTED[part]}{':' * part} {was}{month} a month{grown}{_of_what(chosen)} at {sentence(scenario, 40)} volume"


def _grown(comparison: Document | None, before: Decimal, after: Decimal) -> str:
    """By how much a month changes, where that is another part than the run's."""
    if not before or comparison is None or comparison["change_percent"] is None:
        return ""
    run = amount(comparison["before"])
    grown = share(_WIDE.subtract(after, before), before)
    alike = bool(run) and share(amount(comparison["change"]), run) == grown
    return "" if alike else grown


def _of_what(rows: Sequence[Document]) -> str:
    """Which feature a month is of, or of how many."""
    names = sorted({row["feature"] for row in rows})
    return f" for {code(names[0], 40)}" if len(names) == 1 else f" for {counted(len(names), 'feature')}"


def _spent(totals: Document) -> str:
    if not totals["calls"] and not totals["unknown_live"]:
        return ""
    simulated = bool(amount(totals["cost"]) or totals["at_least"])
    spent, unknown = amount(totals["spent"]), bool(totals["unknown_live"])
    return f"this run {spent_words(spent, unknown=unknown, simulated=simulated)}"
