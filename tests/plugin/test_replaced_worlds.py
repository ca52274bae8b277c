"""Suites that replace the file system, the clock or parts of `os`: their calls are real, and so is the ledger."""

import json
import sys

import pytest

from tests.plugin.conftest import HANG_SECONDS, Suite

pytestmark = pytest.mark.cold

WORLDS = {
    "pyfakefs": "with Patcher():",
    "no open": 'with mock.patch("builtins.open", side_effect=PermissionError), mock.patch("io.open", side_effect=PermissionError):',
    "no os.open": 'with mock.patch("os.open", side_effect=PermissionError), mock.patch("os.write", side_effect=PermissionError):',
    "nothing exists": 'with mock.patch("os.path.exists", return_value=False), mock.patch("os.stat", side_effect=FileNotFoundError):',
    "no folder": 'with mock.patch("os.mkdir", side_effect=PermissionError), mock.patch("pathlib.Path.mkdir", side_effect=PermissionError):',
    "no os.close": 'with mock.patch("os.close", side_effect=PermissionError), mock.patch("os.fstat", side_effect=PermissionError):',
    "no fork": 'with mock.patch("os.fork", side_effect=PermissionError), mock.patch("os.register_at_fork", side_effect=PermissionError):',
    "a removed folder": "with removed_folder():",
    "another process": 'with mock.patch("os.getpid", return_value=1):',
    "no environment": 'with mock.patch.dict("os.environ", clear=True):',
    "no JSON": 'with mock.patch("json.dumps", side_effect=ValueError), mock.patch("threading.Thread", side_effect=ValueError):',
    "no sqlite3": 'with mock.patch("sqlite3.connect", side_effect=ValueError):',
    "freezegun": 'with freeze_time("2001-01-01"):',
    "time-machine": "with time_machine.travel(0):",
    "a dead clock": 'with mock.patch("time.time", return_value=0), mock.patch("time.monotonic", return_value=0):',
}


LOAD = """
import contextlib, json, io, os, pathlib, sqlite3, tempfile, threading
from unittest import mock
from http_double import MODEL, httpx, message

BODY = json.dumps({"model": MODEL, "max_tokens": 1, "messages": []})
ANSWER = json.dumps(message())

@contextlib.contextmanager
def removed_folder():
    before = os.getcwd()
    os.chdir(tempfile.mkdtemp())
    os.rmdir(os.getcwd())
    try:
        yield
    finally:
        os.chdir(before)

def ask():
    client = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200, content=ANSWER)))
    client.post("https://api.anthropic.com/v1/messages", content=BODY, headers={"anthropic-version": "2023-06-01"})
"""
IMPORTS = {
    "time_machine": "import time_machine\n",
    "freeze_time": "from freezegun import freeze_time\n",
    "Patcher": "from pyfakefs.fake_filesystem_unittest import Patcher\n",
}
TEST = """
def test_{number}(claude_budget):
    {world}
        ask()
        ask()
        calls = claude_budget.calls
    assert calls == 2
"""


def loaded(tests: str) -> str:
    """With what they need: to import all would take each interpreter 0.3 s."""
    return "".join(text for name, text in IMPORTS.items() if name in tests) + LOAD + tests


def test_calls_in_replaced_worlds_count(suite: Suite, workers: int) -> None:
    """Two in each, $0.003, and the fixture knows of both while the world is another."""
    suite.budget("version: 1\nlimits:\n  - {scope: run, max_cost: 1}\n")
    tests = [TEST.format(number=number, world=world) for number, world in enumerate(WORLDS.values())]
    suite.write(test_a=loaded("\n".join(tests)))
    outcome = suite.run("-W", "ignore", workers=workers)
    outcome.result.assert_outcomes(passed=len(WORLDS))
    calls = {row["owner"]: row["calls"] for row in outcome.report["by_owner"]}
    assert calls == {f"test_a.py::test_{number}": 2 for number in range(len(WORLDS))}
    assert outcome.verdict == "within"


@pytest.mark.parametrize(
    "world", ["pyfakefs", "no os.open", "no os.close", "no fork", "a removed folder", "time-machine"]
)
def test_the_first_call_of_a_run_in_a_replaced_world_counts(suite: Suite, world: str) -> None:
    """$0.003 at today's price."""
    suite.budget("version: 1\nlimits:\n  - {scope: run, max_cost: 1}\n")
    suite.write(test_a=loaded(TEST.format(number=0, world=WORLDS[world])))
    outcome = suite.run("-W", "ignore")
    outcome.result.assert_outcomes(passed=1)
    assert (outcome.verdict, outcome.cost) == ("within", "0.003")


def test_locks_that_are_taken_in_a_fake_world_are_locks(suite: Suite) -> None:
    """Under pyfakefs `flock` does nothing: another run would take this one for dead, its journal for left, its cap for free."""
    suite.budget("version: 1\nhard_cap: 1\n")
    suite.write(
        test_a=loaded("""
def test_first():
    with Patcher():
        ask()

def test_they_are_held():
    import fcntl, pytest
    folder = pathlib.Path(".pytest_cache", "d", "claude-budget")
    for kind in ("*.running", "*.jsonl"):
        (file,) = folder.glob(kind)
        with file.open() as opened, pytest.raises(BlockingIOError):
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
""")
    )
    outcome = suite.run("-W", "ignore")
    outcome.result.assert_outcomes(passed=2)
    assert (outcome.report["totals"]["calls"], outcome.result.stderr.str()) == (1, "")


@pytest.mark.parametrize("fallback", [False, True], ids=["mapped", "appended"])
def test_who_closes_all_descriptors_keeps_its_own_files_and_loses_no_call(suite: Suite, fallback: bool) -> None:
    """As daemons do: the journal's number is another file's by then. It is neither written to nor closed."""
    suite.write(
        conftest=f"""
        from pytest_claude_budget.ledger import mapped_file as pieces
        if {fallback}:
            pieces._is_promising = lambda device: False
        """,
        app="""
        import os
        from http_double import ask
        from pytest_claude_budget.ledger import mapped_file as pieces
        if os.environ.get("APPENDED"):
            pieces._is_promising = lambda device: False
        ask()
        os.closerange(3, 256)
        own = [os.open(f"own-{n}.txt", os.O_RDWR | os.O_CREAT) for n in range(20)]
        for _ in range(400): ask()
        assert [os.fstat(file).st_size for file in own] == [0] * 20
        """,
        test_a=f"""
        import os, subprocess, sys
        def test_one(monkeypatch):
            monkeypatch.setenv("APPENDED", {"1" if fallback else ""!r})
            done = subprocess.run([sys.executable, "app.py"], capture_output=True, text=True, timeout=100)
            assert (done.returncode, done.stderr) == (0, "")
        """,
    )
    outcome = suite.run()
    outcome.result.assert_outcomes(passed=1)
    assert outcome.report["totals"]["calls"] == 401
    assert outcome.report["verdict"]["incomplete"] == []


def test_gevent_that_patches_everything_holds_nothing_up(suite: Suite) -> None:
    """Patched in conftest, after us; synchronous and asynchronous calls: $0.0015 each."""
    suite.write(
        conftest="from gevent import monkey\nmonkey.patch_all()\n",
        test_a="""
        import asyncio, gevent
        from http_double import REQUEST, ask, httpx, message
        def test_greenlets():
            gevent.joinall([gevent.spawn(ask) for _ in range(3)], raise_error=True)
        def test_async():
            async def main():
                transport = httpx.MockTransport(lambda request: httpx.Response(200, json=message()))
                async with httpx.AsyncClient(transport=transport) as client:
                    headers = {"anthropic-version": "2023-06-01"}
                    await client.post("https://api.anthropic.com/v1/messages", json=REQUEST, headers=headers)
            asyncio.run(main())
        """,
    )
    outcome = suite.run("-W", "ignore")
    outcome.result.assert_outcomes(passed=2)
    assert (outcome.report["totals"]["calls"], outcome.cost) == (4, "0.006")


GREENLETS = """
import gevent
from http_double import ask
def test_greenlets():
    gevent.joinall([gevent.spawn(ask) for _ in range(3)], raise_error=True)
def test_plainly():
    ask()
"""


def test_gevent_that_patches_before_us_holds_nothing_up(suite: Suite) -> None:
    """As `python -m gevent.monkey` starts pytest: 3 + 1 calls at $0.0015."""
    suite.write(test_a=GREENLETS)
    command = "import pytest, sys; sys.exit(pytest.main(['-W', 'ignore', '--claude-budget-report=json:out.json']))"
    (suite.path / "start.py").write_text(command, encoding="utf-8")
    ended = suite.pytester.run(sys.executable, "-m", "gevent.monkey", "start.py", timeout=HANG_SECONDS)
    ended.assert_outcomes(passed=2)
    totals = json.loads((suite.path / "out.json").read_text("utf-8"))["totals"]
    assert (ended.ret, totals["calls"], totals["cost"]) == (0, 4, "0.006")


def test_gevent_that_patches_in_the_middle_of_a_run_holds_nothing_up(suite: Suite) -> None:
    """A call before it and 3 + 1 after it, and one on an event loop, whose writer thread begins then: $0.0015 each."""
    suite.write(
        test_a="""
        import asyncio, threading
        import pytest
        from http_double import REQUEST, ask, httpx, message
        def test_before():
            ask()
        def test_patches():
            from gevent import monkey
            monkey.patch_all()
            import gevent
            gevent.joinall([gevent.spawn(ask) for _ in range(3)], raise_error=True)
        def test_async():
            async def main():
                transport = httpx.MockTransport(lambda request: httpx.Response(200, json=message()))
                async with httpx.AsyncClient(transport=transport) as client:
                    headers = {"anthropic-version": "2023-06-01"}
                    await client.post("https://api.anthropic.com/v1/messages", json=REQUEST, headers=headers)
            asyncio.run(main())
        def test_in_a_thread():
            thread = threading.Thread(target=ask)
            thread.start()
            thread.join()
        """
    )
    outcome = suite.run("-W", "ignore")
    outcome.result.assert_outcomes(passed=4)
    assert (outcome.report["totals"]["calls"], outcome.cost) == (6, "0.009")


def test_a_child_process_of_a_test_that_clears_the_environment_is_not_seen(suite: Suite) -> None:
    """docs/what-is-counted.md says so. What the test itself calls meanwhile, and a child that comes after it, count: $0.003."""
    suite.write(
        test_a="""
        import os, subprocess, sys
        from unittest import mock
        from http_double import ask
        def child():
            subprocess.run([sys.executable, "-c", "from http_double import ask; ask()"], check=True, timeout=300)
        def test_one():
            with mock.patch.dict(os.environ, clear=True):
                child()
                ask()
            child()
        """
    )
    outcome = suite.run()
    outcome.result.assert_outcomes(passed=1)
    assert (outcome.report["totals"]["calls"], outcome.cost) == (2, "0.003")
