"""Sessions of Managed Agents through the real SDK: each request once, however it is read, and the running time.

A turn on Sonnet 4.6: 3,000 in at $3, 150 out at $15, 1,000 reads at $0.30, 100 and 100 writes at $3.75 and $6 a million; one search
at $0.01; 90 seconds at $0.08 an hour: 0.009 + 0.00225 + 0.0003 + 0.000375 + 0.0006 + 0.01 + 0.002 = $0.024525.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.plugin.conftest import Outcome, Suite
from tests.plugin.sessions_double import Sessions

TURN = Decimal("0.024525")
CLIENT = """
import anthropic

import pytest

HELLO = {"type": "user.message", "content": [{"type": "text", "text": "Hello"}]}


def client(url=URL):
    return anthropic.Anthropic(api_key="sk-ant-canary", base_url=url, max_retries=0)


def create(**more):
    return client().beta.sessions.create(agent="agent_1", environment_id="env_1", **more).id


def send(session):
    client().beta.sessions.events.send(session, events=[HELLO])


def retrieve(session):
    return client().beta.sessions.retrieve(session)


def listed(session):
    return list(client().beta.sessions.events.list(session))


def streamed(session):
    with client().beta.sessions.events.stream(session) as stream:
        return list(stream)
"""


@pytest.fixture
def sessions() -> Iterator[Sessions]:
    made = Sessions()
    yield made
    made.close()


def run(suite: Suite, sessions: Sessions, test: str, *arguments: str, workers: int = 0, live: bool = True) -> Outcome:
    if live:
        suite.budget("version: 1\nloopback: live\n")
    double = Path(__file__).with_name("sessions_double.py").read_text("utf-8")
    suite.write(
        sessions_double=double,
        asking=CLIENT.replace("URL", repr(sessions.url)),
        test_it=f"from asking import *\n\n{test}",
    )
    return suite.run(*arguments, workers=workers)


READS = {
    "ten times as an object": "for _ in range(10): retrieve(session)",
    "twice as a list of events, then as an object": "listed(session); listed(session); retrieve(session)",
    "once as a stream": "streamed(session)",
    "in every way": "retrieve(session); streamed(session); listed(session); streamed(session); retrieve(session)",
}


@pytest.mark.parametrize("read", READS)
def test_each_turn_counts_once_however_it_is_read(suite: Suite, sessions: Sessions, read: str) -> None:
    outcome = run(
        suite,
        sessions,
        f"""
def test_it():
    session = create()
    for _ in range(2):
        send(session)
        {READS[read]}
""",
    )
    assert Decimal(outcome.cost) == 2 * TURN
    assert outcome.verdict == "within"
    usage = outcome.report["totals"]["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["cache_read_input_tokens"]) == (6000, 300, 2000)
    assert (usage["cache_creation_5m_input_tokens"], usage["cache_creation_1h_input_tokens"]) == (200, 200)
    assert (usage["web_search_requests"], usage["session_microhours"]) == (2, 50_000)
    assert outcome.report["stated_by_gateways"]["cost"] == "0.06"
    assert "claude-sonnet-4-6" == outcome.report["by_model"][0]["model"]


def test_requests_are_calls_and_sums_alone_are_one(suite: Suite, sessions: Sessions) -> None:
    outcome = run(
        suite,
        sessions,
        """
def test_requests():
    session = create(initial_events=[HELLO])
    assert any(event.type == "span.model_request_end" for event in streamed(session))

def test_sums():
    session = create(initial_events=[HELLO])
    assert retrieve(session).usage.input_tokens == 3000
""",
    )
    rows = {row["owner"]: (row["calls"], row["cost"]) for row in outcome.report["by_owner"]}
    assert rows == {"test_it.py::test_requests": (2, str(TURN)), "test_it.py::test_sums": (1, str(TURN))}


def test_two_processes_that_read_the_same_count_it_once(suite: Suite, sessions: Sessions) -> None:
    outcome = run(
        suite,
        sessions,
        """
import subprocess, sys

def test_it():
    session = create()
    send(session)
    read = f"from asking import *; streamed({session!r}); retrieve({session!r}); listed({session!r})"
    children = [subprocess.Popen([sys.executable, "-c", read]) for _ in range(2)]
    streamed(session)
    assert [child.wait() for child in children] == [0, 0]
""",
    )
    assert outcome.cost == str(TURN)
    assert outcome.verdict == "within"


def test_who_asks_pays_for_a_turn_of_a_session_that_a_fixture_made(suite: Suite, sessions: Sessions) -> None:
    outcome = run(
        suite,
        sessions,
        """
@pytest.fixture(scope="module")
def session():
    return create()

@pytest.mark.parametrize("number", [1, 2])
def test_it(session, number):
    send(session)
    retrieve(session)
    listed(session)
""",
    )
    rows = {row["owner"]: row["cost"] for row in outcome.report["by_owner"]}
    assert {f"test_it.py::test_it[{number}]": str(TURN) for number in (1, 2)} == rows


def test_a_double_that_gives_an_id_again_hides_nothing(suite: Suite, sessions: Sessions, workers: int) -> None:
    """Each test has a server of its own, whose first session has the same id."""
    outcome = run(
        suite,
        sessions,
        """
import asking
from sessions_double import Sessions

@pytest.mark.parametrize("number", range(3))
def test_it(number):
    sessions = Sessions()
    asking.client.__defaults__ = (sessions.url,)
    session = create()
    send(session)
    listed(session)
    retrieve(session)
    sessions.close()
""",
        workers=workers,
    )
    assert Decimal(outcome.cost) == 3 * TURN


def test_what_was_sent_and_never_read_is_told(suite: Suite, sessions: Sessions) -> None:
    outcome = run(suite, sessions, "def test_it():\n    session = create()\n    send(session)\n")
    assert outcome.verdict == "incomplete"
    assert "events were sent to a session and what it used was not read" in outcome.said


def test_one_that_still_runs_is_a_lower_bound(suite: Suite, sessions: Sessions) -> None:
    sessions.status = "running"
    outcome = run(suite, sessions, "def test_it():\n    session = create()\n    send(session)\n    retrieve(session)\n")
    assert outcome.verdict == "incomplete"
    assert "the session was still running when it was read last" in outcome.said
    assert (outcome.cost, outcome.report["totals"]["at_least"]) == (str(TURN), True)


def test_running_time_that_was_not_read_is_told(suite: Suite, sessions: Sessions) -> None:
    outcome = run(suite, sessions, "def test_it():\n    session = create()\n    send(session)\n    listed(session)\n")
    assert outcome.verdict == "incomplete"
    assert "what a session ran for was not read" in outcome.said


def test_a_session_that_is_only_looked_at_costs_nothing(suite: Suite, sessions: Sessions) -> None:
    sessions.turns["sesn_1"] = 5
    outcome = run(
        suite, sessions, "def test_it():\n    retrieve('sesn_1')\n    listed('sesn_1')\n    streamed('sesn_1')\n"
    )
    assert outcome.report.get("totals", {}).get("calls", 0) == 0


def test_of_an_older_session_only_what_came_since_is_counted(suite: Suite, sessions: Sessions) -> None:
    sessions.turns["sesn_1"] = 5
    outcome = run(
        suite,
        sessions,
        """
def test_it():
    retrieve("sesn_1")
    send("sesn_1")
    listed("sesn_1")
    retrieve("sesn_1")
""",
    )
    assert outcome.cost == str(TURN)


def test_a_session_of_this_machine_is_simulated_unless_somebody_says_otherwise(
    suite: Suite, sessions: Sessions
) -> None:
    test = "def test_it():\n    session = create(initial_events=[HELLO])\n    streamed(session)\n"
    outcome = run(suite, sessions, test, live=False)
    assert (outcome.cost, outcome.report["totals"]["spent"]) == (str(TURN), "0")


def test_the_fixture_and_the_lock_file_know_of_it(suite: Suite, sessions: Sessions) -> None:
    test = """
from decimal import Decimal

def test_it(claude_budget):
    session = create()
    send(session)
    retrieve(session)
    assert claude_budget.cost == Decimal("0.024525")
"""
    run(suite, sessions, test, "--claude-budget-update")
    lock = (suite.path / "claude-budget.lock.json").read_text("utf-8")
    assert '"session_microhours": 25000' in lock
    outcome = run(suite, sessions, test)
    assert outcome.report["comparison"]["change"] == "0"
