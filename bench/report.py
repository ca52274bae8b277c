"""The report of a large run: from the journals of its processes to the JSON file and the lines on the terminal."""

import gc
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

from bench.children import child
from bench.figures import Figure, Line, shown

CALLS, TESTS, PROCESSES = 100_000, 10_000, 4
RUNS = 3
LIMIT_SECONDS = 0.8
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
            taken = [_taken(budget, Path(made)) for _ in range(RUNS)]
            found += [_line(f"{what}, {clock}", [each[name] for each in taken]) for clock, name in _CLOCKS]
    how = f"{CALLS:,} calls over {TESTS:,} tests, from {PROCESSES} journals to the report; median of {RUNS} processes"
    return Figure(title="Report", how=how, lines=found)


def _taken(budget: str, filled: Path) -> Any:
    """Measure on a copy: a report brings the journals into the ledger, once."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made, "copy")
        shutil.copytree(filled, folder)
        return child("report", budget, str(folder))


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
    from pytest_claude_budget.measure.run import Run

    return Run(folder / "run-20261120T000000-1-abcdef.sqlite3", "")


def _fill(folder: Path) -> None:
    from pytest_claude_budget.ledger.journal import Journal, OwnerFacts

    (folder / "claude-budget.yml").write_text(BUDGET)
    for process in range(PROCESSES):
        journal = Journal(_run(folder).path)
        for test in range(process, TESTS, PROCESSES):
            owner, place = _owner(test)
            limits = json.dumps({"max_cost": "0.50"}) if test % 100 == 0 else ""
            journal.append_owner(OwnerFacts(owner=owner, place=place, limits=limits))
        for number in range(process, CALLS, PROCESSES):
            journal.append([_call(number)])
        journal.close()


def _owner(test: int) -> tuple[str, str]:
    file = f"tests/area_{test % 20}/test_tickets_{test % 300}.py"
    return f"{file}::test_answers[{test}]", f"{file}:{test % 400 + 1}"


def _call(number: int) -> Any:
    from pytest_claude_budget.calls.call import Answer, Labels, Origin, Owner, Status, Usage
    from pytest_claude_budget.ledger.row_format import Entry, payer_of

    usage = Usage(
        input_tokens=100 + number % 5_000, output_tokens=number % 900, cache_read_input_tokens=number % 3 * 1_024
    )
    model = MODELS[number % len(MODELS)]
    request = f'{{"max_tokens":4096,"messages":"{number % TESTS:010x}:356","system":"5f38098a58:19"}}'
    answer = Answer(
        status=Status.MEASURED, endpoint="messages", model=model, usage=usage, http_status=200, request=request
    )
    payer = payer_of(
        Owner(id=_owner(number % TESTS)[0], kind="test", phase="call"),
        Labels(feature=("triage", "summary", None)[number % 3]),
        f"gw{number % PROCESSES}",
    )
    origin = Origin.SIMULATED if number % 2 else Origin.LIVE
    id_ = (number % PROCESSES + 1 << 24) + number  # as processes count, each from a place of its own
    return Entry(id_, 1_795_000_000.0 + number / 100, payer, 0, _site(number % TESTS), origin, answer)


def _site(test: int) -> Any:
    """Where a test's calls come from: three frames of the user's own, another stack for each test."""
    from pytest_claude_budget.ledger.row_format import site_of

    product = f"helpdesk/client.py:31 ask\nhelpdesk/area_{test % 20}.py:{test % 7 + 40} Desk.answer"
    return site_of(f"{product}\n{_owner(test)[1]} test_answers")


def _conclude(folder: Path, *, judged: bool) -> dict[str, float]:
    import pytest  # noqa: F401  # is loaded in every run

    from pytest_claude_budget.files.budget_file import load_budget
    from pytest_claude_budget.plugin.settings import Setup

    setup = Setup(reports=(("json", folder / "report.json"),), rootdir=folder)
    if judged:
        setup.budget, _ = load_budget(folder / "claude-budget.yml", "claude-budget.yml")
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    from pytest_claude_budget.base.pause_gc import uncollected

    with uncollected():  # as the plugin
        from pytest_claude_budget.judge.report import RunInfo
        from pytest_claude_budget.plugin.report_and_verdict import Ended, conclude

        run = _run(folder)
        conclusion = conclude(run, setup, (), Ended(info=RunInfo(), judged=judged))
    lines = conclusion.lines(79)
    taken = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    report = conclusion.report
    if report is None or not lines or (report.totals.calls, len(report.sums.by_owner)) != (CALLS, TESTS):
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
