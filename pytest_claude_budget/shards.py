"""Several reports as one: the shards of a CI matrix. Sums are exact, and the order makes no difference."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from pytest_claude_budget.book import Answers, OwnerTotals, Sums, Unpriced
from pytest_claude_budget.errors import InputError, Problem
from pytest_claude_budget.money import exact
from pytest_claude_budget.record import Group, Key, OwnerRecord, Record, in_order, joined
from pytest_claude_budget.record_builder import fold, with_failed_tries
from pytest_claude_budget.report import RunInfo
from pytest_claude_budget.report_document import OUTCOMES, LoadedReport
from pytest_claude_budget.selection import BY_A_PLUGIN, NOTHING_RAN, Selection
from pytest_claude_budget.totals import Sum, Totals

_Name = TypeVar("_Name")


def combine(reports: Sequence[LoadedReport]) -> LoadedReport:
    """Add reports up. Raises InputError where two are of one run or have a test in common, or are priced otherwise."""
    reports = sorted(reports, key=lambda report: (report.run.ids, report.shown))
    _refuse_what_cannot_be_added(reports)
    with exact():
        return LoadedReport(
            shown=", ".join(report.shown for report in reports),
            run=_run([report.run for report in reports]),
            rates_as_of=reports[0].rates_as_of,
            sums=_sums([report.sums for report in reports]),
            record=_record([report.record for report in reports]),
            markers={owner: limits for report in reports for owner, limits in report.markers.items()},
            faults=tuple(sorted({fault for report in reports for fault in report.faults})),
            warnings=tuple(sorted({warning for report in reports for warning in report.warnings})),
            outcome="unjudged",
        )


def _refuse_what_cannot_be_added(reports: Sequence[LoadedReport]) -> None:
    seen: dict[str, str] = {}
    for report in reports:
        for run in report.run.ids:
            if run in seen:
                what = f"it is of the same run as {seen[run]}"
                hint = "name each shard's report once; a report that others went into holds them already"
                raise InputError(Problem(slug="duplicate-shard", where=report.shown, what=what, hint=hint))
            seen[run] = report.shown
        if report.rates_as_of != reports[0].rates_as_of:
            what = f"it was priced with rates as of {report.rates_as_of}, {reports[0].shown} as of {reports[0].rates_as_of}"
            hint = "run all shards with one version of pytest-claude-budget"
            raise InputError(Problem(slug="other-rates", where=report.shown, what=what, hint=hint))
    _refuse_a_test_of_two(reports)


def _refuse_a_test_of_two(reports: Sequence[LoadedReport]) -> None:
    """A test's calls would count twice. Fixtures are set up in each shard, and count as often."""
    seen: dict[str, str] = {}
    for report in reports:
        for row in report.sums.by_owner:
            if row.kind == "test" and seen.setdefault(row.owner, report.shown) != report.shown:
                what = f"{row.owner[:200]} ran in {seen[row.owner]} too: its calls would count twice"
                hint = "name one report a test: shards share no tests, and a shard that ran again is named once"
                raise InputError(Problem(slug="overlapping-shards", where=report.shown, what=what, hint=hint))


def _run(runs: Sequence[RunInfo]) -> RunInfo:
    """As a whole: what one shard left to another was not left out."""
    if len(runs) == 1:
        return runs[0]
    narrowed = {run.selection.narrowed for run in runs if run.selection.narrowed} - {BY_A_PLUGIN}
    if any(run.selection.narrowed != NOTHING_RAN for run in runs):
        narrowed.discard(NOTHING_RAN)
    paths = sorted({path for run in runs for path in run.selection.paths})
    if any(not run.selection.paths for run in runs):
        paths = []
    return RunInfo(
        ids=tuple(sorted(id_ for run in runs for id_ in run.ids)),
        outcome=max((run.outcome for run in runs), key=OUTCOMES.index),
        selection=Selection(
            paths=tuple(paths),
            narrowed=", ".join(sorted(narrowed)) or None,
            skipped=frozenset(name for run in runs for name in run.selection.skipped),
            ran=frozenset(name for run in runs for name in run.selection.ran),
            uncollected=frozenset.intersection(*(run.selection.uncollected for run in runs)),
            failed=frozenset(name for run in runs for name in run.selection.failed),
        ),
    )


def _sums(sums: Sequence[Sums]) -> Sums:
    owners: dict[tuple[str, str], list[OwnerTotals]] = {}
    for one in sums:
        for row in one.by_owner:
            owners.setdefault((row.owner, row.kind), []).append(row)
    rows = [replace(own[0], totals=_added(row.totals for row in own)) for own in owners.values()]
    unpriced: Counter[tuple[str, str | None, str, str]] = Counter()
    notes: Counter[str] = Counter()
    for one in sums:
        notes.update(one.notes)
        for row_ in one.unpriced:
            unpriced[(row_.owner, row_.model, row_.reason, row_.kind)] += row_.calls
    return Sums(
        totals=_added(one.totals for one in sums),
        by_owner=tuple(sorted(rows, key=lambda row: (row.kind != "test", row.kind, row.owner))),
        by_model=_named([one.by_model.items() for one in sums]),
        by_feature=_named([one.by_feature.items() for one in sums]),
        by_tier=_named([one.by_tier.items() for one in sums]),
        unpriced=tuple(
            Unpriced(owner=owner, model=model, reason=reason, kind=kind, calls=calls)
            for (owner, model, reason, kind), calls in sorted(unpriced.items(), key=str)
        ),
        notes=dict(sorted(notes.items())),
        answers=Answers(
            **{name: sum(getattr(one.answers, name) for one in sums) for name in Answers.__dataclass_fields__}
        ),
    )


def _named(parts: Sequence[Iterable[tuple[_Name, Totals]]]) -> dict[_Name, Totals]:
    found: dict[_Name, Sum] = {}
    for part in parts:
        for name, totals in part:
            found.setdefault(name, Sum()).include(totals)
    return {name: found[name].totals() for name in sorted(found, key=str)}


def _added(totals: Iterable[Totals]) -> Totals:
    added = Sum()
    for each in totals:
        added.include(each)
    return added.totals()


def _record(records: Sequence[Record]) -> Record:
    owners: dict[str, OwnerRecord] = {}
    for record in records:
        for name, owner in record.owners.items():
            known = owners.get(name)
            owners[name] = owner if known is None else _joined(known, owner)
    return Record(rates_as_of=records[0].rates_as_of, owners=dict(sorted(owners.items())))


def _joined(one: OwnerRecord, other: OwnerRecord) -> OwnerRecord:
    groups: dict[Key, Group] = {}
    for group in (*one.groups, *other.groups):
        groups[group.key] = joined(groups[group.key], group) if group.key in groups else group
    return replace(one, groups=in_order(fold(with_failed_tries(groups.values()))))
