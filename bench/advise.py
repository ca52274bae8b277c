"""What `claude-budget advise` takes over the ledger of a large run: every call is looked at by itself."""

import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from bench.children import child, environment, timed
from bench.figures import Figure, Line, shown

CALLS, TESTS, RUNS = 100_000, 10_000, 3
LIMIT_SECONDS = 2.0


def figure() -> Figure:
    """Measure."""
    with tempfile.TemporaryDirectory() as made:
        child("advise", made)
        command = [sys.executable, "-m", "pytest_claude_budget", "advise", "run-1.sqlite3", "--format", "json"]
        taken = [timed(command, Path(made), environment()) for _ in range(RUNS)]
    lines = []
    for clock, at in (("wall time", 0), ("CPU time", 1)):
        seconds = median(each[at] for each in taken)
        lines.append(
            Line(
                what=f"from the ledger to the levers, {clock}",
                measured=shown(seconds),
                limit=shown(LIMIT_SECONDS),
                met=seconds <= LIMIT_SECONDS,
                numbers={"seconds": seconds},
            )
        )
    how = f"{CALLS:,} calls of {TESTS:,} tests, conversations of five turns among them; median of {RUNS} processes"
    return Figure(title="Advise", how=how, lines=lines)


def _fill(folder: Path) -> None:
    """Half of the calls stand alone, half are turns of conversations; every test asks something else."""
    from pytest_claude_budget.ledger.database import SqliteLedger
    from pytest_claude_budget.ledger.journal import Journal

    ledger = SqliteLedger(folder / "run-1.sqlite3")
    journal = Journal(ledger.path)
    for test in range(TESTS):
        journal.append(_calls(test, CALLS // TESTS))
    journal.close()
    ledger.gather()
    ledger.close()


def _calls(test: int, number: int) -> list[Any]:
    from pytest_claude_budget.calls.call import Answer, Labels, Origin, Owner, Status, Usage
    from pytest_claude_budget.ledger.row_format import NOWHERE, Entry, payer_of

    payer = payer_of(
        Owner(id=f"tests/test_{test % 300}.py::test_it[{test}]", kind="test", phase="call"), Labels(), "gw0"
    )
    entries = []
    for at in range(number):
        talks, turn = at < number // 2, at if at < number // 2 else 0
        follows = f'"follows":"{test:05x}{turn - 1:05x}",' if turn else ""
        hashed = f"{test:05x}{at:05x}"
        request = f'{{{follows}"max_tokens":4096,"messages":"{hashed}:{90 * (turn + 1)}","system":"5f38098a58:9000"}}'
        usage = Usage(input_tokens=3_000 + 500 * turn, output_tokens=150 + at)
        answer = Answer(
            status=Status.MEASURED,
            endpoint="messages",
            model="claude-sonnet-4-5" if talks else "claude-haiku-4-5",
            usage=usage,
            http_status=200,
            request=request,
            stop_reason="end_turn",
        )
        entries.append(
            Entry(test * number + at, 1_795_000_000.0 + test + at / 10, payer, 0, NOWHERE, Origin.LIVE, answer)
        )
    return entries


if __name__ == "__main__":
    _fill(Path(sys.argv[1]))
    print("null")
