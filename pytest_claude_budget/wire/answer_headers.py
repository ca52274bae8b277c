"""What the headers of an answer tell of its bill, beside its body: Amazon Bedrock's, and those of gateways."""

from collections.abc import Mapping
from typing import NamedTuple, TypeGuard

from pytest_claude_budget.wire.bedrock_counts import conditions_of

_LONGEST_COUNT = 12
"""Digits of a count in a header."""


class Headers(NamedTuple):
    """The values of `TELLING`, None or empty for those that are not there."""

    charged: str | None = None
    """US dollars that LiteLLM's proxy says it charges."""
    input_tokens: str | None = None
    output_tokens: str | None = None
    cache_read_input_tokens: str | None = None
    cache_creation_input_tokens: str | None = None
    """As Bedrock counts them: `input_tokens` are those that no cache had to do with."""
    service_tier: str | None = None
    latency: str | None = None

    def usage(self) -> Mapping[str, object] | None:
        """Give the counts as an answer would state them, None where input or output is not counted."""
        said = {name: int(value) for name, value in zip(self._fields[1:5], self[1:5], strict=True) if _is_count(value)}
        return said if said.keys() >= {"input_tokens", "output_tokens"} else None

    def conditions(self) -> Mapping[str, object]:
        """Say under which terms it was made, as a usage of Anthropic's does."""
        return conditions_of(self.service_tier, self.latency)


TELLING = (
    "x-litellm-response-cost",
    "x-amzn-bedrock-input-token-count",
    "x-amzn-bedrock-output-token-count",
    "x-amzn-bedrock-cache-read-input-token-count",
    "x-amzn-bedrock-cache-write-input-token-count",
    "x-amzn-bedrock-service-tier",
    "x-amzn-bedrock-performanceconfig-latency",
)
"""Names of headers, in the order of the fields."""
NO_HEADERS = Headers()


def _is_count(value: str | None) -> TypeGuard[str]:
    return value is not None and value.isascii() and value.isdecimal() and len(value) <= _LONGEST_COUNT
