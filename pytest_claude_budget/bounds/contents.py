"""What a request holds: its text without the data of images and files, these images, and what it only refers to.

One reading for Anthropic's own form, for Converse's and for that of OpenAI: their blocks have different names. What stands outside of
the places that are known for images counts as the text that it is. What is not known counts as if it had no size.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TEXTS = frozenset(
    (
        *(
            "text",
            "thinking",
            "redacted_thinking",
            "tool_use",
            "tool_result",
            "search_result",
            "compaction",
            "fallback",
        ),
        *("server_tool_use", "mcp_tool_use", "mcp_tool_result", "mcp_tool_listing", "tool_search_tool_result"),
        *("web_search_tool_result", "web_fetch_tool_result", "web_fetch_result", "advisor_tool_result"),
        *("code_execution_tool_result", "bash_code_execution_tool_result", "text_editor_code_execution_tool_result"),
        *("tool_addition", "tool_removal", "tool_reference", "tool_search_tool_search_result", "web_search_result"),
        *("input_text", "output_text", "refusal", "summary_text", "message", "function", "function_call"),
        *("function_call_output", "custom_tool_call", "custom_tool_call_output", "reasoning"),
    )
)
"""Types of blocks that are billed as the text that they hold."""
_CONVERSE_TEXTS = frozenset(
    (
        "text",
        "toolUse",
        "toolResult",
        "reasoningContent",
        "json",
        "searchResult",
        "citationsContent",
        "guardContent",
        "cachePoint",
    )
)
_HIDES = ("encrypted_content", "encrypted_stdout")
"""What only the server can read, and may be longer than it looks."""
_DATA_URL = "data:"
PDF = "a PDF, whose pages no one can count from outside"
BY_REFERENCE = "a file that is named by its id or URL"
HIDDEN = "what a server tool gave back in a form that only the server reads"


@dataclass(kw_only=True, slots=True)
class Contents:
    """What was found in a request's messages."""

    images: list[str | None] = field(default_factory=list)
    """In base64; None is one that is only referred to."""
    unsized: list[str] = field(default_factory=list)
    """What has no size in the request; for a person."""
    references: int = 0
    """How often a tool's description is told again."""
    tools: list[dict[str, Any]] = field(default_factory=list)
    """Those that the messages bring."""

    def messages(self, value: object) -> object:
        """Messages without the data of images and files."""
        if not isinstance(value, list):
            return value
        return [self._message(each) for each in value]

    def _message(self, message: object) -> object:
        if not isinstance(message, dict):
            return message
        if "role" in message or message.get("type") == "message":
            return {**message, "content": self.blocks(message.get("content"))} if "content" in message else message
        return self._block(message)  # an item of OpenAI's Responses

    def blocks(self, content: object) -> object:
        """A content without the data of images and files."""
        return [self._block(each) for each in content] if isinstance(content, list) else content

    def _block(self, block: object) -> object:
        if not isinstance(block, dict):
            return block
        kind = block.get("type")
        if kind == "text":  # most of them
            return block
        if not isinstance(kind, str):
            return self._of_converse(block)
        if kind == "image":
            return self._image(block)
        if kind == "document":
            return self._document(block)
        if kind in ("image_url", "input_image"):
            return self._image_url(block)
        if kind not in TEXTS:
            named = "a file" if kind in ("file", "input_file", "container_upload") else f"a block of type {kind[:40]!r}"
            self.unsized.append(BY_REFERENCE if named == "a file" else named)
            return _without_data(block)
        if any(name in block for name in _HIDES):
            self.unsized.append(HIDDEN)
        self.references += kind == "tool_reference"
        if kind == "tool_addition" and isinstance(tool := block.get("tool"), dict):
            definition = tool.get("definition")
            self.tools.append(definition if isinstance(definition, dict) else {})
        return {name: self._inner(name, each) for name, each in block.items()}

    def _inner(self, name: str, value: object) -> object:
        """What stands in a block: blocks again where the name says so."""
        if name in ("content", "output") and isinstance(value, list):
            return self.blocks(value)
        if name == "content" and isinstance(value, dict):
            return self._block(value) if isinstance(value.get("type"), str) else value
        if name == "tool_references" and isinstance(value, list):
            self.references += len(value)
        return value

    def _image(self, block: Mapping[str, Any]) -> object:
        source = block.get("source")
        if not isinstance(source, dict) or source.get("type") != "base64" or not isinstance(source.get("data"), str):
            self.images.append(None)
            return block
        self.images.append(source["data"])
        return {**block, "source": _without(source, "data")}

    def _image_url(self, block: Mapping[str, Any]) -> object:
        url = block.get("image_url")
        where = url.get("url") if isinstance(url, dict) else url
        if not isinstance(where, str) or not where.startswith(_DATA_URL):
            self.images.append(None)
            return block
        self.images.append(where.partition(",")[2])
        return _without(block, "image_url")

    def _document(self, block: Mapping[str, Any]) -> object:
        source = block.get("source")
        kind = source.get("type") if isinstance(source, dict) else None
        if not isinstance(source, dict) or kind not in ("text", "content"):
            self.unsized.append(PDF if kind == "base64" else BY_REFERENCE)
            return _without_data(block)
        return (
            {**block, "source": {**source, "content": self.blocks(source["content"])}} if "content" in source else block
        )

    def _of_converse(self, block: Mapping[str, Any]) -> object:
        return {name: self._converse_part(name, each) for name, each in block.items()}

    def _converse_part(self, name: str, value: object) -> object:
        source = value.get("source") if isinstance(value, dict) else None
        if name == "image" and isinstance(value, dict):
            data = source.get("bytes") if isinstance(source, dict) else None
            self.images.append(data if isinstance(data, str) else None)
            return _without(value, "source")
        if name == "document" and isinstance(value, dict):
            if isinstance(source, dict) and ("text" in source or "content" in source):
                return value
            self.unsized.append("a document")
            return _without(value, "source")
        if name == "toolResult" and isinstance(value, dict):
            return {**value, "content": self.blocks(value.get("content"))}
        if name not in _CONVERSE_TEXTS:
            self.unsized.append(f"a block {name[:40]!r}")
        return value


def _without(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: each for key, each in value.items() if key != name}


def _without_data(block: Mapping[str, Any]) -> dict[str, Any]:
    """A block without long data, which is not billed by its length."""
    return {key: _shallow(each) for key, each in block.items()}


def _shallow(value: object) -> object:
    if isinstance(value, dict):
        return {key: each for key, each in value.items() if key not in ("data", "file_data")}
    return value
