"""Whether a run came to its end: what one that was cut short would have cost is not known, however little it made."""

from collections.abc import Collection

from pytest_claude_budget.record.selection import FROM_LEDGER, Selection

PASSED = "passed"
"""How the tests of a run ended that nothing went wrong in."""
NO_TEST = "no test ran"
_NAMED = 3
"""Files that are named in a sentence."""


def unfinished(outcome: str, selection: Selection, tests: Collection[str]) -> tuple[str, ...]:
    """Why a run did not come to its end, a sentence each; empty where it did.

    Args:
        outcome: how the tests ended: `passed`, `failed` or `interrupted`.
        selection: which of them ran, failed, or were not reached.
        tests: those that ran, with and without calls.
    """
    if selection.narrowed == FROM_LEDGER:  # who reads a ledger says himself what it tells
        return ()
    if outcome == PASSED:
        return () if tests or selection.narrowed is None else (NO_TEST,)
    reasons = [*_broken(sorted(selection.broken)), *_stopped(outcome, selection)]
    if not reasons and not selection.failed.union(selection.skipped).issuperset(tests):
        return ()
    if reasons or selection.failed:
        return tuple(reasons or [f"no test came to its end: {_tests(len(selection.failed))} failed"])
    return () if tests or selection.narrowed is None else (NO_TEST,)


def _broken(files: list[str]) -> list[str]:
    """What pytest could not import, or not look into."""
    if not files:
        return []
    more = f" and {len(files) - _NAMED:,} more" if len(files) > _NAMED else ""
    return [f"{', '.join(files[:_NAMED])}{more} could not be collected"]


def _stopped(outcome: str, selection: Selection) -> list[str]:
    """That the run stopped, and before how many tests."""
    interrupted = outcome == "interrupted" and not selection.broken  # what cannot be collected interrupts by itself
    if not selection.not_reached:
        return ["the run was interrupted"] if interrupted else []
    how = "the run was interrupted" if interrupted else "the run stopped early"
    count, first = len(selection.not_reached), min(selection.not_reached)
    return [f"{how}: {_tests(count)} {'was' if count == 1 else 'were'} not reached (first {first})"]


def _tests(count: int) -> str:
    return f"{count:,} test{'' if count == 1 else 's'}"
