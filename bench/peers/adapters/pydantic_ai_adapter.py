"""pydantic-ai: an agent, and the cost that its usage states."""

from typing import Any

from common import told
from pydantic_ai import Agent
from pydantic_ai.messages import ModelResponse
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.usage import RequestUsage


async def charge(case: dict[str, Any], base: str) -> Any:
    if case["name"] == "regional":
        used = RequestUsage(input_tokens=case["usage"]["input_tokens"], output_tokens=case["usage"]["output_tokens"])
        return ModelResponse(parts=[], usage=used, model_name=case["model"], provider_name="bedrock").cost().total_price
    agent = Agent(AnthropicModel(case["model"], provider=AnthropicProvider(base_url=base, api_key="k")))
    if case["name"] == "stream":
        async with agent.run_stream("Hello") as result:
            await result.get_output()
        return result.usage.cost
    return (await agent.run("Hello")).usage.cost


told(charge)
