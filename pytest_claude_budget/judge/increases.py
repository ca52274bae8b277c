"""What of a change is more than somebody allowed: increases of the run, of a test or feature, and of a month.

Only the verdict asks this. An increase is judged without the model's own noise, and without what did not run.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.budget.difference import Base
from pytest_claude_budget.budget.increases_and_volumes import ChangeLimit, MonthlyLimit, change_limit
from pytest_claude_budget.budget.limits import Budget
from pytest_claude_budget.compare.result import Comparison, FeatureChange, OwnerChange, Standing, percent
from pytest_claude_budget.forecast.month_rows import Row
from pytest_claude_budget.forecast.month_totals import totals_by_scenario

INCREASES = ("max_increase", "max_monthly_increase")
"""The measures that somebody can accept: a new baseline makes them go away. What is too much stays too much."""


@value_class(frozen=True, kw_only=True, slots=True)
class Breach:
    """A limit that was exceeded, or one whose warning was reached."""

    scope: str
    name: str
    """Which one of the scope; empty for the run."""
    measure: str
    """One of the budget file's measures, `max_increase`, `max_monthly_cost` or `max_monthly_increase`."""
    value: Decimal | int | None
    """Dollars, counts; percent for increases, to the nearest tenth, or with more digits: what is over looks over.

    None for an increase from $0.00, which is more than any percentage.
    """
    maximum: Decimal | int
    where: str
    """`file:line` of the limit."""
    path: str
    """The limit as a person names it."""
    match: str | None = None
    """Which ones of the scope the limit is for; None is all of them."""
    at_least: bool = False
    """The value is a lower bound."""
    before: Decimal | None = None
    """US dollars, of an increase."""
    after: Decimal | None = None
    warns: bool = False
    """Above `warn_increase` or `warn_at` only; `maximum` is then what would fail, if something would."""
    was_over: bool = False
    """The baseline was over it already, and this is not worse."""
    worse: bool = False
    """The baseline was over it already, and this is worse."""
    since: str = ""
    """Why a breach fails that the baseline had too: this change `added` or `lowered` the limit, or what is `known` fails."""

    @property
    def only_warns(self) -> bool:
        """Is this above a limit that nothing above it would fail? Then it is not close to one."""
        return self.warns and (self.value is None or self.value > self.maximum)


@value_class(frozen=True, kw_only=True, slots=True)
class Change:
    """What a run is compared with, as far as the verdict needs it."""

    comparison: Comparison | None = None
    """None without a baseline."""
    projection: Sequence[Row] = ()
    earlier: Callable[[str, str, str], Decimal | int | None] = lambda scope, name, measure: None
    """What a scope, name and measure came to in the baseline; None where it had none."""
    base: Base | None = None
    """The budget of the base; None where it is not at hand: then the limits that are written now count as its own."""
    part: str = ""
    """What made the run a part of the suite; empty of a whole one. Of a part, only single tests have an increase."""
    accepted: str | None = None
    """Who or what accepted the increase: it is shown and does not fail. A maximum in dollars is not accepted by it."""


@value_class(frozen=True, kw_only=True, slots=True)
class _Increase:
    """One amount that grew."""

    scope: str
    name: str
    before: Decimal
    after: Decimal
    judged: Decimal
    at_least: bool
    unknown_base: bool
    """What was before is a lower bound: $0.00 is then no amount to grow from."""


def change_breaches(budget: Budget, change: Change) -> Iterator[Breach]:
    """Every increase above what was written, in a fixed order."""
    for increase in () if change.comparison is None else _increases(change.comparison):
        if change.part and increase.scope != "test":
            continue
        limit = change_limit(budget.changes, increase.scope, increase.name)
        if limit is not None and (breach := _judged(increase, limit)) is not None:
            yield breach
    if not change.part:
        yield from _monthly(budget, change)


def _increases(comparison: Comparison) -> Iterator[_Increase]:
    """Of the run, of each feature, and of each owner that the baseline has too: a new one is no increase of its own."""
    yield _increase("run", "", comparison, comparison.judged)
    for row in comparison.by_feature:
        yield _increase("feature", row.feature, row, row.judged)
    for owner in comparison.owners:
        if owner.standing in (Standing.CHANGED, Standing.RENAMED) and not owner.noise:
            yield _increase("test", owner.owner, owner, owner.judged)


def _increase(scope: str, name: str, row: Comparison | FeatureChange | OwnerChange, judged: Decimal) -> _Increase:
    return _Increase(
        scope=scope,
        name=name,
        before=row.before,
        after=row.after,
        judged=judged,
        at_least=row.at_least,
        unknown_base=row.before_at_least,
    )


def _judged(increase: _Increase, limit: ChangeLimit) -> Breach | None:
    """What of an increase is above its limit. $0.00 that is known is a base like any other: all is above a part of it."""
    if increase.judged <= limit.ignore_below or (not increase.before and increase.unknown_base):
        return None
    for allowed, most in _thresholds(limit.max_increase, limit.warn_increase):
        if increase.judged > increase.before * allowed:
            return Breach(
                scope=increase.scope,
                name=increase.name,
                measure="max_increase",
                value=percent(increase.judged, increase.before, allowed * 100, most * 100),
                maximum=most * 100,
                where=limit.where,
                path=limit.path,
                match=limit.match,
                at_least=increase.at_least,
                before=increase.before,
                after=increase.after,
                warns=allowed != limit.max_increase,
            )
    return None


def _thresholds(maximum: Decimal | None, warns: Decimal | None) -> Iterator[tuple[Decimal, Decimal]]:
    """Above which an increase fails or warns, each with the limit that it is then held up to: the maximum, if there is one."""
    if maximum is not None:
        yield maximum, maximum
    if warns is not None:
        yield warns, warns if maximum is None else maximum


@value_class(frozen=True, kw_only=True, slots=True)
class _Month:
    """What one feature, or all of them, cost a month in one scenario."""

    name: str
    now: Decimal
    then: Decimal | None
    """None where nothing is known of before."""
    at_least: bool
    """`now` is a lower bound."""
    grows: bool
    """Is it known to be more than it was?"""


def _monthly(budget: Budget, change: Change) -> Iterator[Breach]:
    for total in totals_by_scenario(change.projection):
        then = total.compared_before or None  # of a month that is new, nobody says that it was not over
        base, now = total.increase or (total.after, total.after)
        grows = now > base if total.before_at_least else then is not None and total.after > then
        month = _Month(name=total.scenario, now=total.after, then=then, at_least=total.after_at_least, grows=grows)
        limit = budget.projection.max_monthly_cost.get(total.scenario)
        if limit is not None and (breach := _over_a_month(month, limit, _before(change.base, limit))) is not None:
            yield breach
        if total.increase is not None:
            yield from _monthly_increase(budget, replace(month, then=base, now=now, at_least=total.at_least))
    features = {feature.name: feature for feature in budget.features}
    for row in change.projection:
        limit = features[row.feature].max_monthly_cost.get(row.scenario)
        if limit is not None and row.judged is not None:
            name = f"{row.feature}, {row.scenario}"
            then = row.judged_before
            grows = then is not None and row.judged > then and not row.before_at_least
            month = _Month(name=name, now=row.judged, then=then, at_least=row.after_at_least, grows=grows)
            before = _before(change.base, limit, row.feature)
            if (breach := _over_a_month(month, limit, before)) is not None:
                yield breach


def unknown_months(budget: Budget, change: Change) -> Iterator[str]:
    """Every limit on a month that is not exceeded as far as it is known, and is not known in full: a sentence each."""
    rows = {(row.feature, row.scenario): row for row in change.projection}
    totals = {total.scenario: total for total in totals_by_scenario(change.projection)}
    for limit in budget.projection.max_monthly_cost.values():
        total = totals.get(limit.scenario)
        if total is not None and total.after_at_least and total.after <= limit.maximum:
            of = [row for row in change.projection if row.scenario == limit.scenario]
            yield _unknown_month(limit, "", of)
    for feature in budget.features:
        for limit in feature.max_monthly_cost.values():
            row = rows.get((feature.name, limit.scenario))
            if row is not None and (row.judged is None or (row.after_at_least and row.judged <= limit.maximum)):
                yield _unknown_month(limit, f" of {feature.name!r}", [row])


def _unknown_month(limit: MonthlyLimit, of: str, rows: Sequence[Row]) -> str:
    why = [f"{row.feature!r}: {row.reason}" for row in rows if row.judged is None]
    unsure = "are not priced in full, or did not come to their end"
    why += [f"the tests of {row.feature!r} {unsure}" for row in rows if row.after_at_least]
    return f"{limit.where}: a month{of} ({limit.scenario}) cannot be held to {limit.maximum:f}: {'; '.join(why)}"


def _before(base: Base | None, limit: MonthlyLimit, feature: str | None = None) -> Decimal | None:
    """The same maximum in the base's budget; None where it has none."""
    if base is None:
        return limit.maximum
    if base.budget is None:
        return None
    features = {each.name: each for each in base.budget.features}
    found = base.budget.projection.max_monthly_cost
    if feature is not None:
        found = features[feature].max_monthly_cost if feature in features else {}
    return found[limit.scenario].maximum if limit.scenario in found else None


def since(maximum: Decimal | int, before: Decimal | int | None) -> str:
    """What a change did to a limit that it makes stricter: `added`, `lowered` or nothing."""
    return "added" if before is None else "lowered" if before > maximum else ""


def _over_a_month(month: _Month, limit: MonthlyLimit, before: Decimal | None) -> Breach | None:
    """`before` is the limit that the month was held against then; None where there was none."""
    was_over = month.then is not None and before is not None and month.then > max(before, limit.maximum)
    worse = month.grows
    would_be = not was_over and not worse and month.then is not None and month.then > limit.maximum
    breach = Breach(
        scope="projection",
        name=month.name,
        measure="max_monthly_cost",
        value=month.now,
        maximum=limit.maximum,
        where=limit.where,
        path=limit.path,
        at_least=month.at_least,
        was_over=was_over and not worse,
        worse=was_over and worse,
        since=since(limit.maximum, before) if would_be else "",
    )
    if month.now > limit.maximum:
        return breach
    warned = limit.warn_at is not None and limit.maximum and month.now >= limit.maximum * limit.warn_at
    return replace(breach, warns=True) if warned else None


def _monthly_increase(budget: Budget, month: _Month) -> Iterator[Breach]:
    limits, then = budget.projection, month.then or Decimal(0)
    for allowed, most in _thresholds(limits.max_monthly_increase, limits.warn_monthly_increase):
        if month.now - then > then * allowed:
            yield Breach(
                scope="projection",
                name=month.name,
                measure="max_monthly_increase",
                value=percent(month.now - then, then, allowed * 100, most * 100),
                maximum=most * 100,
                where=limits.where,
                path=limits.path,
                at_least=month.at_least,
                before=then,
                after=month.now,
                warns=allowed != limits.max_monthly_increase,
            )
            return
