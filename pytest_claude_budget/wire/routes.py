"""Which HTTP exchanges are with Claude: by path and body, never by host.

Base URLs are proxies, gateways and loopback servers as often as Anthropic's own.
"""

import re
from enum import StrEnum

from pytest_claude_budget.values import value_class
from pytest_claude_budget.wire.encodings import unpacked


class Kind(StrEnum):
    """What an answer on this route holds."""

    MESSAGES = "messages"
    COUNT_TOKENS = "count_tokens"
    BATCH_CREATE = "batch_create"
    BATCH_RESULTS = "batch_results"
    UNREAD = "unread"
    """A route of Claude whose answers are billed and that is not read: never silently free."""
    GUESS = "guess"
    """An unknown path with a request that names Claude: counts only if the answer is a message."""


@value_class(frozen=True, kw_only=True, slots=True)
class Route:
    """Where a request goes."""

    kind: Kind
    model: str | None = None
    """The model that the URL names."""
    regional: bool = False
    batch_id: str | None = None
    reason: str | None = None
    """Why answers of an unread route are unmeasured."""
    evident: bool = False
    """The path alone proves that this is Claude; else the request must."""


_MESSAGES = Route(kind=Kind.MESSAGES)
_COUNT = Route(kind=Kind.COUNT_TOKENS)
_BATCH_CREATE = Route(kind=Kind.BATCH_CREATE)
_GUESS = Route(kind=Kind.GUESS)
_COMPLETE = Route(kind=Kind.UNREAD, reason="the legacy text completions API states no usage")
_SESSION = Route(kind=Kind.UNREAD, reason="Managed Agents sessions are not measured yet")
_CHAT = Route(kind=Kind.UNREAD, reason="an OpenAI-compatible route, which is not measured yet")
_RESULTS = re.compile(r"/v1/messages/batches/([^/]{1,200})/results$")
_SESSION_EVENTS = re.compile(r"/v1/sessions/[^/]{1,200}/events$")
_VERTEX = re.compile(r"/publishers/anthropic/models/([^/:]{1,200}):(stream)?[rR]awPredict$")
_VERTEX_LOCATION = re.compile(r"/locations/([^/]{1,100})/")
_BEDROCK = re.compile(r"/model/(.{1,300})/(invoke|invoke-with-response-stream|converse|converse-stream)$")
_NAMES_CLAUDE = re.compile(rb'"model"\s*:\s*"[^"]{0,200}claude')


def route(method: str, path: str, body: bytes | None, *, from_sdk: bool) -> Route | None:
    """Tell what an exchange is, None when it is not with Claude.

    `body` is the request's, None when it cannot be read; `from_sdk` says that the request carries Anthropic's
    version header.
    """
    path = path.rstrip("/")
    if method == "POST":
        found = _posted(path)
        if found is None:
            return _unknown(path, body)
        if found.evident or from_sdk or body is None:
            return found
        body = unpacked(body)
        if body is None:
            return found
        if found is _CHAT:
            return found if _NAMES_CLAUDE.search(body) else None
        return found if _looks_like_request(found, body) else None
    if method == "GET" and (match := _RESULTS.search(path)):
        return Route(kind=Kind.BATCH_RESULTS, batch_id=match[1], evident=True)
    return None


def _unknown(path: str, body: bytes | None) -> Route | None:
    """A path of no API's: only a request that can be read says whose it is."""
    if body is None:
        return None
    found = _GUESS if _looks_like_messages(body) else None
    if found is None and path.endswith("/responses") and b'"input"' in body:
        found = _CHAT
    return found if found is not None and _NAMES_CLAUDE.search(body) else None


def _posted(path: str) -> Route | None:
    if path.endswith("/v1/messages"):
        return _MESSAGES
    if path.endswith("/v1/messages/count_tokens"):
        return _COUNT
    if path.endswith("/v1/messages/batches"):
        return _BATCH_CREATE
    if path.endswith("/v1/complete"):
        return _COMPLETE
    if path.endswith("/chat/completions"):
        return _CHAT
    if path.endswith("awPredict"):
        return _vertex(path)
    if "/model/" in path:
        return _bedrock(path)
    if _SESSION_EVENTS.search(path):
        return _SESSION
    return None


def _vertex(path: str) -> Route | None:
    match = _VERTEX.search(path)
    if match is None:
        return None
    if match[1].startswith("count-tokens"):
        return Route(kind=Kind.COUNT_TOKENS, evident=True)
    location = _VERTEX_LOCATION.search(path)
    regional = location is not None and location[1] != "global"
    return Route(kind=Kind.MESSAGES, model=match[1], regional=regional, evident=True)


def _bedrock(path: str) -> Route | None:
    match = _BEDROCK.search(path)
    if match is None or not ("anthropic" in match[1] or "claude" in match[1] or "inference-profile" in match[1]):
        return None
    if match[2] == "invoke":
        return Route(kind=Kind.MESSAGES, model=match[1], evident=True)
    reason = f"Bedrock's {match[2]} is not measured yet"
    return Route(kind=Kind.UNREAD, model=match[1], reason=reason, evident=True)


def _looks_like_messages(body: bytes) -> bool:
    return b'"messages"' in body and b'"max_tokens"' in body


def _looks_like_request(found: Route, body: bytes) -> bool:
    """A user's own API may have a route `/v1/messages`: Anthropic's requests have these fields."""
    if found.kind is Kind.BATCH_CREATE:
        return b'"requests"' in body and b'"params"' in body
    if found.kind is Kind.UNREAD:
        return b"claude" in body
    return b'"messages"' in body and b'"model"' in body
