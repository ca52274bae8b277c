"""Calls that come after a run's verdict: counted, told on stderr, and left for the next run to tell once more.

Loaded only where there are some.
"""

import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_claude_budget.base.money import dollars, exact
from pytest_claude_budget.calls.call import Call
from pytest_claude_budget.judge.report import priced_calls
from pytest_claude_budget.ledger.paths import LATE
from pytest_claude_budget.measure.run import Run
from pytest_claude_budget.plugin.report_and_verdict import amend
from pytest_claude_budget.record.totals import Totals, total

if TYPE_CHECKING:
    from pytest_claude_budget.plugin.report_and_verdict import Conclusion
    from pytest_claude_budget.plugin.settings import Setup
    from pytest_claude_budget.pricing.rates import RateTable

_HINT = (
    "hint: make calls in a fixture's tear-down or in pytest_sessionfinish, and end what makes them before the session"
    " ends   [after-verdict]"
)


def amount_of(calls: Iterable[Call], rates: "RateTable") -> Totals:
    """Add up calls that are in no report."""
    with exact():
        return total(priced_calls(calls, rates))


def count_of(totals: Totals, of: str = "call") -> str:
    """Say how many calls there are."""
    return f"{totals.calls:,} {of}{'' if totals.calls == 1 else 's'}"


def cost_of(totals: Totals) -> str:
    """Say what they cost."""
    return f"{'at least ' if totals.at_least else ''}{dollars(totals.cost)}"


def tell_late(
    run: Run, setup: "Setup", conclusion: "Conclusion | None", *, ended: bool
) -> "tuple[Conclusion | None, bool]":
    """Say which calls came since the verdict, on stderr and to the next run; `ended` says that there was one.

    Returns the amended end of the run, and whether there were any.
    """
    late = amount_of(_late_calls(run), setup.rate_table())
    if not late.calls:
        return conclusion, False
    they = "it is" if late.calls == 1 else "they are"
    came = (
        "came after the verdict"
        if ended
        else f"{'was' if late.calls == 1 else 'were'} made in a session without an end"
    )
    reason = f"{count_of(late)} {came}, {cost_of(late)}: {they} in no report"
    if conclusion is not None:
        conclusion = amend(conclusion, setup, reason)
    lock = " and not in the lock file" if setup.lock is not None else ""
    with suppress(OSError), run.path.with_name(f"{run.path.name}{LATE}").open("a", encoding="utf-8") as word:
        word.write(f"{count_of(late)} after its verdict, {cost_of(late)}: {they} in no report\n")
    with suppress(OSError, ValueError, AttributeError):  # stderr may be closed, or none at all
        print(f"claude-budget: {reason}{lock}\n{_HINT}", file=sys.stderr, flush=True)
    return conclusion, True


def _late_calls(run: Run) -> list[Call]:
    recorder = run.recorder
    recorder.flush()
    recorder.journal.close()
    found = recorder.ledger.newer()
    recorder.ledger.conclude(recorder.journal.closed)
    if recorder.ledger.outcome() is None:
        recorder.ledger.has_ended("passed")  # there was nothing to report
    return found
