"""What a baseline holds, as a table for a terminal."""

from collections.abc import Sequence
from datetime import date

from pytest_claude_budget.base.money import dollars
from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.record.record import Cost, OwnerRecord, Record, cost_of_owner
from pytest_claude_budget.render.terminal_text import columns


def record_lines(record: Record, rates: RateTable, day: date, width: int) -> list[str]:
    """What a baseline holds, priced on a day, the dearest first."""
    priced = [(owner, cost_of_owner(owner, rates, day)) for owner in record.owners.values()]
    priced.sort(key=lambda row: (-row[1].amount, row[0].owner))
    total = Cost()
    for _, cost in priced:
        total += cost
    rows = [("", "calls", "tokens", "cost")]
    rows += [_record_row(owner.owner, [owner], cost) for owner, cost in priced]
    rows.append(_record_row("total", [owner for owner, _ in priced], total))
    return [*columns(rows, width), f"rates as of {record.rates_as_of}, priced on {day}"]


def _record_row(name: str, owners: Sequence[OwnerRecord], cost: Cost) -> tuple[str, str, str, str]:
    calls, tokens = sum(owner.calls for owner in owners), sum(owner.usage.total_tokens for owner in owners)
    return (name, f"{calls:,}", f"{tokens:,}", _said(cost))


def _said(cost: Cost) -> str:
    """What it costs: what is not known at all is no $0.00."""
    if cost.at_least and not cost.amount:
        return "unpriced"
    return f"{'at least ' if cost.at_least else ''}{dollars(cost.amount)}"
