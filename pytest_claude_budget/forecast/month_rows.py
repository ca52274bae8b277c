"""What is said of a month: a row for each feature and scenario. Values only: `month.py` makes them, verdict and renderers read them.

A run whose budget names no feature loads this and not what makes the rows.
"""

from decimal import Decimal

from pytest_claude_budget.base.money import EXACT
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.budget.increases_and_volumes import AVERAGE

MEASURED, WARM, COLD = "measured", "warm", "cold"
"""The state of the prompt cache that a figure takes for granted."""


@value_class(frozen=True, kw_only=True, slots=True)
class Month:
    """A month of one feature in one scenario, in US dollars at list price."""

    measured: Decimal
    """With the prompt cache as the tests found it."""
    warm: Decimal
    """As if what is cached had been there before."""
    cold: Decimal
    """As if nothing had been there."""
    at_least: bool = False
    """A lower bound: a call of the tests is not priced, or not in full."""

    def cached(self, cache: str) -> Decimal:
        """The figure of a cache: `measured`, `warm` or `cold`."""
        return {MEASURED: self.measured, WARM: self.warm, COLD: self.cold}[cache]


@value_class(frozen=True, kw_only=True, slots=True)
class Row:
    """One feature in one scenario."""

    feature: str
    scenario: str
    requests_per_month: int
    stands_in: bool = False
    """The feature has no volume for this scenario: its average stands in for it."""
    case: str | None = None
    """The case whose tests were used; None is all tests of the feature."""
    before: Month | None = None
    """None where there is no baseline, or no test that both have."""
    new: bool = False
    """There is a baseline, and it has no call of the feature: that cost $0.00 a month. Limits on an increase say so."""
    after: Month | None = None
    """None where no test of the feature made a call, which `reason` says. Never a month of nothing."""
    judged_as: str = MEASURED
    """Which figure limits judge: `measured`, `warm` or `cold`."""
    tests: tuple[str, ...] = ()
    """The tests that made the figure, sorted. Where there is a `before`, those that both sides have."""
    left_out: tuple[str, ...] = ()
    """Tests of the feature in this run that the baseline does not have."""
    low: Decimal | None = None
    """A month of the cheapest test alone, as measured."""
    high: Decimal | None = None
    """A month of the dearest one."""
    reason: str = ""
    """Why there is no figure, for a person."""

    @property
    def scenario_words(self) -> str:
        """The scenario for a person, and what stands in for it."""
        return f"{self.scenario} (its {AVERAGE})" if self.stands_in else self.scenario

    @property
    def samples(self) -> int:
        """How many requests the mean is of: one a test."""
        return len(self.tests)

    @property
    def change(self) -> Decimal | None:
        """As measured; None where the baseline is not known in full, and where this run is not and it is no increase."""
        if self.before is None or self.after is None or self.before_at_least:
            return None
        change = EXACT.subtract(self.after.measured, self.before.measured)
        return None if self.at_least and change <= 0 else change

    @property
    def at_least(self) -> bool:
        """One of the figures is a lower bound."""
        return self.before_at_least or self.after_at_least

    @property
    def before_at_least(self) -> bool:
        """The baseline's figure is a lower bound: nothing grows from it."""
        return self.before is not None and self.before.at_least

    @property
    def after_at_least(self) -> bool:
        """The figure of this run is a lower bound."""
        return self.after is not None and self.after.at_least

    @property
    def judged(self) -> Decimal | None:
        """A month of this run, the figure that limits judge."""
        return None if self.after is None else self.after.cached(self.judged_as)

    @property
    def judged_before(self) -> Decimal | None:
        """The same figure of the baseline."""
        return None if self.before is None else self.before.cached(self.judged_as)
