"""Conversations and agent loops that send again, at full price, all that was said before."""

from collections.abc import Iterator, Sequence

from pytest_claude_budget.advice.evidence import Evidence, Side
from pytest_claude_budget.advice.floors import floor_of
from pytest_claude_budget.advice.lever import CONVERSATION, Lever
from pytest_claude_budget.advice.look import FIVE_MINUTES, Look
from pytest_claude_budget.base.money import EXACT

AROUND = 100
"""Tokens of a prompt that the server may put behind the last block: they are not in a prefix that a later turn has too."""
_DO = (
    "mark the end of each request with cache_control (or the request itself, for automatic caching): "
    "the next turn reads from the cache what this one sent"
)
_RESTS_ON = (
    "each turn's prompt begins with the whole prompt of the turn before, by the hashes of their messages",
    f"the tokens are those that the answers counted, less {AROUND} a turn for what the server adds",
    "turns follow one another within five minutes, and every prompt is written, the last one's too",
    "extended thinking is not sent again: with it, less may be read",
)


def find(side: Side) -> Iterator[Lever]:
    """Look for conversations in which no call uses the cache, and every count can be that of its request."""
    floor = floor_of(side.model)
    evidence, again, all_input, conversations = Evidence(), 0, 0, 0
    for turns in _conversations(side.looks):
        if any(look.uses_cache or look.is_made_up for look in turns):
            continue
        if max(look.prompt for look in turns) < floor:
            continue
        conversations += 1
        for look in turns:
            read = _read(look, floor)
            again += read
            all_input += look.prompt
            _enter(evidence, look, read, floor)
    if conversations and evidence.saving.low > 0:
        text = (
            f"{conversations:,} {'conversation sends' if conversations == 1 else 'conversations send'} again at full price what "
            f"was said before: {again:,} of {all_input:,} input tokens, in {evidence.calls:,} calls"
        )
        yield side.lever(CONVERSATION, evidence, text=text, do=_DO, rests_on=_RESTS_ON)


def _conversations(looks: Sequence[Look]) -> Iterator[list[Look]]:
    """All calls that belong together, of each conversation of at least two turns."""
    trees: dict[int, list[Look]] = {}
    roots: dict[int, int] = {}
    for look in looks:
        parent = look.parent
        root = id(look) if parent is None else roots.get(id(parent), id(look))
        roots[id(look)] = root
        trees.setdefault(root, []).append(look)
    yield from (turns for turns in trees.values() if len(turns) > 1)


def _read(look: Look, floor: int) -> int:
    """Tokens that would be read from the cache: those of the turn before, where it was long enough and not too long ago."""
    parent = look.parent
    if parent is None or parent.prompt - AROUND < floor or look.prompt < parent.prompt:
        return 0
    return parent.prompt - AROUND if look.seen.at - parent.seen.at <= FIVE_MINUTES else 0


def _enter(evidence: Evidence, look: Look, read: int, floor: int) -> None:
    """Compare the prompt at full price with one that is read as far as it was there, and written from there on."""
    each = look.each
    written = look.prompt - read if look.prompt >= floor else 0
    now = EXACT.multiply(read + written, each.input)
    then = EXACT.fma(written, each.cache_write_5m, EXACT.multiply(read, each.cache_read))
    evidence.add(look, EXACT.subtract(now, then))
