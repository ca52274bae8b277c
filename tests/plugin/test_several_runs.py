"""Runs of one process that go on at the same time: a child process's call is of each run that it may belong to, and of one at least."""

import json

import pytest

from tests.plugin.conftest import Suite

CHILD = """
import os, subprocess, sys
def child():
    subprocess.run([sys.executable, "-c", "from http_double import ask; ask()"], check=True, timeout=300)
"""
BOTH = """
import json, os, sys, threading
import pytest
import meet
before = dict(os.environ)
ended = {}
def run(name):
    ended[name] = pytest.main(["-q", "-s", f"--claude-budget-report=json:{name}.json", f"test_{name}.py"])
threads = {name: threading.Thread(target=run, args=(name,)) for name in "ab"}
threads["a"].start()
meet.a_runs.wait(300)
threads["b"].start()
first, last = sys.argv[1]
threads[first].join()
meet.one_is_over.set()
threads[last].join()
told = {}
for name in "ab":
    report = json.load(open(f"{name}.json"))
    told[name] = {row["owner"]: row["calls"] for row in report["by_owner"]}
left = {n for n in {*before, *os.environ} if n.startswith("CLAUDE") and before.get(n) != os.environ.get(n)}
json.dump([ended, told, sorted(left)], open("told.json", "w"))
"""
MEET = """
import threading
a_runs, both, one_is_over = threading.Event(), threading.Barrier(2, timeout=300), threading.Event()
"""


@pytest.mark.parametrize(("first", "last"), ["ab", "ba"])
def test_children_of_two_runs_in_two_threads_count_whichever_ends_first(suite: Suite, first: str, last: str) -> None:
    """a asks once and b twice while both go on: 3 calls of each. Then the one that is left asks again, alone."""
    (suite.path / "both.py").write_text(BOTH, encoding="utf-8")
    suite.write(meet=MEET, children=CHILD)
    for name, times in (("a", 1), ("b", 2)):
        after = "    meet.one_is_over.wait(300)\n    child()\n" if name == last else ""
        suite.write(
            **{
                f"test_{name}": f"import meet, pytest\nfrom children import child\n"
                f"@pytest.fixture(scope='module')\ndef wide():\n    meet.a_runs.set()\n    yield\n"
                f"def test_{name}(wide):\n    meet.both.wait()\n"
                f"    for _ in range({times}): child()\n    meet.both.wait()\n{after}"
            }
        )
    command = f"import sys; sys.argv[1:] = ['{first}{last}']; exec(open('both.py').read())"
    ended = suite.pytester.runpython_c(command)
    calls = {first: 3, last: 4}
    statuses, told, left = json.loads((suite.path / "told.json").read_text("utf-8"))
    assert told == {name: {f"test_{name}.py::test_{name}": calls[name]} for name in "ab"}
    assert (statuses, left, ended.stderr.str()) == ({"a": 0, "b": 0}, [], "")


def test_a_child_of_a_run_inside_of_a_run_is_a_call_of_both(suite: Suite, workers: int) -> None:
    """As a call of the same process is: one of the inner run's child, one of its own, one of the outer run's child after it."""
    suite.write(
        children=CHILD,
        inner="from children import child\nfrom http_double import ask\ndef test_inner():\n    child()\n    ask()\n",
        test_a=f"""
        import json, subprocess, sys
        import pytest
        from children import child
        ARGUMENTS = ["-q", "inner.py", "--claude-budget-report=json:inner.json", "-n", "{workers // 2}"]
        def test_outer():
            assert pytest.main(ARGUMENTS) == 0
            inner = json.load(open("inner.json"))["by_owner"]
            assert [(row["owner"], row["calls"]) for row in inner] == [("inner.py::test_inner", 2)]
            child()
        def test_outer_with_a_process():
            subprocess.run([sys.executable, "-m", "pytest", *ARGUMENTS], check=True, timeout=300)
            inner = json.load(open("inner.json"))["by_owner"]
            assert [(row["owner"], row["calls"]) for row in inner] == [("inner.py::test_inner", 2)]
        """,
    )
    outcome = suite.run("test_a.py")
    outcome.result.assert_outcomes(passed=2)
    calls = {row["owner"]: row["calls"] for row in outcome.report["by_owner"]}
    assert calls == {"test_a.py::test_outer": 3, "test_a.py::test_outer_with_a_process": 2}
