"""The one outcome of a run. Nothing after this compares a number with a limit."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.budget.limits import Budget, Limit
from pytest_claude_budget.budget.which_limit import Limits
from pytest_claude_budget.judge.increases import INCREASES, Breach, Change, change_breaches, since, unknown_months
from pytest_claude_budget.judge.part_of_suite import judges_single_tests, not_judged
from pytest_claude_budget.judge.spared import Spared, spared
from pytest_claude_budget.record.sums import Scoped
from pytest_claude_budget.record.totals import MEASURED, Totals


class Outcome(StrEnum):
    """From best to worst, but for `unjudged`."""

    UNJUDGED = "unjudged"
    """Nobody wrote a limit, or no test ran that one could be held against, or only a part of those that it is for."""
    WITHIN = "within"
    WARNED = "warned"
    INCOMPLETE = "incomplete"
    OVER = "over"


@value_class(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What is to be said and done about a run."""

    outcome: Outcome
    breaches: tuple[Breach, ...] = ()
    warnings: tuple[Breach, ...] = ()
    known: tuple[Breach, ...] = ()
    """Limits that the baseline was over already, and that this change does not worsen: they warn. And accepted
    increases, which do not."""
    incomplete: tuple[str, ...] = ()
    """Why the cost is not known in full, a sentence each."""
    unknown_months: tuple[str, ...] = ()
    """Limits on a month that could not be judged, a sentence each: they are `incomplete` too, and forbid no baseline."""
    not_judged: tuple[Breach, ...] = ()
    """Limits of the whole suite, without a value, that a part of it keeps: nobody knows of the rest."""
    part: str = ""
    """What made the run a part of the suite, such as `-k`; empty of a whole one."""
    spared: tuple[Spared, ...] = ()
    """Increases of single tests that a limit is written for and not held against."""
    capped: tuple[str, ...] = ()
    """What refused calls before they were sent, and whose: `the cap of $5.00 refused calls of 3 tests`."""
    unfinished: tuple[str, ...] = ()
    """Why the run did not come to its end, a sentence each: they are `incomplete` too, unless all that ran passed."""

    @property
    def fails(self) -> bool:
        """Should the session end as a failure?"""
        return self.outcome in (Outcome.OVER, Outcome.INCOMPLETE)


@dataclass(kw_only=True, slots=True)
class _Found:
    """What is over its limit, sorted by what follows from it."""

    breaches: list[Breach] = field(default_factory=list)
    warnings: list[Breach] = field(default_factory=list)
    known: list[Breach] = field(default_factory=list)
    known_fails: bool = False
    """Does what was over before fail all the same?"""

    def knows(self, breach: Breach) -> None:
        """Take what the baseline was over already."""
        if self.known_fails:
            self.breaches.append(replace(breach, was_over=False, since="known"))
        else:
            self.known.append(replace(breach, was_over=True))


def evaluate(
    limits: Limits,
    scoped: Scoped,
    incomplete: Sequence[str],
    change: Change | None = None,
    *,
    unfinished: Sequence[str] = (),
    capped: Sequence[str] = (),
) -> Verdict:
    """Judge totals, and where there is a baseline the change, against all that was written.

    A run that is `unfinished` and not `incomplete` had no test to judge.
    """
    budget = limits.budget
    if budget is None and not limits.markers and not limits.unread and not capped:
        return Verdict(outcome=Outcome.UNJUDGED, incomplete=tuple(incomplete), unfinished=tuple(unfinished))
    found = _Found(known_fails=budget is not None and budget.known == "fail")
    then = limits if change is None or change.base is None else replace(limits, budget=change.base.budget)
    for scope, measure in limits.written():
        limit_of, value_of = limits.finder(scope, measure), MEASURED[measure]
        limit_then = limit_of if then is limits else then.finder(scope, measure)
        for name, totals in scoped.get(scope, {}).items():
            limit, value = limit_of(name), value_of(totals)
            if limit is not None and _reached(value, limit):
                _judge(_breach(scope, name, measure, totals, limit), value, (change, limit_then(name)), found)
    if change is not None and budget is not None:
        for breach in change_breaches(budget, change):
            _sort_in(breach, change, found)
    months = _unknown_months(budget, change, scoped) if not unfinished else ()
    incomplete = (*incomplete, *months)
    part = "" if change is None else change.part
    compared = change is not None and change.comparison is not None
    left = _left(limits, found, compared=compared) if part else ()
    outcome = Outcome.OVER if capped else _outcome(budget, found, incomplete, unfinished)
    if outcome is Outcome.WITHIN and left and not (judges_single_tests(budget) or limits.markers):
        outcome = Outcome.UNJUDGED
    return Verdict(
        outcome=outcome,
        breaches=tuple(found.breaches),
        warnings=tuple(found.warnings),
        known=tuple(found.known),
        incomplete=tuple(incomplete),
        unknown_months=months,
        capped=tuple(capped),
        not_judged=left,
        part=part if left else "",
        spared=() if change is None else tuple(spared(budget, change.comparison)),
        unfinished=tuple(unfinished),
    )


def _unknown_months(budget: Budget | None, change: Change | None, scoped: Scoped) -> tuple[str, ...]:
    """Of a whole run that made calls: without any, nobody asked what a month costs."""
    if budget is None or change is None or change.part or not any(each.attempts for each in scoped["run"].values()):
        return ()
    return tuple(unknown_months(budget, change))


def _left(limits: Limits, found: _Found, *, compared: bool) -> tuple[Breach, ...]:
    """The limits of the whole suite that a part of it does not exceed by itself; on increases, where there is a baseline."""
    reached = {breach.path for breach in (*found.breaches, *found.known)}
    asked = (limit for limit in not_judged(limits.budget) if compared or limit.measure not in INCREASES)
    return tuple(limit for limit in asked if limit.path not in reached)


def _breach(scope: str, name: str, measure: str, totals: Totals, limit: Limit) -> Breach:
    return Breach(
        scope=scope,
        name=name,
        measure=measure,
        value=MEASURED[measure](totals),
        maximum=limit.maximum,
        where=limit.where,
        path=limit.path,
        match=limit.match,
        at_least=totals.unknown_live > 0 if measure == "max_spent" else totals.at_least,
    )


def _reached(value: Decimal | int, limit: Limit) -> bool:
    """Is there anything to say?"""
    if value > limit.maximum:
        return True
    return limit.warn_at is not None and bool(limit.maximum) and value >= limit.maximum * limit.warn_at


def _judge(breach: Breach, value: Decimal | int, before: tuple[Change | None, Limit | None], found: _Found) -> None:
    """Sort in what has reached its limit, or the part of it from which the run warns.

    `before` is what is known of the baseline, and the limit that held for the name there.
    """
    if value <= breach.maximum:
        found.warnings.append(breach)
        return
    change, limit = before
    earlier = None if change is None else change.earlier(breach.scope, breach.name, breach.measure)
    if earlier is None or earlier <= breach.maximum:
        found.breaches.append(breach)
    elif limit is None or earlier <= limit.maximum:
        new = since(breach.maximum, None if limit is None else limit.maximum) if value <= earlier else ""
        found.breaches.append(replace(breach, since=new))
    elif value > earlier:
        found.breaches.append(replace(breach, worse=True))
    else:
        found.knows(breach)


def _sort_in(breach: Breach, change: Change, found: _Found) -> None:
    if breach.warns:
        found.warnings.append(breach)
    elif breach.was_over:
        found.knows(breach)
    elif change.accepted is not None and breach.measure in INCREASES:
        found.known.append(breach)
    else:
        found.breaches.append(breach)


def _outcome(budget: Budget | None, found: _Found, incomplete: Sequence[str], unfinished: Sequence[str]) -> Outcome:
    if found.breaches:
        return Outcome.OVER
    if incomplete:
        tolerated = budget is not None and budget.tolerates_unknown
        return Outcome.WARNED if tolerated else Outcome.INCOMPLETE
    if unfinished:
        return Outcome.UNJUDGED
    over_before = any(breach.was_over for breach in found.known)
    return Outcome.WARNED if found.warnings or over_before else Outcome.WITHIN
