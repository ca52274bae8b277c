"""What a run has spent while it goes on, in words: for a progress line, a log, and who watches from another shell."""

from collections.abc import Sequence
from decimal import Decimal

from pytest_claude_budget.base.money import dollars, dollars_against, exact_dollars
from pytest_claude_budget.judge.so_far import SoFar
from pytest_claude_budget.render.terminal_text import counted, shortened_id

LONGEST_NAME = 60


def spent_so_far(now: SoFar, cap: Decimal | None = None) -> str:
    """`spent $0.42`, `spent at least $0.42 of $5.00`; empty where no call reached a remote host."""
    if not now.live.calls:
        return ""
    spent = now.live.cost
    if now.at_least and not spent:
        amount = "an unknown amount"
    else:
        shown = dollars(spent) if cap is None else dollars_against(spent, cap)
        amount = f"at least {shown}" if now.at_least else shown
    return f"spent {amount}" + ("" if cap is None else f" of {exact_dollars(cap)}")


def line_so_far(now: SoFar, cap: Decimal | None = None) -> str:
    """`spent $0.42 of $5.00 so far in 12 live calls; dearest: tests/test_a.py::test_it $0.21`."""
    if not (spent := spent_so_far(now, cap)):
        return ""
    dearest = f"; dearest: {_shown(now.dearest[:1])}" if now.dearest else ""
    return f"{spent} so far in {counted(now.live.calls, 'live call')}{dearest}"


def watched_line(now: SoFar, cap: Decimal | None = None) -> str:
    """The same for who watches a run, which may have spent nothing."""
    if line := line_so_far(now, cap):
        return line
    if not now.totals.calls:
        return "no calls so far"
    cost = f"{'at least ' if now.totals.at_least else ''}{dollars(now.totals.cost)}"
    return f"spent nothing so far; {counted(now.totals.calls, 'replayed, mocked or local call')}, {cost} at list price"


def near_the_cap(now: SoFar, cap: Decimal, percent: int) -> str:
    """The warning that most of a cap is spent, with who has spent most."""
    at_least = "at least " if now.at_least else ""
    spent = f"{percent}% of the cap of {exact_dollars(cap)} is spent: {at_least}{dollars_against(now.live.cost, cap)}"
    return spent + (f"; dearest so far: {_shown(now.dearest)}" if now.dearest else "")


def _shown(dearest: Sequence[tuple[str, Decimal]]) -> str:
    return ", ".join(f"{shortened_id(owner, LONGEST_NAME)} {dollars(amount)}" for owner, amount in dearest)
