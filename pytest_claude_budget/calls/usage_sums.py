"""Arithmetic of counts: of what several answers say of the same, each count by itself."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import reduce

from pytest_claude_budget.calls.call import COUNTS, Usage


def _each(one: Usage, other: Usage, of: Callable[[int, int], int]) -> Usage:
    return Usage(**{name: of(getattr(one, name), getattr(other, name)) for name in COUNTS})


def greatest(usages: Iterable[Usage]) -> Usage:
    """The greatest of each count: what sums that only grow have come to."""
    return reduce(lambda one, other: _each(one, other, max), usages, Usage())


def least(one: Usage, other: Usage) -> Usage:
    """The lesser of each count."""
    return _each(one, other, min)


def plus(one: Usage, other: Usage) -> Usage:
    """Both together."""
    return _each(one, other, lambda a, b: a + b)


def beyond(one: Usage, other: Usage) -> Usage:
    """What the first has more than the second, and nothing where it has less."""
    return _each(one, other, lambda a, b: max(0, a - b))


def unsplit(usage: Usage) -> Usage:
    """With all cache writes as if they were for five minutes, as who tells only their sum has them."""
    written = usage.cache_creation_5m_input_tokens + usage.cache_creation_1h_input_tokens
    return replace(usage, cache_creation_5m_input_tokens=written, cache_creation_1h_input_tokens=0)


def tokens_of(usage: Usage) -> Usage:
    """Without what is no token."""
    return Usage(**{name: getattr(usage, name) for name in COUNTS if name.endswith("_tokens")})
