"""`--claude-budget-update`: what a run cost becomes the baseline, if all of it is known and nothing failed."""

from pathlib import Path

from pytest_claude_budget.baseline import update
from pytest_claude_budget.baseline_files import Lock, mended_lock, write_lock
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


def accept(report: CostReport, lock: Path, side: str = "ours") -> Accepted:
    """Write the lock file, or say why it was left as it was. Raises InputError where the file is in the way.

    Where a merge has left marks in it, what did not run and both sides changed is as `side` has it.
    """
    reason = _LEFT.get(report.facts.run.outcome) or refusal(report)
    if reason is not None:
        return Accepted(written=False, text=f"{lock.name} was left as it was: {reason}   [not-updated]")
    old = mended_lock(lock, lock.name, side)
    updated = update(old.record, report.record, report.facts.run.selection)
    write_lock(lock, updated.record)
    return Accepted(written=True, text=updated.sentence(lock.name) + _mended(old, len(old.conflicts & {*updated.kept})))


def _mended(old: Lock, taken: int) -> str:
    """What became of a merge that git left to a person; `taken` owners had to be left to one side."""
    if not old.broken or old.record is None:
        return ""
    whose = f"; {taken:,} of them did not run and {'is' if taken == 1 else 'are'} as one side had it" if taken else ""
    return f"; the conflict marks are gone: both sides had changed {len(old.conflicts):,}{whose}"


def refusal(report: CostReport) -> str | None:
    """Why a report cannot become a baseline; None where it can."""
    if not report.facts.run.selection.ran and not any(owner.kind == "test" for owner in report.record.owners.values()):
        return "no test ran"
    if report.verdict.incomplete or report.totals.at_least:
        return "the cost is not known in full"
    if report.verdict.outcome is Outcome.OVER:
        return "a limit is exceeded, which no baseline can accept"
    return None
