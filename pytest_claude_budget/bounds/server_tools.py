"""Tools that the server runs before it answers: how often the prompt is read again for them, and what they cost by themselves."""

from collections.abc import Iterable, Mapping
from typing import Any

from pytest_claude_budget.base.values import value_class

ROUNDS = 10
"""Rounds of a server before it pauses, as documented."""
_CLIENTS = ("bash_", "text_editor_", "computer_", "memory_", "browser_")
"""How the types of tools begin that a request only names, and that its sender runs."""
_PLAIN = (None, "custom", "function")
_SEARCH = "web_search"
_GATEWAYS_SEARCH = ("web_search_options", "plugins")
"""What asks OpenAI-compatible gateways for searches."""


@value_class(frozen=True, kw_only=True, slots=True)
class Advisor:
    """A model that the answering one may ask."""

    model: str
    uses: int | None
    """None is without a limit."""
    max_tokens: int | None


@value_class(frozen=True, kw_only=True, slots=True)
class ServerTools:
    """What of a request's tools is not run by its sender."""

    named: int = 0
    """Tools that the request only names, the server's and others: the model is told more of them than the request holds."""
    listed: int = 0
    """All tools."""
    rounds: int = 1
    """How often the prompt is read at most."""
    searches: int | None = 0
    """None is without a limit."""
    advisors: tuple[Advisor, ...] = ()
    runs_code: bool = False


def server_tools(request: Mapping[str, Any], in_messages: Iterable[Mapping[str, Any]] = ()) -> ServerTools:
    """Tell of a request's tools, and of those that its messages bring."""
    more = request.get("additionalModelRequestFields")
    tools = [*in_messages, *_tools(request), *(_tools(more) if isinstance(more, dict) else ())]
    kinds = [(each.get("type"), each) for each in tools]
    named = [(str(kind), tool) for kind, tool in kinds if kind not in _PLAIN and not _is_converses(tool)]
    servers = [(kind, tool) for kind, tool in named if not kind.startswith(_CLIENTS)]
    if request.get("mcp_servers"):
        servers.append(("mcp_toolset", {}))
    searching = [tool for kind, tool in servers if kind.startswith(_SEARCH)]
    searching += [{} for name in _GATEWAYS_SEARCH if request.get(name) is not None]
    rounds = 1
    if servers or searching:
        rounds += max(ROUNDS, sum(_count(tool.get("max_uses")) or 0 for _, tool in servers))
    return ServerTools(
        named=len(named),
        listed=len(tools),
        rounds=rounds,
        searches=_sum(_count(tool.get("max_uses")) for tool in searching),
        advisors=tuple(
            Advisor(
                model=str(tool.get("model")),
                uses=_count(tool.get("max_uses")),
                max_tokens=_count(tool.get("max_tokens")),
            )
            for kind, tool in servers
            if kind.startswith("advisor")
        ),
        runs_code=any(kind.startswith("code_execution") for kind, _ in servers),
    )


def _tools(request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = request.get("tools")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _is_converses(tool: Mapping[str, Any]) -> bool:
    """Converse names no type: `toolSpec` is a tool of the sender's, `cachePoint` none, and `systemTool` the server's."""
    return "type" not in tool and "systemTool" not in tool


def _sum(counts: Iterable[int | None]) -> int | None:
    known = list(counts)
    return None if None in known else sum(each for each in known if each is not None)


def _count(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None
