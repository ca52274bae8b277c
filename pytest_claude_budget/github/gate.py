"""Judges what ran: report, budget, baseline and lock file become one verdict."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.files.baseline_file import lock_value, record_of
from pytest_claude_budget.files.load import Asked, Terms, baseline_at, judge_report, load_report
from pytest_claude_budget.files.read_write import parse_json, read_text, write_atomically
from pytest_claude_budget.github.baseline import Around, Found
from pytest_claude_budget.github.reports import LARGEST
from pytest_claude_budget.judge.combine import combine
from pytest_claude_budget.judge.read_report import LoadedReport
from pytest_claude_budget.judge.report import CostReport
from pytest_claude_budget.record.lock_format import Known
from pytest_claude_budget.record.record import LOCK_FILE, Record
from pytest_claude_budget.render.report_kinds import document_of


def load_reports(paths: Sequence[Path]) -> LoadedReport:
    """One report; several are added up. Raises InputError."""
    reports = [load_report(str(path)) for path in paths]
    return reports[0] if len(reports) == 1 else replace(combine(reports), budget=reports[0].budget)


def write_combined(paths: Sequence[Path], terms: Terms, target: Path) -> Path:
    """One file for several reports, or a copy of the one: it may lie in a work tree that is removed. Raises InputError."""
    if len(paths) == 1:
        text = read_text(paths[0], str(paths[0]), LARGEST)
    else:
        text = document_of(judge_report(load_reports(paths), terms, Asked()), "json")
    write_atomically(target, text)
    return target


def judged(loaded: LoadedReport, terms: Terms, found: Found, lock: "Committed | None", accepted: str) -> CostReport:
    """Judge a run. Raises InputError where a file cannot be read."""
    asked = Asked(
        baseline=baseline_at(found.argument, loaded),
        lock=LOCK_FILE if lock is not None else None,
        committed=lock.record if lock is not None else None,
        accepted=accepted or None,
        not_compared=found.not_compared,
        commit=found.commit,
    )
    return _named(judge_report(loaded, terms, asked), found.name)


def _named(report: CostReport, name: str) -> CostReport:
    """Call the baseline what a reader would call it: a path in a runner's temporary folder tells nobody anything."""
    comparison = report.comparison
    if comparison is None or not name:
        return report
    return replace(report, comparison=replace(comparison, baseline=replace(comparison.baseline, source=name)))


@value_class(frozen=True, kw_only=True, slots=True)
class Committed:
    """The lock file of the commit under test."""

    record: Record


def committed_lock(around: Around, known: Known | None) -> Committed | None:
    """Read the lock file as the commit has it: what the run itself writes accepts nothing. None where there is none.

    Raises InputError where it cannot be read. `known` is the run: what is the same is not read twice.
    """
    if around.checkout.prefix() is None:  # nothing is committed here
        text = Path(LOCK_FILE).read_text("utf-8") if Path(LOCK_FILE).is_file() else None
    else:
        text = around.checkout.text_at("HEAD", Path(around.prefix, LOCK_FILE).as_posix())
    if text is None:
        return None
    value = lock_value(parse_json(text, LOCK_FILE), LOCK_FILE)
    return Committed(record=record_of(value, LOCK_FILE) if known is None else record_of(value, LOCK_FILE, known))
