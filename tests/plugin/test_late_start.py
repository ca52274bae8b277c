"""Tests are followed from the moment on at which something comes up that may ask Claude: nobody can tell it from the report."""

import pytest

from tests.plugin.conftest import Suite, leave_aside

EMPTY = """
def test_one(request):
    assert not request.config.pluginmanager.has_plugin("claude-budget-each-test")
    assert request.config.pluginmanager.has_plugin("claude-budget-run")
"""


@pytest.mark.parametrize("budget", [False, True])
def test_no_hook_is_called_for_a_test_where_nothing_may_ask_claude(suite: Suite, budget: bool) -> None:
    """Also with a budget file, and where a report is asked for."""
    if budget:
        suite.budget("version: 1\nlimits:\n  - {scope: run, max_cost: 2.00}\n")
    looked = """
    def test_two(request):
        manager = request.config.pluginmanager
        ours = [name for name, plugin in manager.list_name_plugin() if name and name.startswith("claude")]
        hooks = [dir(manager.get_plugin(name)) for name in ours if name != "claude_budget"]
        assert not [name for names in hooks for name in names if name.startswith("pytest_runtest_")]
    """
    suite.write(test_a=EMPTY, test_b=looked)
    suite.run().result.assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("sign", "first"),
    [
        ("import http_double", "import http_double"),
        ("os.waitpid(os.fork() or os._exit(0), 0)", "import os"),
        ("subprocess.run([sys.executable, '-c', ''])", "import subprocess, sys"),
        ("socket.socket().connect_ex(('127.0.0.1', 9))", "import socket"),
        ("multiprocessing.get_context('spawn').Process(target=print).start()", "import multiprocessing"),
    ],
)
def test_whatever_may_ask_claude_has_its_test_followed(suite: Suite, sign: str, first: str) -> None:
    suite.write(
        test_a=f"""
        {first if "double" not in first else ""}
        def test_one(request):
            assert not request.config.pluginmanager.has_plugin("claude-budget-each-test")
            {sign}
            assert request.config.pluginmanager.has_plugin("claude-budget-each-test")
        """
    )
    suite.run().result.assert_outcomes(passed=1)


SUITE = """
import pytest

@pytest.fixture(scope="module")
def corpus():
    ask()
    yield
    ask()

def ask():
    import http_double
    return http_double.ask()

def test_passed(): pass
def test_failed(): assert False
@pytest.mark.skip
def test_skipped(): pass
@pytest.mark.xfail
def test_xfailed(): assert False

class TestLater:
    def test_set_up(self, narrow): pass
    def test_wide(self, corpus): ask()
    def test_call(self): ask(); ask()
    def test_after(self): ask()
"""
NARROW = """
@pytest.fixture
def narrow(): {before}yield; {after}
"""


@pytest.mark.parametrize(
    ("before", "after"), [("ask(); ", "ask()"), ("", "ask()"), ("", "None")], ids=["set-up", "tear-down", "fixture"]
)
def test_a_late_start_tells_what_an_early_one_does(suite: Suite, before: str, after: str) -> None:
    """Its first call may be in a set-up, in a tear-down or in a wide fixture; what became of the tests before is known."""
    text = SUITE + NARROW.format(before=before, after=after)
    suite.write(test_a=text)
    late = suite.run()
    suite.write(test_a=text.replace("import pytest", "import pytest, http_double"))
    early = suite.run()
    late.result.assert_outcomes(passed=5, failed=1, skipped=1, xfailed=1)
    assert late.report["by_owner"] == early.report["by_owner"]
    narrow = bool(before) + (after != "None")
    assert {row["owner"].rpartition("::")[2]: row["calls"] for row in late.report["by_owner"]} == {
        "corpus": 2,
        "test_call": 2,
        "test_wide": 1,
        "test_after": 1,
        **({"test_set_up": narrow} if narrow else {}),
    }
    assert {**late.report["run"], "ids": []} == {**early.report["run"], "ids": []}


def test_what_calls_between_two_phases_pays_for_itself(suite: Suite) -> None:
    """A plugin that asks as the call of a test has been told, for the first time in the run; it asks again after a test behind it."""
    suite.write(
        conftest="""
        def pytest_runtest_logreport(report):
            if report.when == "call" and report.nodeid.endswith("test_two"):
                import http_double
                http_double.ask()
        def pytest_runtest_logfinish(nodeid):
            if nodeid.endswith("test_two"):
                import http_double
                http_double.ask()
        """,
        test_a="""
        import pytest
        @pytest.fixture
        def asks():
            yield
            import http_double
            http_double.ask()
        def test_one(): pass
        def test_two(asks): pass
        def test_three(asks): pass
        """,
    )
    outcome = suite.run()
    assert {row["owner"]: row["calls"] for row in outcome.report["by_owner"]} == {
        "outside tests": 2,
        "test_a.py::test_two": 1,
        "test_a.py::test_three": 1,
    }


@pytest.mark.parametrize("started", ["threading.Thread(target=ask)", "greenlet"])
def test_the_first_call_may_be_on_another_stack(suite: Suite, started: str) -> None:
    """The frames of the session's thread tell of threads; a greenlet has that thread and frames of its own."""
    suite.write(
        test_a=f"""
        import threading
        def ask():
            import http_double
            http_double.ask()
        def test_one(): pass
        def test_two():
            if {started!r} == "greenlet":
                import greenlet
                greenlet.greenlet(ask).switch()
            else:
                thread = threading.Thread(target=ask)
                thread.start()
                thread.join()
        """
    )
    outcome = suite.run()
    outcome.result.assert_outcomes(passed=2)
    assert [row["owner"] for row in outcome.report["by_owner"]] == ["test_a.py::test_two"]


@pytest.mark.parametrize(
    ("mark", "options"),
    [
        ("", ["-p", "rerunfailures", "--reruns", "2"]),
        ("@pytest.mark.flaky(retries=2)", ["-p", "pytest-retry"]),
        ("@pytest.mark.flaky", ["-p", "flaky"]),
    ],
    ids=["pytest-rerunfailures", "pytest-retry", "flaky"],
)
def test_the_first_call_may_be_in_a_later_attempt(suite: Suite, mark: str, options: list[str]) -> None:
    """And in one after it: each attempt that asks is one."""
    suite.write(
        test_a=f"""
        import pytest
        TIMES = []
        {mark}
        def test_one():
            TIMES.append(1)
            if len(TIMES) > 1:
                import http_double
                http_double.ask()
            assert len(TIMES) == 3 or not {"flaky" not in options}
            assert len(TIMES) > 1
        def test_two():
            import http_double
            http_double.ask()
        """
    )
    outcome = suite.run(*options)
    outcome.result.assert_outcomes(passed=2)
    calls = 1 if "flaky" in options else 2
    assert {row["owner"]: row["calls"] for row in outcome.report["by_owner"]} == {
        "test_a.py::test_one": calls,
        "test_a.py::test_two": 1,
    }


def test_a_run_without_pytests_terminal_is_followed_from_the_start(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody keeps its reports."""
    leave_aside(monkeypatch, "terminal")
    suite.write(
        test_a="""
        def test_one(request):
            assert request.config.pluginmanager.has_plugin("claude-budget-each-test")
        """
    )
    assert suite.run().result.ret == 0


def test_a_mark_that_is_put_on_while_a_test_runs_holds_its_calls(suite: Suite) -> None:
    """As where tests are followed from the start."""
    suite.write(
        conftest="""
        import pytest
        @pytest.hookimpl(wrapper=True, tryfirst=True)
        def pytest_runtest_protocol(item):
            item.add_marker(pytest.mark.claude_budget(max_calls=1, feature="triage"))
            return (yield)
        """,
        test_a="""
        def test_one():
            import http_double
            http_double.ask(), http_double.ask()
        """,
    )
    outcome = suite.run()
    assert (outcome.result.ret, outcome.verdict) == (1, "over")
    assert [row["feature"] for row in outcome.report["by_feature"]] == ["triage"]
