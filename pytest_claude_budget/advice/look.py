"""The calls that advice looks at: each with its rates, what its request has in common with others, and its place in a conversation."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from pytest_claude_budget.base.fast_json import loads
from pytest_claude_budget.base.money import EXACT, ZERO
from pytest_claude_budget.calls.fingerprints import NOTHING, Fingerprint, fingerprint_of, read_fingerprint
from pytest_claude_budget.calls.seen import Seen
from pytest_claude_budget.pricing.in_force import InForce, Refusal, in_force
from pytest_claude_budget.pricing.rates import Cells, RateTable
from pytest_claude_budget.record.repeats import BENCHMARK, turn_of

FIVE_MINUTES, ONE_HOUR = 300, 3600
"""Seconds for which a cache entry lives, from its last use on."""
HIDDEN = 1_100
"""Tokens that a server adds to a prompt at the most, of what it says to the model about tools."""
_NO_FACTS: Mapping[str, Any] = {}


class Look:
    """One call. Plain attributes, since a run may have 100,000 of them."""

    __slots__ = ("cost", "each", "facts", "feature", "held", "later", "parent", "print", "prompt", "seen")

    def __init__(self, seen: Seen, feature: str | None, held: InForce, print_: Fingerprint) -> None:
        self.seen = seen
        self.feature = feature
        self.held = held
        self.each: Cells = held.low.each
        """US dollars for one token of each kind."""
        self.print = print_
        self.facts = _NO_FACTS if seen.facts is None else read_facts(seen.facts)
        self.prompt = (
            seen.input_tokens
            + seen.cache_creation_5m_input_tokens
            + seen.cache_creation_1h_input_tokens
            + seen.cache_read_input_tokens
        )
        """Tokens that were read, from the cache or not."""
        self.cost = _cost(seen, held)
        """US dollars at list price."""
        self.parent: Look | None = None
        """The call whose request and answer this one's messages go on from."""
        self.later = False
        """Another call goes on from this one's answer."""

    @property
    def written(self) -> int:
        """Tokens written to the cache."""
        return self.seen.cache_creation_5m_input_tokens + self.seen.cache_creation_1h_input_tokens

    @property
    def uses_cache(self) -> bool:
        """Is there a mark of caching in the request, or a count of it in the answer?"""
        return bool(self.print.cache or self.seen.cache_read_input_tokens or self.written)

    @property
    def is_bounded(self) -> bool:
        """Are there no more tokens in the messages than bytes?"""
        return "open" not in self.facts and not self.seen.web_search_requests

    @property
    def is_made_up(self) -> bool:
        """Does the answer count more tokens than its request has bytes? A double says what somebody wrote."""
        return self.is_bounded and self.prompt > self.bytes_of("tools", "system", "messages") + HIDDEN

    def bytes_of(self, *parts: str) -> int:
        """The length of these parts of the request."""
        length_of, whole = self.print.lengths.get, 0
        for part in parts:  # sum() takes three times as long
            whole += length_of(part, 0)
        return whole

    def has_same(self, other: "Look", *parts: str) -> bool:
        """Are these parts of both requests the same?"""
        mine, others = self.print.parts, other.print.parts
        return all(mine.get(part) == others.get(part) for part in parts)


def _cost(seen: Seen, held: InForce) -> Decimal:
    each, add = held.low.each, EXACT.fma
    amount = add(seen.output_tokens, each.output, EXACT.multiply(seen.input_tokens, each.input))
    if seen.cache_read_input_tokens:
        amount = add(seen.cache_read_input_tokens, each.cache_read, amount)
    if seen.cache_creation_5m_input_tokens or seen.cache_creation_1h_input_tokens:
        amount = add(seen.cache_creation_5m_input_tokens, each.cache_write_5m, amount)
        amount = add(seen.cache_creation_1h_input_tokens, each.cache_write_1h, amount)
    return add(seen.web_search_requests, held.search_each, amount) if seen.web_search_requests else amount


@lru_cache(maxsize=4096)
def read_facts(text: str) -> Mapping[str, Any]:
    """Read the facts of a request back; what is not understood is as if it were open."""
    try:
        value = loads(text.encode())
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {"open": True}


def looked_at(calls: Sequence[Seen], rates: RateTable, feature_of: Callable[[str], str | None]) -> list[Look]:
    """Make looks of calls, in the order of their times: of those with a price of their own, each once.

    What a runner repeats (reruns, benchmarks) is left out, as it is in a record; so are long prompts with rates of their own.
    """
    looks: list[Look] = []
    helds: dict[tuple[object, ...], InForce | None] = {}
    prints = _prints({seen.request for seen in calls})
    for seen in calls:
        if seen.owner_kind == "test" and _is_repeat(seen.phase, seen.process):
            continue
        key = (int(seen.at // 86_400), seen.model, *seen[10:15])
        held = helds[key] if key in helds else helds.setdefault(key, _held(seen, rates))
        if held is None:
            continue
        feature = seen.feature if seen.feature is not None else feature_of(seen.owner)
        look = Look(seen, feature, held, prints[seen.request])
        if held.high is None or look.prompt <= held.threshold:
            looks.append(look)
    _link(looks)
    return looks


def _prints(requests: Iterable[str | None]) -> Mapping[str | None, Fingerprint]:
    """The fingerprints of requests, which are parsed in one go."""
    texts = [text for text in requests if text is not None]
    try:
        values = loads(f"[{','.join(texts)}]".encode())
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, list) or len(values) != len(texts):  # one of them is none of ours
        return {None: NOTHING} | {text: read_fingerprint(text) for text in texts}
    return {None: NOTHING} | dict(zip(texts, map(fingerprint_of, values), strict=True))


@lru_cache(maxsize=4096)
def _is_repeat(phase: str, process: str) -> bool:
    return phase.endswith(BENCHMARK) or turn_of("test", phase, process).number > 1


def _held(seen: Seen, rates: RateTable) -> InForce | None:
    day = date.fromordinal(date(1970, 1, 1).toordinal() + int(seen.at // 86_400))
    conditions = (seen.speed, seen.inference_geo, seen.service_tier, False, bool(seen.regional))
    held = in_force(rates, day, seen.model, seen.requested_model, conditions)
    return None if isinstance(held, Refusal) else held


def _link(looks: Sequence[Look]) -> None:
    """Find the call that each later turn of a conversation goes on from: of the same owner, model, system prompt and tools."""
    newest: dict[tuple[object, ...], Look] = {}
    for look in looks:
        seen, print_ = look.seen, look.print
        parts = print_.parts
        place = (seen.owner, seen.phase, seen.process, look.held.model.name, parts.get("system"), parts.get("tools"))
        if print_.follows:
            parent = newest.get((*place, print_.follows))
            if parent is not None:
                look.parent, parent.later = parent, True
        if "messages" in parts:
            newest[(*place, parts["messages"])] = look


def total_cost(looks: Iterable[Look]) -> Decimal:
    """US dollars of all."""
    amount = ZERO
    for look in looks:
        amount = EXACT.add(amount, look.cost)
    return amount
