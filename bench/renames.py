"""How much longer the gate takes over a renamed folder of tests that all ask the same than over the same folder unrenamed."""

import sys
import tempfile
from datetime import date
from pathlib import Path

from bench.children import child, environment, timed
from bench.figures import Figure, Line

TESTS, RUNS = 20_000, 5
MOST = 1.5


def figure() -> Figure:
    """Measure."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        child("renames", made)
        command = [sys.executable, "-m", "pytest_claude_budget", "gate", "report.json", "--baseline"]
        taken: dict[str, list[float]] = {"same": [], "renamed": [], "parameters": []}
        for _ in range(RUNS):
            for name, times in taken.items():
                times.append(timed([*command, f"{name}.lock.json"], folder, environment())[1])
    same = min(taken.pop("same"))
    lines = [
        Line(
            what=f"gate on {TESTS:,} tests, {what}",
            measured=f"{min(taken[name]) / same:.2f} times the CPU time of the same unrenamed",
            limit=f"{MOST} times" if name == "renamed" else "",
            met=min(taken[name]) <= MOST * same if name == "renamed" else None,
            numbers={"ratio": min(taken[name]) / same, "cpu_seconds": min(taken[name])},
        )
        for name, what in (("renamed", "their folder renamed"), ("parameters", "all of their parameters renamed"))
    ]
    return Figure(title="Renames", how=f"all tests ask the same; the fastest of {RUNS} processes each", lines=lines)


def _write(folder: Path) -> None:
    """A budget, a report, and three lock files: as the report, with another folder, with other parameters."""
    from pytest_claude_budget.calls.call import Usage
    from pytest_claude_budget.files.baseline_file import write_lock
    from pytest_claude_budget.files.load import Terms, sums_of
    from pytest_claude_budget.files.rates_file import packaged_rates
    from pytest_claude_budget.judge.report import RunFacts, judge
    from pytest_claude_budget.record.record import Group, OwnerRecord, Record
    from pytest_claude_budget.record.record import Terms as Asked
    from pytest_claude_budget.render.json_document import report_text

    group = Group(
        terms=Asked(model="claude-sonnet-4-6"),
        request='{"messages":"5f38098a58:4000"}',
        calls=1,
        attempts=1,
        usage=Usage(input_tokens=1000, output_tokens=200),
    )

    def suite(place: str, behind: str = "") -> Record:
        names = (f"tests/{place}/test_{number % 200}.py::test_case[{number}{behind}]" for number in range(TESTS))
        owners = {name: OwnerRecord(owner=name, kind="test", groups=(group,)) for name in names}
        return Record(rates_as_of=date(2026, 11, 23), owners=owners)

    now, rates = suite("new"), packaged_rates()
    sides = {"same": now, "renamed": suite("old"), "parameters": suite("new", "-x")}
    for name, record in sides.items():
        write_lock(folder / f"{name}.lock.json", record)
    terms = Terms(budget=None, rates=rates, day=date(2026, 11, 23))
    report = judge(sums_of(now, terms), now, RunFacts(rates=rates))
    (folder / "report.json").write_text(report_text(report), encoding="utf-8")
    (folder / "claude-budget.yml").write_text("version: 1\nchanges:\n  run: {max_increase: 10%}\n", encoding="utf-8")


if __name__ == "__main__":
    _write(Path(sys.argv[1]))
    print("{}")
