"""`baseline`: the lock file shown, updated from a report, and merged when two branches have changed it."""

import argparse
from pathlib import Path

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.cli.common import Commands, add_command, put_out

CONFLICT = 1
PYTESTS_LOCK = "claude-budget.lock.json at pytest's rootdir"


def add_baseline_commands(commands: Commands) -> None:
    """Add `baseline show`, `update` and `merge`."""
    parser = add_command(commands, "baseline", "show, update or merge the lock file", "claude-budget baseline show")
    kinds = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    show = add_command(
        kinds, "show", "list what the baseline holds, priced today", "claude-budget baseline show git:main"
    )
    show.add_argument("source", nargs="?", metavar="PATH|git:REF", help=f"[{PYTESTS_LOCK}]")
    show.set_defaults(command=_show)
    help_ = "take a run into the lock file, as pytest --claude-budget-update does"
    update = add_command(kinds, "update", help_, "claude-budget baseline update claude-cost.json")
    help_ = "JSON report of a run that passed and whose cost is known, or tolerated as unknown; may be left out with --ours and --theirs"
    update.add_argument("report", nargs="?", metavar="REPORT", help=help_)
    update.add_argument("--lock", metavar="PATH", help=f"[{PYTESTS_LOCK}]")
    sides = update.add_mutually_exclusive_group()
    for side in ("ours", "theirs"):
        help_ = f"take git's conflict marks out: what both sides changed is as {side} has it"
        sides.add_argument(f"--{side}", dest="side", action="store_const", const=side, help=help_)
    update.set_defaults(command=_update)
    help_ = "merge two lock files that come from one, as a git merge driver: the result replaces OURS"
    merge = add_command(kinds, "merge", help_, "claude-budget baseline merge %O %A %B")
    for name, letter in {"base": "%%O", "ours": "%%A", "theirs": "%%B"}.items():
        merge.add_argument(name, metavar=name.upper(), help=f"git's {letter}")
    merge.set_defaults(command=_merge)


def _show(options: argparse.Namespace) -> int:
    from pytest_claude_budget.files.load import baseline_at, load_terms
    from pytest_claude_budget.render.record_table import record_lines

    found, terms = baseline_at(options.source), load_terms(None)
    if found is None or found.record is None:
        where = f" in {options.source[:200]}" if options.source else ""
        put_out(f"there is no baseline{where} yet: pytest --claude-budget-update writes one, to be committed")
        return 0
    put_out("\n".join(record_lines(found.record, terms.rates, terms.day, 79)))
    return 0


def _update(options: argparse.Namespace) -> int:
    from pytest_claude_budget.files.accept import accept
    from pytest_claude_budget.files.baseline_file import no_lock_yet
    from pytest_claude_budget.files.load import Asked, baseline_at, judge_report, load_report, load_terms, lock_path

    lock = lock_path() if options.lock is None else Path(options.lock)
    if options.side is not None:
        put_out(_resolved(lock, options.side))
        if options.report is None:
            return 0
    if options.report is None:
        what, hint = (
            "expected the JSON report of a run",
            "write one: pytest --claude-budget-report=json:claude-cost.json",
        )
        raise InputError(Problem(slug="no-report", where="baseline update", what=what, hint=hint))
    before = baseline_at(options.lock) if lock.exists() else no_lock_yet(str(lock))
    asked = Asked(baseline=before, accepted="claude-budget baseline update")
    outcome = accept(judge_report(load_report(options.report), load_terms(None), asked), lock)
    put_out(outcome.text)
    return 0 if outcome.written else 2


def _resolved(lock: Path, side: str) -> str:
    """Take the marks of a merge out of a lock file; returns what was done."""
    from pytest_claude_budget.files.baseline_file import mended_lock, write_lock

    found = mended_lock(lock, str(lock), side)
    if not found.broken or found.record is None:
        return f"{lock}: there are no conflict marks"
    write_lock(lock, found.record)
    count = len(found.conflicts)
    whose = f"{count:,} that both sides changed {'is' if count == 1 else 'are'} as {side} has {'it' if count == 1 else 'them'}"
    return f"{lock}: the conflict marks are gone; {whose if count else 'both sides changed different tests'}"


def _merge(options: argparse.Namespace) -> int:
    from pytest_claude_budget.compare.lock_update import merge
    from pytest_claude_budget.files.baseline_file import lock_value, record_of, write_lock
    from pytest_claude_budget.files.read_write import read_json

    sides = (options.base, options.ours, options.theirs)
    base, ours, theirs = (
        None if _is_empty(Path(path)) else record_of(lock_value(read_json(Path(path), path), path), path)
        for path in sides
    )
    empty = base or ours or theirs
    if empty is None:
        return 0
    nothing = empty.without_owners()
    merged = merge(base, ours or nothing, theirs or nothing)
    write_lock(Path(options.ours), merged.record)
    for owner in merged.conflicts:
        put_out(f"both sides changed {owner}: ours is kept; run pytest --claude-budget-update   [merge-conflict]")
    return CONFLICT if merged.conflicts else 0


def _is_empty(path: Path) -> bool:
    """So git shows a side that has no such file: the base, where both branches made their first lock file."""
    return path.exists() and not path.is_dir() and not path.stat().st_size
