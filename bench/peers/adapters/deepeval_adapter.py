"""deepeval: its Anthropic model, and the cost that it returns with each answer."""

from typing import Any

from common import told
from deepeval.models import AnthropicModel


def charge(case: dict[str, Any], base: str) -> Any:
    if case["name"] == "regional":
        raise NotImplementedError("Bedrock has a way of its own, which is not asked here")
    if case["name"] == "stream":
        raise NotImplementedError("asks for no stream")
    model = AnthropicModel(model=case["model"], api_key="k", base_url=base, max_retries=0)
    _, cost = model.generate("Hello")
    return cost


told(charge)
