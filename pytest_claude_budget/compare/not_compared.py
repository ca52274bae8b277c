"""Why a run that was to be compared was not: a value beside the verdict, so that nobody reads "within" where nobody looked."""

from collections.abc import Mapping
from typing import Any

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.budget.limits import Budget

REASON = "the run was not compared with what it cost before"
"""In the verdict, where limits on increases could not be judged."""


@value_class(frozen=True, kw_only=True, slots=True)
class NotCompared:
    """Why, and what to do about it."""

    why: str
    next: str = ""
    """What to do, a sentence without its full stop; empty where there is nothing to do."""
    expected: bool = False
    """There is no baseline yet, or none is wanted: limits on increases have nothing to judge."""


def leaves_open(reason: NotCompared | None, budget: Budget | None) -> bool:
    """Is there a limit that only a comparison could judge?"""
    if reason is None or reason.expected or budget is None:
        return False
    return bool(budget.changes) or budget.projection.max_monthly_increase is not None


def missed(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Why the run of a JSON report was not compared, where it should have been."""
    found: Mapping[str, Any] | None = document.get("not_compared")
    return found if found and not found["expected"] else None


def reasons(document: Mapping[str, Any]) -> list[str]:
    """Why the cost in a JSON report is not known in full; that it was not compared is told apart."""
    return [reason for reason in document["verdict"]["incomplete"] if reason != REASON]
