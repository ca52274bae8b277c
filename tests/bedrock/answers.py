"""What the double answers, and what it costs.

Sonnet 4.5 in the profile `us.`: 1,000 in, 400 written for five minutes, 600 for an hour, 5,000 read, 200 out at 3 / 3.75 / 6 /
0.30 / 15 a million are 3,000 + 1,500 + 3,600 + 1,500 + 3,000 = 12,600 millionths of a dollar, and a tenth more for the region.
"""

from datetime import date
from decimal import Decimal

from pytest_claude_budget.calls.call import Answer, Usage
from pytest_claude_budget.files.read_write import load_rates_document
from pytest_claude_budget.pricing.price import price
from pytest_claude_budget.pricing.rates import parse_rates
from tests.bedrock.conftest import Reply, as_frames, as_json
from tests.wire.answers import Json, message, usage
from tests.wire.frames import BEGUN, BLOCK_END, STOPPED, chunk, metadata, text

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
ANSWERED = "claude-sonnet-4-5-20250929"
COST = Decimal("0.01386")
COUNTS = Usage(
    input_tokens=1_000,
    cache_creation_5m_input_tokens=400,
    cache_creation_1h_input_tokens=600,
    cache_read_input_tokens=5_000,
    output_tokens=200,
)
_STATED = usage(
    input_tokens=1_000,
    cache_creation_input_tokens=1_000,
    cache_creation={"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 600},
    cache_read_input_tokens=5_000,
    output_tokens=200,
)
_CONVERSED: Json = {
    "inputTokens": 1_000,
    "outputTokens": 200,
    "cacheReadInputTokens": 5_000,
    "cacheReadInputTokenCount": 5_000,
    "cacheWriteInputTokens": 1_000,
    "cacheWriteInputTokenCount": 1_000,
    "cacheDetails": [{"ttl": "1h", "inputTokens": 600}, {"ttl": "5m", "inputTokens": 400}],
    "serverToolUsage": {},
    "totalTokens": 7_200,
}
_METRICS = {"inputTokenCount": 1_000, "outputTokenCount": 200, "invocationLatency": 551, "firstByteLatency": 120}
_START = {"type": "message_start", "message": message(model=ANSWERED, content=[], stop_reason=None, usage=_STATED)}
_TEXTS = ("Nothing but ", "the truth, ", "the whole truth.")
EVENTS: list[Json] = [
    {**_START, "message": {**_START["message"], "usage": {**_STATED, "output_tokens": 1}}},  # type: ignore[dict-item]  # a dict
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": each}} for each in _TEXTS),
    {"type": "content_block_stop", "index": 0},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 200},
    },
    {"type": "message_stop", "amazon-bedrock-invocationMetrics": _METRICS},
]
SEEN = sum(map(len, _TEXTS))
"""Characters of the answer's text: 39, which are 11 tokens at 3.5 a token."""
_TABLE, _TODAY = parse_rates(load_rates_document()), date(2026, 11, 24)


def invoked() -> Reply:
    """An answer of InvokeModel."""
    return as_json(message(model=ANSWERED, usage=_STATED))


def invoked_stream() -> Reply:
    """One of InvokeModelWithResponseStream."""
    return as_frames(*map(chunk, EVENTS))


def conversed() -> Reply:
    """One of Converse."""
    said = {"message": {"role": "assistant", "content": [{"text": "".join(_TEXTS)}]}}
    return as_json(
        {"metrics": {"latencyMs": 551}, "output": said, "stopReason": "end_turn", "usage": _CONVERSED},
    )


def conversed_stream() -> Reply:
    """One of ConverseStream."""
    return as_frames(BEGUN, *map(text, _TEXTS), BLOCK_END, STOPPED, metadata(**_CONVERSED))


def dollars(answer: Answer) -> Decimal | None:
    """What an answer costs."""
    return price(answer, _TODAY, _TABLE).amount
