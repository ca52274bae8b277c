"""Several reports as one: the shards of a CI matrix. Sums are exact, and the order makes no difference."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pytest_claude_budget.advice.lever import Lever, Option, place
from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.base.money import exact
from pytest_claude_budget.judge.read_report import OUTCOMES, LoadedReport
from pytest_claude_budget.judge.report import RunInfo
from pytest_claude_budget.pricing.by_kind import ByKind, added_kinds
from pytest_claude_budget.record.build import fold, with_failed_tries
from pytest_claude_budget.record.failed_tries import added_failures
from pytest_claude_budget.record.near_window import added_near_windows
from pytest_claude_budget.record.rate_limits import lowest
from pytest_claude_budget.record.record import Group, Key, OwnerRecord, Record, in_order, joined
from pytest_claude_budget.record.repeats import Repeat, most_of_each
from pytest_claude_budget.record.selection import BY_A_PLUGIN, NOTHING_RAN, Selection
from pytest_claude_budget.record.sites import joined_sites, stacks_in_order
from pytest_claude_budget.record.sums import Answers, OwnerTotals, Stated, Sums, Unpriced, owners_in_order
from pytest_claude_budget.record.totals import added, added_by_name

OF_A_SHARD = "it was found in a part of the suite, whose tests alone are no mean of the feature"


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
            record=_record(reports),
            markers={owner: limits for report in reports for owner, limits in report.markers.items()},
            exempt=frozenset(owner for report in reports for owner in report.exempt),
            faults=tuple(sorted({fault for report in reports for fault in report.faults})),
            warnings=tuple(sorted({warning for report in reports for warning in report.warnings})),
            capped=tuple(text for report in reports for text in report.capped),
            levers=_levers(reports),
            outcome="unjudged",
        )


def _levers(reports: Sequence[LoadedReport]) -> tuple[Lever, ...] | None:
    """Those of all shards beside each other, without a month: it is a mean of tests, and each shard has some of them."""
    if len(reports) == 1:
        return reports[0].levers
    found: list[Lever] = []
    for report in reports:
        if report.levers is None:
            return None
        found += [
            replace(each, month=(), month_unknown=OF_A_SHARD, options=_without_month(each)) for each in report.levers
        ]
    return tuple(sorted(found, key=place))


def _without_month(lever: Lever) -> tuple[Option, ...]:
    return tuple(replace(option, month=()) for option in lever.options)


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
            interrupted=frozenset(name for run in runs for name in run.selection.interrupted),
            xfailed=frozenset(name for run in runs for name in run.selection.xfailed),
            refused=frozenset(name for run in runs for name in run.selection.refused),
            not_reached=frozenset(name for run in runs for name in run.selection.not_reached),
            broken=frozenset(name for run in runs for name in run.selection.broken),
        ),
    )


def covering(run: RunInfo, record: Record, before: Record | None) -> RunInfo:
    """The run of several shards as a whole one, where they have every test of the baseline: none left out what another has not."""
    if len(run.ids) < 2 or before is None or run.selection.whole:
        return run
    tests = {name for name, owner in before.owners.items() if owner.kind == "test"}
    if not tests or not tests <= record.owners.keys() | run.selection.ran:
        return run
    return replace(run, selection=replace(run.selection, paths=(), narrowed=None))


def _sums(sums: Sequence[Sums]) -> Sums:
    owners: dict[tuple[str, str], list[OwnerTotals]] = {}
    for one in sums:
        for row in one.by_owner:
            owners.setdefault((row.owner, row.kind), []).append(row)
    rows = [replace(own[0], totals=added(row.totals for row in own)) for own in owners.values()]
    unpriced: Counter[tuple[str, str | None, str, str]] = Counter()
    notes: Counter[str] = Counter()
    for one in sums:
        notes.update(one.notes)
        for row_ in one.unpriced:
            unpriced[(row_.owner, row_.model, row_.reason, row_.kind)] += row_.calls
    return Sums(
        totals=added(one.totals for one in sums),
        by_owner=owners_in_order(rows),
        by_model=added_by_name(pair for one in sums for pair in one.by_model.items()),
        by_feature=added_by_name(pair for one in sums for pair in one.by_feature.items()),
        by_tier=added_by_name(pair for one in sums for pair in one.by_tier.items()),
        by_kind=_by_kind([one.by_kind for one in sums]),
        by_site=joined_sites(row for one in sums for row in one.by_site),
        stacks=stacks_in_order(row for one in sums for row in one.stacks),
        unpriced=tuple(
            Unpriced(owner=owner, model=model, reason=reason, kind=kind, calls=calls)
            for (owner, model, reason, kind), calls in sorted(unpriced.items(), key=str)
        ),
        notes=dict(sorted(notes.items())),
        failed=added_failures(one.failed for one in sums),
        rate_limits=lowest(pair for one in sums for pair in one.rate_limits.items()),
        near_window=added_near_windows(one.near_window for one in sums),
        stated=sum((one.stated for one in sums), Stated()),
        aliases=_aliases([one.aliases for one in sums]),
        repeats=_repeats(sums),
        answers=Answers(
            **{name: sum(getattr(one.answers, name) for one in sums) for name in Answers.__dataclass_fields__}
        ),
    )


def _by_kind(parts: Sequence[ByKind | None]) -> ByKind | None:
    """None where one of them, of an earlier version, does not tell its own."""
    told = [part.items() for part in parts if part is not None]
    return added_kinds(*told) if len(told) == len(parts) else None


def _aliases(parts: Sequence[Mapping[str, bool]]) -> dict[str, bool]:
    """What any of them used is used; what one of them does not tell of is not called unused."""
    used = {name for part in parts for name, is_used in part.items() if is_used}
    told = set.intersection(*map(set, parts)) if parts else set()
    return {name: name in used for name in sorted(used | told)}


def _record(reports: Sequence[LoadedReport]) -> Record:
    """What is compared: a fixture's set-ups for one place are one, and what each shard imported counts once."""
    if len(reports) == 1:
        return reports[0].record
    owners: dict[str, OwnerRecord] = {}
    set_up = _set_ups([report.sums for report in reports])
    for report in reports:
        for name, owner in report.record.owners.items():
            known = owners.get(name)
            if known is None:
                owners[name] = owner
            elif owner.kind == "outside":
                owners[name] = replace(known, groups=in_order(most_of_each((known.groups, owner.groups)).values()))
            elif name not in set_up:
                owners[name] = _joined(known, known.groups, owner.groups)
    held = Counter(name for report in reports for name in report.record.owners)
    for name, places in set_up.items():
        if held[name] > 1:
            owners[name] = _joined(owners[name], *(repeat.groups for repeat in places))
    return Record(rates_as_of=reports[0].rates_as_of, owners=dict(sorted(owners.items())))


def _set_ups(sums: Sequence[Sums]) -> dict[str, list[Repeat]]:
    """Which set-up of each fixture is compared, by place: the dearest, as in one run."""
    found: dict[str, list[Repeat]] = {}
    for repeat in _repeats(sums):
        if repeat.kind == "fixture":
            found.setdefault(repeat.owner, []).append(repeat)
    without = {row.owner for one in sums for row in one.by_owner if row.kind == "fixture" and not one.repeats}
    return {name: places for name, places in found.items() if name not in without}  # older reports do not tell them


def _repeats(sums: Sequence[Sums]) -> tuple[Repeat, ...]:
    found: dict[tuple[str, str, str], list[Repeat]] = {}
    for repeat in (each for one in sums for each in one.repeats):
        found.setdefault((repeat.owner, repeat.kind, repeat.place), []).append(repeat)
    return tuple(_one_repeat(own) for _, own in sorted(found.items()))


def _one_repeat(repeats: Sequence[Repeat]) -> Repeat:
    dearest = max(repeats, key=lambda repeat: (repeat.most, repeat.at_least, repr(repeat.groups)))
    if len(repeats) == 1:
        return dearest
    return replace(
        dearest,
        times=sum(repeat.times for repeat in repeats),
        workers=0,
        least=min(repeat.least for repeat in repeats),
        at_least=any(repeat.at_least for repeat in repeats),
    )


def _joined(one: OwnerRecord, *parts: Iterable[Group]) -> OwnerRecord:
    groups: dict[Key, Group] = {}
    for group in (each for part in parts for each in part):
        groups[group.key] = joined(groups[group.key], group) if group.key in groups else group
    return replace(one, groups=in_order(fold(with_failed_tries(groups.values()))))
