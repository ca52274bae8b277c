"""ezop-agentcost: its reading of a usage, and its table."""

import json
from typing import Any

from common import told
from ezop_agentcost.pricing import PriceTable
from ezop_agentcost.sse import AnthropicStreamAssembler, SSEEvent
from ezop_agentcost.usage import Usage

TABLE = PriceTable()


def charge(case: dict[str, Any], base: str) -> Any:
    usage = case["usage"]
    if case["name"] == "stream":
        seen = AnthropicStreamAssembler()
        for event in case["events"]:
            seen.feed(SSEEvent(event=event["type"], data=json.dumps(event), raw=b""))
        usage = seen.usage_payload()
    return TABLE.cost(case["model"], Usage.from_anthropic(usage))


told(charge)
