"""What `claude-budget estimate` prints: models side by side, the cheapest first, each with a range."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pytest_claude_budget.base.money import dollars, to_json
from pytest_claude_budget.forecast.estimate import Estimate, Range, month
from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.render.terminal_text import columns, printable, wrapped


def estimate_text(means: Sequence[Estimate], volumes: Mapping[str, int], what: str, rates: RateTable) -> str:
    """A table for a terminal; `what` says of which requests it is the mean."""
    rows = [("", "input tokens", "output", "a request")]
    rows += [
        (each.model, _tokens(each.input), _tokens(each.output), _dollars(each.low, each.high, each)) for each in means
    ]
    lines = [printable(what, 200), "", *columns(rows, 79)]
    if volumes:
        head = ("a month", *(f"{name} ({count:,})" for name, count in volumes.items()))
        months = [(each.model, *(_dollars(*month(each, count), each) for count in volumes.values())) for each in means]
        lines += ["", *columns([head, *months], 79)]
    notes = dict.fromkeys(note for each in means for note in each.notes)
    lines += ["", *(line for note in notes for line in wrapped(f"note: {note}", 79, "", "  "))]
    basis = (
        "an estimate at list price, rates as of"
        f" {rates.as_of}: tokens told from the length of the text, from two thirds of what it says to one and a half times"
    )
    counted = f"at list price, rates as of {rates.as_of}: input as the API counts it"
    is_counted = all(each.input.low == each.input.high for each in means)
    return "\n".join([*lines, *wrapped(counted if is_counted else basis, 79, "", "  ")])


def _tokens(found: Range) -> str:
    return f"{found.low:,}" if found.low == found.high else f"{found.low:,} to {found.high:,}"


def _dollars(low: Decimal, high: Decimal, of: Estimate) -> str:
    shown = dollars(low) if dollars(low) == dollars(high) else f"{dollars(low)} to {dollars(high)}"
    return f"at least {dollars(low)}" if of.at_least else shown


def estimate_entry(
    means: Sequence[Estimate], volumes: Mapping[str, int], requests: int, rates: RateTable
) -> dict[str, Any]:
    """The same for a program."""
    return {
        "schema_version": 1,
        "rates_as_of": rates.as_of.isoformat(),
        "requests": requests,
        "models": [_entry(each, volumes) for each in means],
    }


def _entry(each: Estimate, volumes: Mapping[str, int]) -> dict[str, Any]:
    months = {name: month(each, count) for name, count in volumes.items()}
    return {
        "model": each.model,
        "input_tokens": [each.input.low, each.input.high],
        "output_tokens": [each.output.low, each.output.high],
        "cost": [to_json(each.low), to_json(each.high)],
        "at_least": each.at_least,
        "month": {name: [to_json(low), to_json(high)] for name, (low, high) in months.items()},
        "notes": list(each.notes),
    }
