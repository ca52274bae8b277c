"""Answers that were paid for and thrown away: cut off by `max_tokens`, or asked for again with the same request."""

from collections.abc import Iterator, Sequence

from pytest_claude_budget.advice.evidence import Evidence, Side
from pytest_claude_budget.advice.lever import AGAIN, CUT, Lever
from pytest_claude_budget.advice.look import Look
from pytest_claude_budget.wire.stop_reasons import CUT as BY_MAX_TOKENS

DELIBERATE = 16
"""Output tokens up to which a cap is taken for wanted: a yes or no, a label, or a call that only fills the cache."""
_PARTS = ("system", "tools", "messages", "parameters")
_AGAIN_RESTS_ON = (
    "the requests are the same in every part, by their hashes, in one run of one test or fixture",
    "one answer would do: where several samples of one question are wanted, there is nothing to save",
)
_CUT_RESTS_ON = (
    f"the answers say that max_tokens ended them; caps of up to {DELIBERATE} tokens are taken for wanted",
    "saved is only what was asked again, with nothing but another cap: an answer that is let finish costs more",
)


def find(side: Side) -> Iterator[Lever]:
    """Look for both."""
    groups = list(_asked_alike(side.looks))
    yield from _cut(side, groups)
    yield from _again(side, groups)


def _asked_alike(looks: Sequence[Look]) -> Iterator[list[Look]]:
    """Calls of one owner in one phase whose requests are the same but for their caps, in the order of their times."""
    groups: dict[tuple[object, ...], list[Look]] = {}
    for look in looks:
        parts, seen = look.print.parts, look.seen
        if "messages" in parts:
            key = (seen.owner, seen.phase, seen.process, look.print.later, *map(parts.get, _PARTS))
            groups.setdefault(key, []).append(look)
    yield from groups.values()


def is_cut(look: Look) -> bool:
    """Did a cap end the answer that was not set to do so?"""
    return look.seen.stop_reason == BY_MAX_TOKENS and (look.print.max_tokens or 0) > DELIBERATE


def _cut(side: Side, groups: Sequence[Sequence[Look]]) -> Iterator[Lever]:
    evidence, again = Evidence(), 0
    for looks in groups:
        for at, look in enumerate(looks):
            if is_cut(look):
                is_last = at == len(looks) - 1
                again += not is_last
                evidence.add(look) if is_last else evidence.add(look, look.cost)
    if not evidence.calls:
        return
    answers = "1 answer was" if evidence.calls == 1 else f"{evidence.calls:,} answers were"
    asked = "none was asked for again" if not again else f"{again:,} {'was' if again == 1 else 'were'} asked for again"
    text = f"{answers} cut off by max_tokens: paid in full and of little use; {asked}"
    do = "raise max_tokens, which costs nothing by itself, or ask for shorter answers"
    saving = evidence.saving if again else None
    unknown = {} if again else {"month": (), "month_unknown": "what a cut answer leads to in production is not known"}
    yield side.lever(CUT, evidence, text=text, do=do, rests_on=_CUT_RESTS_ON, saving=saving, **unknown)


def _again(side: Side, groups: Sequence[Sequence[Look]]) -> Iterator[Lever]:
    evidence, extra = Evidence(), 0
    for looks in groups:
        whole = [look for look in looks if not is_cut(look)]
        for look in whole[1:]:
            extra += 1
            evidence.add(look, look.cost)
    if extra:
        text = f"{extra:,} {'call asks' if extra == 1 else 'calls ask'} again what the same test had an answer to"
        do = "keep the first answer, or say in the next request what was wrong with it"
        yield side.lever(AGAIN, evidence, text=text, do=do, rests_on=_AGAIN_RESTS_ON)
