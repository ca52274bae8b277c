"""The comparison with other tools: its right amounts are what this project charges, and its tables say what the tools said."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.peers.cases import CASES, Case
from bench.peers.double import events, message
from bench.peers.table import ADAPTERS, BEGIN, END, cell, right, tables, ways, written
from bench.peers.tools import TOOLS
from tests.docs.pages import page
from tests.docs.shop import ENVIRONMENT

PLAIN, UNKNOWN = (next(case for case in CASES if case.name == name) for name in ("plain", "unknown"))


def test_this_project_charges_what_the_page_says_is_right(tmp_path: Path) -> None:
    """In a real run with one test for each answer; what nobody can know is unpriced."""
    cases = [
        {"name": case.name, "model": case.model, "message": message(case), "events": events(case)} for case in CASES
    ]
    ran = subprocess.run(
        [sys.executable, str(ADAPTERS / "own_adapter.py")],
        input=json.dumps({"url": "", "cases": cases}),
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=ENVIRONMENT,
    )
    assert {case.name: case.right or "none" for case in CASES} == json.loads(ran.stdout.strip().splitlines()[-1])


def test_the_right_amounts_are_the_sums_beside_them() -> None:
    """Millions of tokens times dollars, as each case's `sum` has it."""
    plain = 1_000 * 3 + 200 * 15
    cache = plain + 400 * 3.75 + 600 * 6 + 5_000 * 0.30
    millionths = {
        "plain": plain,
        "cache": cache,
        "batch": cache / 2,
        "fast": 1_000 * 8 + 200 * 40,
        "us": (1_000 * 5 + 200 * 25) * 1.1,
        "regional": plain * 1.1,
        "search": plain + 3 * 10_000,
        "step": (60_000 * 0.10 + 40_001 * 0.01 + 200 * 0.50) * 5,
        "long": 150_000 * 3 + 60_000 * 0.30 + 200 * 15,
        "besides": plain + 400 * 3 + 100 * 15 + 300 * 5 + 50 * 25,
        "stream": plain,
    }
    assert {case.name: pytest.approx(float(case.right) * 1e6) for case in CASES if case.right} == millionths


@pytest.mark.parametrize(
    ("case", "told", "shown"),
    [
        (PLAIN, "0.006", "✓"),
        (PLAIN, "0.006000000000000001", "✓"),
        (PLAIN, "0.0060001", "**$0.0060001**"),
        (PLAIN, "0.0", "**$0**"),
        (PLAIN, "none", "not known"),
        (PLAIN, "error: KeyError: 'x | y'", "error"),
        (PLAIN, "no way: makes no batches", "–"),
        (UNKNOWN, "none", "✓"),
        (UNKNOWN, "error: no such model", "✓"),
        (UNKNOWN, "0", "**$0**"),
    ],
)
def test_a_cell_says_what_a_tool_said(case: Case, told: str, shown: str) -> None:
    assert shown == cell(case, told)


def test_the_page_has_the_cases_and_the_tools_that_are_asked() -> None:
    shown = page("docs/comparison.md")
    assert [
        case.name for case in CASES if f"| {case.name} | {case.what} | {case.sum} | {right(case)} |" not in shown
    ] == []
    assert [tool.title for tool in TOOLS if f"\n| {tool.title} | " not in shown] == []
    assert ways({tool.title: tool.adapter for tool in TOOLS}) in shown
    assert f"| this project |{' ✓ |' * len(CASES)}\n" in shown


def test_what_is_made_takes_the_place_between_the_marks() -> None:
    made = tables({"desk 1.0": {"plain": "0.006"}})
    assert f"\n| desk 1.0 | ✓ |{' error |' * 2} ✓ |{' error |' * 8}\n" in made
    assert f"# A\n{BEGIN}\n{made}\n{END}\nb" == written(f"# A\n{BEGIN}old\n{END}\nb", made)
    with pytest.raises(ValueError, match="has no place for the table"):
        written("# A\n", made)
