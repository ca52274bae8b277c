"""Rate limits in words: how much of them a month would take, and what is assumed for that."""

from collections.abc import Iterator

from pytest_claude_budget.judge.report import CostReport
from pytest_claude_budget.render.terminal_text import printable


def rate_limit_texts(report: CostReport) -> Iterator[str]:
    """A sentence for each model whose limits live answers told; none where the budget says no volumes."""
    limits, budget = report.sums.rate_limits, report.facts.budget
    if not limits or budget is None or not budget.features:
        return
    from pytest_claude_budget.forecast.rate_limits import HOURS, WORKING_DAYS, shares

    pace = f"if average volume is spread evenly over {WORKING_DAYS} days of {HOURS} hours"
    for share in shares(budget.features, report.record, limits):
        part = f"{share.percent:,}%" if share.percent > 1 else "1% or less"
        yield f"rate limit of {printable(share.model, 60)}: {part} of {share.limit:,} {share.what} a minute, {pace}"
