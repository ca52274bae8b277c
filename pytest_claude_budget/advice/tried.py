"""What came of running tests with another model: which still pass, and what both runs cost."""

from collections.abc import Sequence
from decimal import Decimal

from pytest_claude_budget.base.money import EXACT
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.record.record import Record
from pytest_claude_budget.record.selection import Selection


@value_class(frozen=True, kw_only=True, slots=True)
class Ran:
    """One of the two runs."""

    record: Record
    selection: Selection
    cost: Decimal
    """US dollars at list price."""
    at_least: bool
    """The cost is a lower bound."""

    @property
    def tests(self) -> frozenset[str]:
        """Tests that made calls."""
        return frozenset(name for name, owner in self.record.owners.items() if owner.kind == "test" and owner.calls)

    @property
    def passed(self) -> frozenset[str]:
        """Tests that made calls and passed."""
        return self.tests - self.selection.failed - self.selection.broken

    def calls_of(self, model: str) -> int:
        """Calls that a model answered, as the rate table names it."""
        groups = (group for owner in self.record.owners.values() for group in owner.groups)
        return sum(group.calls for group in groups if group.terms.model == model)

    @property
    def calls(self) -> int:
        """All of them."""
        return sum(owner.calls for owner in self.record.owners.values())

    @property
    def live(self) -> int:
        """Those that reached a remote host."""
        return sum(group.live for owner in self.record.owners.values() for group in owner.groups)


@value_class(frozen=True, kw_only=True, slots=True)
class Tried:
    """Both runs beside each other."""

    model: str
    """As the rate table names it."""
    passed_before: int
    """Tests that made calls and passed with their own models."""
    passes: int
    """Those of them that pass with the other one too."""
    lost: Sequence[str]
    """Those that do not, sorted."""
    before: Decimal
    after: Decimal
    """US dollars of a run."""
    at_least: bool
    """One of the two is a lower bound."""
    calls: int
    """Of the run with the other model."""
    kept: int
    """Those of them that another model than the one to try has answered."""
    simulated: int
    """Those that no remote host has answered."""

    @property
    def saving(self) -> Decimal:
        """US dollars of a run; less than nothing where it costs more."""
        return EXACT.subtract(self.before, self.after)

    @property
    def proves(self) -> bool:
        """Do the answers come from the model that is tried, all of them?"""
        return self.calls > 0 and not self.kept and not self.simulated


def tried(model: str, before: Ran, after: Ran) -> Tried:
    """Compare a run with the same run by another model."""
    lost = sorted(before.passed - after.passed)
    return Tried(
        model=model,
        passed_before=len(before.passed),
        passes=len(before.passed) - len(lost),
        lost=tuple(lost),
        before=before.cost,
        after=after.cost,
        at_least=before.at_least or after.at_least,
        calls=after.calls,
        kept=after.calls - after.calls_of(model),
        simulated=after.calls - after.live,
    )
