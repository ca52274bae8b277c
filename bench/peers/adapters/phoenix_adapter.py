"""phoenix: its instrumentor of the Anthropic SDK, and the calculator of its server with the prices that the release carries."""

import json
import re
from pathlib import Path
from typing import Any

import anthropic
import phoenix
from common import told
from openinference.instrumentation.anthropic import AnthropicInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from phoenix.db.models import TokenPrice
from phoenix.server.cost_tracking.cost_details_calculator import SpanCostDetailsCalculator
from phoenix.trace.attributes import unflatten

try:
    from phoenix.db.types.token_price_customization import ThresholdBasedTokenPriceCustomization as Threshold
except ImportError:
    from phoenix.db.models import ThresholdBasedTokenPriceCustomization as Threshold

MODELS = json.loads((Path(phoenix.__file__).parent / "server/cost_tracking/model_cost_manifest.json").read_text())[
    "models"
]
SPANS, PROVIDER = InMemorySpanExporter(), TracerProvider()
PROVIDER.add_span_processor(SimpleSpanProcessor(SPANS))
AnthropicInstrumentor().instrument(tracer_provider=PROVIDER)


def prices_of(name: str) -> list[TokenPrice]:
    """Those of the first model whose pattern matches the whole name."""
    for model in MODELS:
        if re.fullmatch(model["name_pattern"], name):
            return [
                TokenPrice(
                    token_type=row["token_type"],
                    is_prompt=row["is_prompt"],
                    base_rate=row["base_rate"],
                    customization=Threshold(**row["customization"]) if row.get("customization") else None,
                )
                for row in model["token_prices"]
            ]
    return []


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
    (span,) = SPANS.get_finished_spans()
    prices = prices_of(str(span.attributes["llm.model_name"]))
    if not prices:
        return None
    details = SpanCostDetailsCalculator(prices).calculate_details(unflatten(span.attributes.items()))
    return sum(detail.cost or 0 for detail in details)


told(charge)
