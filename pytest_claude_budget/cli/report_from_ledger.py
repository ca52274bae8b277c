"""The report of a run that has none of its own, from its ledger alone: it was killed, or it still goes on."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.budget.limits import Limit
from pytest_claude_budget.files.base_budget import base_of
from pytest_claude_budget.files.baseline_file import Loaded
from pytest_claude_budget.files.load import Terms
from pytest_claude_budget.files.read_write import unreadable
from pytest_claude_budget.judge.report import CostReport, RunFacts, RunInfo, build_report
from pytest_claude_budget.ledger.copies import NotALedgerError, copied, has_report
from pytest_claude_budget.ledger.database import SqliteLedger
from pytest_claude_budget.plugin.earlier_runs import is_running
from pytest_claude_budget.plugin.report_and_verdict import learn, stale
from pytest_claude_budget.record.selection import FROM_LEDGER, Selection

CACHE = Path(".pytest_cache", "d", "claude-budget")
_WRITES = "pytest keeps the ledgers of the last runs that made calls in .pytest_cache/d/claude-budget"
_MOST_NAMED = 8


def find_ledger(shown: str | None, here: Path) -> tuple[Path, str]:
    """The ledger that is named, by itself or by one of its journals, or else the newest one of the nearest pytest cache.

    Raises InputError.
    """
    if shown is not None:
        path = Path(shown)
        stem, mark, _ = path.name.partition(".sqlite3")
        return (path.with_name(stem + mark) if mark else path), shown
    for folder in (here, *here.parents):
        names = _ledgers_in(folder / CACHE)
        if names:
            newest = folder / CACHE / max(names)
            return newest, newest.relative_to(here).as_posix() if folder == here else str(newest)
    what = "expected the ledger of a run in .pytest_cache, here or in a folder above, and there is none"
    hint = f"run pytest, or name a ledger; {_WRITES}"
    raise InputError(Problem(slug="no-ledger", where=str(here), what=what, hint=hint))


def running_ledger(here: Path) -> Path | None:
    """The ledger of the newest run that goes on, of the nearest pytest cache that has one; None where there is none."""
    for folder in (here, *here.parents):
        for name in sorted(_ledgers_in(folder / CACHE), reverse=True):
            ledger = folder / CACHE / name
            if is_running(ledger) and not has_report(ledger):
                return ledger
    return None


def _ledgers_in(folder: Path) -> set[str]:
    try:
        names = [file.name for file in folder.iterdir() if file.name.startswith("run-")]
    except OSError:
        return set()
    return {name.partition(".sqlite3")[0] + ".sqlite3" for name in names if name.endswith((".sqlite3", ".jsonl"))}


def report_of(path: Path, shown: str, terms: Terms, baseline: Loaded | None) -> CostReport:
    """Judge what a ledger has. It is incomplete unless the run got its report. Raises InputError."""
    with reading(path, shown) as ledger:
        return _report(ledger, path, terms, baseline)


@contextmanager
def reading(path: Path, shown: str) -> Iterator[SqliteLedger]:
    """Read a copy of a ledger. Raises InputError, also for what fails while it is read."""
    try:
        ledger = copied(path)
        try:
            yield ledger
        finally:
            ledger.close()
    except NotALedgerError as error:
        raise InputError(_refused(shown, newer=error.newer)) from None
    except OSError as error:
        raise InputError(unreadable(shown, error, _WRITES)) from None
    except sqlite3.Error as error:
        what = f"the ledger cannot be read: {error}"
        hint = "name another one; pytest keeps those of the last runs that made calls"
        raise InputError(Problem(slug="unreadable-file", where=shown, what=what, hint=hint)) from None


def _refused(shown: str, *, newer: bool) -> Problem:
    if newer:
        what = "expected a ledger of this version, got one of a newer version of pytest-claude-budget"
        return Problem(
            slug="newer-ledger", where=shown, what=what, hint="install the version that wrote it, or a newer one"
        )
    what = "expected the ledger of a run, such as run-20261128T152710-4711-0a1b2c.sqlite3, got something else"
    return Problem(slug="not-a-ledger", where=shown, what=what, hint=f"name one; {_WRITES}")


def _report(ledger: SqliteLedger, path: Path, terms: Terms, baseline: Loaded | None) -> CostReport:
    markers: dict[str, tuple[Limit, ...]] = {}
    places: dict[str, str] = {}
    exempt: set[str] = set()
    learn(ledger.owners(), markers, places, exempt)
    ended = ledger.outcome()
    faults = (
        ledger.faults() if ended is not None else [*ledger.faults(), _why(ledger, running=is_running(path.resolve()))]
    )
    since = datetime.fromtimestamp(ledger.first_moment(), UTC).date()
    models = [model for model in ledger.models() if terms.rates.is_proportional(model, since)]
    selection = Selection(narrowed=FROM_LEDGER)
    facts = RunFacts(
        rates=terms.rates,
        budget=terms.budget,
        day=terms.day,
        run=RunInfo(ids=(path.stem,), outcome=ended or "interrupted", selection=selection),
        markers=markers,
        places=places,
        exempt=frozenset(exempt),
        faults=sorted(set(faults)),
        limited=ended is None or bool(markers),
        warnings=stale(terms.rates.as_of, terms.day),
        baseline=baseline.baseline if baseline is not None else None,
        before=baseline.record if baseline is not None else None,
        base=base_of(baseline, terms.path, terms.budget),
    )
    return build_report(ledger.totalled(models), facts)


def _why(ledger: SqliteLedger, *, running: bool) -> str:
    why = (
        "the run still goes on: this is what there is so far"
        if running
        else "the run did not end: its process was killed"
    )
    owners = ledger.last_owners()
    more = f" and {len(owners) - _MOST_NAMED:,} more" if len(owners) > _MOST_NAMED else ""
    return f"{why}; its last calls were in {', '.join(owners[:_MOST_NAMED])}{more}" if owners else why
