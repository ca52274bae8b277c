"""What runners repeat, with the real ones: no change of the code, and the cost is the true sum."""

import pytest

from tests.plugin.conftest import Suite

LOCK = "claude-budget.lock.json"
BUDGET = "version: 1\nchanges:\n  run: {max_increase: 5%}\n  test: {max_increase: 5%}\n"
SHARED = """
import subprocess, sys
import pytest
from http_double import ask
@pytest.fixture(scope="session")
def corpus():
    subprocess.run([sys.executable, "-c", "from http_double import ask; ask(usage={'output_tokens': 100})"], check=True)
    return ask(usage={"output_tokens": 100})
@pytest.mark.parametrize("n", range(4))
def test_use(corpus, n):
    assert corpus
"""
AGAIN = """
import os
import pytest
from http_double import ask
TIMES = []
@pytest.fixture(scope="module")
def corpus():
    return ask(usage={"output_tokens": 100})
MARK
def test_answer(corpus):
    ask(usage={"output_tokens": 200})
    TIMES.append(1)
    if os.environ.get("FLAKY") and len(TIMES) == 1:
        ask(usage={"output_tokens": 300})
        raise AssertionError
"""


def test_a_fixture_that_each_worker_sets_up_is_no_change(suite: Suite) -> None:
    """Two calls of $0.0015 in a plain run, one of them a child process's; four in two workers. The lock file is the same."""
    suite.budget(BUDGET)
    suite.write(test_a=SHARED)
    plain = suite.run("--claude-budget-update")
    assert plain.cost == "0.003"
    first = (suite.path / LOCK).read_bytes()
    two = suite.run("--dist", "load", "--claude-budget-update", workers=2)
    assert (two.result.ret, two.cost, two.report["comparison"]["change"]) == (0, "0.006", "0")
    assert (two.verdict, (suite.path / LOCK).read_bytes()) == ("within", first)
    assert "test_a.py::corpus was set up in 2 workers, $0.003 each: one of them is compared" in two.said


@pytest.mark.parametrize(
    ("mark", "options"),
    [
        ("", ["-p", "rerunfailures", "--reruns", "2"]),
        ("@pytest.mark.flaky(retries=2)", ["-p", "pytest-retry"]),
        ("@pytest.mark.flaky", ["-p", "flaky"]),
    ],
    ids=["pytest-rerunfailures", "pytest-retry", "flaky"],
)
def test_a_test_that_was_run_again_is_no_change(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, mark: str, options: list[str]
) -> None:
    """$0.002 in a run that passed; $0.0045 more in the attempt that failed, which nothing but the sum has."""
    suite.budget(BUDGET)
    suite.write(test_a=AGAIN.replace("MARK", mark))
    assert suite.run("--claude-budget-update", *options).owner("test_a.py::test_answer")["cost"] == "0.002"
    first = (suite.path / LOCK).read_bytes()
    monkeypatch.setenv("FLAKY", "1")
    again = suite.run("--claude-budget-update", *options)
    assert again.owner("test_a.py::test_answer")["cost"] == "0.0065"
    assert (again.result.ret, again.verdict, again.report["comparison"]["change"]) == (0, "within", "0")
    assert (suite.path / LOCK).read_bytes() == first
    assert "test_a.py::test_answer ran twice, $0.002 to $0.0045: the last time is compared" in again.said


BENCHMARK = """
import os
import subprocess
import sys
from http_double import REQUEST, post
OUTPUT = int(os.environ.get("OUTPUT", "100"))
CHILD = "from http_double import ask; ask(usage={'output_tokens': 100})"
def test_speed(benchmark):
    def round():
        post(REQUEST, usage={"output_tokens": OUTPUT})
    benchmark.pedantic(round, rounds=int(os.environ.get("ROUNDS", "5")))
    subprocess.run([sys.executable, "-c", CHILD], check=True)
"""


def test_how_often_a_benchmark_repeats_a_test_is_no_change(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """$0.0015 a call, and one more by a child process. 5 rounds and then 9 have the same lock file; off, it runs once."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)  # with it, the plugin repeats nothing
    suite.budget(BUDGET)
    suite.write(test_a=BENCHMARK)
    on = ["-p", "benchmark", "--claude-budget-update"]
    assert suite.run(*on).owner("test_a.py::test_speed")["cost"] == "0.009"
    first = (suite.path / LOCK).read_bytes()
    monkeypatch.setenv("ROUNDS", "9")
    again = suite.run(*on, "--claude-budget-report=markdown:c.md")
    assert again.owner("test_a.py::test_speed")["calls"] == 10
    assert (again.result.ret, again.verdict, again.report["comparison"]["change"]) == (0, "within", "0")
    assert (suite.path / LOCK).read_bytes() == first
    said = (
        "test_a.py::test_speed is repeated by a benchmark, 10 calls for $0.015: one call of each kind is compared, not"
    )
    assert f"{said} how many; pytest --benchmark-disable runs it once" in again.said
    page = (suite.path / "c.md").read_text("utf-8")
    assert "\nRun $0.015 at list price" in page
    assert "is repeated by a benchmark, 10 calls for $0.015" in page
    off = suite.run("-p", "benchmark", "--benchmark-disable")
    assert (off.owner("test_a.py::test_speed")["calls"], off.report["comparison"]["change"]) == (2, "0")
    monkeypatch.setenv("OUTPUT", "300")
    dearer = suite.run("-p", "benchmark").report["comparison"]
    assert dearer["owners"][0]["causes"][0]["cause"] == "output"
