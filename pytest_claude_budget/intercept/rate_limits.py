"""What a live answer's headers say of the account's rate limits: read once for each model of a run, since a limit stays what it is.

The one place of this folder that remembers something for as long as the process lives: which models were read.
"""

from dataclasses import replace
from typing import Any

from pytest_claude_budget.calls.call import Answer, Origin
from pytest_claude_budget.intercept.http_fields import values_of
from pytest_claude_budget.intercept.sink import Held

NAMES = (
    "anthropic-ratelimit-requests-limit",
    "anthropic-ratelimit-input-tokens-limit",
    "anthropic-ratelimit-output-tokens-limit",
)
_LIVE = Origin.LIVE  # Python 3.11 searches an enum's class at each look
_LONGEST = 12
"""Digits of a limit."""
_MOST = 10_000
_READ: set[tuple[str, str | None]] = set()
"""Runs and models."""


def with_limits(own: Answer, tickets: list[Held], headers: Any) -> Answer:
    """The answer with the limits, where it is the first live one of its model."""
    if not tickets:
        return own
    text = limits_text(own.model, tickets[0], headers)
    return own if text is None else replace(own, rate_limits=text)


def limits_text(model: str | None, held: Held, headers: Any) -> str | None:
    """Requests, tokens of input and of output a minute, by commas; None where they were read before, or are not there."""
    sink, _, origin = held
    if origin is not _LIVE or (key := (sink.run, model)) in _READ:
        return None
    if len(_READ) >= _MOST:
        _READ.clear()
    _READ.add(key)
    told = [
        value if value and value.isdecimal() and len(value) <= _LONGEST else "" for value in values_of(headers, NAMES)
    ]
    return ",".join(told) if any(told) else None
