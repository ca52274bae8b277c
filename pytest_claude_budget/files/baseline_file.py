"""Where baselines come from: the lock file, the lock file at another commit, or an earlier report."""

from collections.abc import Mapping
from pathlib import Path

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.base.unusable_files import conflict, first_mark, other_kind, sides_of
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.compare.lock_update import merge
from pytest_claude_budget.compare.result import Baseline
from pytest_claude_budget.files.git import file_at
from pytest_claude_budget.files.read_write import (
    MAX_JSON_BYTES,
    decoded,
    parse_json,
    read_json,
    read_text,
    write_atomically,
)
from pytest_claude_budget.record.lock_format import Known, read_record
from pytest_claude_budget.record.lock_text import lock_text
from pytest_claude_budget.record.record import LOCK_FILE, Record
from pytest_claude_budget.record.selection import Selection

GIT = "git:"
NO_BASELINE = "none"


@value_class(frozen=True, kw_only=True, slots=True)
class Loaded:
    """A baseline, and what it holds."""

    baseline: Baseline
    record: Record | None
    """None where there is none yet: the first run reports and passes."""
    selection: Selection = Selection()
    """Of which part of the suite it is, where it is a report."""


@value_class(frozen=True, kw_only=True, slots=True)
class Lock:
    """A lock file that was read, mended where a merge had left marks in it."""

    record: Record | None
    """None where there is none, or an empty one."""
    conflicts: frozenset[str] = frozenset()
    """Owners that both sides of the merge have, each in its own way."""
    broken: bool = False
    """It is not as it was written: there were marks, or nothing in it."""


def load_baseline(
    source: str | None, folder: Path, rootdir: Path | None = None, known: Known | None = None
) -> Loaded | None:
    """Read a baseline: `git:REF`, a file, or without a source the lock file; `none` compares with nothing.

    Args:
        source: as the user wrote it.
        folder: what a file is relative to.
        rootdir: where the lock file lies; the folder where it is not given.
        known: the run that it will be compared with: what is the same is not read twice.

    Raises InputError where the source cannot be read. A lock file that is not there yet is no fault.
    """
    home = rootdir or folder
    if source == NO_BASELINE:
        return None
    if source is not None and not source.removeprefix(GIT).strip():
        what = f"expected a lock file, a JSON report, git:REF or none, got {source!r}"
        hint = f"write for example git:main, or leave the option out: then it is {LOCK_FILE}"
        raise InputError(Problem(slug="bad-baseline", where="baseline", what=what, hint=hint))
    if source is None:
        return _of_file(home / LOCK_FILE, LOCK_FILE, known)
    if source.startswith(GIT):
        found = file_at(source.removeprefix(GIT), LOCK_FILE, home)
        shown = f"{source}:{LOCK_FILE}"
        data = found.data
        record = None if data is None else record_of(parse_json(decoded(data, shown), shown), shown, known)
        return Loaded(baseline=Baseline(source=source, kind="git", commit=found.commit), record=record)
    return _of_file(folder / source, source, known)


def no_lock_yet(shown: str) -> Loaded:
    """What there is to compare with before the first lock file."""
    return Loaded(baseline=Baseline(source=shown, kind="lock"), record=None)


def _of_file(path: Path, shown: str, known: Known | None) -> Loaded:
    if path.name == LOCK_FILE and not path.exists():
        return no_lock_yet(shown)
    value = read_json(path, shown)
    record = record_of(value, shown, known)
    if not (isinstance(value, dict) and "record" in value):
        return Loaded(baseline=Baseline(source=shown, kind="lock"), record=record)
    from pytest_claude_budget.judge.read_report import read_run

    selection = read_run(value, shown).selection
    return Loaded(baseline=Baseline(source=shown, kind="report"), record=record, selection=selection)


def record_of(value: object, shown: str, known: Known | None = None) -> Record:
    """The record of a lock file or of a report, as plain values. Raises InputError."""
    inside = value["record"] if isinstance(value, Mapping) and "record" in value else value
    return read_record(inside, shown) if known is None else read_record(inside, shown, known)


def read_lock(path: Path, shown: str, known: Known | None = None) -> Record | None:
    """Read a lock file; None where there is none. Raises InputError."""
    return record_of(lock_value(read_json(path, shown), shown), shown, known) if path.exists() else None


def lock_value(value: object, shown: str) -> object:
    """What a lock file holds, as plain values. Raises InputError where it is a report."""
    if other := other_kind(value, "a lock file", shown):
        raise InputError(other)
    return value


def mended_lock(path: Path, shown: str, side: str = "ours") -> Lock:
    """Read a lock file that is to be written anew: conflict marks and an empty file are no fault. Raises InputError.

    Owners that only one side has, or changed, are that side's; of those that both have, each in its own way, `side` is
    taken, `ours` or `theirs`.
    """
    if not path.exists():
        return Lock(record=None)
    text = read_text(path, shown, MAX_JSON_BYTES)
    if not text.strip():
        return Lock(record=None, broken=True)
    if first_mark(text) is None:
        return Lock(record=record_of(lock_value(parse_json(text, shown), shown), shown))
    sides = sides_of(text)
    try:
        ours, theirs, base = (
            None if each is None else record_of(parse_json(each, shown), shown)
            for each in (sides.ours, sides.theirs, sides.base)
        )
    except InputError:
        hint = (
            "take one side: git checkout --ours, or --theirs, and the file's name; then pytest --claude-budget-update"
        )
        raise InputError(*filter(None, [conflict(text, shown, hint)])) from None
    if ours is None or theirs is None:
        return Lock(record=None, broken=True)
    merged = merge(base, ours, theirs) if side == "ours" else merge(base, theirs, ours)
    return Lock(record=merged.record, conflicts=frozenset(merged.conflicts), broken=True)


def write_lock(path: Path, record: Record) -> bool:
    """Write a lock file, whole or not at all; False where its bytes are the same already. Raises InputError."""
    text = lock_text(record)
    if path.is_file() and path.read_bytes() == text.encode():
        return False
    write_atomically(path, text, makes_folders=False)
    return True
