"""The report of a large run: from the ledger on the disk to the JSON file and the lines on the terminal."""

import gc
import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

from bench.children import child
from bench.figures import Figure, Line, shown

CALLS, TESTS = 100_000, 10_000
RUNS = 3
LIMIT_SECONDS = 2.0
MODELS = ("claude-sonnet-4-6", "claude-haiku-4-5", "claude-opus-4-6", "claude-haiku-4-5-20251001")
BUDGET = """\
version: 1
limits:
  - {scope: run, max_cost: 100_000.00, warn_at: 80%}
  - {scope: test, max_cost: 5.00, max_calls: 20}
  - {scope: test, match: "tests/area_3/**", max_cost: 9.00}
  - {scope: model, match: "claude-opus-*", max_cost: 90_000.00}
"""


def figure() -> Figure:
    """Measure."""
    with tempfile.TemporaryDirectory() as made:
        child("report", "fill", made)
        found = []
        for budget, what in (("judged", "with a budget file"), ("unjudged", "without one")):
            taken = [child("report", budget, made) for _ in range(RUNS)]
            found += [_line(f"{what}, {clock}", [each[name] for each in taken]) for clock, name in _CLOCKS]
    how = (
        f"{CALLS:,} calls over {TESTS:,} tests, read, priced, judged, written and laid out; median of {RUNS} processes"
    )
    return Figure(title="Report", how=how, lines=found)


_CLOCKS = (("wall time", "wall"), ("CPU time", "cpu"))


def _line(what: str, taken: list[float]) -> Line:
    seconds = median(taken)
    return Line(
        what=what,
        measured=shown(seconds),
        limit=shown(LIMIT_SECONDS),
        met=seconds <= LIMIT_SECONDS,
        numbers={"seconds": seconds},
    )


def _run(folder: Path) -> Any:
    from pytest_claude_budget.run import Run

    return Run(folder / "run-20261120T000000-1-abcdef.sqlite3", "")


def _fill(folder: Path) -> None:
    from pytest_claude_budget.ledger.sqlite import OwnerFacts

    (folder / "claude-budget.yml").write_text(BUDGET)
    ledger = _run(folder).recorder.ledger
    for test in range(TESTS):
        owner, place = _owner(test)
        limits = json.dumps({"max_cost": "0.50"}) if test % 100 == 0 else ""
        ledger.append_owner(OwnerFacts(owner=owner, place=place, limits=limits))
    for start in range(0, CALLS, 1000):
        ledger.append([_call(number) for number in range(start, start + 1000)])
    ledger.close()


def _owner(test: int) -> tuple[str, str]:
    file = f"tests/area_{test % 20}/test_tickets_{test % 300}.py"
    return f"{file}::test_answers[{test}]", f"{file}:{test % 400 + 1}"


def _call(number: int) -> Any:
    from pytest_claude_budget.usage import Answer, Call, Labels, Origin, Owner, Status, Usage

    usage = Usage(
        input_tokens=100 + number % 5_000, output_tokens=number % 900, cache_read_input_tokens=number % 3 * 1_024
    )
    model = MODELS[number % len(MODELS)]
    answer = Answer(status=Status.MEASURED, endpoint="messages", model=model, usage=usage, http_status=200)
    return Call(
        id=number + 1,
        at=1_795_000_000.0 + number / 100,
        answer=answer,
        owner=Owner(id=_owner(number % TESTS)[0], kind="test", phase="call"),
        labels=Labels(feature=("triage", "summary", None)[number % 3]),
        origin=Origin.SIMULATED if number % 2 else Origin.LIVE,
        process=f"gw{number % 2}",
    )


def _conclude(folder: Path, *, judged: bool) -> dict[str, float]:
    from pytest_claude_budget.settings import read_setup

    budget = folder / "claude-budget.yml" if judged else None
    setup = read_setup(budget, "claude-budget.yml", (("json", folder / "report.json"),))
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    from pytest_claude_budget.conclusion import conclude

    run = _run(folder)
    conclusion = conclude(run, setup, ())
    lines = conclusion.lines(79)
    taken = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    report = conclusion.report
    if report is None or not lines or (report.totals.calls, len(report.by_owner)) != (CALLS, TESTS):
        raise SystemExit(f"not the report that was asked for: {conclusion.problems}")
    run.recorder.close()
    return taken


if __name__ == "__main__":
    asked = SimpleNamespace(what=sys.argv[1], folder=Path(sys.argv[2]))
    if asked.what == "fill":
        _fill(asked.folder)
        print("null")
    else:
        print(json.dumps(_conclude(asked.folder, judged=asked.what == "judged")))
