"""What a verdict does not have: the calls that come after it, and what earlier runs of the folder left.

Loaded only where there is something of the kind.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_claude_budget.base.money import dollars, exact
from pytest_claude_budget.calls.call import Call
from pytest_claude_budget.judge.report import priced_calls
from pytest_claude_budget.ledger.database import SqliteLedger
from pytest_claude_budget.ledger.journal import is_written
from pytest_claude_budget.ledger.locks import is_held
from pytest_claude_budget.ledger.paths import KEPT_RUNS, LATE, journals_of
from pytest_claude_budget.measure.run import RUNNING, Run
from pytest_claude_budget.plugin.report_and_verdict import amend
from pytest_claude_budget.record.totals import Totals, total

if TYPE_CHECKING:
    from pytest_claude_budget.plugin.report_and_verdict import Conclusion
    from pytest_claude_budget.plugin.settings import Setup
    from pytest_claude_budget.pricing.rates import RateTable

_HINT = (
    "hint: make calls in a fixture's tear-down or in pytest_sessionfinish, and end what makes them before the session"
    " ends   [after-verdict]"
)


def amount_of(calls: Iterable[Call], rates: "RateTable") -> Totals:
    """Add up calls that are in no report."""
    with exact():
        return total(priced_calls(calls, rates))


def count_of(totals: Totals, of: str = "call") -> str:
    """Say how many calls there are."""
    return f"{totals.calls:,} {of}{'' if totals.calls == 1 else 's'}"


def cost_of(totals: Totals) -> str:
    """Say what they cost."""
    return f"{'at least ' if totals.at_least else ''}{dollars(totals.cost)}"


def tell_late(
    run: Run, setup: "Setup", conclusion: "Conclusion | None", *, ended: bool
) -> "tuple[Conclusion | None, bool]":
    """Say which calls came since the verdict, on stderr and to the next run; `ended` says that there was one.

    Returns the amended end of the run, and whether there were any.
    """
    late = amount_of(_late_calls(run), setup.rate_table())
    if not late.calls:
        return conclusion, False
    they = "it is" if late.calls == 1 else "they are"
    came = (
        "came after the verdict"
        if ended
        else f"{'was' if late.calls == 1 else 'were'} made in a session without an end"
    )
    reason = f"{count_of(late)} {came}, {cost_of(late)}: {they} in no report"
    if conclusion is not None:
        conclusion = amend(conclusion, setup, reason)
    lock = " and not in the lock file" if setup.lock is not None else ""
    with suppress(OSError), run.path.with_name(f"{run.path.name}{LATE}").open("a", encoding="utf-8") as word:
        word.write(f"{count_of(late)} after its verdict, {cost_of(late)}: {they} in no report\n")
    with suppress(OSError, ValueError, AttributeError):  # stderr may be closed, or none at all
        print(f"claude-budget: {reason}{lock}\n{_HINT}", file=sys.stderr, flush=True)
    return conclusion, True


def _late_calls(run: Run) -> list[Call]:
    recorder = run.recorder
    recorder.flush()
    recorder.journal.close()
    found = recorder.ledger.newer()
    recorder.ledger.conclude(recorder.journal.closed)
    if recorder.ledger.outcome() is None:
        recorder.ledger.has_ended("passed")  # there was nothing to report
    return found


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
