"""A report or a lock file from disk to a new verdict: what `gate`, `compare`, `explain` and `combine` have in common."""

from datetime import UTC, date, datetime
from pathlib import Path

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.budget.limits import Budget
from pytest_claude_budget.compare.lock_update import stale
from pytest_claude_budget.compare.not_compared import NotCompared
from pytest_claude_budget.files.base_budget import base_of
from pytest_claude_budget.files.baseline_file import Loaded, load_baseline, read_lock
from pytest_claude_budget.files.budget_file import load_budget
from pytest_claude_budget.files.checked_yaml import PytestsMemory
from pytest_claude_budget.files.rates_file import packaged_rates, rates_of
from pytest_claude_budget.files.read_write import read_json
from pytest_claude_budget.files.rootdir import BUDGET_NAMES, project_of, seen_from
from pytest_claude_budget.judge.combine import covering
from pytest_claude_budget.judge.read_report import LoadedReport, read_report
from pytest_claude_budget.judge.report import CostReport, RunFacts, RunInfo, judge
from pytest_claude_budget.pricing.rates import RateTable
from pytest_claude_budget.record.record import LOCK_FILE, Record
from pytest_claude_budget.record.sums import Answers, OwnerTotals, Sums, owners_in_order
from pytest_claude_budget.record.totals_by_scope import scoped_totals


@value_class(frozen=True, kw_only=True, slots=True)
class Terms:
    """What to judge by: the budget, the rates that it names, and the day."""

    budget: Budget | None
    rates: RateTable
    day: date
    path: Path = Path(BUDGET_NAMES[0])
    """Where the budget file lies, or would."""


def load_terms(path: str | None) -> Terms:
    """Read a budget file; without a name the one that pytest would take, where there is one. Raises InputError."""
    project = project_of(Path.cwd())
    shown = path or (None if project.budget is None else seen_from(project.budget, Path.cwd()))
    today = datetime.now(UTC).date()
    if shown is None:
        return Terms(budget=None, rates=packaged_rates(), day=today, path=project.rootdir / BUDGET_NAMES[0])
    memory = PytestsMemory(project.rootdir / ".pytest_cache")
    budget, _ = load_budget(Path(shown), shown, memory)
    return Terms(budget=budget, rates=rates_of(budget, Path(shown).parent, memory), day=today, path=Path(shown))


def load_report(path: str) -> LoadedReport:
    """Read a JSON report. Raises InputError."""
    return read_report(read_json(Path(path), path), path)


def baseline_at(source: str | None, head: LoadedReport | None = None) -> Loaded | None:
    """Read a baseline that is named on the command line, for a run to compare it with; else pytest's. Raises InputError."""
    known = head.known if head is not None else None
    return load_baseline(source, Path.cwd(), lock_path().parent, known=known)


def lock_path() -> Path:
    """The lock file that pytest would take from here; this folder's own counts where the rootdir has none."""
    rootdir, here = project_of(Path.cwd()).rootdir, Path.cwd()
    return next((each / LOCK_FILE for each in (rootdir, here) if (each / LOCK_FILE).exists()), rootdir / LOCK_FILE)


@value_class(frozen=True, kw_only=True, slots=True)
class Asked:
    """What else a gate was told."""

    baseline: Loaded | None = None
    lock: str | None = None
    """The lock file beside the code that ran: is it up to date, and does it accept the change?"""
    committed: Record | None = None
    """What that lock file holds, where it was read already, as from the commit under test."""
    accepted: str | None = None
    not_compared: NotCompared | None = None
    commit: str = ""
    """Where the baseline comes from, if it names none itself, as a report of a run on the base does."""


def judge_report(loaded: LoadedReport, terms: Terms, asked: Asked) -> CostReport:
    """Judge a report anew. Raises InputError where the lock file cannot be read."""
    baseline = asked.baseline
    before = baseline.record if baseline is not None else None
    lock = asked.committed
    if lock is None and asked.lock is not None:
        lock = read_lock(Path(asked.lock), asked.lock, loaded.known)
    run = covering(loaded.run, loaded.record, before)
    old = stale(lock, loaded.record, run.selection) if lock is not None else []
    accepted = asked.accepted
    if accepted is None and lock is not None and before is not None and not old and lock.owners != before.owners:
        accepted = f"{asked.lock} of this change"
    facts = RunFacts(
        rates=terms.rates,
        budget=terms.budget,
        day=terms.day,
        run=run,
        markers=loaded.markers,
        places=loaded.places,
        exempt=loaded.exempt,
        faults=loaded.faults,
        capped=loaded.capped,
        levers=loaded.levers,
        warnings=loaded.warnings,
        baseline=baseline.baseline if baseline is not None else None,
        before=before,
        base=base_of(baseline, terms.path, terms.budget, asked.commit),
        accepted=accepted,
        not_compared=asked.not_compared,
        stale=old,
        accepts_silence=lock is not None and not old,
    )
    return judge(loaded.sums, loaded.record, facts)


def compare_sources(base: str, head: str, terms: Terms) -> CostReport:
    """Compare two lock files or reports, without limits but with the budget's volumes. Raises InputError."""
    before, after = (_existing(source) for source in (base, head))
    facts = RunFacts(
        rates=terms.rates,
        day=terms.day,
        budget=terms.budget,
        run=RunInfo(selection=after.selection),
        baseline=before.baseline,
        before=before.record,
    )
    record = after.record or Record(rates_as_of=terms.rates.as_of, owners={})
    return judge(sums_of(record, terms), record, facts)


def _existing(source: str) -> Loaded:
    found = baseline_at(source)
    if found is None or found.record is None:
        what = "expected a lock file, a JSON report or git:REF with a lock file, and there is none"
        hint = "pytest --claude-budget-update writes a lock file"
        raise InputError(Problem(slug="no-baseline", where=source[:200], what=what, hint=hint))
    return found


def sums_of(record: Record, terms: Terms) -> Sums:
    """What a record comes to at the rates of a day."""
    scoped = scoped_totals(record.owners.values(), terms.rates, terms.day)
    rows = [
        OwnerTotals(owner=owner.owner, kind=owner.kind, totals=scoped[owner.kind][owner.owner])
        for owner in record.owners.values()
        if owner.groups
    ]
    totals = scoped["run"][""]
    return Sums(
        totals=totals,
        by_owner=owners_in_order(rows),
        by_model=scoped.get("model", {}),
        by_feature=scoped.get("feature", {}),
        by_tier=scoped.get("tier", {}),
        answers=Answers(seen=totals.calls, priced=totals.calls - totals.unknown, unmeasured=totals.unknown),
    )
