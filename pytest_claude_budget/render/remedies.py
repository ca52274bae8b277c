"""What would bring a cost down again: a step for each cause that made it dearer, and never more than the cause says.

A step takes its cause back, or asks where that is not known to be possible. Whether all together are enough for the limits
is said where it can be known: of tests that would cost what they did, and of what nothing is done about.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from pytest_claude_budget.base.money import EXACT, ZERO, dollars
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.render.groups import NEW, added, has_grown

MOST = 4
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
    ("put what changes after block", "put what changes after the cached block"),
    ("were put before the cached block", "put the new blocks after the cached block"),
    ("was put before the cached block", "put the new block after the cached block"),
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
    owner: str = ""
    in_part: bool = False
    """The sentence is of its largest part alone, and so is the step."""


@value_class(frozen=True, kw_only=True, slots=True)
class Step:
    """What to do about causes of one kind."""

    words: str
    """Hold names from outside: escape them."""
    amount: Decimal
    """US dollars by which the causes made their owners dearer."""
    owners: tuple[str, ...]


@value_class(frozen=True, kw_only=True, slots=True)
class Above:
    """A limit that is exceeded, in dollars."""

    scope: str
    name: str
    cost: Decimal
    most: Decimal
    """What it may cost."""


ENOUGH = "done in full, that brings it within all limits"
ENOUGH_FOR_RUN = "done in full, that is enough for the run's cost; the next run shows the rest"
NOBODY_KNOWS = Above(scope="", name="", cost=ZERO, most=ZERO)
"""A limit of which a step's part is not known."""


def above_increase(
    scope: str, name: str, sides: tuple[Decimal, Decimal], percent: Decimal, drawn: Iterable[tuple[Decimal, Decimal]]
) -> Above:
    """A limit on an increase, of what cost so much before and after.

    `drawn` is of each owner what is held against it, and by how much it moved: what one drew less by chance is no room for another.
    """
    before, after = sides
    after = EXACT.add(after, added(EXACT.subtract(judged, change) for judged, change in drawn if judged > change))
    most = EXACT.multiply(before, EXACT.multiply(EXACT.add(percent, 100), Decimal("0.01")))
    return Above(scope=scope, name=name, cost=after, most=most)


def remedies(causes: Iterable[Dearer]) -> list[Step]:
    """At most four steps, in the order in which what moved is told: first for those whose largest cause moved most dollars."""
    causes = list(causes)
    by_step: dict[str, list[Dearer]] = {}
    dearer = [cause for cause in causes if cause.amount > 0]
    for cause in dearer:
        by_step.setdefault(_step(cause), []).append(cause)
    least = added(cause.amount for cause in dearer)
    by_step.pop("", None)
    steps = [(_together(words, own), words) for words, own in by_step.items()]
    telling = [each for each in steps if EXACT.multiply(each[0].amount, _TELLING) >= least]
    dearest = sorted(telling, key=lambda each: (-each[0].amount, each[0].words))[:MOST]
    led = _led(causes, by_step)
    return [step for step, _ in sorted(dearest, key=lambda each: -led.get(each[1], ZERO))]


def _led(causes: Iterable[Dearer], by_step: Mapping[str, Sequence[Dearer]]) -> dict[str, Decimal]:
    """By how much those moved whose largest cause a step takes back: it is the one that their change is told by."""
    moved = _by_owner(causes)
    largest: dict[str, tuple[Decimal, str]] = {}
    for words, own in by_step.items():
        for owner, amount in _by_owner(own).items():
            if owner not in largest or amount > largest[owner][0]:
                largest[owner] = (amount, words)
    led: dict[str, Decimal] = {}
    for owner, (_, words) in largest.items():
        led[words] = EXACT.add(led.get(words, ZERO), moved[owner])
    return led


def _by_owner(causes: Iterable[Dearer]) -> dict[str, Decimal]:
    amounts: dict[str, Decimal] = {}
    for cause in causes:
        amounts[cause.owner] = EXACT.add(amounts.get(cause.owner, ZERO), cause.amount)
    return amounts


def _together(words: str, causes: Sequence[Dearer]) -> Step:
    owners = tuple(dict.fromkeys(cause.owner for cause in causes))
    one = len(owners) == 1 and causes[0].kind == NEW
    return Step(
        words=words.replace("s cheaper", " cheaper") if one else words,
        amount=added(cause.amount for cause in causes),
        owners=owners,
    )


def of_step(step: Step, one: str) -> str:
    """How much of the increase a step is against, and where: `$0.048 in 24 tests`; `one` is the name of a single one, shown."""
    return f"{dollars(step.amount)} in {one if len(step.owners) == 1 else f'{len(step.owners):,} tests'}"


def as_far_as_needed(
    steps: Sequence[Step], causes: Collection[Dearer], limits: Collection[Above]
) -> tuple[Sequence[Step], str]:
    """The steps up to the one with which they are known to be enough, and whether they are, as far as that can be known.

    `causes` are all of what is over a limit.
    """
    for most in range(1, len(steps) + 1):
        if all(_is_each_enough(steps[:most], causes, limits)):
            return steps[:most], ENOUGH
    each = _is_each_enough(steps, causes, limits)
    if False in each:
        return steps, "that alone is not enough"
    of_run = (
        [is_enough for limit, is_enough in zip(limits, each, strict=True) if limit.scope == "run"] if limits else []
    )
    return steps, ENOUGH_FOR_RUN if of_run and all(of_run) else "whether that is enough, the next run shows"


def _is_each_enough(steps: Sequence[Step], causes: Collection[Dearer], limits: Collection[Above]) -> list[bool | None]:
    saved, done = _saved(steps, causes), {owner for step in steps for owner in step.owners}
    return [_is_enough(limit, saved, done) for limit in limits or (NOBODY_KNOWS,)]


def _is_enough(limit: Above, saved: dict[str, Decimal], done: Collection[str]) -> bool | None:
    """None where nobody can say."""
    single = limit.scope in ("test", "fixture")
    if single and limit.name not in done:
        return False
    if not single and limit.scope != "run":
        return None
    back = saved.get(limit.name, ZERO) if single else added(saved.values())
    return EXACT.subtract(limit.cost, back) <= limit.most or None


def _saved(steps: Sequence[Step], causes: Collection[Dearer]) -> dict[str, Decimal]:
    """What owners save at least of which each cause has its step; what is new may cost as much as it does."""
    words = {step.words for step in steps}
    left = {
        cause.owner
        for cause in causes
        if cause.amount > 0 and (cause.kind == NEW or cause.in_part or _step(cause) not in words)
    }
    saved: dict[str, Decimal] = {}
    for cause in causes:
        if cause.owner not in left:
            saved[cause.owner] = EXACT.add(saved.get(cause.owner, ZERO), cause.amount)
    return {owner: amount for owner, amount in saved.items() if amount > 0}


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
    return f"make the new {text}s cheaper" if kind == NEW and text in ("test", "fixture") else ""


def _fewer_calls(text: str) -> str:
    if "asks the same thing again" in text:
        return "find what asks the same thing again"
    return "leave out the calls that were added" if text.startswith("makes ") and has_grown(text) else ""
