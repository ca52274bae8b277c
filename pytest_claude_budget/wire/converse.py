"""What an answer of Amazon Bedrock's Converse API used, brought to Anthropic's own names.

A test compares `KNOWN` with the service model of the installed botocore, so that a new field is seen here before it is
missing from somebody's bill.
"""

from collections.abc import Iterator, Mapping

from pytest_claude_budget.wire.bedrock_counts import conditions_of

KNOWN: Mapping[str, str] = {
    "inputTokens": "counted: without those of the cache",
    "outputTokens": "counted",
    "cacheReadInputTokens": "counted",
    "cacheWriteInputTokens": "counted: the sum of both kinds of cache writes",
    "cacheDetails": "counted: cache writes by their lifetime",
    "cacheDetails.ttl": "decides the rate",
    "cacheDetails.inputTokens": "counted",
    "totalTokens": "the sum of the counts",
    "cacheReadInputTokenCount": "another name of cacheReadInputTokens, which answers have and the service model has not",
    "cacheWriteInputTokenCount": "another name of cacheWriteInputTokens",
    "serverToolUsage": "empty in answers of Claude: what may stand in it is not known",
}
"""Dotted name of a field of Converse's usage, and what is done with it."""
LIFETIMES = {"5m": "ephemeral_5m_input_tokens", "1h": "ephemeral_1h_input_tokens"}
"""Lifetimes that `cacheDetails` names, and Anthropic's counts of them."""
_COUNTS = (
    ("input_tokens", "inputTokens", ""),
    ("output_tokens", "outputTokens", ""),
    ("cache_read_input_tokens", "cacheReadInputTokens", "cacheReadInputTokenCount"),
    ("cache_creation_input_tokens", "cacheWriteInputTokens", "cacheWriteInputTokenCount"),
)
"""Anthropic's name, Converse's, and the other one of it."""
_MOST_NAMED = 3


def message_of(value: Mapping[str, object]) -> dict[str, object]:
    """Bring an answer of Converse, or what a stream of it has said, to a message of Anthropic's. Never raises."""
    usage = value.get("usage")
    return {
        "stop_reason": value.get("stopReason"),
        "content": _content(value),
        "usage": {**_usage(usage), **_conditions(value)} if isinstance(usage, dict) and usage else None,
    }


def invoked_model(value: Mapping[str, object]) -> str | None:
    """Name the model that a prompt router chose; None where no router was asked or nobody wanted its trace."""
    invoked = _section(_section(value, "trace"), "promptRouter").get("invokedModelId")
    return invoked if isinstance(invoked, str) and invoked else None


def unknown_counts(value: Mapping[str, object]) -> list[str]:
    """Say which counts of an answer nobody here knows, which may be billed."""
    names = list(_unknown(_section(value, "usage")))[:_MOST_NAMED]
    return [f"usage.{name} is not known here and may be billed" for name in names]


def _usage(usage: Mapping[str, object]) -> dict[str, object]:
    said = {}
    for name, own, other in _COUNTS:
        value = usage.get(own)
        if value is None:
            value = usage.get(other)
        if value is not None:
            said[name] = value
    details = usage.get("cacheDetails")
    if details:
        said["cache_creation"] = _by_lifetime(details) if isinstance(details, list) else details
    return said


def _by_lifetime(details: list[object]) -> object:
    """Cache writes by lifetime; what cannot be read comes back as it is, which is then found to be no object."""
    sums: dict[str, int] = {}
    for detail in details:
        if not isinstance(detail, dict) or type(detail.get("inputTokens")) is not int:
            return details
        name = LIFETIMES.get(str(detail.get("ttl")))
        if name is not None:
            sums[name] = sums.get(name, 0) + detail["inputTokens"]
    return sums


def _unknown(usage: Mapping[str, object]) -> Iterator[str]:
    """Fields that nobody here knows and that say more than zero, in the order in which they stand."""
    for name, value in usage.items():
        if name == "serverToolUsage" and isinstance(value, dict):
            yield from (f"serverToolUsage.{_plain(inner)}" for inner, count in value.items() if count)
        elif name == "cacheDetails" and isinstance(value, list):
            ttls = (detail.get("ttl") for detail in value if isinstance(detail, dict) and detail.get("inputTokens"))
            yield from (f"cacheDetails of ttl {_plain(str(ttl))}" for ttl in ttls if str(ttl) not in LIFETIMES)
        elif name not in KNOWN and "tokens" in name.lower() and value:
            yield _plain(name)


def _plain(name: str) -> str:
    """A name that somebody else chose, as it may stand in a sentence."""
    return name[:60] if name.isascii() and name.isalnum() else repr(name[:60])


def _conditions(value: Mapping[str, object]) -> dict[str, object]:
    return conditions_of(
        _section(value, "serviceTier").get("type"), _section(value, "performanceConfig").get("latency")
    )


def _content(value: Mapping[str, object]) -> list[object]:
    """The blocks, of which only that they are there and not empty matters."""
    blocks = _section(_section(value, "output"), "message").get("content")
    return [_block(block) for block in blocks] if isinstance(blocks, list) else []


def _block(block: object) -> object:
    if not isinstance(block, dict) or "text" in block:
        return block
    return {"type": next(iter(block), "text")}


def _section(fields: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = fields.get(name)
    return value if isinstance(value, dict) else {}
