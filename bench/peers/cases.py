"""The answers that each tool is to price, with the right amount worked out by hand from the price list of 29 November 2026."""

from dataclasses import dataclass
from typing import Any

Usage = dict[str, Any]

SONNET = "claude-sonnet-4-5-20250929"
PLAIN: Usage = {
    "input_tokens": 1000,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 200,
    "service_tier": "standard",
    "inference_geo": "global",
}
CACHED = PLAIN | {
    "cache_creation_input_tokens": 1000,
    "cache_creation": {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 600},
    "cache_read_input_tokens": 5000,
}
_NO_CACHE: Usage = {key: PLAIN[key] for key in PLAIN if "cache" in key}
BESIDES = [
    {"type": "compaction", "input_tokens": 400, "output_tokens": 100, **_NO_CACHE},
    {"type": "advisor_message", "model": "claude-opus-4-7", "input_tokens": 300, "output_tokens": 50, **_NO_CACHE},
    {"type": "message", "input_tokens": 1000, "output_tokens": 200, **_NO_CACHE},
]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One answer."""

    name: str
    what: str
    model: str
    usage: Usage
    right: str | None
    """Dollars; None where nobody can know."""
    sum: str
    """How that is worked out: millions of tokens times dollars."""


CASES = (
    Case(
        name="plain",
        what="1,000 tokens in, 200 out; Sonnet 4.5",
        model=SONNET,
        usage=PLAIN,
        right="0.006",
        sum="1,000 × $3 + 200 × $15",
    ),
    Case(
        name="cache",
        what="also 400 written to the cache for 5 minutes, 600 for an hour, 5,000 read",
        model=SONNET,
        usage=CACHED,
        right="0.0126",
        sum="$0.006 + 400 × $3.75 + 600 × $6 + 5,000 × $0.30",
    ),
    Case(
        name="batch",
        what="the same from a batch",
        model=SONNET,
        usage=CACHED | {"service_tier": "batch"},
        right="0.0063",
        sum="half of $0.0126",
    ),
    Case(
        name="unknown",
        what="plain, of a model that is on no list: `claude-sonnet-99`",
        model="claude-sonnet-99",
        usage=PLAIN,
        right=None,
        sum="not known",
    ),
    Case(
        name="fast",
        what="plain, in fast mode; Opus 5.5",
        model="claude-opus-5-5",
        usage=PLAIN | {"speed": "fast"},
        right="0.016",
        sum="1,000 × $8 + 200 × $40",
    ),
    Case(
        name="us",
        what="plain, with `inference_geo: us`; Opus 4.7",
        model="claude-opus-4-7",
        usage=PLAIN | {"inference_geo": "us"},
        right="0.011",
        sum="(1,000 × $5 + 200 × $25) × 1.1",
    ),
    Case(
        name="regional",
        what="plain, of a regional profile of Amazon Bedrock: `us.anthropic.claude-sonnet-4-5-20250929-v1:0`",
        model="us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        usage={name: PLAIN[name] for name in PLAIN if name not in ("service_tier", "inference_geo")},
        right="0.0066",
        sum="$0.006 × 1.1",
    ),
    Case(
        name="search",
        what="plain, with three web searches",
        model=SONNET,
        usage=PLAIN | {"server_tool_use": {"web_search_requests": 3, "web_fetch_requests": 0}},
        right="0.036",
        sum="$0.006 + 3 × $0.01",
    ),
    Case(
        name="step",
        what="60,000 in, 40,001 read from the cache, 200 out; Haiku 5.5, whose rates are five times as high above 100,000",
        model="claude-haiku-5-5",
        usage=PLAIN | {"input_tokens": 60_000, "cache_read_input_tokens": 40_001},
        right="0.03250005",
        sum="(60,000 × $0.10 + 40,001 × $0.01 + 200 × $0.50) × 5",
    ),
    Case(
        name="long",
        what="150,000 in, 60,000 read, 200 out; Sonnet 4.5, whose premium above 200,000 ended on 30 April 2026",
        model=SONNET,
        usage=PLAIN | {"input_tokens": 150_000, "cache_read_input_tokens": 60_000},
        right="0.471",
        sum="150,000 × $3 + 60,000 × $0.30 + 200 × $15",
    ),
    Case(
        name="besides",
        what="plain, after a compaction of 400 in and 100 out, and an advisor on Opus 4.7 with 300 in and 50 out",
        model=SONNET,
        usage=PLAIN | {"iterations": BESIDES},
        right="0.01145",
        sum="$0.006 + 400 × $3 + 100 × $15 + 300 × $5 + 50 × $25",
    ),
    Case(
        name="stream",
        what="plain, as a stream with two `message_delta`s: the first says 100 tokens out, the second 200",
        model=SONNET,
        usage=PLAIN,
        right="0.006",
        sum="as plain: the counts of a stream are cumulative",
    ),
)
