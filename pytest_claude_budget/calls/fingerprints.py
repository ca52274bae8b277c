"""What two requests have in common, told from their fingerprints: hashes and lengths of their parts, never a word.

The text form is written by `wire/requests.py`, which says what each part is.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from hashlib import blake2b

from pytest_claude_budget.base.values import value_class

_IN_SYSTEM = re.compile(r"system\[\d{1,4}\]", re.ASCII)
"""Where a breakpoint of the system prompt stands."""
PARTS = ("system", "tools", "messages", "parameters")
"""What a request consists of, besides its model and the most output that it allows."""
VARYING = 16
"""Bytes by which a text may become longer or shorter and still be the same one with another date or number in it."""


@value_class(frozen=True, slots=True)
class Fingerprint:
    """One request, or the later turns of one conversation. Made by keywords, but where 100,000 are read at once."""

    parts: Mapping[str, str] = field(default_factory=dict)
    """Hash of each part that is there."""
    lengths: Mapping[str, int] = field(default_factory=dict)
    """Bytes of each part."""
    opening: str = ""
    """Hash of the messages before the first answer: what a conversation begins with."""
    max_tokens: int | None = None
    cache: tuple[tuple[str, str], ...] = ()
    """Cache breakpoints in the order of the prompt: place and time to live."""
    prefixes: tuple[str, ...] = ()
    """Hash of all that each breakpoint covers."""
    system_blocks: tuple[str, ...] = ()
    follows: str = ""
    """Hash of the messages before the last answer: those of the request that was answered so; empty without one."""
    later: bool = False
    """All turns of a conversation that follow its live answers; `messages` are those that it began with."""

    def likeness(self, other: "Fingerprint") -> int:
        """How much two requests have in common; the system prompt and the start of the conversation tell most."""
        points = 4 * (self.opening == other.opening)
        for part in PARTS:
            points += 2 * (self.parts.get(part) == other.parts.get(part))
        return points

    def reads_alike(self, other: "Fingerprint", varying: Sequence[str] = ("system", "messages")) -> bool:
        """Do they differ at most in the text of the `varying` parts, and hardly in its length?

        So it is where a text holds a date, a number or an id that is another one at each run.
        """
        alike = all(self.parts.get(part) == other.parts.get(part) for part in PARTS if part not in varying)
        alike = alike and self.parts.keys() == other.parts.keys() and self.later == other.later
        alike = alike and self.max_tokens == other.max_tokens and self.cache == other.cache
        lengths = [abs(self.lengths.get(part, 0) - other.lengths.get(part, 0)) for part in varying]
        return alike and bool(self.parts) and max(lengths) <= VARYING

    def changed_parts(self, other: "Fingerprint") -> list[str]:
        """The parts that differ."""
        return [part for part in PARTS if self.parts.get(part) != other.parts.get(part)]


NOTHING = Fingerprint()


@lru_cache(maxsize=8192)
def read_fingerprint(text: str | None) -> Fingerprint:
    """Read the text form back; what is not there or not understood is empty."""
    try:
        value = json.loads(text) if text else None
    except ValueError:
        value = None
    return fingerprint_of(value)


def fingerprint_of(value: object) -> Fingerprint:
    """The same of a text form that is parsed already."""
    if not isinstance(value, dict):
        return NOTHING
    parts: dict[str, str] = {}
    lengths: dict[str, int] = {}
    for part in PARTS:
        said = value.get(part)
        if isinstance(said, str):
            parts[part], _, length = said.partition(":")
            if length.isdecimal():
                lengths[part] = int(length)
    opening, follows = value.get("opening"), value.get("follows")
    began = opening if isinstance(opening, str) else ""
    most = value.get("max_tokens")
    marks = "cache" in value or "prefix" in value or "system_blocks" in value
    marked = (
        (
            tuple(_pairs(value.get("cache"))),
            tuple(_texts(value.get("prefix"))),
            tuple(_texts(value.get("system_blocks"))),
        )
        if marks
        else _UNMARKED
    )
    return Fingerprint(
        parts,
        lengths,
        began.partition(":")[0] if isinstance(opening, str) else parts.get("messages", ""),
        most if isinstance(most, int) else None,
        *marked,
        (follows if isinstance(follows, str) else began).partition(":")[0],
        value.get("later") is True,
    )


_UNMARKED: tuple[tuple[()], tuple[()], tuple[()]] = ((), (), ())


@lru_cache(maxsize=8192)
def read_alike(one: str | None, other: str | None) -> bool:
    """Are two text forms of requests that read alike?"""
    return one == other or read_fingerprint(one).reads_alike(read_fingerprint(other))


def without_follows(text: str) -> str:
    """The text form as records have it. What a request follows matters within its own run only."""
    if '"follows":' not in text:
        return text
    value = json.loads(text)
    del value["follows"]
    return _compact(value)


def later_turn(text: str, root: str) -> str:
    """The one text form of all turns that follow the live answers of a conversation, which `root` began.

    What was said since then is another text at each run; all else stays as it is.
    """
    value, began = json.loads(text), json.loads(root)
    for key in ("follows", "messages", "opening", "prefix"):
        value.pop(key, None)
    value |= {key: began[key] for key in ("messages", "opening") if key in began}
    marks = list(_pairs(value.pop("cache", None)))
    if marks:
        places = dict.fromkeys(
            (place.partition("[")[0] if place.startswith("messages") else place, ttl) for place, ttl in marks
        )
        value["cache"] = [list(mark) for mark in places]
    return _compact({**value, "later": True})


_compact = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def together(requests: Iterable[tuple[str | None, int]]) -> str | None:
    """One text form for many requests, each with the number of its calls: equal where they are, in any order.

    None where one of them could not be read.
    """
    counted = sorted((text or "", calls) for text, calls in requests)
    if not counted or not counted[0][0]:
        return None
    read = [read_fingerprint(text) for text, _ in counted]
    value: dict[str, object] = {"requests": len(counted)}
    for part in PARTS:
        if any(part in each.parts for each in read):
            digests = [each.parts.get(part, "") for each in read]
            value[part] = f"{_one_of(digests)}:{sum(each.lengths.get(part, 0) for each in read)}"
    value["opening"] = _one_of([each.opening for each in read])
    allowed = {each.max_tokens for each in read}
    if len(allowed) == 1 and None not in allowed:
        value["max_tokens"] = allowed.pop()
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _one_of(digests: list[str]) -> str:
    if len(set(digests)) == 1:
        return digests[0]
    return blake2b("\n".join(sorted(digests)).encode(), digest_size=5).hexdigest()


def _pairs(value: object) -> Iterator[tuple[str, str]]:
    for entry in value if isinstance(value, list) else ():
        if isinstance(entry, list) and len(entry) == 2 and all(isinstance(part, str) for part in entry):
            yield entry[0], entry[1]


def _texts(value: object) -> Iterator[str]:
    return (entry for entry in (value if isinstance(value, list) else ()) if isinstance(entry, str))


def why_the_cache_moved(before: Fingerprint, after: Fingerprint) -> str:
    """Say what happened to a prompt's cached prefix, as far as the requests tell; empty where they do not."""
    if len(after.cache) < len(before.cache):
        return "a cache breakpoint was removed"
    if len(after.cache) > len(before.cache):
        return "a cache breakpoint was added"
    if before.prefixes != after.prefixes:
        return _changed_block(before, after)
    lives = [(one[1], other[1]) for one, other in zip(before.cache, after.cache, strict=True) if one[1] != other[1]]
    if lives:
        return f"its time to live {lives[0][0]} → {lives[0][1]}"
    if before is NOTHING or after is NOTHING:
        return ""
    return "the request is the same, so other calls wrote or found the cache"


def _changed_block(before: Fingerprint, after: Fingerprint) -> str:
    """Name the first block before the breakpoint that is another one: the cache ends there."""
    if before.parts.get("tools") != after.parts.get("tools"):
        return "the tools block changed"
    if before.parts.get("system") != after.parts.get("system"):
        return _changed_system(before.system_blocks or _only_block(before, after), after)
    if before.parts.get("messages") != after.parts.get("messages"):
        return "the messages before the breakpoint changed"
    return "the parameters changed" if before.parts.get("parameters") != after.parts.get("parameters") else ""


def system_block_of(place: str) -> int | None:
    """The number, from 0, of the block of the system prompt at which a breakpoint stands; None where it stands elsewhere."""
    return int(place[7:-1]) if _IN_SYSTEM.fullmatch(place) else None


def _only_block(before: Fingerprint, after: Fingerprint) -> tuple[str, ...]:
    """The one block of a cached prompt that is told as a whole: the last one of the other, where that is cached and as long."""
    blocks = after.system_blocks
    if not blocks or not any(place == "system[0]" for place, _ in before.cache):
        return ()
    length = before.lengths.get("system", 0) - len("[]")
    cached = any(place == f"system[{len(blocks) - 1}]" for place, _ in after.cache)
    return blocks[-1:] if cached and blocks[-1].endswith(f":{length}") else ()


def _changed_system(before: tuple[str, ...], after: Fingerprint) -> str:
    """Say which block of a system prompt is another one, or new, and what of it ends a cache that begins after it."""
    blocks = after.system_blocks
    at = next((at for at, (one, other) in enumerate(zip(before, blocks, strict=False)) if one != other), None)
    if at is None or max(len(before), len(blocks)) < 2:
        return "the system prompt changed"
    cached = [int(place[7:-1]) for place, _ in after.cache if _IN_SYSTEM.fullmatch(place)]
    behind = next((number for number in cached if number > at), None)
    come = len(blocks) - len(before)
    if come > 0 and behind is not None and behind >= at + come and blocks[at + come :] == before[at:]:
        sizes = [block.rpartition(":")[2] for block in blocks[at : at + come]]
        length = sum(int(size) for size in sizes if size.isdecimal() and len(size) < 10)
        what, it = ("a system block", "it") if come == 1 else (f"{come} system blocks", "them")
        was = "was" if come == 1 else "were"
        return f"{what} of {length:,} bytes {was} put before the cached block: put {it} after it"
    if behind is not None and come == 0:
        text = f"block {at + 1} of the system prompt changed, before the cached block {behind + 1}"
        return f"{text}: put what changes after block {behind + 1}"
    return f"block {at + 1} of the system prompt changed"
