"""What Amazon Bedrock says of an answer beside Anthropic's own words: in a stream's last event, and in fields around it.

Counts come out under Anthropic's names, as they stand: whoever reads them checks them.
"""

from collections.abc import Mapping

METRICS = b"amazon-bedrock-invocationMetrics"
GUARDRAIL = "amazon-bedrock-guardrailAction"
INTERVENED = "INTERVENED"
_IN_METRICS = (
    ("input_tokens", "inputTokenCount"),
    ("output_tokens", "outputTokenCount"),
    ("cache_read_input_tokens", "cacheReadInputTokenCount"),
    ("cache_creation_input_tokens", "cacheWriteInputTokenCount"),
)


def conditions_of(tier: object, latency: object) -> dict[str, object]:
    """Say under which terms an answer was made, in the words of a usage of Anthropic's: `default` is its standard tier."""
    said: dict[str, object] = {}
    if tier:
        said["service_tier"] = "standard" if tier == "default" else tier
    if isinstance(latency, str) and latency not in ("", "standard"):
        said["speed"] = f"latency-{latency}"  # which has rates of its own
    return said


def usage_of_metrics(event: Mapping[str, object]) -> dict[str, object] | None:
    """Read the counts of a stream's last event; None where it has none."""
    metrics = event.get(METRICS.decode())
    if not isinstance(metrics, dict):
        return None
    return {name: metrics[own] for name, own in _IN_METRICS if own in metrics} or None
