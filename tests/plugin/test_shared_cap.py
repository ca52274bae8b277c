"""One cap for the shards of a run, which are on machines of their own and share a database."""

from collections.abc import Iterator

import pytest

from tests.plugin.conftest import Suite
from tests.plugin.test_hard_cap import FOUR, capped
from tests.plugin.test_live_calls import asked, denied
from tests.unit.cap.postgres import PASSWORD, USER, Server, free_port, server

__all__ = ["capped", "denied"]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with server() as made:
        yield made


@pytest.fixture
def sharded(capped: Suite, postgres: Server, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """A suite whose shards charge one cap of $0.008, by calls of $0.0015 that are bounded by a little more than $0.005."""
    monkeypatch.setenv("CLAUDE_BUDGET_CAP_URL", postgres.url)
    capped.write(test_a=FOUR)
    return capped


def test_shards_of_one_run_spend_no_more_together(sharded: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first spends $0.003, as much as fits; nothing fits into the second; another run has a cap of its own."""
    monkeypatch.setenv("CLAUDE_BUDGET_CAP_RUN", "nightly 7")
    first = sharded.run("-p", "no:randomly")
    first.result.assert_outcomes(passed=2, failed=2)
    second = sharded.run("-p", "no:randomly")
    second.result.assert_outcomes(failed=4)
    assert "$0.003 is spent" in second.said
    assert 2 == len(asked(sharded))
    monkeypatch.setenv("CLAUDE_BUDGET_CAP_RUN", "nightly 8")
    sharded.run("-p", "no:randomly").result.assert_outcomes(passed=2, failed=2)


def test_the_password_is_in_no_output_and_in_no_file(sharded: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_BUDGET_CAP_RUN", "quiet")
    outcome = sharded.run("-p", "no:randomly", "-vv", "--showlocals")
    assert PASSWORD not in outcome.result.stdout.str() + outcome.result.stderr.str()
    files = [path for path in sharded.path.rglob("*") if path.is_file()]
    assert [path for path in files if PASSWORD.encode() in path.read_bytes()] == []


def test_a_database_that_cannot_be_reached_lets_no_call_go(sharded: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_BUDGET_CAP_RUN", "lost")
    monkeypatch.setenv("CLAUDE_BUDGET_CAP_URL", f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{free_port()}/postgres")
    outcome = sharded.run("-p", "no:randomly")
    assert [] == asked(sharded)
    assert outcome.result.ret != 0
    shown = outcome.result.stdout.str() + outcome.result.stderr.str()
    assert "the database of the cap cannot be reached or used: connection refused" in shown
    assert PASSWORD not in shown


CHILDREN = """
import os, subprocess, sys
import asks, clients
def test_1(): clients.httpx()
def test_2():
    lost = {{**os.environ, "CLAUDE_BUDGET_CAP_URL": {lost!r}}}
    subprocess.run([sys.executable, "-c", "import network, asks, clients; clients.requests()"], env=lost)
"""


@pytest.mark.cold
def test_a_child_that_cannot_reach_the_database_says_so_and_loses_nothing(
    sharded: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was measured is whole, and no advice is given that would not help."""
    monkeypatch.setenv("CLAUDE_BUDGET_CAP_RUN", "lost later")
    lost = f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{free_port()}/postgres"
    sharded.write(test_a=CHILDREN.format(lost=lost))
    outcome = sharded.run("-p", "no:randomly")
    outcome.result.assert_outcomes(passed=1, failed=1)
    assert 1 == len(asked(sharded))
    assert (
        "test_a.py::test_2: a call to Claude was not sent: the cap of the run cannot be held here (the database of the cap cannot be"
        " reached or used: connection refused)"
    ) in outcome.said
    assert "the cap, which cannot be held here, refused calls of 1 test" in outcome.report["verdict"]["capped"]
    assert "to pass: do what the message of the failed test says; to raise the cap is no help" in outcome.said
    assert [] == outcome.report["verdict"]["incomplete"]
