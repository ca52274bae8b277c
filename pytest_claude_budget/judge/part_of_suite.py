"""What a part of the suite cannot tell: a month, and whether the whole keeps a limit that the part does not exceed."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from pytest_claude_budget.budget.increases_and_volumes import MonthlyLimit
from pytest_claude_budget.budget.limits import Budget
from pytest_claude_budget.compare.result import Comparison, Standing
from pytest_claude_budget.judge.increases import Breach
from pytest_claude_budget.record.selection import FROM_LEDGER, NOTHING_RAN, Selection

WHOLE_RUN = ("run", "feature", "tier", "model")
"""Scopes whose sum is one of all tests. A test or fixture is judged by itself."""
_NAMED = 3


def part_of(selection: Selection, comparison: Comparison | None) -> str:
    """What made a run a part of the suite, such as `-k`; empty of a whole one.

    A run that has all tests of its baseline is as good as a whole one: with `-m` in each run, the suite is what that leaves.
    """
    if selection.whole or selection.narrowed in (FROM_LEDGER, NOTHING_RAN):
        return ""
    rows = () if comparison is None else comparison.owners
    known = [row.standing for row in rows if row.standing is not Standing.NEW]
    if known and Standing.DESELECTED not in known:
        return ""
    more = f" and {len(selection.paths) - _NAMED:,} more" if len(selection.paths) > _NAMED else ""
    paths = [", ".join(selection.paths[:_NAMED]) + more] if selection.paths else []
    return ", ".join([*filter(None, [selection.narrowed]), *paths])


def not_judged(budget: Budget | None) -> Iterator[Breach]:
    """Every limit that holds for the whole alone, without a value."""
    if budget is None:
        return
    for limit in budget.limits:
        if limit.scope in WHOLE_RUN:
            yield _limit(limit.scope, limit.measure, limit.maximum, limit.where, limit.path, limit.match)
    for change in budget.changes:
        if change.scope in WHOLE_RUN:
            allowed = change.max_increase if change.max_increase is not None else change.warn_increase
            maximum = 100 * (allowed or 0)
            yield _limit(change.scope, "max_increase", maximum, change.where, change.path, change.match)
    projection = budget.projection
    for feature in budget.features:
        for monthly in feature.max_monthly_cost.values():
            yield _month(f"{feature.name}, {monthly.scenario}", monthly)
    for monthly in projection.max_monthly_cost.values():
        yield _month(monthly.scenario, monthly)
    if projection.path:
        allowed = projection.max_monthly_increase
        maximum = 100 * (allowed if allowed is not None else projection.warn_monthly_increase or 0)
        increase = _limit("projection", "max_monthly_increase", maximum, projection.where, projection.path, None)
        yield replace(increase, name="each scenario")


def judges_single_tests(budget: Budget | None) -> bool:
    """Is there a limit on each test or fixture by itself?"""
    if budget is None:
        return False
    scopes = {limit.scope for limit in budget.limits} | {change.scope for change in budget.changes}
    return not scopes.issubset(WHOLE_RUN)


def _month(name: str, limit: MonthlyLimit) -> Breach:
    monthly = _limit("projection", "max_monthly_cost", limit.maximum, limit.where, limit.path, None)
    return replace(monthly, name=name)


def _limit(
    scope: str, measure: str, maximum: Decimal | int, where: str, path: str, match: str | None
) -> Breach:  # the parts of a limit
    return Breach(
        scope=scope, name="", measure=measure, value=None, maximum=maximum, where=where, path=path, match=match
    )
