"""Calls whose answers nobody waits for, which cost half in a message batch: where a label says so, or many stand beside each other."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from pytest_claude_budget.advice.evidence import Evidence, Side
from pytest_claude_budget.advice.lever import BATCH, Lever
from pytest_claude_budget.advice.look import Look
from pytest_claude_budget.base.money import EXACT
from pytest_claude_budget.pricing.in_force import InForce, in_force
from pytest_claude_budget.pricing.rates import RateTable

MANY = 20
"""Calls of one test that go on from no answer, from which on they look like a job that could wait."""
_SAYS_SO = re.compile(
    r"(?<![a-z])(?:nightly|overnight|offline|backfill|bulk|batch(?:es|ed)?)(?![a-z])", re.IGNORECASE
).search
_RESTS_ON = ("a batch may take up to a day to answer", "it halves every kind of token, and no web search")
_BY_LABEL = "the feature, tier or case is labelled so"
_BY_NUMBER = f"one test makes {MANY} or more of them, none goes on from an answer, and no two are the same: nothing says that nobody waits"


def find(side: Side, rates: RateTable, day: date) -> Iterator[Lever]:
    """Look for both."""
    labelled = [look for look in side.looks if _is_labelled(look)]
    many = [] if labelled else _many(side)
    looks = labelled or many
    evidence = Evidence()
    for look in looks:
        speed, geo, tier, _, regional = look.held.conditions
        held = in_force(rates, day, look.held.model.name, None, ("standard", geo, tier, True, regional))
        if speed == "fast" or not isinstance(held, InForce):
            return
        evidence.add(look, EXACT.subtract(look.cost, _cost_in_batch(look, held)))
    if evidence.calls and evidence.saving.low > 0:
        why = "are labelled as work that can wait" if labelled else "go on from no answer"
        text = f"{evidence.calls:,} calls {why} and were asked one by one"
        if evidence.calls == 1:
            text = "1 call is labelled as work that can wait and was not sent in a message batch"
        do = "send them as a message batch"
        rests_on = (_BY_LABEL if labelled else _BY_NUMBER, *_RESTS_ON)
        yield side.lever(BATCH, evidence, text=text, do=do, rests_on=rests_on)


def _is_labelled(look: Look) -> bool:
    seen = look.seen
    said = any(label is not None and _SAYS_SO(label) for label in (look.feature, seen.tier, seen.case))
    return said and look.parent is None and not look.later


def _many(side: Side) -> list[Look]:
    """Calls that stand alone, of the tests that have many of them, where the feature has no others."""
    if any(look.parent is not None or look.later for look in side.looks):
        return []
    owners = Counter((look.seen.owner, look.seen.phase, look.seen.process) for look in side.looks)
    asked = Counter((look.seen.owner, look.seen.request) for look in side.looks)
    if max(owners.values()) < MANY or max(asked.values()) > 1:
        return []
    return [look for look in side.looks if owners[look.seen.owner, look.seen.phase, look.seen.process] >= MANY]


def _cost_in_batch(look: Look, held: InForce) -> Decimal:
    return Look(look.seen, look.feature, held, look.print).cost
