"""What a request asks for, as far as it has a price: read from its JSON, in whichever of the known forms."""

from collections.abc import Mapping
from typing import Any

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.bounds.contents import Contents
from pytest_claude_budget.bounds.server_tools import ServerTools, server_tools
from pytest_claude_budget.bounds.text_tokens import HIDDEN, HIDDEN_PER_TOOL, HIDDEN_WITH_FORM, as_text, most_tokens
from pytest_claude_budget.wire.converse_requests import as_anthropics

OUTPUTS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "max_tokens_to_sample")
_THOUGHTS, _THINKING = ("thinking", "reasoning", "reasoning_config"), ("budget_tokens", "max_tokens")
"""Where a request says how much may be thought, and how; in the forms of Anthropic, of OpenRouter and of Converse."""
_INSTRUCTS = ("citations", "tool_use", "tool_result", "search_result")
"""What it may be told of wherever these stand."""
_FORMS = (
    "thinking",
    "context_management",
    "compaction",
    "thread",
    "container",
    "mcp_servers",
    "output_config",
    "output_format",
    "response_format",
    "text",
)
"""What a server may tell the model about, such as the form of its answer."""
_CACHES = ("cache_control", "cachePoint", "caching")
"""What asks for caching, wherever it stands."""
_ELSEWHERE = {
    "previous_response_id": "an earlier answer that the server keeps",
    "conversation": "a conversation that the server keeps",
    "prompt": "a prompt that the server keeps",
}


@value_class(frozen=True, kw_only=True, slots=True)
class Substitute:
    """A model that answers where the one before has declined."""

    model: str
    max_tokens: int | None
    fast: bool = False


@value_class(frozen=True, kw_only=True, slots=True)
class Asked:
    """What decides over the cost of one request."""

    model: str | None
    text: int
    """Tokens of all that the request holds at most, but for images and files."""
    hidden: int
    """Tokens of what the server adds at most."""
    images: tuple[str | None, ...] = ()
    """In base64; None is one that is only referred to."""
    unsized: tuple[str, ...] = ()
    """What has no size in the request; for a person."""
    output: int | None = None
    """Tokens of an answer at most; None where the request does not say."""
    thinking: int = 0
    """Tokens of thinking that it allows."""
    choices: int = 1
    """Answers that are asked for."""
    lifetime: str | None = None
    """`5m` or `1h`, the longest for which the request wants anything cached."""
    fast: bool = False
    geo: str | None = None
    """As the request says; None leaves it to the account."""
    tools: ServerTools = ServerTools()
    compacts: bool = False
    """The server may first have the conversation summed up, which is an answer more."""
    substitutes: tuple[Substitute, ...] | None = ()
    """None where the server chooses them."""


def read_request(request: Mapping[str, Any]) -> Asked:
    """Read one request. Raises RecursionError for what is nested too deeply."""
    if "inferenceConfig" in request or "toolConfig" in request or "maxTokens" in request:
        request = as_anthropics(request)
    contents = Contents()
    shown = {name: _shown(name, value, contents) for name, value in request.items()}
    told, tools = as_text(shown), server_tools(request, contents.tools)
    text = most_tokens(told)
    if contents.references:  # each tells the model of a tool anew
        text += contents.references * most_tokens(as_text(request.get("tools")))
    return Asked(
        model=_text(request.get("model")),
        text=text,
        hidden=_hidden(request, tools, told),
        images=tuple(contents.images),
        unsized=tuple(dict.fromkeys([*contents.unsized, *_kept_elsewhere(request)])),
        output=_output(request),
        thinking=_thinking(request),
        choices=max(1, _count(request.get("n")) or 1),
        lifetime=_lifetime(told),
        fast=request.get("speed") == "fast",
        geo=_text(request.get("inference_geo")),
        tools=tools,
        compacts=_compacts(request),
        substitutes=_substitutes(request),
    )


def _shown(name: str, value: object, contents: Contents) -> object:
    if name in ("messages", "input"):
        return contents.messages(value)
    return contents.blocks(value) if name == "system" else value


def _hidden(request: Mapping[str, Any], tools: ServerTools, told: str) -> int:
    """Allowances for what the server adds."""
    formed = tools.listed or any(name in request for name in _FORMS) or any(f'"{name}"' in told for name in _INSTRUCTS)
    return HIDDEN + (HIDDEN_WITH_FORM if formed else 0) + tools.named * HIDDEN_PER_TOOL


def _output(request: Mapping[str, Any]) -> int | None:
    """The largest of all that limits an answer; None where nothing does."""
    counts = (_count(place.get(name)) for place in _places(request) for name in OUTPUTS)
    return max((count for count in counts if count is not None), default=None)


def _thinking(request: Mapping[str, Any]) -> int:
    told = (place.get(name) for place in _places(request) for name in _THOUGHTS)
    counts = (_count(each.get(name)) for each in told if isinstance(each, dict) for name in _THINKING)
    return max((count for count in counts if count is not None), default=0)


def _places(request: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    more = request.get("additionalModelRequestFields")
    return (request, more) if isinstance(more, dict) else (request,)


def _kept_elsewhere(request: Mapping[str, Any]) -> list[str]:
    found = [what for name, what in _ELSEWHERE.items() if request.get(name)]
    thread = request.get("thread")
    if isinstance(thread, dict) and thread.get("type") != "create":
        found.append(_ELSEWHERE["conversation"])
    return found


def _lifetime(told: str) -> str | None:
    """By the names of a request's text, in which a quote that a user wrote has a backslash before it."""
    if any(f'"{name}"' in told for name in _CACHES):
        return "1h" if '"1h"' in told else "5m"
    return None


def _compacts(request: Mapping[str, Any]) -> bool:
    if request.get("compaction"):
        return True
    management = request.get("context_management")
    edits = management.get("edits") if isinstance(management, dict) else management
    return isinstance(edits, list) and any(
        isinstance(each, dict) and str(each.get("type", "")).startswith("compact") for each in edits
    )


def _substitutes(request: Mapping[str, Any]) -> tuple[Substitute, ...] | None:
    found: list[Substitute] = []
    for name in ("fallbacks", "models"):  # `models` is OpenRouter's
        listed = request.get(name)
        if not listed:
            continue
        if not isinstance(listed, list):
            return None
        found += [_substitute(each) for each in listed]
    return tuple(found)


def _substitute(entry: object) -> Substitute:
    if not isinstance(entry, dict):
        return Substitute(model=str(entry), max_tokens=None)
    return Substitute(
        model=str(entry.get("model")), max_tokens=_count(entry.get("max_tokens")), fast=entry.get("speed") == "fast"
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None
