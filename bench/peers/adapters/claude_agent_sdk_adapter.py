"""claude-agent-sdk: Claude Code asks one question, and its result states the cost."""

import tempfile
from typing import Any

from claude_agent_sdk import ClaudeAgentOptions, ResultMessage, query
from common import told


async def charge(case: dict[str, Any], base: str) -> Any:
    if case["name"] == "regional":
        raise NotImplementedError("Bedrock has a way of its own, which is not asked here")
    if case["name"] == "batch":
        raise NotImplementedError("makes no batches")
    home = tempfile.mkdtemp()
    environ = {"ANTHROPIC_BASE_URL": base, "ANTHROPIC_API_KEY": "k", "CLAUDE_CONFIG_DIR": home, "HOME": home}
    environ |= {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_TELEMETRY": "1"}
    options = ClaudeAgentOptions(
        model=case["model"], env=environ, cwd=home, allowed_tools=[], max_turns=1, setting_sources=[]
    )
    cost = None
    async for message in query(prompt="Hello", options=options):
        if isinstance(message, ResultMessage):
            cost = message.total_cost_usd
    return cost


told(charge)
