"""However a run ends, every answer that was there is in its report, and its files stay few."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from pytest_claude_budget.cli import main
from tests.plugin.conftest import HANG_SECONDS, Suite, ledgers


@pytest.mark.cold
@pytest.mark.parametrize("death", ["os._exit(3)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_a_worker_that_dies_loses_no_answer(suite: Suite, death: str) -> None:
    """The answer is in the ledger before the test has it, so dying with it changes nothing."""
    suite.write(
        test_a=f"""
        import os, signal
        from http_double import ask
        def test_dies():
            ask()
            {death}
        def test_lives(): ask()
        def test_lives_too(): ask()
        """
    )
    outcome = suite.run(workers=2)
    assert {row["owner"]: row["calls"] for row in outcome.report["by_owner"]} == {
        "test_a.py::test_dies": 1,
        "test_a.py::test_lives": 1,
        "test_a.py::test_lives_too": 1,
    }
    assert outcome.cost == "0.0045"


def test_a_stream_cut_by_death_is_there_as_a_lower_bound(suite: Suite) -> None:
    """What message_start said is stored before the caller sees it."""
    suite.write(
        test_a="""
        import os
        from claude_double import REQUEST, answering, httpx, stream_body
        def pieces():
            for event in stream_body().split(b"\\n\\n")[:-1]:
                yield event + b"\\n\\n"
        def test_dies():
            headers = {"content-type": "text/event-stream"}
            client = answering(lambda request: httpx.Response(200, headers=headers, content=pieces()))
            for event in client.messages.create(stream=True, **REQUEST):
                os._exit(3)
        """
    )
    outcome = suite.run(workers=1)
    row = outcome.owner("test_a.py::test_dies")
    assert (row["calls"], row["at_least"], row["usage"]["input_tokens"]) == (1, True, 1000)


@pytest.mark.parametrize(
    ("options", "passed", "calls"),
    [(["-x"], 1, 2), (["--maxfail=1"], 1, 2), (["-k", "one"], 1, 1), (["--collect-only"], 0, 0)],
    ids=["x", "maxfail", "k", "collect-only"],
)
def test_a_run_cut_short_reports_what_it_made(suite: Suite, options: list[str], passed: int, calls: int) -> None:
    """Stopping early or choosing tests changes only which calls there are."""
    suite.write(
        test_a="""
        from http_double import ask
        def test_one(): ask()
        def test_two():
            ask()
            assert False
        def test_three(): ask()
        """
    )
    outcome = suite.run(*options)
    assert outcome.report["totals"]["calls"] == calls
    assert outcome.result.parseoutcomes().get("passed", 0) == passed


LAST = """
from http_double import ask
def test_one(): ask()
def test_two({uses}):
    ask()
    {end}
"""
STOP = "request.session.shouldstop = 'enough'"


@pytest.mark.parametrize(
    ("options", "end", "plain", "on_workers"),
    [
        (["-x"], "assert False", "failed", "failed"),
        (["--maxfail=1"], "assert False", "failed", "failed"),
        (["--stepwise"], "assert False", "failed", "failed"),
        ([], STOP, "passed", "passed"),
        ([], "request.session.shouldfail = 'enough'", "failed", "passed"),  # xdist makes one of the two
    ],
    ids=["x", "maxfail", "stepwise", "shouldstop", "shouldfail"],
)
def test_a_run_that_its_last_test_stopped_was_not_cut_short(
    suite: Suite, options: list[str], end: str, plain: str, on_workers: str, workers: int
) -> None:
    """All tests ran to their end or failed: $0.0015 each, and nobody interrupted anything."""
    suite.budget("version: 1\nlimits: [{scope: run, max_cost: 1}]\n")
    suite.write(test_a=LAST.format(uses="request", end=end))
    alone = ["--dist=loadfile"] if workers else []  # one worker has both: else the other one may not begin
    outcome = suite.run(*options, *alone, workers=workers)
    assert outcome.result.ret in (1, 2)
    ended = on_workers if workers else plain
    assert (outcome.report["run"]["outcome"], outcome.report["verdict"]["unfinished"]) == (ended, [])
    assert (outcome.report["verdict"]["incomplete"], outcome.cost) == ([], "0.003")
    assert "the run was interrupted" not in outcome.said


@pytest.mark.parametrize("end", ["raise KeyboardInterrupt", "import pytest; pytest.exit('enough')"])
def test_a_run_that_somebody_interrupted_in_its_last_test_was_cut_short(suite: Suite, end: str, workers: int) -> None:
    """Nobody knows what that test would have done yet."""
    suite.budget("version: 1\nlimits: [{scope: run, max_cost: 1}]\n")
    suite.write(test_a=LAST.format(uses="", end=end))
    outcome = suite.run(*(["--dist=loadfile"] if workers else []), workers=workers)
    assert (outcome.report["run"]["outcome"], outcome.verdict) == ("interrupted", "incomplete")
    assert outcome.report["verdict"]["unfinished"] == ["the run was interrupted"]


def test_a_run_that_stopped_at_a_failure_stopped_early_on_workers_too(suite: Suite, workers: int) -> None:
    """In the words of a run without workers: a failure has ended it, and no person. One worker takes a file at a time."""
    suite.budget("version: 1\nlimits: [{scope: run, max_cost: 1}]\n")
    rest = "".join(f"def test_{at}(): pass\n" for at in range(9))
    suite.write(test_a=f"from http_double import ask\ndef test_fails():\n    ask()\n    assert False\n{rest}")
    outcome = suite.run("-x", *(["--dist=loadfile"] if workers else []), workers=workers)
    assert (outcome.report["run"]["outcome"], outcome.verdict) == ("failed", "incomplete")
    (reason,) = outcome.report["verdict"]["unfinished"]
    assert reason.startswith("the run stopped early: ")


INTERRUPTED = "the run was interrupted: 1 test was not reached (first test_a.py::test_two)"
ENDS = {
    "import error": ("import no_such_module_here", 2, "test_a.py could not be collected"),
    "-x": ("assert False", 1, "the run stopped early: 1 test was not reached (first test_a.py::test_two)"),
    "Ctrl-C": ("raise KeyboardInterrupt", 2, INTERRUPTED),
    "exit with success": ("pytest.exit('enough', 0)", 1, INTERRUPTED),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_run_that_finished_nothing_is_never_within(
    suite: Suite, end: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Terminal, report, exit status and `gate` agree."""
    statement, status, reason = ENDS[end]
    suite.budget("version: 1\nlimits: [{scope: run, max_cost: 1}]\n")
    begin = "def test_one():\n    " if end != "import error" else ""
    suite.write(test_a=f"import pytest\n{begin}{statement}\ndef test_two(): pass\n")
    outcome = suite.run("-x")
    assert (outcome.result.ret, outcome.verdict) == (status, "incomplete")
    assert outcome.report["verdict"]["incomplete"] == [reason]
    assert f"{reason} verdict: incomplete: the run did not come to its end" in outcome.said
    monkeypatch.chdir(suite.path)
    assert main(["gate", "out.json"]) == 3
    assert reason in " ".join(capsys.readouterr().out.split())


def test_a_run_that_only_collects_is_not_judged(suite: Suite) -> None:
    """It passes, and nobody is told that it was within."""
    suite.budget("version: 1\nlimits: [{scope: run, max_cost: 1}]\n")
    suite.write(test_a="def test_one(): pass\n")
    outcome = suite.run("--collect-only")
    assert (outcome.result.ret, outcome.verdict) == (0, "unjudged")


def test_last_failed_runs_only_what_failed(suite: Suite) -> None:
    """`--lf` keeps working, and so does the report."""
    suite.write(
        test_a="""
        from http_double import ask
        def test_one(): ask()
        def test_two():
            ask()
            assert False
        """
    )
    suite.run()
    assert suite.run("--lf").report["totals"]["calls"] == 1


@pytest.mark.cold
def test_ctrl_c_still_reports_and_keeps_its_exit_status(suite: Suite, workers: int) -> None:
    """A keyboard interrupt ends with pytest's own status 2 and with the calls so far."""
    suite.write(
        test_a="""
        import os, signal, time
        from http_double import ask
        def test_one():
            ask()
            os.kill(int(os.environ["TO_INTERRUPT"]) or os.getpid(), signal.SIGINT)
            time.sleep(10)
        """
    )
    command = [sys.executable, "-m", "pytest"]
    command += ["--claude-budget-report=json:out.json", *(["-n", "2"] if workers else [])]
    starter = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL)"  # ignored in a job of some shells
    starter += "; os.environ['TO_INTERRUPT'] = str(os.getpid() if sys.argv[1] == '-' else 0)"
    starter += "; os.execv(sys.executable, sys.argv[2:])"
    ended = subprocess.run(
        [sys.executable, "-c", starter, "-" if workers else "+", *command],
        cwd=suite.path,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert '"cost": "0.0015"' in (suite.path / "out.json").read_text(encoding="utf-8")


def test_without_a_terminal_a_failed_verdict_is_heard_on_stderr(suite: Suite) -> None:
    """`-p no:terminal` silences pytest, not the reason that the session failed."""
    suite.budget("version: 1\nlimits:\n  - {scope: run, max_cost: 0.001}\n")
    suite.write(test_a="from http_double import ask\ndef test_one(): ask()\n")
    outcome = suite.run("-p", "no:terminal")
    assert outcome.result.ret == pytest.ExitCode.TESTS_FAILED
    assert "claude-budget.yml:3: the run costs" in outcome.result.stderr.str()


@pytest.mark.cold
def test_nested_runs_report_to_themselves_and_to_the_run_around_them(suite: Suite) -> None:
    """In process and in a process of its own: each run has its calls, and the outer has all of them, once."""
    suite.write(
        conftest="pytest_plugins = ['pytester']",
        test_a="""
        import json, os, pytest
        from http_double import ask
        SUITE = "from http_double import ask\\ndef test_inner():\\n    ask()\\n    ask()\\n"
        OPTIONS = os.environ["PYTEST_ADDOPTS"]
        @pytest.mark.parametrize("way", ["inprocess", "subprocess"])
        def test_outer(pytester, way, monkeypatch, request):
            monkeypatch.setenv("PYTHONPATH", str(request.config.rootpath), prepend=os.pathsep)
            monkeypatch.setenv("PYTEST_ADDOPTS", OPTIONS)  # pytester takes it away
            ask()
            pytester.makepyfile(test_inner=SUITE)
            run = getattr(pytester, "runpytest_" + way)
            run("--claude-budget-report=json:inner.json").assert_outcomes(passed=1)
            inner = json.loads((pytester.path / "inner.json").read_text())
            assert inner["totals"]["cost"] == "0.003"
            ask()
        """,
    )
    outcome = suite.run()
    outcome.result.assert_outcomes(passed=2)
    assert {row["owner"]: row["calls"] for row in outcome.report["by_owner"]} == {
        "test_a.py::test_outer[inprocess]": 4,
        "test_a.py::test_outer[subprocess]": 4,
    }


def test_two_runs_at_once_in_one_folder_do_not_mix(suite: Suite) -> None:
    """Each run has a ledger of its own."""
    suite.write(
        test_a="""
        import time
        from http_double import ask
        def test_one():
            for _ in range(5):
                ask()
                time.sleep(0.1)
        """
    )
    command = [*suite.python(), "-m", "pytest"]
    runs = [
        subprocess.Popen(
            [*command, f"--claude-budget-report=json:{name}.json"], cwd=suite.path, stdout=subprocess.DEVNULL
        )
        for name in ("a", "b")
    ]
    assert [run.wait(HANG_SECONDS) for run in runs] == [0, 0]
    for name in ("a", "b"):
        assert '"cost": "0.0075"' in (suite.path / f"{name}.json").read_text(encoding="utf-8")


def test_old_ledgers_are_removed_and_running_ones_kept(suite: Suite) -> None:
    """The last five stay, and one whose process still lives."""
    folder = suite.path / ".pytest_cache" / "d" / "claude-budget"
    folder.mkdir(parents=True)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait(HANG_SECONDS)
    for number in range(8):
        (folder / f"run-2026010{number}T000000-{dead.pid}-aaaaaa.sqlite3").write_bytes(b"")
    (folder / f"run-20250101T000000-{os.getpid()}-aaaaaa.sqlite3").write_bytes(b"")
    suite.write(test_a="from http_double import ask\ndef test_one(): ask()\n")
    suite.run()
    names = [file.name for file in ledgers(suite.path)]
    assert len(names) == 6
    assert names[0].startswith("run-20250101T000000")


@pytest.mark.cold
def test_a_run_without_calls_is_quiet_and_leaves_no_file(suite: Suite, workers: int) -> None:
    """A suite that never meets Claude does not notice the plugin."""
    suite.write(test_a="def test_one(): pass\n")
    options = ["-n", "2"] if workers else []
    result = suite.pytest(*options)
    result.assert_outcomes(passed=1)
    assert "claude" not in result.stdout.str().replace(str(suite.path), "").replace("plugins: ", "").replace(
        "claude-budget-0.1.0", ""
    )
    assert ledgers(suite.path) == []


@pytest.mark.cold
def test_a_test_that_kills_the_whole_run_leaves_its_answer_in_the_ledger(suite: Suite) -> None:
    """Nothing reports after SIGKILL; the answer is in the journal, and the next run brings it into the ledger."""
    suite.write(
        test_a="""
        import os, signal
        from http_double import ask
        def test_one():
            ask()
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    result = suite.pytest()
    assert result.ret == -signal.SIGKILL
    killed = suite.path / ".pytest_cache" / "d" / "claude-budget"
    (journal,) = killed.glob("*.jsonl")
    assert b'"test_a.py::test_one"' in journal.read_bytes()

    suite.write(test_a="from http_double import ask\ndef test_two(): ask()\n")
    assert suite.run().report["totals"]["calls"] == 1
    assert [file.suffix for file in sorted(killed.iterdir())] == [".sqlite3", ".sqlite3"]
    with closing(sqlite3.connect(ledgers(suite.path)[0])) as connection:
        rows = connection.execute("SELECT owner, status, input_tokens FROM calls").fetchall()
    assert rows == [("test_a.py::test_one", "measured", 1000)]
