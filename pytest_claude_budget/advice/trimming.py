"""What is sent and not needed: tools that no answer calls, and long texts that stand in one request twice."""

import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from pytest_claude_budget.advice.evidence import Evidence, Side
from pytest_claude_budget.advice.lever import TWICE, UNUSED_TOOLS, Lever
from pytest_claude_budget.advice.look import Look
from pytest_claude_budget.base.money import EXACT

FEWEST_CALLS = 3
_SHARE = (
    "the tokens are the share of the prompt's that these bytes have of its bytes: half of that (low) to half as much again (high), "
    "since a text's tokens are told from its length no better"
)
_PRICE = "at the price of a cache read, where a call reads the cache"
_TOOLS_RESTS_ON = ("no answer of the feature in this run calls them: other requests may", _SHARE, _PRICE)
_TWICE_RESTS_ON = ("texts of 1,000 characters or more that are the same to the byte, in one request", _SHARE, _PRICE)


def find(side: Side) -> Iterator[Lever]:
    """Look for both."""
    yield from _unused_tools(side)
    yield from _twice(side)


def _unused_tools(side: Side) -> Iterator[Lever]:
    groups: dict[tuple[str, ...], list[Look]] = {}
    for look in side.looks:
        if tools := look.facts.get("tools"):
            groups.setdefault(tuple(map(str, tools)), []).append(look)
    for tools, looks in groups.items():
        if len(looks) < FEWEST_CALLS or any(look.seen.called is None for look in looks):
            continue
        called = {name for look in looks for name in (look.seen.called or "").split(",")}
        unused = [at for at, tool in enumerate(tools) if tool.partition(":")[0] not in called]
        size = sum(_size(tools[at]) for at in unused)
        evidence = Evidence()
        for look in looks:
            _enter(evidence, look, size)
        if unused and evidence.saving.low > 0:
            yield _tools_lever(side, evidence, unused, len(tools))


def _tools_lever(side: Side, evidence: Evidence, unused: Sequence[int], of: int) -> Lever:
    which = "none of the tools" if len(unused) == of else f"not tool {_listed(unused)} of the {of} in the request"
    text = f"{evidence.calls:,} calls offer {of:,} {'tool' if of == 1 else 'tools'}, and their answers call {which}"
    do = "offer only the tools that the feature needs"
    return side.lever(UNUSED_TOOLS, evidence, text=text, do=do, rests_on=_TOOLS_RESTS_ON)


def _listed(places: Sequence[int]) -> str:
    names = [str(at + 1) for at in places]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _twice(side: Side) -> Iterator[Lever]:
    evidence, size = Evidence(), 0
    for look in side.looks:
        twice = look.facts.get("twice")
        if isinstance(twice, int) and twice > 0:
            size += twice
            _enter(evidence, look, twice)
    if evidence.calls and evidence.saving.low > 0:
        calls = "1 call sends" if evidence.calls == 1 else f"{evidence.calls:,} calls send"
        text = f"{calls} {size:,} bytes that stand in the same request before"
        do = "send a document once, and refer to it in later turns"
        yield side.lever(TWICE, evidence, text=text, do=do, rests_on=_TWICE_RESTS_ON)


def _enter(evidence: Evidence, look: Look, size: int) -> None:
    """Add what so many bytes of a call's prompt cost."""
    whole = look.bytes_of("tools", "system", "messages")
    share = Fraction(min(size, whole), whole) if whole else Fraction(0)
    tokens = look.prompt * share
    if "open" in look.facts:  # an image's tokens are not its bytes
        tokens = min(tokens, Fraction(size))
    each = look.each.cache_read if look.seen.cache_read_input_tokens else look.each.input
    low, high = math.floor(tokens / 2), min(look.prompt, math.floor(tokens * 3 / 2))
    evidence.add(look, _dollars(low, each), _dollars(high, each))


def _dollars(tokens: int, each: Decimal) -> Decimal:
    return EXACT.multiply(tokens, each)


def _size(tool: str) -> int:
    digits = tool.rpartition(":")[2]
    return int(digits) if digits.isdecimal() else 0
