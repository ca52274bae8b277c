"""Requests of Amazon Bedrock's Converse API, brought to the form of Anthropic's, so that one fingerprint fits both."""

import re
from collections.abc import Mapping
from typing import Any

_POINT = "cachePoint"
_ISSUED = re.compile(rb"\btooluse_[A-Za-z0-9_-]{22}(?![A-Za-z0-9_-])").sub
"""Ids of the API, which are other ones at each run."""


def without_ids(body: bytes) -> bytes:
    """A request in which each id that the API gave out is its kind alone."""
    return _ISSUED(b"tooluse_", body) if b"tooluse_" in body else body


def as_anthropics(request: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a request out as Anthropic's are: messages, system, tools, `max_tokens`, and all else as it is.

    A cache point is a block of its own in Converse, and a mark on the block before it here.
    """
    rest = {name: value for name, value in request.items() if name not in ("messages", "system", "toolConfig")}
    tools, limits = request.get("toolConfig"), request.get("inferenceConfig")
    if isinstance(tools, dict):
        rest["tools"] = _marked(tools.get("tools"))
        rest |= {name: value for name, value in tools.items() if name != "tools"}
    if isinstance(limits, dict) and "maxTokens" in limits:
        rest["max_tokens"] = limits["maxTokens"]
        others = {name: value for name, value in limits.items() if name != "maxTokens"}
        rest = {**rest, "inferenceConfig": others} if others else _without(rest, "inferenceConfig")
    if "system" in request:
        rest["system"] = _marked(request["system"])
    return {**rest, "messages": _messages(request.get("messages"))}


def _messages(messages: object) -> object:
    if not isinstance(messages, list):
        return messages
    return [
        {**message, "content": _marked(message.get("content"))} if isinstance(message, dict) else message
        for message in messages
    ]


def _marked(blocks: object) -> object:
    """Blocks in which each cache point is a mark on the one before it."""
    if not isinstance(blocks, list):
        return blocks
    marked: list[object] = []
    for block in blocks:
        if not isinstance(block, dict) or _POINT not in block:
            marked.append(block)
            continue
        before = marked.pop() if marked else {}
        marked.append({**before, "cache_control": block[_POINT]} if isinstance(before, dict) else block)
    return marked


def _without(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key != name}
