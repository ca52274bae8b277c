"""The end of a run: what all its processes stored becomes one report, one verdict, and what is said of it."""

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_budget.advice.lever import Lever
from pytest_claude_budget.base.errors import InputError, described
from pytest_claude_budget.base.money import exact
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.budget.limits import Limit
from pytest_claude_budget.calls.call import Call
from pytest_claude_budget.files.read_write import write_atomically
from pytest_claude_budget.judge.report import (
    CostReport,
    RunFacts,
    RunInfo,
    build_report,
    feature_of,
    judge,
    priced_calls,
)
from pytest_claude_budget.ledger.database import told
from pytest_claude_budget.ledger.journal import OwnerFacts
from pytest_claude_budget.ledger.read_rows import call_of
from pytest_claude_budget.ledger.row_format import row_of, storable
from pytest_claude_budget.measure.run import Run
from pytest_claude_budget.plugin.marker import marker_of
from pytest_claude_budget.plugin.settings import Setup
from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.record.totals import Totals, total
from pytest_claude_budget.render.terminal import Line, terminal_lines
from pytest_claude_budget.render.terminal_text import wrapped

UPDATE = "--claude-budget-update"
MOST_LOOKED_AT = 10_000
"""Calls of a run up to which its report looks for levers; `claude-budget advise` looks at any number."""
STALE_DAYS = 60
"""Days after which a rate table is said to be old."""
LOST = "a process of this run could not store its calls: they are not in the cost"
_COLOURS: Mapping[str, Mapping[str, bool]] = {
    "good": {"green": True},
    "bad": {"red": True, "bold": True},
    "warn": {"yellow": True},
    "title": {"bold": True},
}


@value_class(frozen=True, kw_only=True, slots=True)
class Conclusion:
    """What is left to do once a run is judged."""

    fails: bool
    report: CostReport | None
    problems: tuple[str, ...] = ()
    """What went wrong in concluding itself."""
    accepted: str | None = None
    """What became of the lock file, where it was to be written."""
    written: tuple[str, ...] = ()
    """Which reports were written, and where."""

    def lines(self, width: int) -> list[Line]:
        """Say it all."""
        told = terminal_lines(self.report, width) if self.report is not None else []
        accepted = [Line(text=line) for line in wrapped(self.accepted or "", width, "", "  ")]
        written = [Line(text=text) for text in self.written]
        return [*told, *accepted, *written, *(Line(text=text, tone="bad") for text in self.problems)]

    def print(self, reporter: "pytest.TerminalReporter") -> None:
        """Write to pytest's terminal."""
        try:
            lines = self.lines(min(reporter._tw.fullwidth, 120) - 1)
        except Exception as error:
            lines = [Line(text=f"the cost report could not be shown ({described(error)})", tone="bad")]
        if lines:
            reporter.write_sep("=", "claude cost")
            for line in lines:
                reporter.write_line(line.text, **_COLOURS.get(line.tone, {}))


@value_class(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a session came to its end."""

    info: RunInfo
    capped: tuple[str, ...] = ()
    """What refused calls before they were sent, and whose, a sentence each."""
    refused: tuple[str, ...] = ()
    """What was not sent, and has failed no test: what it would have cost is not in the report."""
    judged: bool
    """Somebody has written a limit, whether or not it could be read."""


@value_class(frozen=True, kw_only=True, slots=True)
class Basis:
    """What a report rests on: as long as nothing of it has changed, neither has the report."""

    ended: Ended
    stored: int
    """Bytes that all processes of the run have stored."""
    faults: tuple[str, ...]
    from_workers: int
    """Workers that have handed over what they alone knew."""
    lost: bool


@value_class(frozen=True, kw_only=True, slots=True)
class Judged:
    """A report that was made and written."""

    report: CostReport
    basis: Basis | None
    """None where it cannot be told: the report is made anew then."""
    written: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def fails(self) -> bool:
        """Should the session end as a failure?"""
        return self.report.verdict.fails or bool(self.problems)


def judged(
    run: Run,
    setup: Setup,
    from_workers: Sequence[Mapping[str, Any]],
    ended: Ended,
    earlier: Judged | None = None,
) -> Judged:
    """Build and write the report, unless an earlier one rests on the same. May raise."""
    basis = _basis(run, from_workers, ended)
    if earlier is not None and basis is not None and basis == earlier.basis:
        return earlier
    report = _report(run, setup, from_workers, ended)
    problems: list[str] = []
    written = [_written(report, setup, kind, path, problems) for kind, path in setup.reports]
    return Judged(report=report, basis=basis, written=tuple(filter(None, written)), problems=tuple(problems))


def _basis(run: Run, from_workers: Sequence[Mapping[str, Any]], ended: Ended) -> Basis | None:
    """What a report would rest on now; None where calls are in memory only, or the ledger cannot be read."""
    stored = 0
    if run.has_calls:
        try:
            run.recorder.conclude()
            stored = run.recorder.ledger.extent()
        except Exception:  # the report says why
            return None
        if run.recorder.unstored:
            return None
    faults = tuple(run.all_faults())
    return Basis(ended=ended, stored=stored, faults=faults, from_workers=len(from_workers), lost=run.has_lost)


def conclude(
    run: Run,
    setup: Setup,
    from_workers: Sequence[Mapping[str, Any]],
    ended: Ended,
    earlier: Judged | None = None,
) -> Conclusion:
    """Judge the run, and accept what it cost. A fault of ours fails a run that is judged, and never raises."""
    try:
        at_end = judged(run, setup, from_workers, ended, earlier)
        report, problems = at_end.report, list(at_end.problems)
        accepted = None if setup.lock is None else _accepted(report, setup.lock, problems)
        written = (*at_end.written, *(_exported(run, from_workers, report, each, problems) for each in setup.otlp))
    except Exception as error:
        text = f"the cost report could not be made ({described(error)}): this run's cost is not known"
        return Conclusion(fails=ended.judged, report=None, problems=(text,))
    with suppress(Exception):
        run.forget_word()
        if run.has_calls:
            run.recorder.ledger.has_ended(ended.info.outcome)
    fails = report.verdict.fails or bool(problems)
    return Conclusion(
        fails=fails,
        report=report,
        problems=tuple(problems),
        accepted=accepted,
        written=tuple(filter(None, written)),
    )


def _exported(
    run: Run, from_workers: Sequence[Mapping[str, Any]], report: CostReport, target: str, problems: list[str]
) -> str:
    """Write or send the calls one by one, and say where; else say why that was not possible."""
    from pytest_claude_budget.plugin.otlp import export

    unstored = [call_of(row) for output in from_workers for row in output.get("rows", ())]
    unstored += run.recorder.unstored.values() if run.has_calls else ()
    try:
        return export(run, report, unstored, target, os.environ)
    except InputError as error:
        problems.append(str(error))
        return ""


def _accepted(report: CostReport, lock: Path, problems: list[str]) -> str | None:
    from pytest_claude_budget.files.accept import accept

    try:
        return accept(report, lock).text
    except InputError as error:
        problems.append(str(error))
        return None


def _report(run: Run, setup: Setup, from_workers: Sequence[Mapping[str, Any]], ended: Ended) -> CostReport:
    rates = setup.rate_table()
    markers: dict[str, tuple[Limit, ...]] = {}
    places: dict[str, str] = {}
    exempt: set[str] = set()
    unstored = [call_of(row) for output in from_workers for row in output.get("rows", ())]
    sources: list[Iterable[Call]] = [unstored]
    unread: list[str] = []
    if run.has_calls:
        run.recorder.flush()
        unstored += run.recorder.unstored.values()
        learn(run.recorder.facts(), markers, places, exempt)
        try:
            run.recorder.conclude()
            learn(run.recorder.ledger.owners(), markers, places, exempt)
            sources.append(_stored(run, rates, frozenset(call.id for call in unstored)))
            unread = run.recorder.ledger.faults()
        except Exception as error:
            unread = [f"the ledger cannot be read: {told(error)} ({run.path})"]
    if run.has_lost and not run.all_faults():  # else it may be this process that left the sign
        unread.append(LOST)
    faults = [*run.all_faults(), *unread, *(text for output in from_workers for text in output.get("faults", ()))]
    faults += ended.refused
    today, baseline = datetime.now(UTC).date(), setup.baseline()
    facts = RunFacts(
        rates=rates,
        budget=setup.budget,
        day=today,
        run=ended.info,
        markers=markers,
        places=places,
        exempt=frozenset(exempt),
        faults=sorted(set(faults)),
        limited=ended.judged,
        capped=ended.capped,
        warnings=stale(rates.as_of, today),
        baseline=baseline.baseline if baseline is not None else None,
        before=baseline.record if baseline is not None else None,
        base=setup.base,
        accepted=UPDATE if setup.lock is not None else None,
        levers=_levers(run, setup, rates, today) if setup.reports and run.has_calls and not unstored else None,
    )
    return build_report(chain.from_iterable(sources), facts)


def _levers(run: Run, setup: Setup, rates: RateTable, day: date) -> tuple[Lever, ...] | None:
    """What the calls show that would cost less, where they are few enough to be looked at one by one; else None.

    A fault in advice is no fault in the cost: the report has no levers then.
    """
    try:
        ledger = run.recorder.ledger
        if ledger.entries() > MOST_LOOKED_AT:
            return None
        from pytest_claude_budget.advice.levers import find_levers

        features = () if setup.budget is None else setup.budget.features
        return find_levers(ledger.seen(), rates, day, features, feature_of(setup.budget))
    except Exception:
        return None


def learn(
    known: Iterable[OwnerFacts | None],
    markers: dict[str, tuple[Limit, ...]],
    places: dict[str, str],
    exempt: set[str],
) -> None:
    """Take what is known of tests, by the names that the ledger has for them."""
    for facts in filter(None, known):
        places[storable(facts.owner)] = facts.place
        with suppress(InputError):  # a bad mark is its own test's error
            own = marker_of(facts)
            if own.limits:
                markers[storable(facts.owner)] = own.limits
            if own.may_be_unknown:
                exempt.add(storable(facts.owner))


def _stored(run: Run, rates: RateTable, newer: frozenset[int]) -> Iterable[Call]:
    """The ledger's calls; where the newest state of some could not be stored, without the older ones of those."""
    ledger = run.recorder.ledger
    if newer:
        return [call for call in ledger.calls() if call.id not in newer]
    since = datetime.fromtimestamp(ledger.first_moment(), UTC).date()
    return ledger.totalled([model for model in ledger.models() if rates.is_proportional(model, since)])


def stale(as_of: date, today: date) -> list[str]:
    """Say that the rates were checked long ago, where they were."""
    age = (today - as_of).days
    if age <= STALE_DAYS:
        return []
    return [f"rates were checked on {as_of}, {age} days ago: a newer version may know newer prices   [old-rates]"]


def amend(conclusion: Conclusion, setup: Setup, reason: str) -> Conclusion:
    """Judge a run anew that turned out to be incomplete after its verdict, and write its reports anew."""
    report = conclusion.report
    if report is None:
        return conclusion
    report = judge(report.sums, report.record, replace(report.facts, faults=[*report.facts.faults, reason]))
    problems: list[str] = []
    for kind, path in setup.reports:
        _written(report, setup, kind, path, problems)
    return replace(conclusion, report=report, fails=conclusion.fails or report.verdict.fails, problems=tuple(problems))


def _written(report: CostReport, setup: Setup, kind: str, path: Path, problems: list[str]) -> str:
    """Write a report, and say where; else say why it was not."""
    from pytest_claude_budget.files.report_files import report_content
    from pytest_claude_budget.render.report_kinds import written_line

    try:
        write_atomically(path, report_content(report, kind))
    except InputError as error:
        problems.append(str(error))
        return ""
    return written_line(kind, str(path.relative_to(setup.folder) if path.is_relative_to(setup.folder) else path))


def totals_of(run: Run, setup: Setup, owner: str) -> Totals:
    """Add up what one test made so far, in this process and its children."""
    found: list[Call] = []

    recorder = run.recorder

    def read() -> None:
        if not run.has_calls:
            return
        recorder.ledger.gather()
        found.extend(recorder.ledger.calls(owner))
        found.extend(call for call in recorder.unstored.values() if call.owner.id == owner)

    recorder.look(read)
    with exact():
        return total(priced_calls(found, setup.rate_table()))


def worker_output(run: Run) -> dict[str, Any]:
    """What an xdist worker could not store, as plain values."""
    run.recorder.flush()
    rows = [row_of(call) for call in run.recorder.unstored.values()]
    return {"faults": run.all_faults(), "rows": rows, "limited": run.limited}
