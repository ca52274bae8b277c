"""What each kind of token costs, beside what is billed by other counts: exact parts of the prices of `price.py`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from operator import attrgetter

from pytest_claude_budget.base.money import EXACT, ZERO
from pytest_claude_budget.calls.call import Usage
from pytest_claude_budget.pricing.in_force import InForce
from pytest_claude_budget.pricing.portions import Parts
from pytest_claude_budget.pricing.rates import CELL_OF, Cells

KINDS = (*CELL_OF, "web_search_requests", "session_microhours")
"""The counts that have a price, in the order of a usage."""
ByKind = Mapping[str, Decimal]
"""US dollars at list price, by the names of `KINDS`; what costs nothing is left out. Together they are the whole cost."""
_EACH: tuple[tuple[str, Callable[[Cells], Decimal]], ...] = tuple(
    (kind, attrgetter(cell)) for kind, cell in CELL_OF.items()
)


def of_one_rate(usage: Usage, held: InForce) -> Iterator[tuple[str, Decimal]]:
    """The kinds of counts that are billed at the rates of prompts up to the threshold."""
    yield from _tokens(usage, held.low.each)
    yield from _others(usage, held)


def of_parts(parts: Parts, usage: Usage) -> Iterator[tuple[str, Decimal]]:
    """The kinds of an answer that was taken apart; a kind may come more than once."""
    for portion in parts.portions:
        yield from _tokens(portion.usage, portion.side.each)
    yield from _others(usage, parts.rates)


def _tokens(usage: Usage, each: Cells) -> Iterator[tuple[str, Decimal]]:
    for kind, cell in _EACH:
        if count := getattr(usage, kind):
            yield kind, EXACT.multiply(count, cell(each))


def _others(usage: Usage, held: InForce) -> Iterator[tuple[str, Decimal]]:
    if usage.web_search_requests:
        yield "web_search_requests", EXACT.multiply(usage.web_search_requests, held.search_each)
    if usage.session_microhours:
        yield "session_microhours", EXACT.multiply(usage.session_microhours, held.session_each)


def added_kinds(*parts: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """Add amounts up, in the order of `KINDS`."""
    sums: dict[str, Decimal] = {}
    for kind, amount in (each for part in parts for each in part):
        sums[kind] = EXACT.add(sums.get(kind, ZERO), amount)
    return {kind: sums[kind] for kind in KINDS if sums.get(kind)}
