"""Frameworks under `live_calls: deny`: whatever one makes of a refusal, nothing leaves, and its test fails by it."""

import pytest

from tests.plugin.conftest import Suite, suite
from tests.plugin.test_live_calls import asked, denied, refusal

__all__ = ["denied", "suite"]

FRAMEWORKS = """
import asyncio, os
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import anthropic

MODEL, BASE = "claude-haiku-4-5", "http://api.anthropic.com"
SAID = [{"role": "user", "content": "Hi"}]
LITELLM = {"model": f"anthropic/{MODEL}", "messages": SAID, "api_base": BASE, "api_key": "k"}

def chat():
    from langchain_anthropic import ChatAnthropic
    return ChatAnthropic(model=MODEL, base_url=BASE, api_key="k", max_retries=2)

def test_litellm():
    import litellm
    litellm.completion(**LITELLM, num_retries=2)

def test_litellm_async():
    import litellm
    asyncio.run(litellm.acompletion(**LITELLM))

def test_litellm_stream():
    import litellm
    async def read():
        async for _ in await litellm.acompletion(**LITELLM, stream=True):
            pass
    asyncio.run(read())

def test_langchain(): chat().invoke("Hi")
def test_langchain_async(): asyncio.run(chat().ainvoke("Hi"))
def test_langchain_stream(): list(chat().stream("Hi"))
def test_langchain_batch(): chat().batch(["Hi", "Ho"], return_exceptions=True)

def test_pydantic_ai():
    from pydantic_ai import Agent
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider
    client = anthropic.AsyncAnthropic(base_url=BASE, api_key="k")
    Agent(AnthropicModel(MODEL, provider=AnthropicProvider(anthropic_client=client))).run_sync("Hi")

def test_instructor():
    import instructor
    from pydantic import BaseModel
    class Answer(BaseModel):
        number: int
    client = instructor.from_anthropic(anthropic.Anthropic(base_url=BASE, api_key="k"))
    client.messages.create(model=MODEL, max_tokens=9, messages=SAID, response_model=Answer, max_retries=3)

def test_tenacity():
    import tenacity
    again = tenacity.retry_if_not_exception_type(KeyboardInterrupt)  # BaseExceptions, too
    @tenacity.retry(stop=tenacity.stop_after_attempt(3), retry=again, wait=tenacity.wait_none())
    def ask():
        return anthropic.Anthropic(base_url=BASE, api_key="k").messages.create(model=MODEL, max_tokens=9, messages=SAID)
    try:
        ask()
    except Exception:
        pass
"""
NAMES = (
    "litellm", "litellm_async", "litellm_stream", "langchain", "langchain_async", "langchain_stream", "langchain_batch",
    "pydantic_ai", "instructor", "tenacity",
)  # fmt: skip


@pytest.mark.cold
def test_no_framework_sends_anything(denied: Suite) -> None:
    denied.write(test_a=FRAMEWORKS)
    outcome = denied.run("-W", "ignore", "-p", "no:randomly")
    outcome.result.assert_outcomes(failed=len(NAMES))
    assert [] == asked(denied)
    assert [] == [name for name in NAMES if refusal(f"test_a.py::test_{name}") not in outcome.said]
