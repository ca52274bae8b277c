"""What the suite cost through time, for a job's summary: told where the checkout has the commits, and never waited for."""

from pathlib import Path

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.files.load import Terms
from pytest_claude_budget.files.lock_history import Bounds, points_of
from pytest_claude_budget.github import runner
from pytest_claude_budget.github.checkout import Checkout
from pytest_claude_budget.record.record import LOCK_FILE
from pytest_claude_budget.render.history_markdown import MOST_BARS, history_section

_SECONDS = 10.0
"""For each command of git: a summary without a history is a summary."""


def through_time(checkout: Checkout, terms: Terms) -> str:
    """A chart of the newest versions of the lock file; empty where there are none to compare. Changes nothing, fetches nothing."""
    try:
        if checkout.prefix() is None:
            return ""
        if checkout.shallow():
            runner.log(
                "no history in the summary: the checkout is shallow (fetch-depth: 0 at actions/checkout brings all commits)"
            )
            return ""
        bounds = Bounds(most=MOST_BARS + 1, seconds=_SECONDS)  # the oldest that is shown has a change, too
        points = points_of(Path(LOCK_FILE), "HEAD", terms.rates, terms.day, bounds)
    except InputError as error:
        runner.log(f"no history in the summary: {error.problems[0].what}")
        return ""
    return history_section(points, LOCK_FILE, terms.rates)
