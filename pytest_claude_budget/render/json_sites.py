"""Call sites in the report for programs; nothing where no call has one."""

from typing import Any

from pytest_claude_budget.base.money import to_json
from pytest_claude_budget.record.sites import SiteTotals, StackTotals
from pytest_claude_budget.record.sums import Sums
from pytest_claude_budget.render.json_totals import totals_entry


def site_entries(sums: Sums) -> dict[str, Any]:
    """The keys `by_site` and `stacks`."""
    if not sums.by_site:
        return {}
    return {"by_site": list(map(_site, sums.by_site)), "stacks": list(map(_stack, sums.stacks))}


def _site(row: SiteTotals) -> dict[str, Any]:
    file, function, line = row.site
    return {"file": file, "function": function, "line": line, "tests": row.tests, **totals_entry(row.totals)}


def _stack(row: StackTotals) -> dict[str, Any]:
    return {
        "stack": [list(frame) for frame in row.frames],
        "calls": row.calls,
        "cost": to_json(row.cost),
        "spent": to_json(row.spent),
        "at_least": row.at_least,
    }
