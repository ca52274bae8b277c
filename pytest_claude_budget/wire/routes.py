"""Which HTTP exchanges are with Claude: by path and body, never by host.

Base URLs are proxies, gateways and loopback servers as often as Anthropic's own.
"""

import re
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.wire.encodings import unpacked
from pytest_claude_budget.wire.signs_of_claude import (
    is_anthropic_request,
    is_named_in_query,
    model_in_path,
    names_claude,
    served_model,
)


class Kind(StrEnum):
    """What an answer on this route holds."""

    MESSAGES = "messages"
    COUNT_TOKENS = "count_tokens"
    BATCH_CREATE = "batch_create"
    BATCH_RESULTS = "batch_results"
    COMPATIBLE = "openai_compatible"
    """A route of OpenAI's API, or one that serves a model: the answer has OpenAI's form or Anthropic's."""
    CONVERSE = "converse"
    """Answers of Amazon Bedrock's own form, whoever made the model."""
    SESSION_CREATE = "session_create"
    SESSION_SEND = "session_send"
    SESSION = "session"
    """What is read of sessions of Managed Agents: their objects and their events."""
    UNREAD = "unread"
    """A route of Claude whose answers are billed and that is not read: never silently free."""
    GUESS = "guess"
    """An unknown path with a sign of Claude, or of a chat: counts only if the answer is one of Claude's."""


SESSIONS = frozenset((Kind.SESSION_CREATE, Kind.SESSION_SEND, Kind.SESSION))


@value_class(frozen=True, kw_only=True, slots=True)
class Route:
    """Where a request goes."""

    kind: Kind
    model: str | None = None
    """The model that the URL names."""
    regional: bool = False
    batch_id: str | None = None
    """Or the session's id."""
    thread: str | None = None
    """Of a session."""
    reason: str | None = None
    """Why answers of an unread route are unmeasured."""
    evident: bool = False
    """The path alone proves that this is Claude; else the request must."""
    opaque: bool = False
    """The path names something of the user's AWS account, which may run another maker's model."""
    unnamed: bool = False
    """Of a guess: nothing but the answer can name Claude."""


_MESSAGES = Route(kind=Kind.MESSAGES)
_COUNT = Route(kind=Kind.COUNT_TOKENS)
_BATCH_CREATE = Route(kind=Kind.BATCH_CREATE)
_GUESS = Route(kind=Kind.GUESS)
_UNNAMED = Route(kind=Kind.GUESS, unnamed=True)
_COMPLETE = Route(kind=Kind.UNREAD, reason="the legacy text completions API states no usage")
_SESSION_CREATE = Route(kind=Kind.SESSION_CREATE, evident=True)
_DREAM = Route(kind=Kind.UNREAD, reason="dreams are not measured yet", evident=True)
_DEPLOYED = Route(
    kind=Kind.UNREAD, reason="a session that the run of a deployment begins is not measured", evident=True
)
_CHAT = Route(kind=Kind.COMPATIBLE)
_RESULTS = re.compile(r"/v1/messages/batches/([^/]{1,200})/results$")
_SESSIONS = re.compile(
    r"/v1/sessions(?:/([^/]{1,200})(?:/(archive|events|events/stream|threads)"
    r"|/threads/([^/]{1,200})(/archive|/events|/stream)?)?)?$"
)
_BEGINS_SESSION = re.compile(r"/v1/(?:(dreams)|deployments/[^/]{1,200}/run)$")
_VERTEX = re.compile(r"/publishers/anthropic/models/([^/:]{1,200}):(stream)?[rR]awPredict$")
_VERTEX_LOCATION = re.compile(r"/locations/([^/]{1,100})/")
_BEDROCK = re.compile(r"/model/(.{1,300})/(invoke|invoke-with-response-stream|converse|converse-stream)$")
_OPAQUE = re.compile(r"(?:provisioned-model|prompt-router|custom-model-deployment)/")
"""Resources of an AWS account that do not say whose model they run."""
_OTHER_MAKERS = re.compile(
    r"/publishers/(?!anthropic/)[^/]+/models/|/model/.*\b(?:ai21|amazon|cohere|deepseek|google|luma|meta|minimax|mistral"
    r"|moonshot|nvidia|openai|qwen|stability|twelvelabs|writer|zai)\."
)
_COUNTS_TOKENS = re.compile(r"count[-_]?tokens|token[-_]?count|tokeni[sz]e", re.IGNORECASE)
_QUOTED = (("%3A", ":"), ("%3a", ":"), ("%2F", "/"), ("%2f", "/"))


def route(method: str, path: str, body: bytes | None, *, from_sdk: bool) -> Route | None:
    """Tell what an exchange is, None when it is not with Claude.

    `body` is the request's, None when it cannot be read; `from_sdk` says that the request carries Anthropic's
    version header.
    """
    path = path.rstrip("/")
    if method == "POST":
        found = _MESSAGES if path.endswith("/v1/messages") else _posted(path)
        if found is None:
            known = _session(method, path) if from_sdk else None
            return _unknown(path, body, from_sdk=from_sdk) if known is None else known
        if found.evident or from_sdk or body is None:
            return found
        plain = unpacked(body)
        if plain is None or _looks_like_request(found, plain):
            return found
        return None if found.opaque else _unknown(path, plain, from_sdk=from_sdk)
    if method == "GET" and (match := _RESULTS.search(path)):
        return Route(kind=Kind.BATCH_RESULTS, batch_id=match[1], evident=True)
    return _session(method, path) if method == "GET" and from_sdk else None


def named_in_query(query: str) -> Route | None:
    """Tell what an exchange may be whose path and request say nothing of Claude."""
    return _GUESS if is_named_in_query(query) else None


def _unknown(path: str, body: bytes | None, *, from_sdk: bool) -> Route | None:
    """A path of no API's: the request or the answer says whose it is."""
    if _OTHER_MAKERS.search(path) or _COUNTS_TOKENS.search(path):
        return None
    model = served_model(path)
    if model is not None:
        kind = Kind.MESSAGES if path.endswith("/messages") else Kind.COMPATIBLE
        return Route(kind=kind, model=model, evident=True)
    model = model_in_path(path)
    body = unpacked(body) if body is not None else None
    if body is not None and is_anthropic_request(body):
        return Route(kind=Kind.MESSAGES, model=model, evident=True)
    if model is not None:
        return Route(kind=Kind.GUESS, model=model)
    if body is None:
        return None
    asks_responses = path.endswith("/responses") and b'"input"' in body
    if names_claude(body):
        return _CHAT if asks_responses else _GUESS
    if asks_responses and b'"model"' in body:
        return _UNNAMED
    if b'"messages"' in body and (b'"max_tokens"' in body or b'"model"' in body):
        return _GUESS if from_sdk else _UNNAMED
    return None


def _posted(path: str) -> Route | None:
    if path.endswith("/v1/messages/count_tokens"):
        return _COUNT
    if path.endswith("/v1/messages/batches"):
        return _BATCH_CREATE
    if path.endswith("/v1/complete"):
        return _COMPLETE
    if path.endswith("/chat/completions"):
        model = served_model(path) or model_in_path(path)
        return _CHAT if model is None else replace(_CHAT, model=model, evident=True)
    if path.endswith("awPredict"):
        return _vertex(path)
    if "/model/" in path:
        return _bedrock(path)
    return None


def _session(method: str, path: str) -> Route | None:
    """A route of Managed Agents, which takes no request without Anthropic's version header."""
    if "/v1/sessions" in path and (match := _SESSIONS.search(path)) is not None:
        session, rest, thread, _ = match.groups()
        if method == "POST" and session is None:
            return _SESSION_CREATE
        kind = Kind.SESSION_SEND if method == "POST" and rest == "events" else Kind.SESSION
        return Route(kind=kind, batch_id=session, thread=thread, evident=True)
    if method == "POST" and (match := _BEGINS_SESSION.search(path)) is not None:
        return _DREAM if match[1] else _DEPLOYED
    return None


@lru_cache(maxsize=256)
def _vertex(path: str) -> Route | None:
    match = _VERTEX.search(path)
    if match is None:
        return None
    if match[1].startswith("count-tokens"):
        return Route(kind=Kind.COUNT_TOKENS, evident=True)
    location = _VERTEX_LOCATION.search(path)
    regional = location is not None and location[1] != "global"
    return Route(kind=Kind.MESSAGES, model=match[1], regional=regional, evident=True)


@lru_cache(maxsize=256)
def _bedrock(path: str) -> Route | None:
    for quoted, plain in _QUOTED:
        path = path.replace(quoted, plain)
    match = _BEDROCK.search(path)
    if match is None or _OTHER_MAKERS.search(path):
        return None
    name = match[1].lower()
    opaque = ":bedrock:" in name and _OPAQUE.search(name) is not None and "claude" not in name
    if not (opaque or "anthropic" in name or "claude" in name or "inference-profile" in name):
        return None
    if match[2].startswith("converse"):
        return Route(kind=Kind.CONVERSE, model=match[1], evident=True, opaque=opaque)
    return Route(kind=Kind.MESSAGES, model=match[1], evident=not opaque, opaque=opaque)


def _looks_like_request(found: Route, body: bytes) -> bool:
    """A user's own API may have a route `/v1/messages`: Anthropic's requests have these fields."""
    if found.opaque:
        return b'"anthropic_version"' in body
    if found is _CHAT:
        return names_claude(body)
    if found.kind is Kind.BATCH_CREATE:
        return b'"requests"' in body and b'"params"' in body
    if found.kind is Kind.UNREAD:
        return b"claude" in body.lower()
    return b'"messages"' in body and b'"model"' in body
