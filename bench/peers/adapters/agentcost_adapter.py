"""agentcost: its calculator with the prices that the release carries; there it warns that it has none for a model of Claude. It fetches others from a server of its own."""

from typing import Any

from agentcost.cost_calculator import calculate_cost
from common import told


def charge(case: dict[str, Any], base: str) -> Any:
    if case["name"] == "stream":
        raise NotImplementedError("reads no streams")
    used = case["usage"]
    return calculate_cost(case["model"], used["input_tokens"], used["output_tokens"])


told(charge)
