"""The whole flow on one screen: calls, prices, sums, comparison, projection, verdict."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, date, datetime
from functools import cache, lru_cache

from pytest_claude_budget.advice.lever import Lever
from pytest_claude_budget.base.money import exact
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.budget.difference import Base
from pytest_claude_budget.budget.exempt import Exempt, counted
from pytest_claude_budget.budget.limits import Budget, Limit
from pytest_claude_budget.budget.which_limit import Limits
from pytest_claude_budget.calls.batch_billing import ENDPOINTS as OF_BATCHES
from pytest_claude_budget.calls.batch_billing import settle
from pytest_claude_budget.calls.call import Call
from pytest_claude_budget.calls.session_billing import settle_sessions
from pytest_claude_budget.calls.session_rows import ENDPOINTS as OF_SESSIONS
from pytest_claude_budget.compare.not_compared import REASON, NotCompared, leaves_open
from pytest_claude_budget.compare.result import Baseline, Comparison
from pytest_claude_budget.forecast.month_rows import Row
from pytest_claude_budget.judge.baseline_totals import earlier_of
from pytest_claude_budget.judge.increases import Change
from pytest_claude_budget.judge.part_of_suite import part_of
from pytest_claude_budget.judge.unfinished import PASSED, unfinished
from pytest_claude_budget.judge.unmatched import Names, unmet
from pytest_claude_budget.judge.verdict import Verdict, evaluate
from pytest_claude_budget.pricing.price import Price, price
from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.record.benchmarked import on_one_footing, repeated_before
from pytest_claude_budget.record.build import RecordBuilder
from pytest_claude_budget.record.record import Record
from pytest_claude_budget.record.selection import Selection
from pytest_claude_budget.record.sites import Lines, lines_of
from pytest_claude_budget.record.sums import Answers, Book, OwnerTotals, Sums, Unpriced
from pytest_claude_budget.record.totals import Totals

__all__ = ["Answers", "CostReport", "OwnerTotals", "RunFacts", "Unpriced", "build_report", "judge", "priced_calls"]

_SETTLED = OF_BATCHES | OF_SESSIONS
"""Endpoints whose answers are billed by what several of them say."""


@value_class(frozen=True, kw_only=True, slots=True)
class RunInfo:
    """Which run it was, and of what."""

    ids: tuple[str, ...] = ()
    """Of the run; of each shard, where several were combined."""
    outcome: str = "passed"
    """`passed`, `failed` or `interrupted`, as pytest has it."""
    selection: Selection = Selection()


@value_class(frozen=True, kw_only=True, slots=True)
class RunFacts:
    """What a run knows besides its calls."""

    rates: RateTable
    budget: Budget | None = None
    day: date | None = None
    """On which both sides of a comparison are priced; None is the day of the rates."""
    run: RunInfo = RunInfo()
    markers: Mapping[str, Sequence[Limit]] = field(default_factory=dict)
    """Limits of tests' own markers, by node id."""
    places: Mapping[str, str] = field(default_factory=dict)
    """`file:line` of tests, by node id."""
    exempt: frozenset[str] = frozenset()
    """Tests whose own marker says that their cost may be unknown."""
    faults: Sequence[str] = ()
    """Why measuring itself failed."""
    limited: bool = False
    """A test has limits of its own, whether or not they could be read back."""
    warnings: Sequence[str] = ()
    baseline: Baseline | None = None
    """What to compare with; None compares with nothing."""
    before: Record | None = None
    """The baseline's record; None where there is none yet."""
    base: Base | None = None
    """The budget of the base; None where it is not at hand."""
    not_compared: NotCompared | None = None
    """Why there is no baseline, where somebody asked for one."""
    accepted: str | None = None
    """Who or what accepted an increase."""
    stale: Sequence[str] = ()
    """Owners that the lock file of this very change has otherwise than they ran."""

    capped: Sequence[str] = ()
    """What refused calls before they were sent, and whose, a sentence each."""
    levers: tuple[Lever, ...] | None = None
    """What its calls show that would cost less; None where nobody looked."""
    accepts_silence: bool = False
    """The lock file of this very change is up to date: it has no test that ran and made no calls any more."""

    def may_be_unknown(self, owner: str) -> bool:
        """Did somebody write, at the test or in the budget file, that its cost may be unknown?"""
        return owner in self.exempt or (self.budget is not None and self.budget.may_be_unknown.covers(owner))


@value_class(frozen=True, kw_only=True, slots=True)
class CostReport:
    """All that a run is told of."""

    facts: RunFacts
    sums: Sums
    record: Record
    verdict: Verdict
    comparison: Comparison | None = None
    projection: tuple[Row, ...] = ()
    exempt: tuple[Exempt, ...] = ()
    """Answers of unknown cost that somebody has exempted."""
    unmet: tuple[str, ...] = ()
    """What was written in the budget and covers nothing of a whole run, a sentence each."""

    @property
    def totals(self) -> Totals:
        """Of the whole run."""
        return self.sums.totals


def build_report(calls: Iterable[Call], facts: RunFacts) -> CostReport:
    """Price and add up a run's calls, compare them with the baseline, and judge them."""
    with exact():
        book, builder = Book(facts.rates), RecordBuilder(facts.rates)
        for call, cost in priced_calls(calls, facts.rates, feature_of(facts.budget)):
            book.enter(call, cost)
            builder.add(call, cost)
        sums = replace(book.sums(facts.places), repeats=builder.repeats())
        return judge(sums, builder.record(), facts)


def judge(sums: Sums, record: Record, facts: RunFacts) -> CostReport:
    """Compare sums and record of a run with the baseline, and judge them: the one place where that happens."""
    with exact():
        day = facts.day or facts.rates.as_of
        change, rows = _change(record, facts, day, lines_of(sums.by_site))
        unread = facts.limited and bool(facts.faults)
        limits = Limits(budget=facts.budget, markers=facts.markers, spellings=facts.rates.spellings, unread=unread)
        cut = _unfinished(record, facts.run)
        asked, exempt = _sorted_out(sums.unpriced, facts)
        incomplete = [*_incomplete(asked, facts), *(cut if facts.run.outcome != PASSED else ())]
        return CostReport(
            facts=facts,
            sums=sums,
            record=record,
            verdict=evaluate(limits, sums.scoped(), incomplete, change, unfinished=cut, capped=facts.capped),
            comparison=change.comparison if change is not None else None,
            projection=rows,
            exempt=counted((row.owner, row.calls) for row in exempt),
            unmet=_unmet(sums, record, facts),
        )


def _unmet(sums: Sums, record: Record, facts: RunFacts) -> tuple[str, ...]:
    """Asked of a whole run alone, which came to its end and made calls: it has all that there is."""
    chosen = facts.run.selection
    cut = chosen.broken or chosen.not_reached or chosen.uncollected or facts.run.outcome == "interrupted"
    if facts.budget is None or not record.owners or not chosen.whole or cut:
        return ()
    tests = {*record.owners, *chosen.ran, *chosen.skipped, *chosen.failed}
    named = {"feature": sums.by_feature, "tier": sums.by_tier, "model": sums.by_model}
    return tuple(unmet(facts.budget, Names(tests=tests, named=named, aliases=sums.aliases), facts.rates))


def _unfinished(record: Record, run: RunInfo) -> tuple[str, ...]:
    """Why the run did not come to its end; empty where it did."""
    with_calls = {name for name, owner in record.owners.items() if owner.kind == "test"}
    return unfinished(run.outcome, run.selection, run.selection.ran | with_calls)


def _change(record: Record, facts: RunFacts, day: date, lines: Lines) -> tuple[Change | None, tuple[Row, ...]]:
    """What moved since the baseline, where there is one; and what a month costs, where the budget has volumes."""
    comparison = None
    before = facts.before
    if facts.baseline is not None and before is not None:
        from pytest_claude_budget.compare.compare import Facts, compare, with_new_names

        of = Facts(
            baseline=facts.baseline,
            rates=facts.rates,
            day=day,
            selection=facts.run.selection,
            places=facts.places,
            lines=lines,
            feature_of=feature_of(facts.budget),
            accepts_silence=facts.accepts_silence,
        )
        comparison = compare(*on_one_footing(before, record), of)
        comparison = replace(comparison, repeated_before=tuple(repeated_before(before, record)))
        before = with_new_names(before, comparison)
    rows = _projected(before, record, facts, _cut_short(facts.run.selection, comparison))
    earlier = earlier_of(before, comparison, facts.rates, day)
    change = Change(
        comparison=comparison,
        projection=rows,
        earlier=earlier,
        base=facts.base,
        part=part_of(facts.run.selection, comparison),
        accepted=facts.accepted,
    )
    return change, rows


def _cut_short(selection: Selection, comparison: Comparison | None) -> frozenset[str]:
    """Owners that may have used less than they would have: what failed, and what ended early and costs less than before."""
    rows = () if comparison is None else comparison.owners
    return selection.failed.union(row.owner for row in rows if row.not_known and row.after_at_least)


def _projected(before: Record | None, record: Record, facts: RunFacts, cut: frozenset[str]) -> tuple[Row, ...]:
    budget = facts.budget
    if budget is None or not budget.features:
        return ()
    from pytest_claude_budget.forecast.month import Volumes, project

    volumes = Volumes(
        features=budget.features,
        growth=budget.projection.growth,
        cache=budget.projection.cache,
        cut_short=cut,
    )
    return project(volumes, before, record, facts.rates, facts.day or facts.rates.as_of)


def feature_of(budget: Budget | None) -> Callable[[str], str | None]:
    """The feature that a budget file gives to a test by its patterns."""
    features = budget.features if budget is not None else ()

    @cache
    def found(owner: str) -> str | None:
        return next((feature.name for feature in features if feature.covers(owner)), None)

    return found


def priced_calls(
    calls: Iterable[Call], rates: RateTable, feature: Callable[[str], str | None] = lambda owner: None
) -> Iterator[tuple[Call, Price]]:
    """Settle and price calls, without judging them; `feature` names what calls without a label are for."""
    for settled in _settled(calls):
        call = settled
        if call.labels.feature is None and (name := feature(call.owner.id)) is not None:
            call = replace(call, labels=replace(call.labels, feature=name))
        yield call, price(call.answer, _day(int(call.at // 86_400)), rates)


def _settled(calls: Iterable[Call]) -> Iterator[Call]:
    """Calls that are billed, each once: nearly all are by themselves, and pass with one look."""
    together = []
    for call in calls:
        if call.answer.endpoint in _SETTLED:
            together.append(call)
        else:
            yield call
    yield from settle(settle_sessions(together))


@lru_cache(maxsize=64)
def _day(days: int) -> date:
    return datetime.fromtimestamp(days * 86_400, UTC).date()


def _sorted_out(unpriced: Sequence[Unpriced], facts: RunFacts) -> tuple[list[Unpriced], list[Unpriced]]:
    """Answers of unknown cost that the verdict asks about, and those that somebody has exempted."""
    found: tuple[list[Unpriced], list[Unpriced]] = ([], [])
    for row in unpriced:
        found[facts.may_be_unknown(row.owner)].append(row)
    return found


def _incomplete(unpriced: Sequence[Unpriced], facts: RunFacts) -> list[str]:
    by_reason: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], Unpriced] = {}
    for row in unpriced:
        key = (row.kind, row.reason)
        by_reason[key] += row.calls
        first.setdefault(key, row)
    sentences = []
    for (kind, reason), calls in by_reason.items():
        word = {"unpriced": "unpriced", "unmeasured": "unmeasured", "at_least": "priced only in part"}[kind]
        answers = "1 answer is" if calls == 1 else f"{calls:,} answers are"
        found = first[kind, reason]
        hint = _model_hint(found, facts.rates) if kind == "unpriced" else ""
        sentences.append(f"{answers} {word}: {reason} ({'in' if calls == 1 else 'first in'} {found.owner}){hint}")
    return [*sentences, *facts.faults, *([REASON] if leaves_open(facts.not_compared, facts.budget) else [])]


def _model_hint(row: Unpriced, rates: RateTable) -> str:
    """What to do about a model that the rates do not know; empty where they do."""
    known = row.model is None or rates.find(row.model) is not None or row.model in rates.aliases
    if known or rates.resolve(row.model or "").opaque:
        return ""
    return "; if the name is right, say in rates.aliases which model it is"
