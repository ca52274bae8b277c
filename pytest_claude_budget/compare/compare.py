"""A run beside its baseline: what moved, what came and went, and how much of it is the model's own noise.

Both sides are priced with one table on one day, so that a new price never looks like a change of the code.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import date
from decimal import Decimal

from pytest_claude_budget.base.money import ZERO, exact
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.compare.call_sites import OfOwner, site_changes, with_site
from pytest_claude_budget.compare.causes import causes_of
from pytest_claude_budget.compare.excused import excused
from pytest_claude_budget.compare.expected import Expected, expected_of
from pytest_claude_budget.compare.pairing import pair_up
from pytest_claude_budget.compare.renames import renamed_owners
from pytest_claude_budget.compare.result import Baseline, Comparison, FeatureChange, OwnerChange, Standing
from pytest_claude_budget.compare.shapley import Prices
from pytest_claude_budget.pricing.in_force import Refusal
from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.record.record import (
    Cost,
    OwnerRecord,
    Record,
    Terms,
    cost_of_group,
    cost_of_owner,
    rates_of_terms,
)
from pytest_claude_budget.record.selection import Selection
from pytest_claude_budget.record.sites import Lines


@value_class(frozen=True, kw_only=True, slots=True)
class Facts:
    """What is known of both sides besides their counts."""

    baseline: Baseline
    rates: RateTable
    day: date
    """On which both are priced."""
    selection: Selection = Selection()
    places: Mapping[str, str] = field(default_factory=dict)
    """`file:line` of tests."""
    feature_of: Callable[[str], str | None] = lambda owner: None
    """The feature that the budget file gives an owner whose calls carry none."""
    lines: Lines = field(default_factory=dict)
    """Where the calls of this run come from."""
    accepts_silence: bool = False
    """Has somebody accepted that tests make no calls any more? The lock file beside the code does, where it is up to date."""


@value_class(frozen=True, kw_only=True, slots=True)
class _Both:
    """One owner on both sides."""

    change: OwnerChange
    before: OwnerRecord | None
    after: OwnerRecord | None
    expected: Expected = Expected()
    """What chance may have to do with its change."""


def compare(before: Record, after: Record, facts: Facts) -> Comparison:
    """Compare a run with its baseline."""
    with exact():
        return _compare(before, after, facts)


def _compare(before: Record, after: Record, facts: Facts) -> Comparison:
    renamed = renamed_owners(before, after, facts.selection)
    both = [_one(owner, before, after, renamed, facts) for owner in _all_owners(before, after, renamed)]
    both = _with_noise(both, before, after)
    prices = Prices(rates=facts.rates, day=facts.day)
    moved = [one for one in map(_known_on_both_sides, both) if one is not None]
    sites = {one.row.owner: with_site(one, prices, facts.lines) for one in moved}
    both = [replace(one, change=sites[one.change.owner]) if one.change.owner in sites else one for one in both]
    changes = [one.change for one in both]
    compared = [change for change in changes if change.is_compared]
    change = _sum(row.change for row in compared)
    sorted_in: dict[Standing, list[OwnerChange]] = {standing: [] for standing in Standing}
    for row in changes:
        sorted_in[row.standing].append(row)
    return Comparison(
        baseline=facts.baseline,
        before=_sum(row.before for row in compared),
        after=_sum(row.after for row in compared),
        change=change,
        judged=_sum(row.judged for row in compared),
        price_change=_price_change(before, compared, facts),
        at_least=any(row.at_least or row.not_known for row in changes if row.standing.has_calls),
        before_at_least=any(row.before_at_least for row in compared),
        owners=tuple(sorted(changes, key=_largest_first)),
        by_feature=tuple(_by_feature(both, facts)),
        by_site=site_changes(moved, prices, facts.lines),
        not_run=_sum(row.before for row in changes if not row.standing.ran),
        without_calls=_sum(row.before for row in changes if row.standing is Standing.WITHOUT_CALLS),
        not_compared=_sum(row.before for row in changes if row.standing.has_calls and not row.is_compared),
        counts={standing: len(rows) for standing, rows in sorted_in.items()},
        amounts={standing: _sum(row.change for row in rows) for standing, rows in sorted_in.items()},
    )


def _known_on_both_sides(one: _Both) -> OfOwner | None:
    """An owner that moved, and not by noise alone, whose code may be told; None of any other."""
    row = one.change
    if one.before is None or one.after is None or not row.change or row.noise or not row.is_compared:
        return None
    return OfOwner(row=row, before=one.before, after=one.after)


def with_new_names(before: Record, comparison: Comparison) -> Record:
    """The baseline with the ids that its owners have now."""
    now = {row.was: row.owner for row in comparison.owners if row.was is not None}
    if not now:
        return before
    owners = {}
    for name, owner in before.owners.items():
        new = now.get(name)
        owners[new or name] = owner if new is None else replace(owner, owner=new)
    return replace(before, owners=owners)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)


def _largest_first(row: OwnerChange) -> tuple[bool, Decimal, str]:
    return (row.standing is Standing.UNCHANGED, -row.change.copy_abs(), row.owner)


def _all_owners(before: Record, after: Record, renamed: Mapping[str, str]) -> list[str]:
    old_names = set(renamed.values())
    return sorted({*(owner for owner in before.owners if owner not in old_names), *after.owners})


def _one(name: str, before: Record, after: Record, renamed: Mapping[str, str], facts: Facts) -> _Both:
    was = renamed.get(name)
    old, new = before.owners.get(was or name), after.owners.get(name)
    then = Cost() if old is None else cost_of_owner(old, facts.rates, facts.day)
    alike = new is old or (was is not None and old is not None and new is not None and new.groups == old.groups)
    now = Cost() if new is None else then if alike else cost_of_owner(new, facts.rates, facts.day)
    row = OwnerChange(
        owner=name,
        kind=(new or old or _NOBODY).kind,
        standing=Standing.UNCHANGED if was is None else Standing.RENAMED,
        before=then.amount,
        after=now.amount,
        change=now.amount - then.amount,
        at_least=then.at_least or now.at_least,
        before_at_least=then.at_least,
        was=was,
        place=facts.places.get(name, ""),
    )
    if new is None and old is not None and (name in facts.selection.ran or name in facts.selection.failed):
        new = replace(old, groups=())
    if new is None and old is not None:
        gone = Standing.REMOVED if facts.selection.is_gone(old) else Standing(facts.selection.absence(old))
        return _Both(change=replace(row, standing=gone, change=ZERO), before=old, after=None)
    if old is not None and new is not old and _fell_silent(old, new or _NOBODY, facts):
        return _Both(change=replace(row, standing=Standing.WITHOUT_CALLS, change=ZERO), before=old, after=None)
    reason = _why_not_known(row, old, new or _NOBODY, facts)
    if reason:
        row = replace(
            row, not_known=reason, after_at_least=now.at_least or not then.at_least or name in facts.selection.failed
        )
    if old is None:
        return _Both(change=replace(row, standing=Standing.NEW, judged=row.change), before=None, after=new)
    if row.not_known and (row.change <= 0 or row.before_at_least):  # it may have cost more before
        standing = Standing.RENAMED if was is not None else Standing.NOT_KNOWN
        return _Both(change=replace(row, standing=standing, change=ZERO), before=old, after=new)
    if old is new:
        return _Both(change=row, before=old, after=new)
    return _of_two(row, old, new or _NOBODY, facts)


def _fell_silent(old: OwnerRecord, new: OwnerRecord, facts: Facts) -> bool:
    """Did a test come to its end without a single call, though it has some in the baseline, and nobody has accepted that?"""
    if facts.accepts_silence or old.kind != "test" or not old.calls or new.calls:
        return False
    return not facts.selection.cut_short(old)


def _why_not_known(row: OwnerChange, old: OwnerRecord | None, new: OwnerRecord, facts: Facts) -> str:
    """Why nobody can say what an owner's cost moved by; empty where that is known."""
    for side, owner in (("", new), ("its cost in the baseline is not known: ", old)) if row.at_least else ():
        reason = _unpriced(owner, facts) if owner is not None else ""
        if reason:
            return side + reason
    reason = facts.selection.cut_short(new)
    # What failed may have cost less than it would have. What was skipped, or shares its tests, says nothing unless it did.
    return reason if new.owner in facts.selection.failed or row.change < 0 else ""


def _unpriced(owner: OwnerRecord, facts: Facts) -> str:
    """Why a side is a lower bound; empty where it is none."""
    for group in owner.groups:
        if cost_of_group(group, facts.rates, facts.day).at_least:
            held = rates_of_terms(group.terms, facts.rates, facts.day)
            return held.reason if isinstance(held, Refusal) else "an answer is not priced in full"
    return ""


_NOBODY = OwnerRecord(owner="", kind="outside", groups=())


def _of_two(row: OwnerChange, old: OwnerRecord, new: OwnerRecord, facts: Facts) -> _Both:
    if not row.change and (old.attempts >= new.attempts or old.groups == new.groups):
        return _Both(change=row, before=old, after=new)
    pairing, prices = pair_up(old.groups, new.groups), Prices(rates=facts.rates, day=facts.day)
    causes = causes_of(old, new, pairing, prices)
    standing = Standing.CHANGED if row.was is None else Standing.RENAMED
    measured = not row.not_known and any(group.samples is not None for group in old.groups)
    expected = expected_of(pairing, prices) if measured else Expected()
    changed = replace(row, standing=standing, causes=causes, judged=row.change, samples=expected.samples)
    return _Both(change=changed, before=old, after=new, expected=expected)


def _with_noise(both: Sequence[_Both], before: Record, after: Record) -> list[_Both]:
    """Take what is noise out of the part of each change that is judged."""
    by_owner = {one.change.owner: one.expected for one in both if one.expected.parts or one.expected.moved}
    amounts = excused(by_owner, before, after) if by_owner else {}
    return [_without(one, amounts[one.change.owner]) if one.change.owner in amounts else one for one in both]


def _without(one: _Both, excused_amount: Decimal) -> _Both:
    row = one.change
    judged = row.change - excused_amount
    noise = not judged and bool(excused_amount) and not one.expected.changed
    return replace(one, change=replace(row, judged=judged, noise=noise))


def _price_change(before: Record, compared: Sequence[OwnerChange], facts: Facts) -> Decimal:
    """What the baseline's counts cost today more than on the day of its own rate table."""
    then = before.rates_as_of
    terms = {group.terms for owner in before.owners.values() for group in owner.groups}
    if all(_cells(each, facts, then) == _cells(each, facts, facts.day) for each in terms):
        return ZERO
    names = [row.was or row.owner for row in compared]
    owners = [before.owners[name] for name in names if name in before.owners]
    costs = [[cost_of_owner(owner, facts.rates, day) for day in (then, facts.day)] for owner in owners]
    return _sum(now.amount - earlier.amount for earlier, now in costs if not earlier.at_least)


def _cells(terms: Terms, facts: Facts, day: date) -> object:
    """The rates of a day, to compare with those of another."""
    held = rates_of_terms(terms, facts.rates, day)
    return held if isinstance(held, Refusal) else (held.low, held.high, held.search_each, held.session_each)


def _by_feature(both: Sequence[_Both], facts: Facts) -> Iterable[FeatureChange]:
    """The run's cost of each feature on both sides, of the owners that ran."""
    sums: dict[str, list[Cost]] = {}
    left: dict[str, list[Cost]] = {}
    noise: dict[str, Decimal] = {}
    unsure, unsure_before, unsure_after = set[str](), set[str](), set[str]()
    for one in both:
        row = one.change
        if not row.standing.has_calls:
            continue
        own = _costs_by_feature(one, facts)
        if not own:
            continue
        if row.not_known:
            unsure.update(own)
            unsure_before.update(own if row.before_at_least else ())
            unsure_after.update(own if row.after_at_least else ())
        into = sums if row.is_compared else left
        for feature, costs in own.items():
            for at, cost in enumerate(costs):
                into.setdefault(feature, [Cost(), Cost()])[at] += cost
        moved = {feature: after.amount - before.amount for feature, (before, after) in own.items()}
        for feature, amount in _shared_out(row, moved).items() if row.is_compared else ():
            noise[feature] = noise.get(feature, ZERO) + amount
    for feature in sorted({*sums, *left}):
        before, after = sums.get(feature, _NO_COSTS)
        change = after.amount - before.amount
        yield FeatureChange(
            feature=feature,
            before=before.amount,
            after=after.amount,
            change=change,
            judged=change - noise.get(feature, ZERO),
            at_least=before.at_least or after.at_least or feature in unsure,
            before_at_least=before.at_least or feature in unsure_before,
            after_at_least=after.at_least or feature in unsure_after,
            not_compared=left.get(feature, _NO_COSTS)[0].amount,
            not_compared_after=left.get(feature, _NO_COSTS)[1].amount,
        )


_NO_COSTS = (Cost(), Cost())


def _costs_by_feature(one: _Both, facts: Facts) -> dict[str, list[Cost]]:
    """What one owner costs on both sides, by the features of its calls."""
    rest = _feature_of_the_rest(one, facts)
    costs: dict[str, list[Cost]] = {}
    for at, side in enumerate((one.before, one.after)):
        for group in side.groups if side is not None else ():
            feature = group.feature or rest
            if feature is not None:
                costs.setdefault(feature, [Cost(), Cost()])[at] += cost_of_group(group, facts.rates, facts.day)
    return costs


def _shared_out(row: OwnerChange, moved: Mapping[str, Decimal]) -> Mapping[str, Decimal]:
    """The noise of an owner, by feature: all of each one's change where all is noise, else where most has moved."""
    if row.noise:
        return moved
    if row.judged == row.change or not moved:
        return {}
    most = max(moved, key=lambda feature: (moved[feature].copy_abs(), feature))
    return {most: row.change - row.judged}


def _feature_of_the_rest(one: _Both, facts: Facts) -> str | None:
    """What calls without a label are for: where the baseline did not know yet, what the owner's calls are called now."""
    now = {each.feature for each in one.after.groups if each.feature is not None} if one.after is not None else set()
    return next(iter(now)) if len(now) == 1 else facts.feature_of(one.change.owner)
