"""Levers for programs, in the JSON report and of `claude-budget advise`. Money is a string; nothing is rounded."""

from collections.abc import Sequence
from typing import Any

from pytest_claude_budget.advice.lever import Lever, Month, Option, Saving
from pytest_claude_budget.base.money import to_json


def lever_entries(levers: Sequence[Lever]) -> list[dict[str, Any]]:
    """Levers as plain JSON values."""
    return [_entry(lever) for lever in levers]


def _entry(lever: Lever) -> dict[str, Any]:
    return {
        "kind": lever.kind,
        "feature": lever.feature,
        "model": lever.model,
        "calls": lever.calls,
        "tests": lever.tests,
        "shown_by": [{"owner": each.owner, "calls": each.calls} for each in lever.shown_by],
        "paid": to_json(lever.paid),
        "saving": None if lever.saving is None else _saving(lever.saving),
        "month": [_month(month) for month in lever.month],
        "month_unknown": lever.month_unknown,
        "text": lever.text,
        "do": lever.do,
        "rests_on": list(lever.rests_on),
        "options": [_option(option) for option in lever.options],
    }


def _option(option: Option) -> dict[str, Any]:
    months = [_month(month) for month in option.month]
    return {"model": option.model, "saving": _saving(option.saving), "month": months}


def _saving(saving: Saving) -> dict[str, str]:
    return {"low": to_json(saving.low), "high": to_json(saving.high)}


def _month(month: Month) -> dict[str, Any]:
    return {"scenario": month.scenario, "requests_per_month": month.requests_per_month, **_saving(month.saving)}
