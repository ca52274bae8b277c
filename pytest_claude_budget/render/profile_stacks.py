"""The stacks of a run as both formats of profiles have them, with what has no stack: together they are the run."""

from collections.abc import Iterator
from decimal import Decimal

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.record.sites import Frame
from pytest_claude_budget.record.sums import Sums

NO_SITE: Frame = ("", "(no line of your own)", 0)
"""In the place of a stack, where none of the user's code leads to a call, or where nobody was to look."""


@value_class(frozen=True, kw_only=True, slots=True)
class Weighed:
    """A stack, the innermost frame first, with what was sent by it."""

    frames: tuple[Frame, ...]
    calls: int
    cost: Decimal
    """US dollars at list price."""


def weighed_stacks(sums: Sums) -> Iterator[Weighed]:
    """The stacks of a run, the dearest first, and at the end what has none. To be asked under `exact`."""
    calls, cost = sums.totals.calls, sums.totals.cost
    for row in sums.stacks:
        yield Weighed(frames=row.frames, calls=row.calls, cost=row.cost)
        calls, cost = calls - row.calls, cost - row.cost
    if calls:
        yield Weighed(frames=(NO_SITE,), calls=calls, cost=cost)
