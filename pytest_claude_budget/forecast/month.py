"""What the features of a product cost a month, from what their tests cost and how often production asks for them.

The mean of a feature's tests is one request. Means and products are exact fractions; only results are rounded, up to a
whole micro-dollar, so that what is over a limit never looks within. `docs/projection.md` says it for users.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from pytest_claude_budget.base.money import EXACT, ZERO
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.budget.increases_and_volumes import AVERAGE, Feature
from pytest_claude_budget.calls.call import Usage
from pytest_claude_budget.forecast.month_rows import COLD, MEASURED, WARM, Month, Row
from pytest_claude_budget.forecast.prompt_cache import cooled, warmed, writes_for_an_hour
from pytest_claude_budget.pricing.in_force import Refusal
from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.record.benchmarked import as_benchmark
from pytest_claude_budget.record.record import Group, OwnerRecord, Record, amount_of, cost_of_group, rates_of_terms

_MICRO = 1_000_000
_DIGITS = 10**18
NO_TEST = "no test of it made a call in this run"


@value_class(frozen=True, kw_only=True)
class Volumes:
    """What a budget says of production."""

    features: Sequence[Feature]
    growth: Mapping[str, Decimal] = field(default_factory=dict)
    cache: str = MEASURED
    cut_short: frozenset[str] = frozenset()
    """Tests that may have used less than they would have: a lower bound of themselves."""


def project(volumes: Volumes, before: Record | None, after: Record, rates: RateTable, day: date) -> tuple[Row, ...]:
    """Rows by feature, then scenario, in the order of the file; growth comes last.

    Both sides are priced at one table on one day. A renamed test counts as the same only if `before` has its new id.
    """
    pricer = _Pricer(rates=rates, day=day)
    rows: list[Row] = []
    every = dict.fromkeys(scenario for feature in volumes.features for scenario in feature.requests_per_month)
    for feature in volumes.features:
        parts = [own for owner in after.owners.values() if (own := own_part(feature, owner)) is not None]
        earlier = {} if before is None else _earlier(feature, before, parts)
        sides = _Sides(
            tests=[pricer.priced(part, at_least=part.owner in volumes.cut_short) for part in parts],
            earlier={part.owner: pricer.beside(earlier[part.owner], part) for part in parts if part.owner in earlier},
            new=before is not None and not earlier and not _had(feature, before),
        )
        for scenario, case, volume in scenarios(feature, volumes.growth):
            row = Row(feature=feature.name, scenario=scenario, requests_per_month=volume, judged_as=volumes.cache)
            rows.append(sides.filled(row, case))
        has = {row.scenario for row in rows if row.feature == feature.name}
        rows += [_stand_in(sides, feature, name, volumes.cache) for name in every if name not in has]
    return tuple(rows)


def _stand_in(sides: "_Sides", feature: Feature, scenario: str, cache: str) -> Row:
    """A scenario that others have: with the average of the feature; without one, nobody knows."""
    volume = feature.requests_per_month.get(AVERAGE)
    row = Row(feature=feature.name, scenario=scenario, requests_per_month=volume or 0, judged_as=cache)
    if volume is None:
        return replace(row, reason=f"it has no volume for {scenario}, and no {AVERAGE} to stand in")
    return sides.filled(replace(row, stands_in=True), AVERAGE)


def scenarios(feature: Feature, growth: Mapping[str, Decimal]) -> Iterator[tuple[str, str, int]]:
    """Name, the case whose tests stand for it, and requests a month."""
    for scenario, volume in feature.requests_per_month.items():
        yield scenario, scenario, volume
    base = feature.base
    if base is not None:
        for name, factor in growth.items():
            grown = Fraction(factor) * feature.requests_per_month[base]
            yield name, base, -(-grown.numerator // grown.denominator)


def volume_of(feature: Feature, scenario: str, growth: Mapping[str, Decimal]) -> tuple[str, int] | None:
    """The case whose tests stand for a scenario, and its requests a month: its own, else the average; None where nobody says."""
    for name, case, volume in scenarios(feature, growth):
        if name == scenario:
            return case, volume
    average = feature.requests_per_month.get(AVERAGE)
    return None if average is None else (AVERAGE, average)


def own_part(feature: Feature, owner: OwnerRecord) -> OwnerRecord | None:
    """The part of a test that belongs to a feature; None where there is none that made a call.

    A label wins over a pattern: it is nearer to the call.
    """
    if owner.kind != "test":
        return None
    labels = {group.feature for group in owner.groups}
    covered = None in labels and feature.covers(owner.owner)
    if len(labels) == 1 and (covered or feature.name in labels):
        return owner if owner.calls else None
    if not covered and feature.name not in labels:
        return None
    mine = [group for group in owner.groups if group.feature == feature.name or (covered and group.feature is None)]
    return replace(owner, groups=tuple(mine)) if any(group.calls for group in mine) else None


def _earlier(feature: Feature, before: Record, tests: Iterable[OwnerRecord]) -> dict[str, OwnerRecord]:
    """The same tests in the baseline. Calls that had no label there belong to the feature if the test does now."""
    found = {}
    for test in tests:
        owner = before.owners.get(test.owner)
        if owner is None:
            continue
        mine = own_part(feature, owner)
        if mine is None and all(group.feature is None for group in owner.groups) and owner.calls:
            mine = owner
        if mine is not None:
            found[test.owner] = mine
    return found


def _had(feature: Feature, before: Record) -> bool:
    """Has the baseline a call of the feature, of whatever test?"""
    return any(own_part(feature, owner) is not None for owner in before.owners.values())


@value_class(frozen=True, kw_only=True, slots=True)
class _Priced:
    """What one test of a feature costs."""

    owner: str
    cases: frozenset[str | None]
    costs: Mapping[str, Decimal]
    """US dollars with a cache as measured, warm and cold."""
    at_least: bool


@value_class(frozen=True, kw_only=True, slots=True)
class _Sides:
    """The tests of one feature in this run, and the same in the baseline."""

    tests: Sequence[_Priced]
    earlier: Mapping[str, _Priced]
    new: bool
    """There is a baseline, and it has no call of the feature."""

    def filled(self, row: Row, case: str) -> Row:
        """The row with its figures, of the tests that are marked as this case; where none is, of all."""
        if not self.tests:
            return replace(row, reason=NO_TEST)
        marked = [test for test in self.tests if case in test.cases]
        tests = marked or self.tests
        both = [test for test in tests if test.owner in self.earlier]
        used, volume = both or tests, row.requests_per_month
        alone = [test.costs[MEASURED] for test in used]
        return replace(
            row,
            case=case if marked else None,
            before=_month([self.earlier[test.owner] for test in both], volume) if both else None,
            new=self.new,
            after=_month(used, volume),
            tests=tuple(sorted(test.owner for test in used)),
            left_out=tuple(sorted({test.owner for test in tests} - {test.owner for test in used})),
            low=_micro(Fraction(min(alone)) * volume),
            high=_micro(Fraction(max(alone)) * volume),
        )


def _month(tests: Sequence[_Priced], volume: int) -> Month:
    """The mean of the tests, as often as the volume says."""

    def of(cache: str) -> Decimal:
        total = ZERO
        for test in tests:
            total = EXACT.add(total, test.costs[cache])
        return _micro(Fraction(total) * volume / len(tests))

    at_least = any(test.at_least for test in tests)
    return Month(measured=of(MEASURED), warm=of(WARM), cold=of(COLD), at_least=at_least)


@value_class(frozen=True, kw_only=True, slots=True)
class _Pricer:
    """Prices tests at one table on one day."""

    rates: RateTable
    day: date

    def priced(self, test: OwnerRecord, *, at_least: bool = False) -> _Priced:
        """What a test costs with each cache."""
        costs = dict.fromkeys((MEASURED, WARM, COLD), ZERO)
        hour = writes_for_an_hour(test)
        for group in test.groups:
            cost = cost_of_group(group, self.rates, self.day)
            at_least = at_least or cost.at_least
            costs[MEASURED] = EXACT.add(costs[MEASURED], cost.amount)
            for cache, usage in ((WARM, warmed(group)), (COLD, cooled(group.usage, hour=hour))):
                amount = cost.amount if usage is group.usage else self.amount(group, usage)
                costs[cache] = EXACT.add(costs[cache], amount)
        cases = frozenset(group.case for group in test.groups)
        return _Priced(owner=test.owner, cases=cases, costs=costs, at_least=at_least)

    def beside(self, before: OwnerRecord, now: OwnerRecord) -> _Priced:
        """What a test cost before. Where a benchmark repeated it on one side alone: with as many of each call as this run has."""
        then = self.priced(before)
        if before.benchmark == now.benchmark:
            return then
        one, whole = self.priced(as_benchmark(now)).costs, self.priced(now).costs
        costs = self.priced(as_benchmark(before)).costs
        return replace(then, costs={cache: _as_often(costs[cache], one[cache], whole[cache]) for cache in costs})

    def amount(self, group: Group, usage: Usage) -> Decimal:
        """What a group costs with other counts."""
        held = rates_of_terms(group.terms, self.rates, self.day)
        return ZERO if isinstance(held, Refusal) else amount_of(usage, held, long_prompt=group.terms.long_prompt)


def _as_often(before: Decimal, one: Decimal, whole: Decimal) -> Decimal:
    """What one of each cost before, as many times as `whole` is what `one` of each costs now; rounded down at 18 digits."""
    if not one or one == whole:
        return before
    if before == one:
        return whole
    times = Fraction(before) * Fraction(whole) / Fraction(one) * _DIGITS
    return EXACT.divide(Decimal(times.numerator // times.denominator), _DIGITS)


def _micro(amount: Fraction) -> Decimal:
    """Rounded up to a whole micro-dollar."""
    return EXACT.multiply(Decimal(-(-amount.numerator * _MICRO // amount.denominator)), Decimal("0.000001"))
