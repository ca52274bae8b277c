"""What a run has spent while it goes on: in the progress line of a terminal, by a line in a log, and from another shell."""

import os
import pty
import re
import subprocess
import sys

import pytest

from tests.plugin.conftest import HANG_SECONDS, Suite
from tests.plugin.test_origins import SERVER

LIVE = "version: 1\nloopback: live\n"
TEN_SECONDS_A_LOOK = """
import itertools, types
import pytest_claude_budget.plugin.spent_so_far as spent
spent.time = types.SimpleNamespace(monotonic=itertools.count(0, 10).__next__)
spent.COST_RATIO = 0
"""
ASKS = "import pytest\nfrom proxy import ask\n@pytest.mark.parametrize('at', range(4))\ndef test_it(at): ask()"


@pytest.fixture
def asking(suite: Suite) -> Suite:
    """Four tests, each with a call that is live: 1,000 x $1 + 100 x $5 a million = $0.0015."""
    suite.write(proxy=SERVER, test_a=ASKS, conftest=TEN_SECONDS_A_LOOK)
    suite.budget(LIVE)
    return suite


def lines_of(text: str) -> list[str]:
    return re.findall(r"claude-budget: (spent .*)", text)


def test_a_log_has_a_line_as_often_as_was_asked(asking: Suite, workers: int) -> None:
    result = asking.run("--claude-budget-every=1s", workers=workers).result
    result.assert_outcomes(passed=4)
    said = lines_of(result.stdout.str())
    dearest = "; dearest: test_a.py::test_it[0] $0.0015"
    assert f"spent $0.006 so far in 4 live calls{dearest}" == said[-1]
    if not workers:
        amounts = ["$0.0015 so far in 1 live call", "$0.003 so far in 2 live calls", "$0.0045 so far in 3 live calls"]
        assert [f"spent {amount}{dearest}" for amount in amounts] == said[:-1]


@pytest.mark.parametrize("by", ["budget", "option"])
def test_the_cap_stands_beside_it_and_most_of_it_is_warned_of_once(asking: Suite, workers: int, by: str) -> None:
    """80% of $0.0074 is $0.00592, which the fourth call passes."""
    asking.budget(LIVE + "hard_cap: 0.0074\n" * (by == "budget"))
    options = ["--claude-budget-cap=0.0074"] * (by == "option")
    result = asking.run("--claude-budget-every=1s", *options, workers=workers).result
    result.assert_outcomes(passed=4)
    said = result.stdout.str()
    dearest = ", ".join(f"test_a.py::test_it[{at}] $0.0015" for at in range(3))
    assert 1 == said.count(f"claude-budget: 80% of the cap of $0.0074 is spent: $0.006; dearest so far: {dearest}")
    assert "spent $0.006 of $0.0074 so far in 4 live calls" in said


@pytest.mark.parametrize("options", [["--claude-budget-every=off"], ["--claude-budget-every=1h"]])
def test_a_log_has_no_line_where_none_is_due(asking: Suite, options: list[str]) -> None:
    assert [] == lines_of(asking.run(*options).result.stdout.str())


def test_nothing_is_said_of_a_suite_that_spends_nothing(asking: Suite) -> None:
    asking.budget("version: 1\n")
    assert [] == lines_of(asking.run("--claude-budget-every=1s").result.stdout.str())


def test_without_a_budget_file_it_begins_with_the_first_call(suite: Suite) -> None:
    suite.write(proxy=SERVER, test_a=ASKS, conftest=TEN_SECONDS_A_LOOK)
    suite.write(conftest=TEN_SECONDS_A_LOOK + _LIVE_BY_HAND)
    assert "spent $0.006 so far in 4 live calls" in lines_of(suite.run("-s").result.stdout.str())[-1]


_LIVE_BY_HAND = """
import pytest
from pytest_claude_budget.calls.host_rules import Origins
from pytest_claude_budget.measure.run import RUNNING

spent.USUAL_SECONDS = 1.0

@pytest.fixture(autouse=True)
def live():
    for run in RUNNING.values():
        run.know_origins(Origins(loopback="live"))
"""


@pytest.mark.parametrize("text", ["", "1x", "-5", "s", "999999", "0.5"])
def test_a_time_that_is_none_ends_the_run_before_it_starts(suite: Suite, text: str) -> None:
    result = suite.pytest(f"--claude-budget-every={text}")
    assert pytest.ExitCode.USAGE_ERROR == result.ret
    said = f"ERROR: --claude-budget-every: expected a time such as 60s or 5m, or off, got {text!r}"
    hint = (
        "hint: write --claude-budget-every=60s for a line a minute, or --claude-budget-every=off for none   [bad-time]"
    )
    assert [said, hint] == [line for line in result.stderr.lines if line][-2:]


@pytest.mark.parametrize("options", [[], ["-v"], ["-n2"], ["-q"]])
def test_a_terminal_shows_it_in_the_progress_line_and_no_line_is_too_long(asking: Suite, options: list[str]) -> None:
    asking.write(test_a=ASKS.replace("range(4)", "range(60)"))
    shown = on_a_terminal(asking, "-p", "no:randomly", *options)
    assert re.search(r"spent \$0\.09 \[100%\]", shown)
    assert 80 >= max(len(line) for line in shown.splitlines() if "%]" in line)
    if options != ["-v"]:
        assert re.search(r"\.+ spent \$0\.\d+ \[ \d\d%\]", shown)
    assert [] == lines_of(shown)
    assert "60 passed" in shown


def test_a_terminal_without_progress_is_left_as_it_is(asking: Suite) -> None:
    shown = on_a_terminal(asking, "-o", "console_output_style=classic")
    assert "spent $0.006 on live calls" in shown
    assert 1 == shown.count("spent $")


def on_a_terminal(suite: Suite, *options: str) -> str:
    """Run pytest where it believes to be looked at, on 80 columns; without colours."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm", "NO_COLOR": "1"}
    command = [*suite.python(), "-m", "pytest", *options]
    with subprocess.Popen(
        command, cwd=suite.path, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65_536):
                shown += piece
        except OSError:  # the other side is gone
            pass
        assert process.wait(HANG_SECONDS) is not None
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


WAITS = """
import pathlib, time
from proxy import ask
def test_it():
    ask()
    pathlib.Path("asked").touch()
    while not pathlib.Path("go").exists(): time.sleep(0.01)
    ask()
"""


def test_a_run_is_watched_from_another_shell_to_its_end(suite: Suite) -> None:
    suite.write(proxy=SERVER, test_a=WAITS)
    suite.budget(LIVE)
    watch = [sys.executable, "-m", "pytest_claude_budget", "watch", "--every", "0.1"]
    running = subprocess.Popen([*suite.python(), "-m", "pytest"], cwd=suite.path, stdout=subprocess.DEVNULL)
    try:
        with subprocess.Popen(watch, cwd=suite.path, stdout=subprocess.PIPE, text=True) as watching:
            assert watching.stdout is not None
            one = "spent $0.0015 so far in 1 live call; dearest: test_a.py::test_it $0.0015\n"
            assert one == watching.stdout.readline()
            assert one == subprocess.check_output([*watch, "--once"], cwd=suite.path, text=True)
            (suite.path / "go").touch()
            two = "spent $0.003 so far in 2 live calls; dearest: test_a.py::test_it $0.003\n"
            assert f"{two}the run has ended\n" == watching.stdout.read()
            assert 0 == watching.wait(HANG_SECONDS)
    finally:
        (suite.path / "go").touch()
        assert 0 == running.wait(HANG_SECONDS)


@pytest.mark.parametrize(
    "how", [["hard_cap: 5"], ["hard_cap: 7", "--claude-budget-cap=5"], ["", "--claude-budget-cap=5"]]
)
def test_who_watches_sees_the_cap_of_the_run(suite: Suite, how: list[str]) -> None:
    suite.write(proxy=SERVER, test_a=WAITS)
    written, *options = how
    suite.budget(f"{LIVE}{written}\n")
    watch = [sys.executable, "-m", "pytest_claude_budget", "watch", "--every", "0.1"]
    run = [*suite.python(), "-m", "pytest", *options]
    running = subprocess.Popen(run, cwd=suite.path, stdout=subprocess.DEVNULL)
    try:
        with subprocess.Popen(watch, cwd=suite.path, stdout=subprocess.PIPE, text=True) as watching:
            assert watching.stdout is not None
            first = watching.stdout.readline()
            (suite.path / "go").touch()
            assert first.startswith("spent $0.0015 of $5.00 so far in 1 live call")
            assert "spent $0.003 of $5.00 so far in 2 live calls" in watching.stdout.read()
    finally:
        (suite.path / "go").touch()
        assert 0 == running.wait(HANG_SECONDS)
    assert [] == list(suite.path.rglob("*.allowed"))


def test_where_nothing_runs_watch_waits_or_says_so(suite: Suite) -> None:
    watch = [sys.executable, "-m", "pytest_claude_budget", "watch", "--once"]
    ended = subprocess.run(watch, cwd=suite.path, stderr=subprocess.PIPE, text=True, check=False)
    assert 2 == ended.returncode
    assert "expected a run that goes on and has called Claude, and there is none" in ended.stderr
    ended = subprocess.run([*watch, "nope.sqlite3"], cwd=suite.path, stderr=subprocess.PIPE, text=True, check=False)
    assert (2, "nope.sqlite3: expected the ledger of a run, and there is no such file") == (
        ended.returncode,
        ended.stderr.splitlines()[0],
    )


def test_the_figure_costs_no_thread(asking: Suite) -> None:
    """Suites look at threads, and a fork of a process with several is warned of."""
    threads = """
        import threading
        def test_threads():
            others = [each.name for each in threading.enumerate() if each is not threading.main_thread()]
            assert [] == [name for name in others if "process_request_thread" not in name]  # of the double, about to end
    """
    asking.write(test_b=threads)
    asking.run("--claude-budget-every=1s", "-p", "no:randomly").result.assert_outcomes(passed=5)
