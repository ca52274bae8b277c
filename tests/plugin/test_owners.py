"""Who pays: tests by phase, wide fixtures for themselves, and nobody's test for what is outside of tests."""

import sys
from pathlib import Path

import pytest

from tests.plugin.conftest import Suite


def test_each_test_pays_for_its_own_calls(suite: Suite, workers: int) -> None:
    """1,000 x $1 + 100 x $5 per million = $0.0015 a call."""
    suite.write(
        test_a="""
        from http_double import ask
        def test_one(): ask()
        def test_two(): ask(); ask()
        def test_none(): pass
        """
    )
    outcome = suite.run(workers=workers)
    outcome.result.assert_outcomes(passed=3)
    assert {row["owner"]: row["cost"] for row in outcome.report["by_owner"]} == {
        "test_a.py::test_one": "0.0015",
        "test_a.py::test_two": "0.003",
    }
    assert outcome.cost == "0.0045"


def test_a_wide_fixture_pays_for_its_set_up_and_tear_down(suite: Suite) -> None:
    """Neither the first nor the last test pays for what the session's fixture asks."""
    suite.write(
        conftest="""
        import pytest
        from http_double import ask
        @pytest.fixture(scope="session")
        def corpus():
            ask()
            yield
            ask()
        @pytest.fixture(scope="module")
        def inner(corpus):
            ask()
            yield
            ask()
        @pytest.fixture(scope="class")
        def broken():
            ask()
            raise RuntimeError("set-up")
        @pytest.fixture
        def narrow():
            ask()
        """,
        test_a="""
        from http_double import ask
        def test_one(corpus, inner): ask()
        def test_two(inner, narrow): pass
        class TestC:
            def test_three(self, broken): pass
        """,
    )
    outcome = suite.run()
    outcome.result.assert_outcomes(passed=2, errors=1)
    assert {row["owner"]: (row["kind"], row["calls"]) for row in outcome.report["by_owner"]} == {
        "conftest.py::corpus": ("fixture", 2),
        "conftest.py::inner": ("fixture", 2),
        "conftest.py::broken": ("fixture", 1),
        "test_a.py::test_one": ("test", 1),
        "test_a.py::test_two": ("test", 1),
    }


def test_a_parametrized_wide_fixture_pays_by_parameter(suite: Suite) -> None:
    """Set-up and tear-down of one parameter do not run into the next one's."""
    suite.write(
        test_a="""
        import pytest
        from http_double import ask
        @pytest.fixture(scope="module", params=["x", "y"])
        def corpus(request):
            ask()
            yield
            ask()
        def test_one(corpus): ask()
        def test_two(corpus): pass
        """
    )
    outcome = suite.run()
    assert {row["owner"]: row["calls"] for row in outcome.report["by_owner"]} == {
        "test_a.py::corpus[0]": 2,
        "test_a.py::corpus[1]": 2,
        "test_a.py::test_one[x]": 1,
        "test_a.py::test_one[y]": 1,
    }


def test_a_fixture_of_a_class_pays_by_its_class(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two classes in one file, inherited ones too; and what pytest makes of `setUpClass` is named alike wherever pytest is."""
    suite.write(
        base="""
        import pytest
        from http_double import ask
        class Base:
            @pytest.fixture(scope="class")
            def inherited(self): ask()
        """,
        test_a="""
        import unittest
        import pytest
        from base import Base
        from http_double import ask
        class TestA(Base):
            @pytest.fixture(scope="class")
            def corpus(self): ask()
            def test_one(self, corpus, inherited): pass
        class TestB(Base):
            @pytest.fixture(scope="class")
            def corpus(self): [ask(), ask()]
            @classmethod
            def setup_class(cls): ask()
            def test_one(self, corpus, inherited): pass
        class TestC(unittest.TestCase):
            @classmethod
            def setUpClass(cls): ask()
            def test_one(self): pass
        def setup_module(): ask()
        def test_one(): pass
        """,
    )
    named = {
        "test_a.py::TestA::corpus": 1,
        "test_a.py::TestA::inherited": 1,
        "test_a.py::TestB::_xunit_setup_class_fixture_TestB": 1,
        "test_a.py::TestB::corpus": 2,
        "test_a.py::TestB::inherited": 1,
        "test_a.py::TestC::_unittest_setUpClass_fixture_TestC": 1,
        "test_a.py::_xunit_setup_module_fixture_test_a": 1,
    }
    (suite.path / "venv").symlink_to(Path(sys.prefix))
    (inside,) = (suite.path / "venv" / "lib").glob("python*/site-packages")
    for path in ("", str(inside)):  # the same packages, found below the rootdir
        monkeypatch.setenv("PYTHONPATH", path)
        assert {row["owner"]: row["calls"] for row in suite.run("test_a.py").report["by_owner"]} == named


def test_calls_at_import_and_collection_belong_to_no_test(suite: Suite, workers: int) -> None:
    """A conftest file and a module that call Claude as they are imported are outside of tests, in each process."""
    suite.write(
        conftest="from http_double import ask\nask()\n",
        test_a="from http_double import ask\nask()\ndef test_one(): ask()\n",
    )
    outcome = suite.run(workers=workers)
    outside = outcome.owner("outside tests")
    processes = 1 + workers
    imports_of_module = workers or 1
    assert (outside["kind"], outside["calls"]) == ("outside", processes + imports_of_module)
    assert outcome.owner("test_a.py::test_one")["calls"] == 1


def test_reruns_are_the_same_test_and_count(suite: Suite) -> None:
    """Two failed runs and one that passes: three calls of one owner."""
    suite.write(
        test_a="""
        from http_double import ask
        seen = []
        def test_flaky():
            ask()
            seen.append(1)
            assert len(seen) == 3
        """
    )
    outcome = suite.run("--reruns", "2", "-p", "rerunfailures")
    assert outcome.owner("test_a.py::test_flaky")["calls"] == 3


def test_threads_and_tasks_pay_as_the_test_that_runs_them(suite: Suite, workers: int) -> None:
    """Executors inherit no context variable, and their calls belong to the test all the same."""
    suite.write(
        test_a="""
        import asyncio
        from concurrent.futures import ThreadPoolExecutor
        from claude_double import ask, ask_async
        def test_threads():
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda _: ask(), range(20)))
        def test_tasks():
            async def main():
                await asyncio.gather(*(ask_async() for _ in range(20)))
            asyncio.run(main())
        """
    )
    outcome = suite.run(workers=workers)
    outcome.result.assert_outcomes(passed=2)
    assert outcome.owner("test_a.py::test_threads")["calls"] == 20
    assert outcome.owner("test_a.py::test_tasks")["calls"] == 20
    assert outcome.cost == "0.06"


def test_child_processes_pay_as_their_test_or_fixture(suite: Suite, workers: int) -> None:
    """A started interpreter is measured, without a line of its own about it."""
    suite.write(
        app="from http_double import ask\nask()\n",
        test_a="""
        import multiprocessing, subprocess, sys
        import pytest
        from http_double import ask
        @pytest.fixture(scope="module")
        def service():
            subprocess.run([sys.executable, "app.py"], check=True)
        def test_child(service):
            subprocess.run([sys.executable, "app.py"], check=True)
        def test_fork():
            ask()
            child = multiprocessing.get_context("fork").Process(target=ask)
            child.start()
            child.join()
            assert child.exitcode == 0
        def test_spawn():
            child = multiprocessing.get_context("spawn").Process(target=ask)
            child.start()
            child.join()
            assert child.exitcode == 0
        """,
    )
    outcome = suite.run("-W", "ignore", workers=workers)
    outcome.result.assert_outcomes(passed=3)
    assert {row["owner"]: row["calls"] for row in outcome.report["by_owner"]} == {
        "test_a.py::service": 1,
        "test_a.py::test_child": 1,
        "test_a.py::test_fork": 2,
        "test_a.py::test_spawn": 1,
    }


def test_sums_by_owner_model_and_feature_equal_the_total(suite: Suite, workers: int) -> None:
    """Each call is in exactly one owner and one model."""
    suite.write(
        test_a="""
        import pytest
        from http_double import ask
        @pytest.mark.claude_budget(feature="triage", tier="free", case="heavy")
        def test_one(claude_budget):
            ask()
            with claude_budget.tag(tier="paid"):
                ask(model="claude-opus-4-7")
        @pytest.mark.claude_budget(feature="triage")
        def test_two(): ask()
        """
    )
    report = suite.run(workers=workers).report
    assert {row["model"]: row["cost"] for row in report["by_model"]} == {
        "claude-haiku-4-5-20251001": "0.003",
        "claude-opus-4-7": "0.0075",
    }
    assert {row["feature"]: row["cost"] for row in report["by_feature"]} == {"triage": "0.0105"}
    assert {row["tier"]: row["cost"] for row in report["by_tier"]} == {"free": "0.0015", "paid": "0.0075"}
    assert report["totals"]["cost"] == "0.0105"
