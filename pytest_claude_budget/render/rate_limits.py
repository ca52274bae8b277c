"""Rate limits in words: how much of them a month would take, and what is assumed for that."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pytest_claude_budget.judge.report import CostReport
from pytest_claude_budget.render.terminal_text import printable

if TYPE_CHECKING:
    from pytest_claude_budget.forecast.rate_limits import Share


def rate_limit_texts(report: CostReport) -> Iterator[str]:
    """A sentence for each model whose limits live answers told; none where the budget says no volumes."""
    limits, budget = report.sums.rate_limits, report.facts.budget
    if not limits or budget is None or not budget.features:
        return
    from pytest_claude_budget.forecast.month import Volumes
    from pytest_claude_budget.forecast.rate_limits import HOURS, WORKING_DAYS, shares

    pace = f"if a month is spread evenly over {WORKING_DAYS} days of {HOURS} hours"
    volumes = Volumes(features=budget.features, growth=budget.projection.growth)
    for own in shares(volumes, report.record, limits):
        said, before = [], None
        for share in own:
            said.append(_said(share, before))
            before = share
        yield f"rate limit of {printable(own[0].model, 60)}: {', '.join(said)}, {pace}"


def _said(share: "Share", before: "Share | None") -> str:
    """A share and its scenario; of which limit, where that is another one than before."""
    part = f"{share.percent:,}%" if share.percent > 1 else "1% or less"
    same = before is not None and (before.what, before.limit) == (share.what, share.limit)
    of = "" if same else f" of {share.limit:,} {share.what} a minute"
    return f"{'at least ' if share.at_least else ''}{part}{of} at {printable(share.scenario, 40)} volume"
