"""openlit: its automatic traces of the Anthropic SDK. The release carries no prices and fetches a list; it is given the right ones here."""

import json
import tempfile
from pathlib import Path
from typing import Any

from common import RATES, told

LIST = {
    name: {
        "promptPrice": rates["input"] / 1000,
        "completionPrice": rates["output"] / 1000,
        "cacheReadPrice": rates["read"] / 1000,
        "cacheCreationPrice": rates["write"] / 1000,
    }
    for name, rates in RATES.items()
}
PRICES = Path(tempfile.mkdtemp()) / "prices.json"
PRICES.write_text(json.dumps({"chat": LIST}), encoding="utf-8")

import anthropic  # noqa: E402
import openlit  # noqa: E402
from opentelemetry import trace  # noqa: E402
from opentelemetry.sdk.trace import TracerProvider  # noqa: E402
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: E402
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: E402

SPANS = InMemorySpanExporter()
PROVIDER = TracerProvider()
PROVIDER.add_span_processor(SimpleSpanProcessor(SPANS))
trace.set_tracer_provider(PROVIDER)
openlit.init(pricing_json=str(PRICES), disable_metrics=True, disable_events=True)


def charge(case: dict[str, Any], base: str) -> Any:
    if case["name"] == "regional":
        raise NotImplementedError("Bedrock has a way of its own, which is not asked here")
    client = anthropic.Anthropic(base_url=base, api_key="k", max_retries=0)
    asked: dict[str, Any] = {"model": case["model"], "max_tokens": 300}
    asked["messages"] = [{"role": "user", "content": "Hello"}]
    SPANS.clear()
    if case["name"] == "stream":
        for _ in client.messages.create(**asked, stream=True):
            pass
    else:
        client.messages.create(**asked)
    PROVIDER.force_flush()
    costs = [span.attributes.get("gen_ai.usage.cost") for span in SPANS.get_finished_spans() if span.attributes]
    return next((cost for cost in costs if cost is not None), None)


told(charge)
