"""The account's rate limits, as live answers told them: of each model the lowest that any said."""

from collections.abc import Iterable, Mapping

from pytest_claude_budget.base.values import value_class

Limits = Mapping[str, "RateLimits"]
"""By model."""


@value_class(frozen=True, kw_only=True, slots=True)
class RateLimits:
    """What an account may take of a model a minute; None where no answer said it."""

    requests: int | None = None
    input_tokens: int | None = None
    """Tokens that are not read from the cache."""
    output_tokens: int | None = None


def limits_of(text: str) -> RateLimits:
    """Read what an answer tells: three numbers by commas, each of which may be missing."""
    requests, fresh, output = (int(part) if part.isdecimal() else None for part in f"{text},,".split(",")[:3])
    return RateLimits(requests=requests, input_tokens=fresh, output_tokens=output)


def lowest(parts: Iterable[tuple[str, RateLimits]]) -> dict[str, RateLimits]:
    """Of each model the lowest of each, in the order of their names."""
    found: dict[str, RateLimits] = {}
    for model, limits in parts:
        known = found.get(model, limits)
        found[model] = RateLimits(
            requests=_lower(known.requests, limits.requests),
            input_tokens=_lower(known.input_tokens, limits.input_tokens),
            output_tokens=_lower(known.output_tokens, limits.output_tokens),
        )
    return {model: found[model] for model in sorted(found)}


def _lower(one: int | None, other: int | None) -> int | None:
    return min((each for each in (one, other) if each is not None), default=None)
