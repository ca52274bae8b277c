"""What would bring a cost down again: a step for each cause that made it dearer, and never more than the cause says.

A step takes its cause back, or asks where that is not known to be possible. None claims to be enough for a limit.
"""

from collections.abc import Iterable
from decimal import Decimal

from pytest_claude_budget.base.money import EXACT, ZERO
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.render.groups import NEW, added, has_grown

MOST = 3
"""Steps that are said."""
_TELLING = 20
"""What accounts for less than this part of all is left out."""
_LONGER = {
    "system": "shorten the system prompt",
    "tools": "send fewer or shorter tools",
    "messages": "send shorter messages",
    "parameters": "take back the parameters that changed",
    "input": "send a shorter prompt",
}
_CACHE = (
    ("a cache breakpoint was removed", "put cache_control back where it was removed"),
    ("a cache breakpoint was added", "take out the added cache_control where no later call reads it"),
    ("its time to live", "set the time to live of the cache back"),
    ("move what changes behind block", "move what changes behind the cached block"),
    ("were put before the cached block", "move the new blocks behind the cached block"),
    ("was put before the cached block", "move the new block behind the cached block"),
    ("the tools block changed", "leave the tools as they were, for the cache begins with them"),
    ("the parameters changed", "leave the parameters as they were, for the cache depends on them"),
    ("the messages before the breakpoint changed", "leave the messages before the cache breakpoint as they were"),
    ("of the system prompt changed", "leave the cached part of the system prompt as it was"),
    ("the system prompt changed", "leave the cached part of the system prompt as it was"),
)


@value_class(frozen=True, kw_only=True, slots=True)
class Dearer:
    """One cause of an increase."""

    kind: str
    """As in `Cause`; or `new`."""
    amount: Decimal
    """US dollars."""
    text: str = ""
    """The sentence of the cause; of what is new, the kind of its owner."""


def remedies(causes: Iterable[Dearer]) -> list[str]:
    """At most three steps, first for what accounts for most dollars. Hold names from outside: escape them."""
    by_step: dict[str, Decimal] = {}
    dearer = [cause for cause in causes if cause.amount > 0]
    for cause in dearer:
        step = _step(cause)
        by_step[step] = EXACT.add(by_step.get(step, ZERO), cause.amount)
    least = added(cause.amount for cause in dearer)
    by_step.pop("", None)
    steps = [step for step, amount in by_step.items() if EXACT.multiply(amount, _TELLING) >= least]
    return sorted(steps, key=lambda step: (-by_step[step], step))[:MOST]


def _step(cause: Dearer) -> str:
    """What takes one cause back; empty where nothing is known to."""
    kind, text = cause.kind, cause.text
    if kind == "calls":
        return _fewer_calls(text)
    if kind in _LONGER:
        return _LONGER[kind] if " +" in text else ""
    if kind == "cache":
        return next((step for why, step in _CACHE if why in text), "")
    if kind == "model":
        before, arrow, _ = text.removeprefix("model ").partition(" → ")
        return f"go back to {before}" if arrow and before and text.startswith("model ") else ""
    if kind == "service_tier":
        now, bracket, before = text.removeprefix("priced as ").removesuffix(")").partition(" (was ")
        return f"see why it is priced as {now} and no longer as {before}" if bracket else ""
    if kind in ("output", "web_search"):
        more = {"output": "ask for shorter answers", "web_search": "search the web less often"}
        return more[kind] if has_grown(text) else ""
    return f"ask for less in the new {text}s" if kind == NEW and text in ("test", "fixture") else ""


def _fewer_calls(text: str) -> str:
    if "asks the same thing again" in text:
        return "find what asks the same thing again"
    return "leave out the calls that were added" if text.startswith("makes ") and has_grown(text) else ""
