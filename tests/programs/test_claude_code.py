"""Claude Code, the real program, by its command line and by its agent SDK: what it says that it used is what the run says, to the token."""

import json
from pathlib import Path
from typing import Any

from tests.plugin.conftest import Outcome, Suite
from tests.programs.claude_api import ClaudeApi

CODE = """
import json
import os
import subprocess
from pathlib import Path

import claude_agent_sdk

CLAUDE = Path(claude_agent_sdk.__file__).parent / "_bundled" / "claude"


def code(*arguments, **options):
    command = [CLAUDE, "-p", *arguments, "--output-format", "json", "--model", "claude-haiku-4-5"]
    said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, **options).stdout
    Path("said.json").write_text(said)
    return json.loads(said)
"""


def run(programs: Suite, test: str) -> tuple[Outcome, dict[str, Any]]:
    """What the run came to, and what Claude Code said."""
    programs.write(code=CODE, test_it=test)
    outcome = programs.run()
    assert outcome.result.ret == 0, outcome.result.outlines
    said = Path(programs.path / "said.json")
    return outcome, json.loads(said.read_text("utf-8")) if said.exists() else {}


def counted(outcome: Outcome) -> list[int]:
    """Input, output, cache reads, and both kinds of cache writes."""
    usage = outcome.owner("test_it.py::test_it")["usage"]
    names = ("input_tokens", "output_tokens", "cache_read_input_tokens")
    return [usage[name] for name in (*names, "cache_creation_5m_input_tokens", "cache_creation_1h_input_tokens")]


def told(said: dict[str, Any]) -> list[int]:
    """The same, in Claude Code's own words, of all models."""
    names = ("inputTokens", "outputTokens", "cacheReadInputTokens")
    names = (*names, "cacheCreationEphemeral5mInputTokens", "cacheCreationEphemeral1hInputTokens")
    return [sum(model[name] for model in said["modelUsage"].values()) for name in names]


def test_what_it_says_that_it_used_is_what_the_run_says(programs: Suite) -> None:
    """On Haiku 4.5: 1,001 at $1, 20 at $5, 3,000 reads at $0.10, 150 and 50 writes at $1.25 and $2 a million:
    0.001001 + 0.0001 + 0.0003 + 0.0001875 + 0.0001 = $0.0016885."""
    outcome, said = run(programs, "from code import code\n\ndef test_it():\n    assert code('hi')['result'] == 'Hi.'\n")
    assert counted(outcome) == told(said) == [1001, 20, 3000, 150, 50]
    assert outcome.cost == "0.0016885"
    assert round(said["total_cost_usd"], 9) == 0.0016885


def test_a_sub_agent_is_paid_by_the_test_too(programs: Suite, api: ClaudeApi) -> None:
    api.with_agent = True
    outcome, said = run(
        programs, "from code import code\n\ndef test_it():\n    code('hi', '--allowedTools', 'Agent,Task')\n"
    )
    assert said["subagent_stats"]["spawned"] == 1
    assert outcome.owner("test_it.py::test_it")["calls"] == api.answers > 2
    assert counted(outcome) == told(said)


def test_counting_tokens_costs_nothing(programs: Suite, api: ClaudeApi) -> None:
    outcome, _ = run(programs, "from code import code\n\ndef test_it():\n    code('/context')\n")
    assert any("count_tokens" in path for path in api.paths)
    assert (outcome.report["totals"]["calls"], outcome.report["totals"]["free"]) == (0, len(api.paths))


def test_each_try_against_an_overloaded_api_is_an_attempt(programs: Suite, api: ClaudeApi) -> None:
    """It tries eleven times in three minutes, unless it is told otherwise; each time it says that it is the first."""
    api.overloaded = 2
    test = "import os\n\nfrom code import code\n\ndef test_it():\n    code('hi', env={**os.environ, 'CLAUDE_CODE_MAX_RETRIES': '2'})\n"
    outcome, said = run(programs, test)
    assert said["result"] == "Hi."
    totals = outcome.owner("test_it.py::test_it")
    assert (totals["calls"], totals["attempts"]) == (1, 3)


def test_its_agent_sdk_goes_by_the_gateway_too(programs: Suite) -> None:
    outcome, _ = run(
        programs,
        """
import asyncio

from claude_agent_sdk import ClaudeAgentOptions, ResultMessage, query


async def ask():
    options = ClaudeAgentOptions(model="claude-haiku-4-5")
    return [message async for message in query(prompt="hi", options=options)]


def test_it():
    said = asyncio.run(ask())[-1]
    assert isinstance(said, ResultMessage)
    assert said.result == "Hi."
    assert said.usage["input_tokens"] == 1001
""",
    )
    assert counted(outcome) == [1001, 20, 3000, 150, 50]
    assert outcome.cost == "0.0016885"  # as above
