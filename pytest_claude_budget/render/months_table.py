"""What a month costs, as a table at the end of a run."""

from collections.abc import Sequence

from pytest_claude_budget.base.money import ZERO, dollars
from pytest_claude_budget.forecast.month_rows import Row
from pytest_claude_budget.render.phrases import change_of, unsure
from pytest_claude_budget.render.terminal_text import columns


def projection_lines(rows: Sequence[Row], width: int, *, of_a_part: bool = False) -> list[str]:
    """What a month costs, a line a feature and scenario; `of_a_part` of the suite, it is told as what that says."""
    if not rows:
        return []
    title = "a month, by the tests that ran" if of_a_part else "a month"
    table = [(title, "requests", "cost", "change")]
    table += [
        (f"{row.feature}, {row.scenario_words}", f"{row.requests_per_month:,}", _month(row), _monthly_change(row))
        for row in rows
    ]
    return columns(table, width)


def _month(row: Row) -> str:
    if row.after is None or (row.after.at_least and not row.after.measured):
        return "not known"
    return f"{'at least ' if row.after.at_least else ''}{dollars(row.after.measured)}"


def _monthly_change(row: Row) -> str:
    if row.before is None or row.after is None:
        return ""
    if row.change is None or row.at_least:
        return unsure(row.change or ZERO, before_at_least=row.before.at_least, after_at_least=row.after.at_least)
    return change_of(row.change, row.before.measured)
