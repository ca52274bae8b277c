"""Marks of caching that cost more than they save: written and never read, behind something that varies, or of the wrong lifetime."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from pytest_claude_budget.advice.evidence import Evidence, Side
from pytest_claude_budget.advice.floors import floor_of
from pytest_claude_budget.advice.lever import AFTER_CHANGE, LIFETIME, NEVER_READ, Lever
from pytest_claude_budget.advice.look import ONE_HOUR, Look
from pytest_claude_budget.advice.warm_cache import SELDOM, months_of_prefix, windows
from pytest_claude_budget.base.money import EXACT, ZERO
from pytest_claude_budget.calls.fingerprints import system_block_of

_NEVER_RESTS_ON = (
    "each of these calls writes another text to the cache, by the hash of what its mark covers, and no call of the feature reads one",
    "production may ask again about one text within the lifetime, where these tests ask once: then the mark is worth its price",
)
_CHANGE_RESTS_ON = (
    "the blocks after the one that varies are the same in all of these calls, by their hashes",
    "low: no token is shorter than a byte of the block that varies; high: the share of the bytes that are the same",
    "the first call of a run, and the first after five minutes without one, writes the cache; the others read it",
    "a month: requests come independently of each other, and those that find the cache empty write it",
)
_TIMES = "the times of the calls are those of this live run"
_OF_PRODUCTION = "how far apart calls are in production is not in the run"


def find(side: Side) -> Iterator[Lever]:
    """Look for all of them."""
    marked = [look for look in side.looks if look.written and look.print.cache]
    behind = list(_behind_a_change(side, marked))
    yield from behind
    if not behind and len(marked) > 1:
        yield from _never_read(side, marked)
    yield from _an_hour(side)
    yield from _five_minutes(side)


def _never_read(side: Side, marked: Sequence[Look]) -> Iterator[Lever]:
    if any(look.seen.cache_read_input_tokens or look.parent or look.later for look in side.looks):
        return
    prefixes = [prefix for look in marked for prefix in set(look.print.prefixes)]
    if not prefixes or len(set(prefixes)) < len(prefixes):
        return
    evidence = Evidence()
    for look in marked:
        evidence.add(look, _surcharge(look))
    text = (
        f"{len(marked):,} calls write {sum(look.written for look in marked):,} tokens to the cache, and none reads them"
    )
    do = "leave out the mark: what is written to the cache costs more than what is only sent"
    unknown = "whether production reads what is written is not in the run"
    yield side.lever(NEVER_READ, evidence, text=text, do=do, rests_on=_NEVER_RESTS_ON, month=(), month_unknown=unknown)


def _surcharge(look: Look) -> Decimal:
    """What writing costs more than sending."""
    seen, each = look.seen, look.each
    five = EXACT.multiply(seen.cache_creation_5m_input_tokens, EXACT.subtract(each.cache_write_5m, each.input))
    hour = EXACT.subtract(each.cache_write_1h, each.input)
    return EXACT.fma(seen.cache_creation_1h_input_tokens, hour, five)


def _behind_a_change(side: Side, marked: Sequence[Look]) -> Iterator[Lever]:
    """Calls whose one mark stands in the system prompt, behind a block that is another one in each."""
    groups: dict[tuple[int, tuple[object, ...]], list[Look]] = {}
    for look in marked:
        place = system_block_of(look.print.cache[0][0]) if len(look.print.cache) == 1 else None
        blocks = look.print.system_blocks
        if place is None or place >= len(blocks) or look.seen.cache_read_input_tokens:
            continue
        key = (id(look.held), look.print.parts.get("tools"), blocks[place], len(blocks), look.print.cache[0][1])
        groups.setdefault((place, key), []).append(look)
    for (place, _), looks in groups.items():
        columns = list(zip(*(look.print.system_blocks[: place + 1] for look in looks), strict=True))
        varying = [at for at, column in enumerate(columns) if len(set(column)) == len(looks)]
        if len(looks) > 1 and varying and all(len(set(column)) in (1, len(looks)) for column in columns):
            yield from _moved(side, looks, varying, place)


def _moved(side: Side, looks: Sequence[Look], varying: Sequence[int], place: int) -> Iterator[Lever]:
    """What it would cost with the blocks that vary behind the mark."""
    low, high = 0, None
    for look in looks:
        sizes = [_size(block) for block in look.print.system_blocks[: place + 1]]
        other = sum(sizes[at] for at in varying)
        whole = sum(sizes) + look.bytes_of("tools")
        low = max(low, look.written - other)
        share = look.written * (whole - other) // whole
        high = share if high is None else min(high, share)
    low = min(low, *(look.written for look in looks))  # as with prompts that begin alike
    high = max(low, high or 0)
    if low < floor_of(side.model):
        return
    evidence = Evidence()
    for look, is_first in windows(looks):
        evidence.add(look, _less(look, low, is_first=is_first), _less(look, high, is_first=is_first))
    if evidence.saving.low <= 0:
        return
    numbers = " and ".join(str(at + 1) for at in varying)
    word = "block" if len(varying) == 1 else "blocks"
    text = (
        f"the cached part of {len(looks):,} calls is written each time and never read: {word} {numbers} of the system prompt, "
        f"before the mark at block {place + 1}, {'is another one' if len(varying) == 1 else 'are others'} in each call"
    )
    do = f"put {word} {numbers} after block {place + 1}, which has the mark"
    month = months_of_prefix(side, looks, (Fraction(low), Fraction(high)), _cell(looks[0]))
    why = {} if month else {"month_unknown": SELDOM} if side.volumes.scenarios(side.feature) else {}
    yield side.lever(AFTER_CHANGE, evidence, text=text, do=do, rests_on=_CHANGE_RESTS_ON, month=month, **why)


def _less(look: Look, tokens: int, *, is_first: bool) -> Decimal:
    """What a call saves whose mark covers so many tokens that others have too: all else of what it wrote is only sent."""
    each = look.each
    now = EXACT.multiply(look.written, getattr(each, _cell(look)))
    then = EXACT.multiply(tokens, each.cache_write_5m if is_first else each.cache_read)
    return EXACT.subtract(now, EXACT.fma(look.written - tokens, each.input, then))


def _cell(look: Look) -> str:
    return "cache_write_1h" if look.seen.cache_creation_1h_input_tokens else "cache_write_5m"


def _size(block: str) -> int:
    digits = block.rpartition(":")[2]
    return int(digits) if digits.isdecimal() else 0


def _live_alike(side: Side, lifetime: str) -> list[list[Look]]:
    """Live calls by what their last mark covers, of those whose marks are all of one lifetime; none unless all are live."""
    if any(look.seen.origin != "live" for look in side.looks):
        return []
    groups: dict[str, list[Look]] = {}
    for look in side.looks:
        if look.print.prefixes and {ttl for _, ttl in look.print.cache} == {lifetime}:
            groups.setdefault(look.print.prefixes[-1], []).append(look)
    return list(groups.values())


def _an_hour(side: Side) -> Iterator[Lever]:
    """Entries for an hour that were used again within five minutes each time, and never later."""
    evidence = Evidence()
    for looks in _live_alike(side, "1h"):
        starts = sum(is_first for _, is_first in windows(looks))
        if len(looks) < 2 or starts > 1 or not any(look.seen.cache_read_input_tokens for look in looks):
            continue
        for look in looks:
            if tokens := look.seen.cache_creation_1h_input_tokens:
                evidence.add(
                    look, EXACT.multiply(tokens, EXACT.subtract(look.each.cache_write_1h, look.each.cache_write_5m))
                )
    if evidence.saving.low > 0:
        writes = "1 write to the cache is" if evidence.calls == 1 else f"{evidence.calls:,} writes to the cache are"
        text = f"{writes} for an hour, and every use came within five minutes of the last"
        do = "leave out the ttl of 1h: five minutes cost less to write, and begin anew with each use"
        yield side.lever(
            LIFETIME, evidence, text=text, do=do, rests_on=(_TIMES,), month=(), month_unknown=_OF_PRODUCTION
        )


def _five_minutes(side: Side) -> Iterator[Lever]:
    """Entries for five minutes that were written anew, since the next use came later, and within an hour."""
    evidence, anew = Evidence(), 0
    for looks in _live_alike(side, "5m"):
        late = [look for look, is_first in windows(looks) if is_first][1:]
        if not late or any(is_first for _, is_first in list(windows(looks, ONE_HOUR))[1:]):
            continue
        if any(look.seen.cache_read_input_tokens or not look.written for look in late):
            continue
        anew += len(late)
        for look in looks:
            each, tokens = look.each, look.seen.cache_creation_5m_input_tokens
            then = each.cache_read if look in late else each.cache_write_1h
            evidence.add(look, EXACT.multiply(tokens, EXACT.subtract(each.cache_write_5m, then)) if tokens else ZERO)
    if evidence.saving.low > 0:
        text = f"{anew:,} {'write' if anew == 1 else 'writes'} to the cache came more than five minutes, and less than an hour, after the last use of the same"
        do = "mark it with a ttl of 1h: it is written once, and read for an hour after each use"
        yield side.lever(
            LIFETIME, evidence, text=text, do=do, rests_on=(_TIMES,), month=(), month_unknown=_OF_PRODUCTION
        )
