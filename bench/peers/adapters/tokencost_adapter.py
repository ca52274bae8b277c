"""tokencost: its price for a number of tokens, in and out. Its list knows none of these models."""

from typing import Any

from common import told
from tokencost import calculate_cost_by_tokens


def charge(case: dict[str, Any], base: str) -> Any:
    if case["name"] == "stream":
        raise NotImplementedError("reads no streams")
    used = case["usage"]
    cost = calculate_cost_by_tokens(used["input_tokens"], case["model"], "input")
    return cost + calculate_cost_by_tokens(used["output_tokens"], case["model"], "output")


told(charge)
