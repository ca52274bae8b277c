"""What a request says besides its fingerprint, for advice on what would cost less: which tools it offers, and what it sends twice.

Hashes and lengths only, in one short JSON text. Nothing in it is in a lock file, and most requests have none.
"""

from collections.abc import Mapping
from typing import Any

from pytest_claude_budget.wire.canonical import bytes_of, encode, name_hash, part

Facts = Mapping[str, object]
NO_FACTS: Facts = {}
OPEN = "open"
"""The request may have more tokens than its messages have bytes, such as those of an image or of a file that it names."""
OPEN_TEXT = '{"open":true}'
MOST_TOOLS = 32
"""Of a request with more, none is listed."""
LONG, LONG_FIRST = 1_000, 2_000
"""Characters from which a text is looked for again in the same request; and of a first block that other requests may begin with."""
_OWN_TOOLS = frozenset((None, "custom", "function"))
"""Types of tools that run in the user's program: all others run at the server and add what they found to the prompt."""
_TEXTS = frozenset(("tool_use", "thinking", "redacted_thinking"))
"""Types of blocks without a text to look for again, whose tokens are never more than their bytes."""
_AT_SERVER = ("mcp_servers", "container")


def facts_of_rest(value: Mapping[str, Any]) -> Facts:
    """What all of a request but its messages says."""
    tools = value.get("tools")
    listed = tools if isinstance(tools, list) else []
    facts: dict[str, object] = {}
    is_open = any(value.get(name) for name in _AT_SERVER)
    names = [_tool_name(tool) for tool in listed]
    if None in names:
        is_open = True
    elif 0 < len(listed) <= MOST_TOOLS:
        sizes = (part(tool).rpartition(":")[2] for tool in listed)
        facts["tools"] = [f"{name_hash(str(name))}:{size}" for name, size in zip(names, sizes, strict=True)]
    if is_open:
        facts[OPEN] = True
    return facts


def _tool_name(tool: object) -> str | None:
    """The name of one of the user's own tools, None of any other."""
    if not isinstance(tool, dict) or tool.get("type") not in _OWN_TOOLS:
        return None
    function = tool.get("function")
    name = function.get("name") if isinstance(function, dict) else tool.get("name")
    return name if isinstance(name, str) else None


def facts_of_messages(messages: object) -> Facts:
    """What the messages say: `twice`, the bytes of long texts that stand in them again; `first`, a long first block."""
    if not isinstance(messages, list):
        return NO_FACTS
    long: list[str] = []
    is_open = False
    for message in messages:
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, str):
            if len(content) >= LONG:
                long.append(content)
        elif not _take(content, long):
            is_open = True
    first = _first_of_several(messages)
    if not (long or is_open):
        return NO_FACTS
    facts: dict[str, object] = {OPEN: True} if is_open else {}
    if len(long) > 1 and len(set(long)) < len(long):
        facts["twice"] = sum(len(bytes_of(text)) for text in long) - sum(len(bytes_of(text)) for text in set(long))
    if first is not None:
        facts["first"] = first
    return facts


def _take(content: object, long: list[str]) -> bool:
    """Collect the long texts of a message's content; False where something in it may have more tokens than bytes."""
    if not isinstance(content, list):
        return content is None
    is_bounded = True
    for block in content:
        kind = block.get("type") if isinstance(block, dict) else None
        if kind in ("text", "tool_result", "document"):
            text = _text_of(block, kind)
            if isinstance(text, str):
                if len(text) >= LONG:
                    long.append(text)
            elif kind != "tool_result" or not _take(text, long):
                is_bounded = False
        elif not isinstance(kind, str) or kind not in _TEXTS:
            is_bounded = False
    return is_bounded


def _text_of(block: Mapping[str, Any], kind: str) -> object:
    """The text of a block; of a tool's result, its content."""
    if kind != "document":
        return block.get("text" if kind == "text" else "content")
    source = block.get("source")
    return source.get("data") if isinstance(source, dict) and source.get("type") == "text" else None


def _first_of_several(messages: list[Any]) -> str | None:
    """Hash and length of a long text that a request's first message begins with, before something else."""
    message = messages[0] if messages else None
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list) or len(content) < 2:
        return None
    block = content[0]
    kind = block.get("type") if isinstance(block, dict) else None
    text = _text_of(block, kind) if kind in ("text", "document") else None
    return part(text) if isinstance(text, str) and len(text) >= LONG_FIRST else None


def facts_text(facts: Facts) -> str | None:
    """The facts as text; None where there is none."""
    return encode(facts) if facts else None
