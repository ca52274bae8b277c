"""A change by the kinds of its causes, over all tests: exact sums that add up to it, for charts."""

from collections.abc import Iterable
from decimal import Decimal

from pytest_claude_budget.base.money import EXACT, ZERO
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.render.comment_values import Document
from pytest_claude_budget.render.markdown_text import amount


@value_class(frozen=True, kw_only=True, slots=True)
class ByCause:
    """All that moved for causes of one kind."""

    kind: str
    amount: Decimal
    """US dollars a run, more or less than before."""
    texts: frozenset[str]
    owners: frozenset[str]


def sums_by_cause(comparison: Document) -> list[ByCause]:
    """The kinds of causes that moved a run, the largest first, whichever way it went. Together they are the change."""
    amounts: dict[str, Decimal] = {}
    texts: dict[str, set[str]] = {}
    owners: dict[str, set[str]] = {}
    for row in comparison["owners"]:
        for kind, value, text in _parts(row):
            amounts[kind] = EXACT.add(amounts.get(kind, ZERO), value)
            texts.setdefault(kind, set()).add(text)
            owners.setdefault(kind, set()).add(row["owner"])
    kinds = sorted((kind for kind in amounts if amounts[kind]), key=lambda kind: (-amounts[kind].copy_abs(), kind))
    return [
        ByCause(kind=kind, amount=amounts[kind], texts=frozenset(texts[kind]), owners=frozenset(owners[kind]))
        for kind in kinds
    ]


def _parts(row: Document) -> Iterable[tuple[str, Decimal, str]]:
    """Kind, amount and sentence of each part of an owner's change; what its causes leave is under its status."""
    change, causes = amount(row["change"]), row["causes"]
    if not change:
        return
    if row["status"] == "new":
        yield ("new", change, "new tests")
        return
    left = change
    for cause in causes:
        value = amount(cause["amount"])
        left = EXACT.subtract(left, value)
        yield (cause["cause"], value, cause.get("first") or cause["text"])
    if left:
        yield ("not known", left, "what is not known")
