"""What comes after the verdict is told at the very end, and once more by the next run; a run that died has a report."""

import json
import os
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.plugin.conftest import HANG_SECONDS, Suite, ledgers

LATE = {
    "a summary": """
        def pytest_terminal_summary(terminalreporter): ask(); terminalreporter.write_line("summary")
        """,
    "the outside of a wrapper": """
        import pytest
        class Outer:
            @pytest.hookimpl(wrapper=True, tryfirst=True)
            def pytest_sessionfinish(self):
                yield
                ask()
        def pytest_sessionstart(session): session.config.pluginmanager.register(Outer())
        """,
    "unconfigure": "def pytest_unconfigure(config): ask()",
    "a cleanup": "def pytest_configure(config): config.add_cleanup(ask)",
    "atexit": """
        import atexit
        atexit.register(ask)
        """,
    "a thread": """
        import threading
        ended = threading.Event()
        def later():
            ended.wait()
            ask()
        threading.Thread(target=later).start()
        def pytest_unconfigure(config): ended.set()
        """,
}
TOLD = "1 call came after the verdict, $0.0015: it is in no report"


def write(suite: Suite, late: str) -> None:
    """A test with a call, and a conftest that makes one later."""
    suite.write(
        conftest=f"from http_double import ask\n{textwrap.dedent(late)}",
        test_a="from http_double import ask\ndef test_one(): ask()\n",
    )


@pytest.mark.parametrize(
    "when", [pytest.param(when, marks=pytest.mark.cold) if when in ("atexit", "a thread") else when for when in LATE]
)
def test_a_call_after_the_verdict_is_told_at_the_end_and_by_the_next_run(
    suite: Suite, when: str, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in no sum, but the report that was written says that it is incomplete, and so does its verdict."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)  # of the run that this test is in
    write(suite, LATE[when])
    suite.budget("version: 1\nlimits:\n  - {scope: run, max_cost: 1}\n")
    if workers:  # the workers' own late calls are in time: the controller waits for them
        guard = "import os\nif 'PYTEST_XDIST_WORKER' in os.environ:\n    def ask(): pass\n"
        conftest = suite.path / "conftest.py"
        conftest.write_text(conftest.read_text("utf-8").replace("import ask\n", f"import ask\n{guard}", 1), "utf-8")
    outcome = suite.run(workers=workers)
    outcome.result.assert_outcomes(passed=1)
    assert TOLD in " ".join(outcome.result.stderr.str().split())
    assert outcome.cost == "0.0015"
    assert outcome.verdict == "incomplete"
    assert any(TOLD in reason for reason in outcome.report["verdict"]["incomplete"])
    if when not in ("atexit", "a thread"):  # by then pytest has given its exit status
        assert outcome.result.ret == pytest.ExitCode.TESTS_FAILED
    suite.cold = False  # whichever run comes next tells of it
    (suite.path / "conftest.py").write_text("", encoding="utf-8")
    following = suite.run(workers=workers)
    assert "had 1 call after its verdict, $0.0015: it is in no report" in following.said
    assert (following.verdict, following.result.ret) == ("within", 0)
    assert "after its verdict" not in suite.run(workers=workers).said


@pytest.mark.cold
def test_a_thread_of_a_worker_that_outlives_its_session_is_in_time(suite: Suite) -> None:
    """The controller waits for the worker's process, so that the call is in the report."""
    suite.write(
        test_a="""
        import threading
        from http_double import ask
        def later():
            threading.main_thread().join()
            ask()
        def test_one():
            ask()
            threading.Thread(target=later).start()
        """
    )
    assert suite.run(workers=1).report["totals"]["calls"] == 2


def test_what_an_inner_wrapper_makes_is_in_time(suite: Suite, workers: int) -> None:
    """Judged as late as can be: after other plugins' ends of the session, before the summary."""
    write(
        suite,
        """
        import pytest
        @pytest.hookimpl(wrapper=True)
        def pytest_sessionfinish():
            yield
            ask()
        """,
    )
    outcome = suite.run(workers=workers)
    assert "after the verdict" not in outcome.result.stderr.str()
    assert outcome.report["totals"]["calls"] == (4 if workers else 2)


@pytest.mark.cold
def test_a_child_that_outlives_the_session_is_told_by_the_next_run(suite: Suite) -> None:
    """Its calls come when nobody of that run is there any more."""
    suite.write(
        test_a="""
        import subprocess, sys
        from http_double import ask
        CHILD = '''
        import sys
        from http_double import ask
        ask()
        print("ready", flush=True)
        sys.stdin.read()
        ask()
        '''
        def test_one():
            import textwrap
            child = subprocess.Popen(
                [sys.executable, "-c", textwrap.dedent(CHILD)], stdin=open("gate"), stdout=subprocess.PIPE
            )
            assert child.stdout.readline() == b"ready\\n"
            open("pid", "w").write(str(child.pid))
            sys.modules["kept"] = child
        """
    )
    os.mkfifo(suite.path / "gate")
    gate = os.open(suite.path / "gate", os.O_RDWR)
    outcome = suite.run("-W", "ignore")
    assert outcome.report["totals"]["calls"] == 1
    os.close(gate)
    pid = int((suite.path / "pid").read_text())
    with_end = "import os, sys, time\nwhile os.path.exists(f'/proc/{sys.argv[1]}') and open(f'/proc/{sys.argv[1]}/stat').read().split()[2] != 'Z': time.sleep(0.05)"
    subprocess.run([sys.executable, "-c", with_end, str(pid)], timeout=HANG_SECONDS, check=True)
    suite.cold = False  # whichever run comes next tells of it
    suite.write(test_a="def test_one(): pass\n")
    first = suite.pytest()
    assert "had 1 call after its verdict, $0.0015: it is in no report" in " ".join(first.stdout.str().split())
    assert "after its verdict" not in suite.pytest().stdout.str()


def test_a_suite_in_a_process_of_its_users_leaves_the_client_as_it_was(suite: Suite) -> None:
    """Only pytest's own process is watched to its end."""
    suite.write(test_a="from http_double import ask\ndef test_one(): ask()\n")
    program = (
        "import http_double, pytest\nsend = http_double.httpx.Client.send\nassert pytest.main([]) == 0\n"
        "assert http_double.httpx.Client.send is send\nhttp_double.ask()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=suite.path,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_calls_at_the_import_of_a_plugin_are_outside_tests(suite: Suite, workers: int) -> None:
    """`-p` plugins that are imported once the hooks are in, and conftests."""
    suite.write(
        early="from http_double import ask\nask()\ndef pytest_configure(config): ask()\n",
        conftest="from http_double import ask\nask()\ndef pytest_configure(config): ask()\npytest_plugins = ['early']\n",
        test_a="def test_one(): pass\n",
    )
    outcome = suite.run()
    assert {row["owner"]: row["calls"] for row in outcome.report["by_owner"]} == {"outside tests": 4}


DEATHS = {
    "killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "left": "os._exit(0)",
    "timed out": "time.sleep(600)",
}
DYING = """
import os, signal, time
from http_double import ask
def test_before():
    ask()
    ask()
def test_dies():
    ask()
    {death}
def test_after(): ask()
"""


def report(suite: Suite, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command `claude-budget report`."""
    command = [*suite.python(), "-m", "pytest_claude_budget", "report", *arguments]
    return subprocess.run(command, cwd=suite.path, capture_output=True, text=True, timeout=HANG_SECONDS, check=False)


@pytest.mark.parametrize("death", DEATHS)
def test_a_run_that_died_has_a_report(suite: Suite, death: str) -> None:
    """By its ledger alone: what each test cost, and where its last calls were; incomplete, with or without a budget file."""
    suite.write(test_a=DYING.format(death=DEATHS[death]))
    suite.pytest("-p", "timeout", "--timeout=5", "--timeout-method=thread", "-p", "no:randomly")
    before = {file: file.read_bytes() for file in ledger_files(suite)}
    folder = suite.path / ".pytest_cache" / "d" / "claude-budget"
    folder.chmod(0o555)
    ended = report(suite, "--format", "json", "--output", "summary:summary.md")
    folder.chmod(0o755)
    assert ended.returncode == 3, ended.stderr
    document = json.loads(ended.stdout)
    costs = {row["owner"]: (row["calls"], row["cost"]) for row in document["by_owner"]}
    # a call is 1,000 tokens in at $1 and 100 out at $5 a million: $0.0015
    assert costs == {"test_a.py::test_before": (2, "0.003"), "test_a.py::test_dies": (1, "0.0015")}
    (reason,) = document["verdict"]["incomplete"]
    assert reason.startswith("the run did not end")
    assert "its last calls were in test_a.py::test_dies (call)" in reason
    assert (document["verdict"]["outcome"], document["run"]["outcome"]) == ("incomplete", "interrupted")
    assert "the run did not end" in (suite.path / "summary.md").read_text("utf-8")
    assert {file: file.read_bytes() for file in ledger_files(suite)} == before


def ledger_files(suite: Suite) -> list[Path]:
    """All files of all runs."""
    return sorted((suite.path / ".pytest_cache" / "d" / "claude-budget").iterdir())


def test_a_run_that_died_is_told_of_once(suite: Suite) -> None:
    """The next run says so, whether or not it makes calls itself, with the command that shows it."""
    suite.write(test_a=DYING.format(death=DEATHS["killed"]))
    suite.pytest()
    suite.write(test_a="def test_one(): pass\n")
    said = " ".join(suite.pytest().stdout.str().split())
    (ledger,) = ledgers(suite.path)
    shown = ledger.relative_to(suite.path).as_posix()
    assert f"did not end, with 3 calls, $0.0045; see: claude-budget report {shown} [unended-run]" in said
    assert "did not end" not in suite.pytest().stdout.str()
    assert [file.name for file in ledger_files(suite)] == [ledger.name]
    ended = report(suite, shown)
    assert ended.returncode == 3
    assert "the run did not end" in ended.stdout


@pytest.mark.cold
@pytest.mark.parametrize("who", ["controller", "worker"])
def test_a_killed_controller_has_a_report_and_a_killed_worker_is_no_dead_run(suite: Suite, who: str) -> None:
    """Who reports is the controller."""
    pid = "os.getppid()" if who == "controller" else "os.getpid()"
    suite.write(
        test_a=f"""
        import os, signal, time
        from http_double import ask
        def test_one():
            ask()
            os.kill({pid}, signal.SIGKILL)
            time.sleep(1)
        """
    )
    suite.pytest("-n", "1")
    ended = report(suite, "--format", "json")
    document = json.loads(ended.stdout)
    assert [(row["owner"], row["calls"]) for row in document["by_owner"]] == [("test_a.py::test_one", 1)]
    assert document["verdict"]["incomplete"] == [] or who == "controller"
    assert ended.returncode == (3 if who == "controller" else 0)


def test_a_run_that_goes_on_is_not_taken_for_dead(suite: Suite, workers: int) -> None:
    """By its own lock: neither another run nor the command takes it for dead, and its files stay as they are."""
    suite.write(
        test_slow=f"""
        import os, pathlib, sys, subprocess
        from http_double import ask
        def test_one():
            ask()
            root = pathlib.Path(__file__).parent
            own = ("CLAUDE_BUDGET", "PYTEST_CURRENT_TEST", "PYTEST_VERSION", "PYTEST_XDIST")
            environment = {{k: v for k, v in os.environ.items() if not k.startswith(own)}}
            for _ in range(7):
                run = [*{suite.python()}, "-m", "pytest", "-p", "no:randomly", "test_other.py"]
                said = subprocess.run(run, cwd=root, env=environment, capture_output=True, text=True, check=True).stdout
                assert "did not end" not in said and "after its verdict" not in said
            run = [sys.executable, "-m", "pytest_claude_budget", "report", os.environ["CLAUDE_BUDGET_LEDGER"]]
            ended = subprocess.run(run, cwd=root, env=environment, capture_output=True, text=True)
            assert "the run still goes on" in " ".join(ended.stdout.split()), ended.stderr
            assert ended.returncode == 3
        """,
        test_other="from http_double import ask\ndef test_other(): ask()\n",
    )
    outcome = suite.run("test_slow.py", workers=workers)
    outcome.result.assert_outcomes(passed=1)
    assert outcome.report["totals"]["calls"] == 1
    assert outcome.verdict == "unjudged"


def test_a_process_id_that_is_anothers_by_now_keeps_no_run_alive(suite: Suite) -> None:
    """The lock tells, not the number: that of this very test's process is alive."""
    suite.write(test_a=DYING.format(death=DEATHS["killed"]))
    suite.pytest()
    for file in ledger_files(suite):
        parts = file.name.split("-")
        parts[2] = str(os.getpid())
        file.rename(file.with_name("-".join(parts)))
    ended = report(suite)
    assert "the run did not end" in ended.stdout


@pytest.mark.parametrize(
    ("make", "slug"),
    [
        (lambda path: None, "no-such-file"),
        (lambda path: path.write_text("hello"), "not-a-ledger"),
        (lambda path: path.mkdir(), "is-a-folder"),
        (lambda path: _database(path, "CREATE TABLE entries (id)"), "not-a-ledger"),
        (lambda path: _database(path, "PRAGMA user_version = 99"), "newer-ledger"),
        (lambda path: path.write_bytes(b"SQLite format 3\0" + b"x" * 5000), "unreadable-file"),
    ],
    ids=["none", "text", "folder", "another-database", "newer", "damaged"],
)
def test_what_is_no_ledger_is_refused(suite: Suite, make: Callable[[Path], object], slug: str) -> None:
    """With what was wrong and what to do, and never a traceback."""
    make(suite.path / "it.sqlite3")
    ended = report(suite, "it.sqlite3")
    assert ended.returncode == 2, ended.stderr
    assert f"[{slug}]" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_any_ledger_the_command_says_where_it_looked(suite: Suite) -> None:
    """In the pytest cache of this folder, and of those above."""
    ended = report(suite)
    assert ended.returncode == 2
    assert "[no-ledger]" in ended.stderr


def _database(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


def test_a_run_with_its_report_is_shown_as_it_ended(suite: Suite) -> None:
    """Nothing is incomplete about it."""
    suite.write(test_a="from http_double import ask\ndef test_one(): ask()\n")
    suite.run()
    ended = report(suite)
    assert ended.returncode == 0
    assert "did not end" not in ended.stdout
    assert "$0.0015" in ended.stdout
