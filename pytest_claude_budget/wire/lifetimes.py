"""For how long a request wants its prompt cached: what an answer that only sums up its cache writes leaves out."""

import json
import re

from pytest_claude_budget.wire.requests import LARGEST_CANONICAL

_CONTROLS = re.compile(rb'"(?:cache_control|cachePoint)"\s*:\s*(\{[^{}]{0,200}\})').findall
_TTL = re.compile(rb'"ttl"\s*:\s*"([^"]{0,20})"').search
_AS_SENT = re.compile(r'\{"messages":"[^"]*"\}').fullmatch
"""The fingerprint of a request that was hashed in one piece."""


def lifetimes_of(text: str | None) -> frozenset[str] | None:
    """Tell the lifetimes of all breakpoints by a request's fingerprint; None where it does not list them."""
    if text is None or _AS_SENT(text) is not None:
        return None
    if not text.startswith('{"cache":'):
        return frozenset()
    return frozenset(lifetime for _, lifetime in json.loads(text)["cache"])


def lifetimes_in(body: bytes | None) -> frozenset[str] | None:
    """The same of a request too long to be read, by its bytes; None of all others."""
    if body is None or len(body) <= LARGEST_CANONICAL:
        return None
    said = (_TTL(control) for control in _CONTROLS(body))
    return frozenset((match[1] if match else b"5m").decode("ascii", "replace") for match in said)
