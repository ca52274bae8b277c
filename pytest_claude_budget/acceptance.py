"""`--claude-budget-update`: what a run cost becomes the baseline, if all of it is known and nothing failed."""

from pathlib import Path

from pytest_claude_budget.baseline import update
from pytest_claude_budget.baseline_files import read_lock, write_lock
from pytest_claude_budget.report import CostReport
from pytest_claude_budget.values import value_class
from pytest_claude_budget.verdict import Outcome

_LEFT = {
    "failed": "a test failed",
    "interrupted": "the run was interrupted",
}


@value_class(frozen=True, kw_only=True, slots=True)
class Accepted:
    """What became of the lock file."""

    written: bool
    text: str
    """For a person, one sentence."""


def accept(report: CostReport, lock: Path) -> Accepted:
    """Write the lock file, or say why it was left as it was. Raises InputError where the file is in the way."""
    reason = _LEFT.get(report.facts.run.outcome) or refusal(report)
    if reason is not None:
        return Accepted(written=False, text=f"{lock.name} was left as it was: {reason}   [not-updated]")
    updated = update(read_lock(lock, lock.name), report.record, report.facts.run.selection)
    write_lock(lock, updated.record)
    return Accepted(written=True, text=updated.sentence(lock.name))


def refusal(report: CostReport) -> str | None:
    """Why a report cannot become a baseline; None where it can."""
    if not report.facts.run.selection.ran and not any(owner.kind == "test" for owner in report.record.owners.values()):
        return "no test ran"
    if report.verdict.incomplete or report.totals.at_least:
        return "the cost is not known in full"
    if report.verdict.outcome is Outcome.OVER:
        return "a limit is exceeded, which no baseline can accept"
    return None
