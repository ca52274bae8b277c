"""Which limit holds for a name, of all that were written."""

from collections.abc import Callable, Mapping, Sequence

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.budget.limits import Budget, Limit, by_rank


@value_class(frozen=True, kw_only=True, slots=True)
class Limits:
    """All that was written about what a run may cost."""

    budget: Budget | None
    markers: Mapping[str, Sequence[Limit]]
    """Limits of tests' own markers, by node id."""
    spellings: Callable[[str], Sequence[str]]
    """Other names of a model that a limit may match."""
    unread: bool = False
    """There may be limits besides these, which a fault kept from being read: the run is judged all the same."""

    def finder(self, scope: str, measure: str) -> Callable[[str], Limit | None]:
        """What finds the one limit that holds for a name. A run may have 10,000 names: the limits are put in order once."""
        written = self.budget.limits if self.budget is not None else ()
        ranked = by_rank(limit for limit in written if limit.scope == scope and limit.measure == measure)
        markers = self.markers if scope == "test" else {}

        def first(name: str) -> Limit | None:
            own = markers.get(name, ())
            for limit in by_rank((*reversed(ranked), *own)) if own else ranked:
                if limit.covers(name) and limit.measure == measure:
                    return limit
            return None

        def of_model(name: str) -> Limit | None:
            found = filter(None, map(first, (name, *self.spellings(name))))
            return max(found, key=lambda limit: limit.glob.rank, default=None)

        return of_model if scope == "model" else first

    def written(self) -> list[tuple[str, str]]:
        """Every scope and measure that some limit is for."""
        found = {(limit.scope, limit.measure) for limit in (self.budget.limits if self.budget is not None else ())}
        found |= {("test", limit.measure) for own in self.markers.values() for limit in own}
        return sorted(found)
