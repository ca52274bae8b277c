"""`claude_agent_sdk` without a gateway, with the real program: what Claude Code says that each turn used is counted, and never twice.

Each answer of the double on Haiku 4.5: 1,000 + n at $1, 20 at $5, 3,000 reads at $0.10, 150 and 50 writes at $1.25 and $2 a million.
The first is 0.001001 + 0.0001 + 0.0003 + 0.0001875 + 0.0001 = $0.0016885; each next one is $0.000001 dearer.
"""

from decimal import Decimal

import pytest

from tests.plugin.conftest import Outcome, Suite
from tests.programs.claude_api import ClaudeApi

FIRST = Decimal("0.0016885")
MORE = Decimal("0.000001")
ASKING = """
import asyncio

from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, ResultMessage, query


def ask(prompt="hi", **options):
    async def work():
        how = ClaudeAgentOptions(model="claude-haiku-4-5", **options)
        return [message async for message in query(prompt=prompt, options=how)]

    said = asyncio.run(work())[-1]
    assert isinstance(said, ResultMessage)
    return said
"""
LIVE = "version: 1\nloopback: live\n"


def run(programs: Suite, test: str, budget: str = LIVE) -> Outcome:
    programs.budget(budget)
    programs.write(asking=ASKING, test_it=f"import asyncio\n\nimport pytest\n\nfrom asking import *\n\n\n{test}")
    outcome = programs.run()
    assert outcome.result.ret in (0, 1), outcome.result.outlines
    return outcome


def counted(outcome: Outcome, owner: str = "test_it") -> list[int]:
    """Calls, input, output, cache reads, and both kinds of cache writes."""
    row = outcome.owner(f"test_it.py::{owner}")
    names = ("input_tokens", "output_tokens", "cache_read_input_tokens")
    names = (*names, "cache_creation_5m_input_tokens", "cache_creation_1h_input_tokens")
    return [row["calls"], *(row["usage"][name] for name in names)]


def test_its_own_words_are_counted(programs: Suite) -> None:
    outcome = run(programs, "def test_it():\n    assert ask().result == 'Hi.'\n")
    assert outcome.verdict == "within"
    assert counted(outcome) == [1, 1001, 20, 3000, 150, 50]
    assert (outcome.cost, outcome.report["totals"]["spent"]) == (str(FIRST), str(FIRST))
    assert "told by Claude Code in its own words" in outcome.said


def test_with_a_gateway_its_counts_hold(programs: Suite, api: ClaudeApi) -> None:
    outcome = run(programs, "def test_it():\n    ask()\n", "version: 1\ngateway: true\n")
    assert counted(outcome) == [1, 1001, 20, 3000, 150, 50]
    assert "told by Claude Code" not in outcome.said
    assert api.answers == 1


def test_each_turn_of_a_client_counts_once_for_the_test_that_asked(programs: Suite) -> None:
    """Claude Code tells sums since it began: the second turn is what came on top."""
    outcome = run(
        programs,
        """
@pytest.fixture(scope="module")
def loop():
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture(scope="module")
def client(loop):
    client = ClaudeSDKClient(ClaudeAgentOptions(model="claude-haiku-4-5"))
    loop.run_until_complete(client.connect())
    yield client
    loop.run_until_complete(client.disconnect())


@pytest.mark.parametrize("number", [1, 2])
def test_it(loop, client, number):
    async def turn():
        await client.query("hi")
        return [message async for message in client.receive_response()]

    assert isinstance(loop.run_until_complete(turn())[-1], ResultMessage)
""",
    )
    assert [counted(outcome, f"test_it[{number}]")[:2] for number in (1, 2)] == [[1, 1001], [1, 1002]]
    assert Decimal(outcome.cost) == 2 * FIRST + MORE
    assert {row["owner"] for row in outcome.report["by_owner"]} == {"test_it.py::test_it[1]", "test_it.py::test_it[2]"}


def test_a_conversation_that_another_program_goes_on_with_counts_what_came_since(programs: Suite) -> None:
    """It tells what the first program had used once more."""
    test = "def test_it():\n    session = ask().session_id\n    ask('again', resume=session)\n"
    outcome = run(programs, test)
    assert counted(outcome) == [2, 2003, 40, 6000, 300, 100]
    assert outcome.verdict == "within"


def test_one_that_is_older_than_the_run_is_a_lower_bound(programs: Suite) -> None:
    run(programs, "def test_it():\n    ask()\n")
    outcome = run(programs, "def test_it():\n    ask('again', continue_conversation=True)\n")
    assert counted(outcome)[:2] == [1, 1002]
    assert outcome.verdict == "incomplete"
    assert "a conversation that went on from before" in outcome.said


def test_sub_agents_are_in_it(programs: Suite, api: ClaudeApi) -> None:
    api.with_agent = True
    outcome = run(programs, "def test_it():\n    ask(allowed_tools=['Agent', 'Task'])\n")
    calls, tokens, *_ = counted(outcome)
    assert api.answers > 2
    assert (calls, tokens) == (1, sum(1000 + number for number in range(1, api.answers + 1)))


def test_a_turn_that_is_left_is_not_known(programs: Suite) -> None:
    outcome = run(
        programs,
        """
def test_it():
    async def work():
        async with ClaudeSDKClient(ClaudeAgentOptions(model="claude-haiku-4-5")) as client:
            await client.query("hi")

    asyncio.run(work())
""",
    )
    assert outcome.verdict == "incomplete"
    assert "Claude Code was asked and has not said what it used" in outcome.said


def test_a_client_that_asks_nothing_costs_nothing(programs: Suite) -> None:
    outcome = run(
        programs,
        """
def test_it():
    async def work():
        async with ClaudeSDKClient(ClaudeAgentOptions(model="claude-haiku-4-5")):
            pass

    asyncio.run(work())
""",
    )
    assert outcome.report.get("totals", {}).get("calls", 0) == 0


def test_an_api_that_fails_is_an_attempt(programs: Suite, api: ClaudeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_CODE_MAX_RETRIES", "0")
    api.overloaded = 100
    outcome = run(
        programs,
        """
def test_it():
    try:
        ask()
    except Exception:
        pass
""",
    )
    totals = outcome.owner("test_it.py::test_it")
    assert (totals["calls"], totals["attempts"], totals["cost"]) == (0, 1, "0")


def test_what_answers_on_this_machine_is_simulated(programs: Suite) -> None:
    outcome = run(programs, "def test_it():\n    ask()\n", "version: 1\n")
    assert (outcome.cost, outcome.report["totals"]["spent"]) == (str(FIRST), "0")


def test_the_program_by_itself_is_still_told(programs: Suite) -> None:
    outcome = run(
        programs,
        """
def test_it():
    import subprocess
    from pathlib import Path

    import claude_agent_sdk

    claude = Path(claude_agent_sdk.__file__).parent / "_bundled" / "claude"
    subprocess.run([claude, "-p", "hi", "--model", "claude-haiku-4-5"], stdin=subprocess.DEVNULL, capture_output=True)
""",
    )
    assert outcome.verdict == "incomplete"
    assert "claude was started" in outcome.said


def test_where_live_calls_are_denied_it_is_not_started(programs: Suite, api: ClaudeApi) -> None:
    outcome = run(programs, "def test_it():\n    ask()\n", f"{LIVE}live_calls: deny\n")
    assert outcome.result.ret == 1
    assert "claude was started at asking.py" in outcome.said
    assert "live calls are denied" in outcome.said
    assert api.paths == []
