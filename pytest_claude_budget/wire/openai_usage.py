"""Answers in OpenAI's form, which gateways give for Claude, brought to the form and the counts of Anthropic's.

OpenAI's prompt tokens include what was read from a cache, and what was written to one. Gateways state the latter under
several names, and some leave both out of the prompt tokens: docs/openai-compatible.md lists who writes what.
"""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from pytest_claude_budget.base.money import EXACT
from pytest_claude_budget.wire.usage_fields import LARGEST_COUNT, UnreadableError, count, section

_READS = ("cached_tokens", "cache_read_tokens", "cache_read_input_tokens", "prompt_cache_hit_tokens")
_WRITES = (
    "cache_write_tokens",
    "cache_creation_tokens",
    "cache_creation_input_tokens",
    "cache_write_input_tokens",
    "cached_write_tokens",
)
_SPLITS = ("cache_creation", "cache_creation_token_details")
_IN_THE_SUMS = frozenset(
    (
        *("prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens"),
        *("reasoning_tokens", "thinking_tokens", "prompt_cache_miss_tokens"),
        *(*_READS, *_WRITES),
    )
)
_AS_ANTHROPIC = ("service_tier", "speed", "inference_geo", "server_tool_use")
"""What a gateway passes on in Anthropic's own words."""
_SUMMED = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
_ON_TOP = frozenset(("compaction", "advisor_message"))

DIFFER = "the usage states two different numbers of cache {}"
SUM = "usage.total_tokens is not the sum of prompt and output"
SMALL = "the usage states more cached tokens than prompt tokens"
ON_TOP = "usage.iterations has entries that this form of usage does not price apart"


class Translated(NamedTuple):
    """An answer in Anthropic's form."""

    message: Mapping[str, object]
    """Its model, usage, content and stop_reason."""
    gaps: tuple[str, ...] = ()
    """Why its counts are a lower bound."""
    fault: str | None = None
    """Why its counts cannot be read at all."""
    cost: Decimal | None = None
    """US dollars that the gateway says it charges for the answer; None where it does not say."""

    @property
    def counts(self) -> bool:
        """The answer counts output: what only counts a prompt, such as embeddings, is no answer of a model's."""
        usage = self.message["usage"]
        return self.fault is not None or (isinstance(usage, dict) and usage["output_tokens"] is not None)


def as_message(value: object) -> Translated | None:
    """Bring an answer in OpenAI's form to Anthropic's; None where it has another form. Never raises."""
    if not isinstance(value, dict) or value.get("type") == "message":
        return None
    kind, usage = value.get("object"), value.get("usage")
    if kind == "response":
        content = value.get("output")
    elif is_chat(usage) or (isinstance(kind, str) and kind.startswith(("chat.completion", "text_completion"))):
        content = _shown(value.get("choices"))
    else:
        return None
    message = {"model": value.get("model"), "usage": None, "content": content, "stop_reason": _refusal(value)}
    if not isinstance(usage, dict):
        return Translated(message)
    gaps: list[str] = []
    try:
        counted = in_anthropics_names(usage, gaps)
    except UnreadableError as reason:
        return Translated(message, fault=str(reason))
    return Translated({**message, "usage": counted}, tuple(dict.fromkeys(gaps)), cost=_charged(usage))


def is_chat(usage: object) -> bool:
    """Does a usage object have the names of chat completions?"""
    return isinstance(usage, dict) and ("prompt_tokens" in usage or "completion_tokens" in usage)


def dollars(value: object) -> Decimal | None:
    """Read an amount as a gateway states it; None where it is none."""
    if isinstance(value, float):
        value = repr(value)
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    try:
        amount = Decimal(value) if len(str(value)) <= 40 else Decimal("NaN")
    except ArithmeticError:
        return None
    return amount if amount.is_finite() and 0 <= amount < 10**9 and amount.as_tuple().exponent >= -30 else None  # type: ignore[operator]  # of a finite one


def _charged(usage: Mapping[str, object]) -> Decimal | None:
    """What a gateway charges; with a key of the user's own, OpenRouter's fee and what the provider charges."""
    cost, parts = dollars(usage.get("cost")), usage.get("cost_details")
    if usage.get("is_byok") is True and isinstance(parts, dict):
        upstream = dollars(parts.get("upstream_inference_cost"))
        return cost if cost is None or upstream is None else EXACT.add(cost, upstream)
    return cost


def in_anthropics_names(usage: Mapping[str, object], gaps: list[str]) -> dict[str, object]:
    """Bring a usage object of chat completions or responses to the names of Anthropic's, whose input excludes caches.

    What it leaves open is added to `gaps`: the counts are then a lower bound. Raises UnreadableError.
    """
    asked, answered = ("prompt_tokens", "completion_tokens") if is_chat(usage) else ("input_tokens", "output_tokens")
    details = section(usage, f"{asked}_details")
    split = next((section(place, name) for place in (usage, details) for name in _SPLITS if place.get(name)), {})
    read = _stated((usage, details), _READS, "reads", gaps)
    split_sum = sum(_count(split, name) for name in ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"))
    written = max(_stated((usage, details), _WRITES, "writes", gaps), split_sum)
    named: dict[str, object] = {name: usage[name] for name in _AS_ANTHROPIC if usage.get(name) is not None}
    if "server_tool_use" not in named and details.get("web_search_requests"):
        named["server_tool_use"] = {"web_search_requests": details["web_search_requests"]}
    named["output_tokens"] = None if usage.get(answered) is None else _count(usage, answered)
    named["cache_read_input_tokens"], named["cache_creation_input_tokens"] = read, written
    if split:
        named["cache_creation"] = {name: _whole(each) for name, each in split.items()}
    named["input_tokens"] = None
    if usage.get(asked) is not None:
        prompt = _count(usage, asked)
        outside = (
            _count(usage, "total_tokens") - prompt - _count(usage, answered) if usage.get("total_tokens") else None
        )
        named["input_tokens"] = _fresh(prompt, outside, (read, written), gaps)
    gaps.extend(f"usage.{name} is not known here and may be billed" for name in _unknown(usage, details))
    entries = usage.get("iterations")
    on_top = [each for each in entries if _is_on_top(each)] if isinstance(entries, list) else []
    if on_top and isinstance(entries, list):
        apart = _without(named, on_top, entries)
        if apart is None:
            gaps.append(ON_TOP)
        named = apart or named
    return named


def _without(
    named: dict[str, object], on_top: Sequence[Mapping[str, object]], entries: Sequence[object]
) -> dict[str, object] | None:
    """Take entries that are billed at rates of their own out of the sums that LiteLLM makes of all of them.

    None where the counts are no such sums, or are not told apart by the lifetime of what they wrote.
    """
    if not all(isinstance(each, dict) for each in entries) or any(_count(each, _SUMMED[-1]) for each in on_top):
        return None
    sums = {name: sum(_count(each, name) for each in entries if isinstance(each, dict)) for name in _SUMMED}
    if any(named[name] != said for name, said in sums.items()):
        return None
    left = {name: said - sum(_count(each, name) for each in on_top) for name, said in sums.items()}
    return {**named, **left, "iterations": [{name: _whole(said) for name, said in each.items()} for each in on_top]}


def _fresh(prompt: int, outside: int | None, cached: tuple[int, int], gaps: list[str]) -> int:
    """The tokens of a prompt that touched no cache.

    `outside` is what the stated total has beyond prompt and output: where that is all that was cached, or one part of
    it, the prompt's tokens do not include it.
    """
    read, written = cached
    within = read + written
    if outside:
        beyond = {read: written, written: read, read + written: 0}
        if outside in beyond:
            within = beyond[outside]
        else:
            gaps.append(SUM)
    if within > prompt:
        gaps.append(SMALL)
    return max(0, prompt - within)


def _stated(places: tuple[Mapping[str, object], ...], names: Collection[str], what: str, gaps: list[str]) -> int:
    """A count that gateways state under several names, often under two at once."""
    said = {_count(place, name) for place in places for name in names} - {0}
    if len(said) > 1:
        gaps.append(DIFFER.format(what))
    return max(said, default=0)


def _count(fields: Mapping[str, object], name: str) -> int:
    return count({name: _whole(fields.get(name))}, name)


def _whole(value: object) -> object:
    """A whole number where a decimal one is written as `12.0`; whatever is no count stays what it is."""
    if not isinstance(value, Decimal) or not value.is_finite() or not 0 <= value <= LARGEST_COUNT:
        return value
    return int(value) if value == value.to_integral_value() else value


def _unknown(usage: Mapping[str, object], details: Mapping[str, object]) -> list[str]:
    """Names of counts that may be billed apart: any beside the sums, and of the prompt's parts those about a cache."""
    beside = [name for name, value in usage.items() if name.endswith("_tokens") and name not in _IN_THE_SUMS and value]
    parts = [
        name
        for name, value in details.items()
        if "cache" in name and name.endswith("_tokens") and name not in _IN_THE_SUMS and value
    ]
    return [name if name.isascii() and name.isidentifier() else repr(name[:100]) for name in (beside + parts)[:3]]


def _is_on_top(entry: object) -> bool:
    return isinstance(entry, dict) and entry.get("type") in _ON_TOP


def _shown(choices: object) -> list[dict[str, str]]:
    """A block for each choice that has content."""
    blocks = []
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict) and has_content(choice):
            blocks.append({"type": "tool_use"})  # noqa: PERF401  # read better so
    return blocks


def has_content(choice: Mapping[str, object]) -> bool:
    """Does a choice, whole or a piece of a stream, hold anything that took tokens to write?"""
    said = choice.get("message") or choice.get("delta")
    names = ("content", "tool_calls", "function_call", "refusal", "reasoning", "reasoning_content", "audio")
    return bool(choice.get("text")) or (isinstance(said, dict) and any(said.get(name) for name in names))


def _refusal(value: Mapping[str, object]) -> str | None:
    """A refusal is billed only where there is output, if a gateway passes Anthropic's own word on."""
    choices = value.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict) and "refusal" in (choice.get("finish_reason"), choice.get("native_finish_reason")):
            return "refusal"
    return None
