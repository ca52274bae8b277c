"""Signs that an exchange is with Claude, in its path, its request and its answer, in any case of letters.

Only a field that holds a model, or a segment of the path, is a sign. A text that speaks of Claude is none: inside of a
JSON text every quote is escaped, so that no field is found there.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_claude_budget.base.patterns import at_need
from pytest_claude_budget.base.values import value_class

_KIND = "(?:[_-]?(?:id|name|version|key|slug|alias|arn|ur[il]))?"
_FIELD = "|".join(f"{word}{_KIND}" for word in ("[a-z_-]{0,20}model", "llm", "deployment", "engine"))
_IN_FIELD = at_need(
    rb'"(?:' + _FIELD.encode() + rb')"\s*:\s*(?:\{[^{}\\]{0,300})?"[^"\\]{0,200}claude'
    rb'|"models"\s*:\s*\[[^\]\\]{0,500}claude'
)
"""The field holds the name, or an object that does."""
_IS_FIELD = at_need(_FIELD, re.IGNORECASE, "fullmatch")
_IN_QUERY = at_need(rf"(?:^|&)(?:{_FIELD})=[^&]{{0,200}}claude", re.IGNORECASE)
_SEGMENT = at_need(
    r"/([^/:]{0,200}claude[-_.@]?(?:v?\d|instant|opus|sonnet|haiku|fable|mythos|[\w.-]{0,100}\d)[^/:]{0,200})(?=[/:]|$)",
    re.IGNORECASE,
)
_SERVED = at_need(
    r"/(?:serving-endpoints|endpoints|deployments|models)/(?:.{1,200}/)?([^/:]{0,200}claude[^/:]{0,200})"
    r"[/:](?:chat/completions|completions|messages|responses|invocations|predictions|predict|invoke|generate)$",
    re.IGNORECASE,
)
_OUTPUT = r"(?:output|completion|total|candidates?|generated|response)_?tokens?(?:_?count)?"
_COUNTS_OUTPUT = at_need(_OUTPUT, re.IGNORECASE, "fullmatch")
_COUNTS_OUTPUT_IN = at_need(rb'"' + _OUTPUT.encode() + rb'"\s*:\s*\d')
_ENVELOPES = frozenset(("body", "data", "response", "result", "payload", "answer"))
"""Fields that may hold JSON as a text; what a model has written is never looked into."""
_MOST_VALUES = 2_000
_DEEPEST = 6
_OVERLAP = 400
"""Bytes of the chunk before that a sign may begin in."""


def names_claude(body: bytes) -> bool:
    """Does a field for a model, anywhere in this JSON, name one of Claude's?"""
    plain = body.lower()
    return b"claude" in plain and _IN_FIELD(plain) is not None


def is_named_in_query(query: str) -> bool:
    """Does a parameter of the URL name a model of Claude's?"""
    return _IN_QUERY(query) is not None


def model_in_path(path: str) -> str | None:
    """The segment of a path that is the id of a model of Claude's."""
    match = _SEGMENT(path)
    return match[1] if match else None


def served_model(path: str) -> str | None:
    """The name under which a path of a known form asks for a model of Claude's, such as a deployment."""
    match = _SERVED(path)
    return match[1] if match else None


def is_anthropic_request(body: bytes) -> bool:
    """Is this a request for a message as Bedrock and Vertex take it, whatever path it goes to?"""
    if b'"anthropic_version"' not in body:
        return False
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and isinstance(value.get("anthropic_version"), str) and "messages" in value


def is_message(value: object) -> bool:
    """Is this a message of Anthropic's API, with its usage?"""
    return isinstance(value, dict) and value.get("type") == "message" and isinstance(value.get("usage"), dict)


@value_class(frozen=True, kw_only=True, slots=True)
class Seen:
    """What an answer of unknown form holds."""

    messages: tuple[Mapping[str, Any], ...]
    """Whole messages of Anthropic's API, however they are wrapped."""
    names_claude: bool
    counts_tokens: bool
    """Of an answer: what only counts a prompt is no answer."""


def look_into(value: object) -> Seen:
    """Look for signs in a JSON answer: in objects, lists, and envelopes that hold JSON as a text."""
    messages, names, counts = [], False, False
    for at, (name, each) in enumerate(_values("", value, 0)):
        if at >= _MOST_VALUES:
            break
        if isinstance(each, dict) and is_message(each):
            messages.append(each)
            names = names or is_claude(each.get("model"))
            counts = True
        elif isinstance(each, str):
            names = names or (_IS_FIELD(name) is not None and is_claude(each))
        elif isinstance(each, int | float) and not isinstance(each, bool):
            counts = counts or _COUNTS_OUTPUT(name) is not None
    return Seen(messages=tuple(messages), names_claude=names, counts_tokens=counts)


def _values(name: str, value: object, depth: int) -> Iterator[tuple[str, object]]:
    """Every value with the name of its field, or of the one for a model that it lies in; a message is one value."""
    if isinstance(value, str) and name in _ENVELOPES and value.lstrip()[:1] in ("{", "["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return
    yield name, value
    if depth >= _DEEPEST or is_message(value):
        return
    if isinstance(value, dict):
        of_model = _IS_FIELD(name) is not None
        for inner, each in value.items():
            yield from _values(name if of_model and isinstance(each, str) else inner, each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            yield from _values(name, each, depth + 1)


def is_claude(model: object) -> bool:
    """Is this the name of a model of Claude's?"""
    return isinstance(model, str) and "claude" in model[:300].lower()


class Signs:
    """Looks for signs in bytes as they pass, cut anywhere."""

    def __init__(self) -> None:
        self.names_claude = self.counts_tokens = False
        self._before = b""

    def look(self, data: bytes) -> None:
        """Take the next bytes."""
        if self.names_claude and self.counts_tokens:
            return
        here = (self._before + data).lower()
        self.names_claude = self.names_claude or (b"claude" in here and _IN_FIELD(here) is not None)
        self.counts_tokens = self.counts_tokens or _COUNTS_OUTPUT_IN(here) is not None
        self._before = here[-_OVERLAP:]
