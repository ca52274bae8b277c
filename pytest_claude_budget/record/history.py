"""What a suite cost through time: each version of its lock file, all at one rate table."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from pytest_claude_budget.base.money import exact
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.record.record import OwnerRecord, Record
from pytest_claude_budget.record.totals import Totals, added, added_by_name
from pytest_claude_budget.record.totals_by_scope import scoped_totals


@value_class(frozen=True, kw_only=True, slots=True)
class Cost:
    """What a version of the lock file comes to."""

    totals: Totals
    by_feature: Mapping[str, Totals]
    owners: int


def costs(records: Iterable[Record | None], rates: RateTable, day: date) -> Iterator[Cost | None]:
    """Price records one after the other; an owner that is as before is priced once. None where there is no record."""
    before: dict[str, tuple[OwnerRecord, Totals, dict[str, Totals]]] = {}
    for record in records:
        if record is None:
            yield None
            continue
        now = {}
        for name, owner in record.owners.items():
            known = before.get(name)
            if known is None or known[0] is not owner:
                scoped = scoped_totals([owner], rates, day)
                known = owner, scoped["run"][""], scoped.get("feature", {})
            now[name] = known
        before = now
        with exact():
            totals = added(each[1] for each in now.values())
            features = added_by_name(pair for each in now.values() for pair in each[2].items())
        yield Cost(totals=totals, by_feature=dict(sorted(features.items())), owners=len(now))
