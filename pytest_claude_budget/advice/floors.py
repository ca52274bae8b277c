"""How long a prefix of a prompt must be before it is cached at all. Shorter ones are sent at full price, marked or not."""

import re

LONGEST = 4096
"""Tokens, of the models that ask for the most: taken where it is not known, so that no saving rests on a guess."""
_FLOORS = {
    "claude-3-opus": 1024,
    "claude-3-5-sonnet": 1024,
    "claude-3-7-sonnet": 1024,
    "claude-opus-4": 1024,
    "claude-opus-4-1": 1024,
    "claude-sonnet-4": 1024,
    "claude-sonnet-4-5": 1024,
    "claude-3-haiku": 2048,
    "claude-3-5-haiku": 2048,
    "claude-sonnet-4-6": 2048,
}
"""Of https://platform.claude.com/docs/en/build-with-claude/prompt-caching. For Sonnet 4.6 that page says 1,024, and users who tried
found 2,048 (anthropics/anthropic-sdk-python issue 1194): the greater holds here."""

_DATED = re.compile(r"-\d{8}$").sub


def floor_of(model: str) -> int:
    """Tokens from which on a prefix is cached, at the most; `model` is the name that the rate table has."""
    return _FLOORS.get(_DATED("", model), LONGEST)
