"""What counts would be with another prompt cache, and what requests have in common that could be cached.

Requests are known by their fingerprints: hashes and lengths of tools, system prompt and messages, never a word.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.call import Usage
from pytest_claude_budget.calls.fingerprints import read_fingerprint
from pytest_claude_budget.record.record import Group, OwnerRecord, Record

SOON_FLOOR, LATE_FLOOR = 512, 4096
"""Tokens that a prefix must have to be cached: of the models that ask for the fewest, and of those that ask for the most."""
_BEGINNING = ("tools", "system")
_PARTS = (*_BEGINNING, "messages")
"""What a prompt consists of, in the order in which it is cached."""
_SEVERAL = '"requests":'
"""Stands in the text form of different requests that were taken together."""


@value_class(frozen=True, kw_only=True, slots=True)
class Prompt:
    """One request, or several that were taken together."""

    beginning: tuple[str, ...]
    """Hashes of tools and system prompt; two prompts that begin alike have the same."""
    share: Fraction
    """The part of the prompt's text that the beginning is, in bytes."""
    several: bool = False
    """Stands for different requests, whose beginnings may differ."""


@lru_cache(maxsize=8192)
def read_prompt(request: str | None) -> Prompt | None:
    """Read the text form; None where there is none, or where it does not tell the lengths of the parts."""
    read = read_fingerprint(request)
    lengths = {part: read.lengths.get(part, 0) for part in _PARTS}
    whole = sum(lengths.values())
    if request is None or not whole or read.later:
        return None
    return Prompt(
        beginning=tuple(read.parts.get(part, "") for part in _BEGINNING),
        share=Fraction(sum(lengths[part] for part in _BEGINNING), whole),
        several=_SEVERAL in request,
    )


def writes_for_an_hour(test: OwnerRecord) -> bool:
    """Are all cache writes of the test for an hour?"""
    hour = any(group.usage.cache_creation_1h_input_tokens for group in test.groups)
    return hour and not any(group.usage.cache_creation_5m_input_tokens for group in test.groups)


def warmed(group: Group) -> Usage:
    """The counts with writes as reads, where the prefix would be there already.

    That is where a call found nothing of it, since the next one does, and where the same request was made again. What
    is written behind a part that was read is a conversation's own, and is written in production too.
    """
    usage = group.usage
    written = usage.cache_creation_5m_input_tokens + usage.cache_creation_1h_input_tokens
    if not written:
        return usage
    if usage.cache_read_input_tokens:
        prompt = read_prompt(group.request) if group.calls > 1 else None
        if prompt is None or prompt.several:
            return usage
    return replace(
        usage,
        cache_creation_5m_input_tokens=0,
        cache_creation_1h_input_tokens=0,
        cache_read_input_tokens=usage.cache_read_input_tokens + written,
    )


def cooled(usage: Usage, *, hour: bool) -> Usage:
    """Reads as writes, for an hour or for five minutes."""
    if not usage.cache_read_input_tokens:
        return usage
    kind = "cache_creation_1h_input_tokens" if hour else "cache_creation_5m_input_tokens"
    written = getattr(usage, kind) + usage.cache_read_input_tokens
    return replace(usage, cache_read_input_tokens=0, **{kind: written})


@value_class(frozen=True, kw_only=True, slots=True)
class Shared:
    """The beginning of a group's prompts, and how many calls have it."""

    share: Fraction
    """The part of the prompts that it is."""
    in_run: int
    in_test: int
    """Of the same owner."""
    several: bool


@value_class(frozen=True, kw_only=True, slots=True)
class Sharing:
    """Which calls of a run begin alike, of those that do not use the cache."""

    calls: Mapping[tuple[str, tuple[str, ...]], int]
    """By model and beginning: a cache belongs to one model."""
    own: Mapping[tuple[str, str, tuple[str, ...]], int]
    """By owner, model and beginning."""

    def of(self, owner: str, group: Group) -> Shared | None:
        """What a group shares; None where what was asked is not known."""
        prompt = read_prompt(group.request)
        if prompt is None:
            return None
        key = (group.terms.model, prompt.beginning)
        return Shared(
            share=prompt.share,
            in_run=self.calls.get(key, 0),
            in_test=self.own.get((owner, *key), 0),
            several=prompt.several,
        )


def shared_beginnings(record: Record, means: Callable[[Group], bool]) -> Sharing:
    """Count the calls of a record that begin alike, among the groups that are meant."""
    calls: Counter[tuple[str, tuple[str, ...]]] = Counter()
    own: Counter[tuple[str, str, tuple[str, ...]]] = Counter()
    for owner in record.owners.values():
        for group in owner.groups:
            prompt = read_prompt(group.request)
            if prompt is None or not means(group) or group.usage.prompt_tokens != group.usage.input_tokens:
                continue
            calls[group.terms.model, prompt.beginning] += group.calls
            own[owner.owner, group.terms.model, prompt.beginning] += group.calls
    return Sharing(calls=calls, own=own)
