"""What earlier runs left in the folder of ledgers: those that did not end, calls after a verdict, and files that are too many.

Loaded only where there is something of the kind.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_claude_budget.ledger.database import SqliteLedger
from pytest_claude_budget.ledger.journal import is_written
from pytest_claude_budget.ledger.locks import is_held
from pytest_claude_budget.ledger.paths import KEPT_RUNS, LATE, journals_of
from pytest_claude_budget.measure.run import RUNNING

if TYPE_CHECKING:
    from pytest_claude_budget.pricing.rates import RateTable


def told_of_earlier(folder: Path, rates: "Callable[[], RateTable]") -> Iterator[str]:
    """Say once what earlier runs left, and bring it into their ledgers, so that people can query it."""
    for path in left_runs(folder):
        word = path.with_name(f"{path.name}{LATE}")
        name = _shown(path)
        if word.exists():
            for line in word.read_text("utf-8").splitlines():
                yield f"the run of {_moment(path)} had {line}   [after-verdict]"
            word.unlink()
        if journals_of(path):
            yield from _gathered(path, rates, name)
        elif is_held(path) is False:
            path.with_name(f"{path.name}.running").unlink(missing_ok=True)


def _gathered(path: Path, rates: "Callable[[], RateTable]", name: str) -> Iterator[str]:
    from pytest_claude_budget.plugin.late_calls import amount_of, cost_of, count_of

    ledger = SqliteLedger(path)
    try:
        found = ledger.newer()
        ledger.conclude(())
        ended = ledger.outcome()
        if ended is None:
            found = list(ledger.calls())
    finally:
        ledger.close()
    path.with_name(f"{path.name}.running").unlink(missing_ok=True)
    late = amount_of(found, rates())
    if not late.attempts:
        return
    they = "it is" if late.calls == 1 else "they are"
    if ended is not None:
        yield f"the run of {_moment(path)} had {count_of(late)} after its verdict, {cost_of(late)}: {they} in no report   [after-verdict]"
    else:
        yield f"the run of {_moment(path)} did not end, with {count_of(late)}, {cost_of(late)}; see: claude-budget report {name}   [unended-run]"


def _shown(path: Path) -> str:
    """The way to a ledger from where the command will be typed, if it lies below."""
    with suppress(ValueError, OSError):
        return path.relative_to(Path.cwd()).as_posix()
    return str(path)


def _moment(ledger: Path) -> str:
    """When a run began, by the name of its ledger: `2026-11-28 15:27:10 UTC`."""
    stamp = ledger.name.split("-")[1]
    return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]} {stamp[9:11]}:{stamp[11:13]}:{stamp[13:15]} UTC"


def left_runs(folder: Path) -> list[Path]:
    """Name the ledgers of earlier runs that are over; of those that are too many, remove all files."""
    files: dict[Path, list[Path]] = {}
    for file in sorted(folder.iterdir()):
        stem, mark, _ = file.name.partition(".sqlite3")
        if mark and stem.startswith("run-"):
            files.setdefault(folder / (stem + mark), []).append(file)
    ended = [ledger for ledger in files if not is_running(ledger)]
    old = set(sorted(files)[:-KEPT_RUNS]).intersection(ended)
    for file in (file for ledger in old for file in files[ledger]):
        with suppress(OSError):
            file.unlink()
    return [ledger for ledger in ended if ledger not in old]


def is_running(ledger: Path) -> bool:
    """Does a run go on? By its lock, or by those of its processes that make calls, or else by its process id."""
    if str(ledger) in RUNNING:
        return True
    held = is_held(ledger)
    if held is not None:
        return held
    if any(map(is_written, journals_of(ledger))) and not _has_report(ledger):
        return True
    return _is_alive(ledger.name.split("-")[2])


def _has_report(ledger: Path) -> bool:
    read = SqliteLedger(ledger)
    try:
        return ledger.exists() and read.outcome() is not None
    finally:
        read.close()


def _is_alive(pid: str) -> bool:
    if not pid.isdecimal() or int(pid) == os.getpid():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
