"""What a comparison of a run with its baseline says. Values only: `compare.py` makes them, renderers show them."""

from collections.abc import Mapping
from dataclasses import field
from decimal import ROUND_HALF_UP, Context, Decimal
from enum import StrEnum

from pytest_claude_budget.base.money import ZERO
from pytest_claude_budget.base.values import value_class

_WIDE = Context(prec=400)


class Standing(StrEnum):
    """What became of an owner since the baseline."""

    CHANGED = "changed"
    NEW = "new"
    REMOVED = "removed"
    """Not in this run, though the run would have had it. Never a saving."""
    RENAMED = "renamed"
    """Another id with the same requests."""
    UNCHANGED = "unchanged"
    DESELECTED = "deselected"
    """Left out of this run, and, for all that the run can tell, still there. Never a saving."""
    WITHOUT_CALLS = "without_calls"
    """It ran, and made not one call of those that the baseline has. No saving until an update of the lock file accepts it."""
    NOT_KNOWN = "not_known"
    """Nobody can say whether it became dearer or cheaper, or stayed as it was. Never a saving."""
    SKIPPED = "skipped"
    NOT_REACHED = "not_reached"
    """The run ended before this test, or could not collect its file. Never a saving."""
    NOT_REQUESTED = "not_requested"
    """A fixture, or calls outside of tests, that no test of this run led to. Never a saving."""

    @property
    def words(self) -> str:
        """For a person."""
        return self.value.replace("_", " ")

    @property
    def ran(self) -> bool:
        """Is the owner in the run?"""
        return self in _WITH_CALLS or self is Standing.WITHOUT_CALLS

    @property
    def has_calls(self) -> bool:
        """Has the owner calls in this run? Where it has none any more, that saves nothing."""
        return self in _WITH_CALLS


_WITH_CALLS = (Standing.UNCHANGED, Standing.CHANGED, Standing.NEW, Standing.RENAMED, Standing.NOT_KNOWN)
"""The most frequent first."""


@value_class(frozen=True, kw_only=True, slots=True)
class Cause:
    """One reason why an owner's cost moved."""

    cause: str
    """`calls`, `model`, `system`, `tools`, `messages`, `parameters`, `input`, `cache`, `output`, `service_tier` or
    `web_search`, `session_time`; `attempts`, whose amount is 0, since a failed try is not billed."""
    amount: Decimal
    """US dollars; negative where it made the owner cheaper. The causes of an owner add up to its change exactly."""
    text: str
    """For a person, such as `makes 3 calls (was 1)`. Holds names that came from outside: escape it."""
    first: str = ""
    """The sentence of its largest part alone, where `text` counts others; else empty."""
    more: tuple[str, ...] = ()
    """What else the cause is made of, a sentence each: `text` only counts them."""


@value_class(frozen=True, kw_only=True, slots=True)
class SiteChange:
    """What the calls of one function of the user's cost more or less than in the baseline."""

    file: str
    """Relative to the rootdir."""
    function: str
    """Its qualified name."""
    line: int | None
    """That sends the calls of this run; None where it sends none any more."""
    change: Decimal
    """US dollars."""
    owners: int
    """Tests and fixtures that it moved."""


@value_class(frozen=True, kw_only=True, slots=True)
class OwnerChange:
    """What became of one owner."""

    owner: str
    kind: str
    standing: Standing
    before: Decimal
    """US dollars at list price, at today's rates."""
    after: Decimal
    change: Decimal
    """`after - before`, but 0 for what did not run, and for what is not known to be dearer: neither is a saving."""
    at_least: bool = False
    """One of the two is a lower bound."""
    before_at_least: bool = False
    """`before` is a lower bound: a baseline of $0.00 is then no known base."""
    after_at_least: bool = False
    """`after` is a lower bound, be it of a test that failed."""
    not_known: str = ""
    """Why the change is not known, for a person; empty where it is. `change` is then what is certain of an increase, or 0."""
    judged: Decimal = ZERO
    """The part of `change` that is held against limits: without noise."""
    noise: bool = False
    """All of the change lies within the spread that live runs have shown: nothing of it is held against anything."""
    samples: int = 0
    """Live runs that the spread was measured over."""
    causes: tuple[Cause, ...] = ()
    """The largest first."""
    was: str | None = None
    """The id in the baseline, of one that was renamed."""
    place: str = ""
    """`file:line`, where it is known."""
    site: SiteChange | None = None
    """The code of the user's that moved it most; None where that is not known, or is the test itself."""

    @property
    def is_compared(self) -> bool:
        """Are both sides part of the sums? Not of what made no calls, nor of what may have become dearer or cheaper."""
        return self.standing.has_calls and (bool(self.change) or not self.not_known)


@value_class(frozen=True, kw_only=True, slots=True)
class Baseline:
    """What a run is compared with."""

    source: str
    """As the user named it: `claude-budget.lock.json`, `git:main`."""
    kind: str
    """`lock`, `git` or `report`."""
    commit: str | None = None
    """Of `git`, abbreviated."""


@value_class(frozen=True, kw_only=True, slots=True)
class FeatureChange:
    """What the calls of one feature of the product cost in a run."""

    feature: str
    before: Decimal
    after: Decimal
    change: Decimal
    judged: Decimal
    """The part of `change` that is held against limits: without noise."""
    at_least: bool = False
    before_at_least: bool = False
    after_at_least: bool = False
    not_compared: Decimal = ZERO
    """What owners whose change is not known, and that are therefore in none of the amounts above, cost in the baseline."""
    not_compared_after: Decimal = ZERO
    """What is known of their cost now."""


@value_class(frozen=True, kw_only=True, slots=True)
class Comparison:
    """A run beside its baseline, both at one rate table on one day."""

    baseline: Baseline
    before: Decimal
    """US dollars of the owners that can be compared: without those that did not run."""
    after: Decimal
    change: Decimal
    judged: Decimal
    """The part of `change` that is held against limits: without noise."""
    price_change: Decimal = ZERO
    """What the baseline costs at today's rates more than at its own. Not part of `change`."""
    at_least: bool = False
    before_at_least: bool = False
    owners: tuple[OwnerChange, ...] = ()
    """The largest change first, in either direction; then what did not move, by name."""
    by_feature: tuple[FeatureChange, ...] = ()
    by_site: tuple[SiteChange, ...] = ()
    """Of owners that both sides have, the largest change first; without noise, and without what no site is known of."""
    not_run: Decimal = ZERO
    """What removed and deselected owners cost in the baseline."""
    without_calls: Decimal = ZERO
    """What tests cost in the baseline that ran without a single call."""
    not_compared: Decimal = ZERO
    """What owners whose change is not known, and that are therefore left out of the sums, cost in the baseline."""
    repeated_before: tuple[str, ...] = ()
    """Owners that a benchmark repeated in the baseline alone: one call of each kind is compared, fewer than the run made."""
    counts: Mapping[Standing, int] = field(default_factory=dict)
    amounts: Mapping[Standing, Decimal] = field(default_factory=dict)
    """The part of `change` that comes from each."""


def percent(change: Decimal, before: Decimal, *limits: Decimal) -> Decimal | None:
    """A change in percent of what was before, to the nearest tenth; None where nothing was before.

    With more digits where it takes them to be on its side of each limit, in percent, or at it, and not to look like nothing.
    """
    return rounded_percent(change, before, 1, *limits) if before else None


def rounded_percent(change: Decimal, before: Decimal, places: int | None, *limits: Decimal) -> Decimal:
    """The same to so many places; without a number, to whole percents from 10 on and else to a tenth."""
    exact = _WIDE.divide(_WIDE.multiply(change, 100), before)
    if places is None:
        places = 0 if exact.copy_abs() >= 10 else 1
    while True:
        rounded = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _WIDE)
        if all(rounded.compare(each) == exact.compare(each) for each in (ZERO, *limits)):
            return rounded
        places += 1
