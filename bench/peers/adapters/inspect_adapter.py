"""inspect-ai: a model, and the cost that its usage states. It carries no prices; it is given the right ones here."""

from typing import Any

from common import RATES, told
from inspect_ai.model import GenerateConfig, ModelCost, ModelInfo, get_model, set_model_info


async def charge(case: dict[str, Any], base: str) -> Any:
    if case["name"] == "regional":
        raise NotImplementedError("Bedrock has a way of its own, which is not asked here")
    name = f"anthropic/{case['model']}"
    rates = RATES.get(case["model"])
    if rates is not None:
        cost = ModelCost(
            input=rates["input"],
            output=rates["output"],
            input_cache_write=rates["write"],
            input_cache_read=rates["read"],
        )
        set_model_info(name, ModelInfo(cost=cost))
    model = get_model(
        name, base_url=base, api_key="k", config=GenerateConfig(max_retries=0, max_tokens=300), memoize=False
    )
    output = await model.generate("Hello")
    return output.usage and output.usage.total_cost


told(charge)
