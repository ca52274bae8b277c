"""Prompts that begin alike and are not cached: the same tools, system prompt and first document in many calls."""

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction

from pytest_claude_budget.advice.conversations import AROUND
from pytest_claude_budget.advice.evidence import Evidence, Side
from pytest_claude_budget.advice.floors import floor_of
from pytest_claude_budget.advice.lever import PREFIX, Lever
from pytest_claude_budget.advice.look import Look
from pytest_claude_budget.advice.warm_cache import SELDOM, months_of_prefix, windows
from pytest_claude_budget.base.money import EXACT

_BEGINNING = ("tools", "system")
_BOUND = (
    "low: no token is shorter than a byte of its text, so that what a short message leaves of a prompt is the beginning; "
    "high: the beginning's share of the request's bytes"
)
_RESTS_ON = (
    _BOUND,
    "the first call of a run, and the first after five minutes without one, writes the cache; the others read it",
    "a month: requests come independently of each other, and those that find the cache empty write it",
)


def find(side: Side) -> Iterator[Lever]:
    """Look for calls that stand alone, use no cache, and begin as others do."""
    floor = floor_of(side.model)
    for has_document, looks in _alike(side.looks):
        low, high = _tokens(looks, has_document=has_document)
        if len(looks) < 2 or low < floor:
            continue
        evidence = Evidence()
        for look, is_first in windows(looks):
            each = look.each
            then = each.cache_write_5m if is_first else each.cache_read
            less = EXACT.subtract(each.input, then)
            evidence.add(look, EXACT.multiply(low, less), EXACT.multiply(high, less))
        if evidence.saving.low <= 0:
            continue
        what = "tools, system prompt and first document" if has_document else "tools and system prompt"
        if not looks[0].print.parts.get("tools"):
            what = "system prompt and first document" if has_document else "system prompt"
        least = f"at least {low:,}" if low < high else f"{low:,}"
        text = f"{len(looks):,} calls begin with the same {what}, {least} tokens, and none of them caches it"
        do = "mark the end of what is the same with cache_control" + (", the document's block" if has_document else "")
        month = months_of_prefix(side, looks, (Fraction(low), Fraction(high)))
        why = {} if month else {"month_unknown": SELDOM} if side.volumes.scenarios(side.feature) else {}
        yield side.lever(PREFIX, evidence, text=text, do=do, rests_on=_RESTS_ON, month=month, **why)


def _alike(looks: Sequence[Look]) -> Iterator[tuple[bool, list[Look]]]:
    """Calls by what they begin with; those with a document that another one begins with too are apart."""
    groups: dict[tuple[object, ...], list[Look]] = {}
    documents: Counter[tuple[object, ...]] = Counter()
    fitting = []
    for look in looks:
        if look.parent is None and not look.later and look.is_bounded and not (look.uses_cache or look.is_made_up):
            parts = look.print.parts
            key = (id(look.held), parts.get("tools"), parts.get("system"), look.facts.get("first"))
            fitting.append((key, look))
            documents[key] += 1
    for key, look in fitting:
        held, tools, system, document = key
        if documents[key] < 2:
            document = None
        groups.setdefault((held, tools, system, document), []).append(look)
    for place, found in groups.items():
        yield place[-1] is not None, found


def _tokens(looks: Sequence[Look], *, has_document: bool) -> tuple[int, int]:
    """How many tokens the beginning has: proven, and by its share of the bytes."""
    low, high = 0, None
    for look in looks:
        document = _length(look) if has_document else 0
        rest = look.bytes_of("messages") - document
        low = max(low, look.prompt - rest - AROUND)
        whole = look.bytes_of(*_BEGINNING, "messages")
        share = look.prompt * (whole - rest) // whole if whole else 0
        high = share if high is None else min(high, share)
    low = min(low, *(look.prompt for look in looks))  # else counts contradict each other: doubles made them up
    return low, max(low, high or 0)


def _length(look: Look) -> int:
    """Bytes of the first document, without the two quotes."""
    digits = str(look.facts.get("first", "")).rpartition(":")[2]
    return max(0, int(digits) - 2) if digits.isdecimal() else 0
