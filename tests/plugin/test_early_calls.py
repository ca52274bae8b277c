"""Calls at the import of a plugin that `-p` names, which pytest imports before it loads this one."""

import pytest

from tests.plugin.conftest import Suite

CALLS = "from http_double import ask\nask()\n"
TESTS = "from http_double import ask\ndef test_it(): ask()\n"


@pytest.fixture
def calling(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """A plugin of the suite's own that calls as it is imported, and a test that calls: $0.0015 each."""
    monkeypatch.setenv("PYTHONPATH", str(suite.path))
    monkeypatch.setenv("TMPDIR", str(suite.path))
    suite.write(mine=CALLS, test_a=TESTS)
    return suite


@pytest.mark.cold
@pytest.mark.parametrize("options", [["-p", "mine"], ["-pmine"]])
def test_they_are_outside_tests(calling: Suite, options: list[str]) -> None:
    outcome = calling.run(*options)
    outcome.result.assert_outcomes(passed=1)
    assert {"outside tests": "0.0015", "test_a.py::test_it": "0.0015"} == {
        row["owner"]: row["cost"] for row in outcome.report["by_owner"]
    }
    assert [] == [path for path in calling.path.glob("run-*") if not path.is_dir()]


@pytest.mark.cold
def test_on_two_workers_each_process_has_its_own(calling: Suite) -> None:
    """xdist hands the option on, and a worker's pytest is none that its command line shows: the controller's call is counted."""
    outcome = calling.run("-p", "mine", workers=2)
    outcome.result.assert_outcomes(passed=1)
    assert "0.0015" == outcome.owner("test_a.py::test_it")["cost"]
    assert outcome.owner("outside tests")["calls"] >= 1


@pytest.mark.cold
@pytest.mark.parametrize("options", [["--no-claude-budget"], ["-pno:claude_budget"]])
def test_where_the_plugin_is_switched_off_nothing_is_measured(calling: Suite, options: list[str]) -> None:
    result = calling.pytest("-p", "mine", *options)
    result.assert_outcomes(passed=1)
    assert "claude cost" not in result.stdout.str()
    assert [] == list(calling.path.glob("**/run-*.jsonl"))


@pytest.mark.cold
def test_one_that_never_gets_as_far_leaves_nothing(calling: Suite) -> None:
    calling.write(broken=f"{CALLS}raise SystemExit(7)\n")
    assert 7 == calling.pytest("-p", "broken").ret
    assert [] == list(calling.path.glob("run-*"))
