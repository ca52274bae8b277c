"""Every kind of usage that is billed in a way of its own, as one JSON answer and as a stream."""

from typing import Any

import pytest
from asking import ASK, SONNET, client_of
from double import Double, message, stream

SPLIT = {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 600}
NOT_SPLIT = {"ephemeral_5m_input_tokens": 1_000, "ephemeral_1h_input_tokens": 0}
REFUSED: dict[str, Any] = {"content": [], "stop_reason": "refusal"}


def entry(kind: str, input_tokens: int, output_tokens: int, **more: Any) -> dict[str, Any]:
    """One of `usage.iterations`."""
    return {
        "type": kind,
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "cache_creation": None,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        **more,
    }


KINDS: dict[str, dict[str, Any]] = {
    "cache-5m": {
        "input_tokens": 2_000,
        "cache_creation_input_tokens": 1_000,
        "cache_creation": NOT_SPLIT,
        "cache_read_input_tokens": 5_000,
        "output_tokens": 50,
    },
    "cache-5m-and-1h": {
        "input_tokens": 2_001,
        "cache_creation_input_tokens": 1_000,
        "cache_creation": SPLIT,
        "output_tokens": 51,
    },
    "cache-sum-only": {"input_tokens": 2_002, "cache_creation_input_tokens": 1_000, "output_tokens": 52},
    "nulls": {
        "input_tokens": 2_003,
        "cache_creation_input_tokens": None,
        "cache_read_input_tokens": None,
        "cache_creation": None,
        "server_tool_use": None,
        "service_tier": None,
        "inference_geo": None,
        "output_tokens": 53,
    },
    "fast": {
        "model": "claude-opus-5-5",
        "speed": "fast",
        "input_tokens": 2_004,
        "cache_read_input_tokens": 1_000,
        "output_tokens": 54,
    },
    "not-fast": {"model": "claude-opus-5-5", "speed": "standard", "input_tokens": 2_005, "output_tokens": 55},
    "geo-us": {"inference_geo": "us", "input_tokens": 2_010, "output_tokens": 50},
    "geo-global": {"inference_geo": "global", "input_tokens": 2_011, "output_tokens": 51},
    "geo-us-before-4-6": {
        "model": "claude-sonnet-4-5-20250929",
        "inference_geo": "us",
        "input_tokens": 2_012,
        "output_tokens": 52,
    },
    "geo-us-and-fast": {
        "model": "claude-opus-5-5",
        "speed": "fast",
        "inference_geo": "us",
        "input_tokens": 2_020,
        "output_tokens": 50,
    },
    "priority": {"service_tier": "priority", "input_tokens": 2_021, "output_tokens": 51},
    "tier-standard": {"service_tier": "standard", "input_tokens": 2_022, "output_tokens": 52},
    "tier-batch": {"service_tier": "batch", "input_tokens": 2_024, "output_tokens": 54},
    "web-search": {
        "server_tool_use": {"web_search_requests": 3, "web_fetch_requests": 2},
        "input_tokens": 2_030,
        "output_tokens": 60,
    },
    "web-search-in-a-batch": {
        "server_tool_use": {"web_search_requests": 2},
        "service_tier": "batch",
        "input_tokens": 2_032,
        "output_tokens": 62,
    },
    "thinking": {
        "input_tokens": 2_033,
        "output_tokens": 900,
        "output_tokens_details": {"thinking_tokens": 800},
    },
    "iterations-of-a-tool-loop": {
        "input_tokens": 2_034,
        "output_tokens": 64,
        "iterations": [entry("message", 1_000, 30), entry("message", 1_034, 34)],
    },
    "compaction": {
        "input_tokens": 2_035,
        "output_tokens": 65,
        "iterations": [entry("compaction", 5_000, 500), entry("message", 2_035, 65)],
    },
    "compaction-alone": {
        "input_tokens": 0,
        "output_tokens": 0,
        "iterations": [entry("compaction", 5_001, 501)],
    },
    "advisor": {
        "input_tokens": 2_036,
        "output_tokens": 66,
        "iterations": [
            entry("message", 2_036, 66),
            entry("advisor_message", 3_000, 300, model="claude-opus-4-6"),
        ],
    },
    "fallback": {
        "model": "claude-opus-4-6",
        "input_tokens": 2_037,
        "output_tokens": 67,
        "iterations": [
            entry("message", 2_037, 0, model="claude-fable-5-2"),
            entry("fallback_message", 2_037, 67, model="claude-opus-4-6"),
        ],
    },
    "fallback-after-output": {
        "model": "claude-opus-4-6",
        "input_tokens": 2_038,
        "output_tokens": 68,
        "iterations": [
            entry("message", 2_000, 20, model="claude-fable-5-2"),
            entry("fallback_message", 2_038, 68, model="claude-opus-4-6"),
        ],
    },
    "refused": {**REFUSED, "input_tokens": 2_039, "output_tokens": 0},
    "refused-in-mid-stream": {"stop_reason": "refusal", "input_tokens": 2_040, "output_tokens": 12},
    "nothing-but-a-cache-write": {
        "content": [],
        "stop_reason": "max_tokens",
        "input_tokens": 4,
        "cache_creation_input_tokens": 3_000,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 3_000},
        "output_tokens": 0,
    },
    "prompt-of-100000": {
        "model": "claude-haiku-5-5",
        "input_tokens": 60_000,
        "cache_read_input_tokens": 40_000,
        "output_tokens": 100,
    },
    "prompt-of-100001": {
        "model": "claude-haiku-5-5",
        "input_tokens": 60_001,
        "cache_read_input_tokens": 40_000,
        "output_tokens": 100,
    },
}
"""What an answer says, by the kind of usage."""

MODELS = (
    "claude-3-haiku-20240307",
    "claude-3-5-haiku-20241022",
    "claude-3-7-sonnet-latest",
    "claude-opus-4-20250514",
    "claude-opus-4-1-20250805",
    "claude-sonnet-4-5",
    "anthropic/claude-sonnet-4.5",
    "claude-haiku-4-5-20251001",
    "claude-opus-4-5-20251101",
    "claude-opus-4-6",
    "claude-sonnet-4-6[1m]",
    "claude-sonnet-5-5",
    "claude-opus-5",
    "claude-opus-5-5",
    "claude-mythos-5-1",
    "claude-fable-5-2",
)
"""Ids as they are written: dated, undated, `-latest`, with a client's suffix, and a router's spelling."""


@pytest.mark.parametrize("kind", KINDS)
def test_json(double: Double, kind: str) -> None:
    with client_of(double.url(message(**KINDS[kind]))) as client:
        answer = client.beta.messages.create(**ASK)
    assert KINDS[kind]["output_tokens"] == answer.usage.output_tokens


@pytest.mark.parametrize("kind", KINDS)
def test_streamed(double: Double, kind: str) -> None:
    """`message_start` has all but the final counts, as the API sends them."""
    fields = dict(KINDS[kind])
    model, stop = fields.pop("model", SONNET), fields.pop("stop_reason", "end_turn")
    text = () if fields.pop("content", None) == [] else ("Hello",)
    late = {name: fields.pop(name) for name in ("output_tokens", "iterations") if name in fields}
    begun = {**fields, "output_tokens": min(1, late["output_tokens"])}
    reply = stream(model=model, start=begun, final=late, text=text, stop_reason=stop)
    with client_of(double.url(reply)) as client:
        assert "message_stop" == list(client.messages.create(**ASK, stream=True))[-1].type


@pytest.mark.parametrize("model", MODELS)
def test_model(double: Double, model: str) -> None:
    fields = {"input_tokens": 1_000, "cache_read_input_tokens": 1_000, "output_tokens": 100}
    with client_of(double.url(message(model=model, **fields))) as client:
        assert model == client.messages.create(**ASK).model
