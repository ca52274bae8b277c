"""What `claude-budget bound` prints: the most that a request can cost, line by line, or why nobody can say."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from pytest_claude_budget.base.money import exact_dollars, to_json
from pytest_claude_budget.bounds.values import Bound, Line, Unbounded
from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.render.terminal_text import printable, wrapped

WIDTH = 80
PASSED = "an answer that does not keep to what is assumed costs more than this, and a cap can be passed by it"
_UNITS = {1_000_000: "million", 1000: "1,000"}
_LONGEST = 300


def bound_text(made: Bound | Unbounded, day: date, rates: RateTable) -> str:
    """The sum with a reason below each of its terms."""
    return "\n".join(_text(made, day, rates))


def _text(made: Bound | Unbounded, day: date, rates: RateTable) -> Iterator[str]:
    if isinstance(made, Unbounded):
        yield from wrapped(f"cannot be bounded: {printable(made.reason, _LONGEST)}", WIDTH, "", "  ")
        yield from wrapped(f"hint: {printable(made.hint, _LONGEST)}", WIDTH, "", "  ")
        return
    yield f"{printable(made.model or 'the request', 60)} on {day}, list rates as of {rates.as_of}"
    yield ""
    for line in made.lines:
        yield from _line(line)
    yield f"  at most {exact_dollars(made.amount)}"
    for word in made.assumed:
        yield from wrapped(f"assumed: {printable(word, _LONGEST)}", WIDTH, "", "  ")
    yield from wrapped(PASSED, WIDTH, "", "  ") if made.assumed else ()
    for note in made.notes:
        yield from wrapped(f"note: {printable(note, _LONGEST)}", WIDTH, "", "  ")


def _line(line: Line) -> Iterator[str]:
    factors = "".join(f" x {to_json(factor)} {name}" for name, factor in line.factors)
    rate = f"{line.count:,} x {exact_dollars(line.rate)} per {_UNITS[line.per]}{factors}"
    yield from wrapped(f"{printable(line.label)}: {rate} = {exact_dollars(line.amount)}", WIDTH, "  ", "    ")
    yield from wrapped(printable(line.why, _LONGEST), WIDTH, "    ")


def bound_entry(made: Bound | Unbounded, day: date, rates: RateTable) -> dict[str, Any]:
    """The same for a program: dollars are strings, and `bound` is null where there is none."""
    head: dict[str, Any] = {"day": day.isoformat(), "rates_as_of": rates.as_of.isoformat()}
    if isinstance(made, Unbounded):
        return {**head, "bound": None, "reason": made.reason, "hint": made.hint}
    return {
        **head,
        "bound": to_json(made.amount),
        "model": made.model,
        "lines": [_entry(line) for line in made.lines],
        "assumed": list(made.assumed),
        "notes": list(made.notes),
    }


def _entry(line: Line) -> dict[str, Any]:
    return {
        "label": line.label,
        "count": line.count,
        "rate": to_json(line.rate),
        "per": line.per,
        "factors": {name: to_json(factor) for name, factor in line.factors},
        "amount": to_json(line.amount),
        "why": line.why,
    }
