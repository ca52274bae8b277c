"""litellm: a completion, and the cost that litellm has for its response; its own calculators for a batch and for a model on Bedrock."""

import os
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # the list that the release carries; the other one is of a branch

import litellm  # after the setting above
from common import told
from litellm.cost_calculator import batch_cost_calculator

litellm.suppress_debug_info = True


def charge(case: dict[str, Any], base: str) -> Any:
    """The stream by litellm's own builder of its chunks."""
    if case["name"] == "regional":
        used = {"prompt_tokens": 1000, "completion_tokens": 200}
        return sum(litellm.cost_per_token(model=f"bedrock/{case['model']}", **used))
    asked: dict[str, Any] = {"model": f"anthropic/{case['model']}", "api_base": base, "api_key": "k", "max_retries": 0}
    asked["messages"] = [{"role": "user", "content": "Hello"}]
    if case["name"] == "stream":
        chunks = list(litellm.completion(**asked, stream=True, stream_options={"include_usage": True}))
        return litellm.completion_cost(litellm.stream_chunk_builder(chunks, messages=asked["messages"]))
    response = litellm.completion(**asked)
    if case["name"] == "batch":
        return sum(batch_cost_calculator(response.usage, case["model"], "anthropic"))
    try:
        return litellm.completion_cost(response, model=asked["model"])
    except Exception:
        return response._hidden_params.get("response_cost")


told(charge)
