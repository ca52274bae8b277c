"""Tests outside of the rootdir: pytest gives several the same node id, and each is an owner of its own all the same."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.plugin.conftest import HANG_SECONDS, Suite

REFUND = """
import subprocess, sys
import pytest
from http_double import ask

CHILD = "from http_double import ask; ask()"

def test_refund(corpus_of_{name}, claude_budget):
    for _ in range({calls}):
        ask()
    assert claude_budget.calls == {calls}

@pytest.mark.claude_budget(max_calls={limit})
def test_child():
    subprocess.run([sys.executable, "-c", CHILD], check=True)

def documented():
    '''
    >>> from http_double import ask
    >>> ask() and None
    '''
"""
CONFTEST = """
import pytest
from http_double import ask

@pytest.fixture(scope="session")
def corpus_of_{name}():
    ask()

@pytest.fixture(scope="module", autouse=True)
def each_module(): pass
"""
XUNIT = """
from http_double import ask
def setup_module(module): ask()
def test_nothing(): pass
class TestIt:
    @classmethod
    def setup_class(cls): ask()
    def test_nothing(self): pass
"""
OPTIONS = ["--import-mode=importlib", "--doctest-modules", "-c", "one/pytest.ini"]


def write(folder: Path, calls: int, limit: int = 1) -> None:
    """A service with tests of its own, called as the other service's are."""
    tests = folder / "tests"
    tests.mkdir(parents=True, exist_ok=True)
    (tests / "conftest.py").write_text(CONFTEST.format(name=folder.name), encoding="utf-8")
    (tests / "test_refund.py").write_text(REFUND.format(calls=calls, limit=limit, name=folder.name), encoding="utf-8")
    (tests / "test_xunit.py").write_text(XUNIT, encoding="utf-8")


@pytest.fixture
def monorepo(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """Two services, the first of which has a configuration of its own: that makes it the rootdir of both."""
    write(suite.path / "one", 1)
    write(suite.path / "two", 2)
    (suite.path / "one" / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(suite.path), prepend=os.pathsep)
    return suite


def calls(report: dict[str, Any]) -> dict[str, int]:
    """The calls of each owner."""
    return {row["owner"]: row["calls"] for row in report["by_owner"]}


def test_two_tests_of_one_node_id_are_two_owners(monorepo: Suite, workers: int) -> None:
    """Those within the rootdir keep their ids; the others are named by the way to their file."""
    outcome = monorepo.run("one", "two", *OPTIONS, workers=workers)
    outcome.result.assert_outcomes(passed=10)
    most = {"fixture": 1} if workers else {}  # each worker makes its own, of which one is enough here
    found = {row["owner"]: min(row["calls"], most.get(row["kind"], 9)) for row in outcome.report["by_owner"]}
    own = {
        "test_refund.py::test_child": 1,
        "test_xunit.py::xunit": 1,
        "test_xunit.py::TestIt::xunit": 1,
    }
    assert {_without_xunit(name): number for name, number in found.items()} == {
        **{f"tests/{name}": number for name, number in own.items()},
        **{f"../two/tests/{name}": number for name, number in own.items()},
        "tests/conftest.py::corpus_of_one": 1,
        "../two/tests/conftest.py::corpus_of_two": 1,
        "tests/test_refund.py::test_refund": 1,
        "../two/tests/test_refund.py::test_refund": 2,
        "tests/test_refund.py::tests.test_refund.documented": 1,
        "../two/tests/test_refund.py::test_refund.documented": 1,
    }


def _without_xunit(name: str) -> str:
    head, _, last = name.rpartition("::")
    return f"{head}::xunit" if "xunit" in last else name


def test_names_are_the_same_wherever_the_checkout_lies_and_in_any_order(monorepo: Suite, workers: int) -> None:
    """No path of the machine gets into a lock file."""
    configured = monorepo.path / "config"
    configured.mkdir()
    (monorepo.path / "one" / "pytest.ini").rename(configured / "pytest.ini")
    monorepo.run("one", "two", *OPTIONS, "-c", "config/pytest.ini", "--claude-budget-update")
    first = (configured / "claude-budget.lock.json").read_bytes()
    assert str(monorepo.path).lstrip("/").replace("/", ".").encode() not in first
    monorepo.run(
        "two", "one", *OPTIONS, "-c", "config/pytest.ini", "--claude-budget-update", workers=1 if workers else 0
    )
    assert (configured / "claude-budget.lock.json").read_bytes() == first


def test_changes_of_two_tests_do_not_cancel(monorepo: Suite, workers: int) -> None:
    """One more call here and one less there are two changes."""
    monorepo.run("one", "two", *OPTIONS, "--claude-budget-update")
    write(monorepo.path / "one", 2)
    write(monorepo.path / "two", 1)
    outcome = monorepo.run("one", "two", *OPTIONS, workers=workers)
    moved = {
        row["owner"]: row["change"] for row in outcome.report["comparison"]["owners"] if "test_refund" in row["owner"]
    }
    # a call is 1,000 tokens in at $1 and 100 out at $5 a million: $0.0015
    assert moved["tests/test_refund.py::test_refund"] == "0.0015"
    assert moved["../two/tests/test_refund.py::test_refund"] == "-0.0015"


def test_a_match_and_a_marker_mean_one_of_the_two(monorepo: Suite, workers: int) -> None:
    """A limit's match, and a test's own mark, judge the test that they are for."""
    write(monorepo.path / "two", 2, limit=0)
    budget = 'version: 1\nlimits:\n  - {scope: test, match: "../two/**", max_calls: 1}\n'
    (monorepo.path / "one" / "claude-budget.yml").write_text(budget, encoding="utf-8")
    outcome = monorepo.run("one", "two", *OPTIONS, workers=workers)
    breaches = sorted((row["name"], row["maximum"]) for row in outcome.report["verdict"]["breaches"])
    assert breaches == [
        ("../two/tests/test_refund.py::test_child", 0),
        ("../two/tests/test_refund.py::test_refund", 1),
    ]


def test_a_test_outside_is_removed_only_on_evidence(monorepo: Suite, workers: int) -> None:
    """What was not asked for is not gone; a test that is gone from a file that was looked into is."""
    monorepo.run("one", "two", *OPTIONS, "--claude-budget-update")
    refund = monorepo.path / "two" / "tests" / "test_refund.py"
    refund.write_text(refund.read_text("utf-8").replace("def test_child", "def left_out"), encoding="utf-8")

    def statuses(*paths: str) -> dict[str, str]:
        outcome = monorepo.run(*paths, *OPTIONS, workers=workers)
        rows = outcome.report["comparison"]["owners"]
        return {row["owner"]: row["status"] for row in rows if row["status"] in ("removed", "deselected")}

    assert statuses("one", "two") == {"../two/tests/test_refund.py::test_child": "removed"}
    assert _gone(statuses("two")) == ["../two/tests/test_refund.py::test_child"]
    # the rootdir is all that is asked for: what lies elsewhere was not looked for, and is there
    assert _gone(statuses("one")) == []


def _gone(statuses: dict[str, str]) -> list[str]:
    return [name for name, status in statuses.items() if status == "removed"]


def test_junit_tells_the_two_apart(monorepo: Suite, workers: int) -> None:
    """Each test case has its own calls."""
    monorepo.run("one", "two", *OPTIONS, "--junitxml=out.xml", workers=workers)
    text = (monorepo.path / "out.xml").read_text("utf-8")
    assert sorted(text.count(f'name="claude_calls" value="{number}"') for number in (1, 2)) == [1, 5]


def test_a_test_outside_that_failed_is_named_as_its_calls_are(monorepo: Suite, workers: int) -> None:
    """Else its missing calls would be a saving."""
    test = monorepo.path / "two" / "tests" / "test_refund.py"
    test.write_text(test.read_text("utf-8").replace("claude_budget.calls == 2", "not ask()"), encoding="utf-8")
    outcome = monorepo.run(*OPTIONS, "one", "two", workers=workers)
    assert outcome.report["run"]["failed"] == ["../two/tests/test_refund.py::test_refund"]


def test_a_group_of_xdist_is_no_part_of_a_name(suite: Suite) -> None:
    """`--dist loadgroup` writes it into the node id."""
    suite.write(
        test_a="""
        import subprocess, sys, pytest
        from http_double import ask
        @pytest.mark.xdist_group("g")
        def test_one():
            ask()
            subprocess.run([sys.executable, "-c", "from http_double import ask; ask()"], check=True)
        """
    )
    suite.run("--claude-budget-update")
    outcome = suite.run("--dist", "loadgroup", workers=2)
    assert calls(outcome.report) == {"test_a.py::test_one": 2}
    assert outcome.report["comparison"]["counts"]["unchanged"] == 1


def test_a_run_inside_of_a_test_outside_has_names_of_its_own(monorepo: Suite) -> None:
    """What tells child processes whose they are is not taken over by a run inside of the run."""
    test = monorepo.path / "two" / "tests" / "test_inner.py"
    inner = textwrap.dedent("""
        import subprocess, sys
        from http_double import ask
        def test_in_it():
            ask()
            subprocess.run([sys.executable, "-c", "from http_double import ask; ask()"], check=True)
    """)
    test.write_text(
        textwrap.dedent(f"""
        import json, subprocess
        def test_outer(tmp_path):
            (tmp_path / "test_i.py").write_text({inner!r})
            command = [*{monorepo.python()}, "-m", "pytest", "--rootdir=.", "--claude-budget-report=json:i.json"]
            subprocess.run(command, cwd=tmp_path, check=True)
            (row,) = json.loads((tmp_path / "i.json").read_text())["by_owner"]
            assert (row["owner"], row["calls"]) == ("test_i.py::test_in_it", 2)
        """),
        encoding="utf-8",
    )
    outcome = monorepo.run("one", "two", *OPTIONS, "-k", "test_outer")
    outcome.result.assert_outcomes(passed=1, deselected=10)
    assert calls(outcome.report) == {"../two/tests/test_inner.py::test_outer": 2}  # the inner run, and its child


def test_an_installed_packages_tests_are_named_by_their_package(
    suite: Suite, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Where an environment lies differs from machine to machine."""
    site = tmp_path_factory.mktemp("env") / "lib" / "site-packages"
    package = site / "pack" / "tests"
    package.mkdir(parents=True)
    for folder in (package.parent, package):
        (folder / "__init__.py").write_text("", encoding="utf-8")
    (package / "test_p.py").write_text("from http_double import ask\ndef test_p(): ask()\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(site), str(suite.path)))}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--pyargs",
        "pack",
        "--rootdir=.",
        "--claude-budget-report=json:out.json",
    ]
    subprocess.run(command, cwd=suite.path, env=environment, timeout=HANG_SECONDS, check=True)
    report = json.loads((suite.path / "out.json").read_text("utf-8"))
    assert calls(report) == {"site-packages/pack/tests/test_p.py::test_p": 1}
