"""The `claude_budget` fixture: what a test's calls cost so far, limits for a part of it, tags for its calls."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.budget.limits import DOLLARS
from pytest_claude_budget.budget.marker_arguments import limits_from_marker
from pytest_claude_budget.budget.which_limit import Limits
from pytest_claude_budget.calls.call import Usage
from pytest_claude_budget.judge.verdict import Outcome, evaluate
from pytest_claude_budget.measure.current_owner import name_of
from pytest_claude_budget.plugin.marker import place_of
from pytest_claude_budget.plugin.report_and_verdict import totals_of
from pytest_claude_budget.plugin.settings import Setup
from pytest_claude_budget.record.totals import Totals
from pytest_claude_budget.render.sentences import breach_line

if TYPE_CHECKING:
    from pytest_claude_budget.budget.limits import Limit
    from pytest_claude_budget.measure.run import Run


class Meter:
    """Reads what one test's calls came to so far, set-up included, and holds parts of it to limits."""

    def __init__(self, run: "Run | None", setup: Setup | None, item: pytest.Item) -> None:
        self._run = run
        self._setup = setup or Setup()
        self._item = item
        self._setup.rate_table()

    @property
    def totals(self) -> Totals:
        """All sums so far."""
        if self._run is None:
            return Totals()
        return totals_of(self._run, self._setup, self._run.name_of(self._item))

    @property
    def cost(self) -> Decimal:
        """US dollars at list price. Fails the test where they are not known in full: a comparison would mean nothing."""
        totals = self.totals
        if totals.at_least:
            pytest.fail(_not_known("cost", name_of(self._item)), pytrace=False)
        return totals.cost

    @property
    def cost_at_least(self) -> Decimal:
        """US dollars at list price of what is known: a lower bound where `at_least` is true."""
        return self.totals.cost

    @property
    def spent(self) -> Decimal:
        """US dollars of the calls that reached a remote host. Fails the test where they are not known in full."""
        totals = self.totals
        if totals.unknown_live:
            pytest.fail(_not_known("spent", name_of(self._item)), pytrace=False)
        return totals.spent

    @property
    def spent_at_least(self) -> Decimal:
        """US dollars of what is known of the calls that reached a remote host."""
        return self.totals.spent

    @property
    def calls(self) -> int:
        """Answers that were billed or could be."""
        return self.totals.calls

    @property
    def attempts(self) -> int:
        """Calls, and the tries that failed."""
        return self.totals.attempts

    @property
    def usage(self) -> Usage:
        """Tokens and searches."""
        return self.totals.usage

    @property
    def at_least(self) -> bool:
        """The cost of some answer is not known, or not in full."""
        return self.totals.at_least

    @contextmanager
    def limit(self, **measures: object) -> Iterator[None]:
        """Fail the test if what happens inside exceeds a measure: `limit(max_cost="0.02", max_calls=2)`."""
        try:
            limits = limits_from_marker(measures, place_of(self._item)).limits
        except InputError as error:
            pytest.fail(str(error), pytrace=False)
        before = self.totals
        with self._at_most(limits):
            yield
        inside = self.totals.minus(before)
        name = name_of(self._item)
        written = Limits(budget=None, markers={name: limits}, spellings=lambda model: ())
        reasons = ["the cost of an answer inside the limit is not known in full"] if inside.at_least else []
        verdict = evaluate(written, {"test": {name: inside}}, reasons)
        if verdict.outcome is Outcome.OVER:
            pytest.fail("\n".join(map(breach_line, verdict.breaches)) + "   [over-limit]", pytrace=False)
        if verdict.outcome is Outcome.INCOMPLETE:
            pytest.fail(_unknown_cost(name), pytrace=False)

    def _at_most(self, limits: "Sequence[Limit]") -> AbstractContextManager[None]:
        """What no answer need tell is held before a call leaves; dollars are where a limit in the budget file has them held."""
        most = next((int(limit.maximum) for limit in limits if limit.measure == "max_calls"), None)
        dollars = {limit.measure: Decimal(limit.maximum) for limit in limits if limit.measure in DOLLARS}
        if self._run is None or (most is None and not (dollars and self._run.guard)):
            return nullcontext()
        from pytest_claude_budget.measure.live_guard import PartLimit
        from pytest_claude_budget.plugin.guard import at_most

        part = PartLimit(self._run.name_of(self._item), most, place_of(self._item), dollars)
        return at_most(self._item.config, self._run, part)

    def tag(self, **labels: str) -> AbstractContextManager[None]:
        """Call everything inside by a feature, tier or case: `tag(feature="triage", tier="free")`."""
        try:
            marker = limits_from_marker(labels, place_of(self._item))
            unlabelled = [name for name in labels if name not in ("feature", "tier", "case")]
            if unlabelled:
                raise InputError(_no_label(unlabelled[0], place_of(self._item)))
        except InputError as error:
            pytest.fail(str(error), pytrace=False)
        given = {"feature": marker.feature, "tier": marker.tier, "case": marker.case}
        tags = {name: value for name, value in given.items() if value is not None}
        return self._run.owners.tagged(tags) if self._run is not None else nullcontext()


def _unknown_cost(where: str) -> str:
    return str(
        Problem(
            slug="incomplete",
            where=where,
            what="the cost of an answer inside claude_budget.limit() is not known in full",
            hint="the report at the end of the run says why",
        )
    )


def _not_known(name: str, where: str) -> str:
    return str(
        Problem(
            slug="incomplete",
            where=where,
            what=f"claude_budget.{name} is not known in full, so it cannot be compared",
            hint=f"the report at the end of the run says why; claude_budget.{name}_at_least is the part that is known",
        )
    )


def _no_label(name: str, where: str) -> Problem:
    return Problem(
        slug="unknown-argument",
        where=where,
        what=f"tag({name}=): unknown argument, expected one of feature, tier, case",
        hint="limits stand in claude_budget.limit() or in the marker",
    )
