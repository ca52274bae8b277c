"""`--claude-budget-update`: what a run cost becomes the baseline, if all of it is known and nothing failed."""

from pathlib import Path

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.compare.lock_update import update
from pytest_claude_budget.files.baseline_file import Lock, mended_lock, write_lock
from pytest_claude_budget.judge.acceptable import refusal
from pytest_claude_budget.judge.report import CostReport

_NAMED = 3
"""Owners of unknown cost that are named."""


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
    reason = refusal(report)
    if reason is not None:
        return Accepted(written=False, text=f"{lock.name} was left as it was: {reason}   [not-updated]")
    old = mended_lock(lock, lock.name, side)
    updated = update(old.record, report.record, report.facts.run.selection)
    write_lock(lock, updated.record)
    said = updated.sentence(lock.name) + _marked(report) + _mended(old, len(old.conflicts & {*updated.kept}))
    commit = "; commit it" if old.broken or old.record != updated.record else ""
    return Accepted(written=True, text=f"{said}{commit}")


def _marked(report: CostReport) -> str:
    """Which entries say that their cost is not known: nothing is compared with them."""
    owners = [row.owner for row in report.sums.by_owner if row.totals.at_least]
    if not owners:
        return ""
    named = ", ".join(owners[:_NAMED]) + (f" and {len(owners) - _NAMED:,} more" if len(owners) > _NAMED else "")
    return f"; {len(owners):,} marked as not known: {named}"


def _mended(old: Lock, taken: int) -> str:
    """What became of a merge that git left to a person; `taken` owners had to be left to one side."""
    if not old.broken or old.record is None:
        return ""
    whose = f"; {taken:,} of them did not run and {'is' if taken == 1 else 'are'} as one side had it" if taken else ""
    return f"; the conflict marks are gone: both sides had changed {len(old.conflicts):,}{whose}"
