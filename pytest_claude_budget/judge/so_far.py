"""What a run has spent while it goes on: a sum over the calls that are stored by now. Nothing is judged by it."""

from collections.abc import Iterable
from decimal import Decimal

from pytest_claude_budget.base.money import exact
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.call import Call, Origin
from pytest_claude_budget.judge.report import priced_calls
from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.record.totals import ZERO, Sum, Totals

MOST_DEAREST = 3


@value_class(frozen=True, kw_only=True, slots=True)
class SoFar:
    """The calls of a run by now."""

    totals: Totals
    """Of all calls: live ones, and those that were replayed, mocked or answered by this machine."""
    live: Totals
    """Of those that reached a remote host."""
    dearest: tuple[tuple[str, Decimal], ...]
    """Who has spent most, dearest first: at most three, each with US dollars."""
    damaged: bool = False
    """Some of what is stored cannot be read."""

    @property
    def at_least(self) -> bool:
        """The sum of what was spent is a lower bound."""
        return self.live.at_least or self.damaged


def so_far(calls: Iterable[Call], rates: RateTable, *, damaged: bool = False) -> SoFar:
    """Add up calls, each in its latest state."""
    totals, live, by_payer = Sum(), Sum(), dict[str, Decimal]()
    with exact():
        for call, price in priced_calls(calls, rates):
            totals.add(call, price)
            if call.origin is Origin.LIVE:
                live.add(call, price)
                by_payer[call.owner.id] = by_payer.get(call.owner.id, ZERO) + (price.amount or ZERO)
        ranked = sorted(by_payer.items(), key=lambda each: (-each[1], each[0]))
        dearest = tuple(each for each in ranked[:MOST_DEAREST] if each[1])
        return SoFar(totals=totals.totals(), live=live.totals(), dearest=dearest, damaged=damaged)
