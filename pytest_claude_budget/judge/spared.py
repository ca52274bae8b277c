"""Which increases of single tests a limit was written for and is not held against, and why: else it looks forgotten."""

from collections.abc import Iterator
from decimal import Decimal

from pytest_claude_budget.base.money import ZERO
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.budget.increases_and_volumes import ChangeLimit, change_limit
from pytest_claude_budget.budget.limits import Budget
from pytest_claude_budget.compare.result import Comparison, OwnerChange, Standing

IGNORED, NEW, NOISE = "ignore_below", "new", "noise"


@value_class(frozen=True, kw_only=True, slots=True)
class Spared:
    """An increase that a limit would be over, if it were held against it."""

    owner: str
    maximum: Decimal
    """Percent."""
    where: str
    """`file:line` of the limit."""
    why: str
    """`ignore_below`: it is not more than that. `new`: there is nothing to compare with. `noise`."""
    ignore_below: Decimal = ZERO
    """US dollars, where that is why."""


def spared(budget: Budget | None, comparison: Comparison | None) -> Iterator[Spared]:
    """In the order of the comparison, those that grew."""
    if budget is None or comparison is None:
        return
    limits = [limit for limit in budget.changes if limit.scope == "test"]
    for owner in comparison.owners if limits else ():
        limit = change_limit(limits, "test", owner.owner) if owner.change > 0 and not owner.not_known else None
        if limit is None or limit.max_increase is None:
            continue
        why = _why(owner, limit, limit.max_increase)
        if why:
            ignored = limit.ignore_below if why == IGNORED else ZERO
            percent = limit.max_increase * 100
            yield Spared(owner=owner.owner, maximum=percent, where=limit.where, why=why, ignore_below=ignored)


def _why(owner: OwnerChange, limit: ChangeLimit, allowed: Decimal) -> str:
    if owner.standing is Standing.NEW:
        return NEW
    if owner.change <= owner.before * allowed:
        return ""
    if owner.noise or owner.judged <= owner.before * allowed:
        return NOISE
    return IGNORED if owner.judged <= limit.ignore_below else ""
