"""What live calls were expected to cost, and how much of a change may be nothing but chance.

A run is one draw. What it drew is held against the spread that was measured over earlier runs: output always, any other
count only where it has a spread of its own. What has none counts as it is, from a single run (docs/explanations.md).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from pytest_claude_budget.base.money import EXACT, ZERO
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.call import Usage
from pytest_claude_budget.calls.fingerprints import read_alike, read_fingerprint
from pytest_claude_budget.compare.noise import (
    CALLS,
    FALSE_ALARMS,
    FEWEST_SAMPLES,
    OUTPUT,
    Spread,
    joint_spread,
    next_answer,
    next_run,
    summed_spread,
    value_of,
)
from pytest_claude_budget.compare.pairing import Pairing
from pytest_claude_budget.compare.shapley import Prices
from pytest_claude_budget.pricing.in_force import Refusal
from pytest_claude_budget.pricing.rates import CELLS
from pytest_claude_budget.record.record import Group, Samples, cost_of_group

PROMPT = (
    "input_tokens",
    "cache_creation_5m_input_tokens",
    "cache_creation_1h_input_tokens",
    "cache_read_input_tokens",
)
_PRICED = (*PROMPT, OUTPUT, "web_search_requests", "session_microhours")
_USUAL = dict(zip(_PRICED, (1.0, 1.25, 2.0, 0.1, 5.0, 2000.0, 0.02), strict=True))
"""What counts weigh where no rates are at hand: as they cost beside one another, for every model of Claude."""
TEXT_TOKENS = 3.0
"""By how many tokens a date or an id in a text makes a prompt longer or shorter: a prior spread, for each call."""
_ROUNDED = len(PROMPT)
"""Tokens by which a sum of rounded means may be off."""


@value_class(frozen=True, kw_only=True, slots=True)
class Part:
    """What chance decides of one group of calls."""

    spread: Spread
    """Of its cost: the weight of what earlier runs had."""
    drawn: float
    """The same of this run."""
    excess: Decimal = ZERO
    """US dollars that this run drew more than expected."""


@value_class(frozen=True, kw_only=True, slots=True)
class Moved:
    """Parts of a prompt that were read from the cache and are written now, or the reverse, though it is the same."""

    pool: tuple[str, str]
    """Model and first cached prefix: what one call writes, others read."""
    excess: Decimal


@value_class(frozen=True, kw_only=True, slots=True)
class Expected:
    """What chance may have to do with the change of one owner."""

    parts: tuple[Part, ...] = ()
    moved: tuple[Moved, ...] = ()
    changed: bool = False
    """Something else was asked, too."""
    samples: int = 0
    """Live runs that the spreads were measured over, of the group with the fewest."""

    @property
    def spread(self) -> Spread:
        """Of all parts together."""
        return summed_spread([part.spread for part in self.parts])

    @property
    def drawn(self) -> float:
        """All that this run drew."""
        return sum(part.drawn for part in self.parts)


def asked_the_same(before: Group, after: Group) -> bool:
    """Would a person call both the same request, at the same terms? Its text may hold another date or id."""
    if before.terms != after.terms or before.on_top != after.on_top or before.request is None:
        return False
    return before.request == after.request or (after.live > 0 and read_alike(before.request, after.request))


def is_later(group: Group) -> bool:
    """Are these the turns that follow the live answers of a conversation? How many there are, the model decides."""
    return group.request is not None and '"later":' in group.request and read_fingerprint(group.request).later


def pairs_of(pairing: Pairing) -> Iterator[tuple[Group, Group]]:
    """All pairs; later turns that there were not any of this time are one with nothing."""
    yield from pairing.pairs
    if any(after.live for _, after in pairing.pairs):
        for group in pairing.gone:
            if is_later(group):
                yield group, replace(group, calls=0, attempts=0, live=0, usage=Usage(), samples=None)


def expected_of(pairing: Pairing, prices: Prices) -> Expected:
    """What of an owner's change chance may have made, as far as there are samples."""
    parts, moved, counts, changed = [], [], [], bool(pairing.added)
    for before, after in pairs_of(pairing):
        same = asked_the_same(before, after)
        changed = changed or not same
        if before.samples is None or not _is_live(after):
            continue
        counts.append(before.samples.count)
        if before.samples.count < FEWEST_SAMPLES or before.terms.model != after.terms.model:
            continue
        shift = _moved(before, after, prices)
        if shift is not None:
            moved.append(shift)
        draw = Draw(before=before, after=after, same=same, without=PROMPT if shift is not None else ())
        parts.append(_part(draw, prices))
    parts += [part for group in pairing.added if (part := _one_more(group, pairing, prices)) is not None]
    enough = [count for count in counts if count >= FEWEST_SAMPLES]
    samples = min(enough if parts or moved else counts, default=0)
    return Expected(parts=tuple(parts), moved=tuple(moved), changed=changed, samples=samples)


def _is_live(group: Group) -> bool:
    return group.live == group.calls


@value_class(frozen=True, kw_only=True, slots=True)
class Draw:
    """One group of a baseline, and what a run drew of it."""

    before: Group
    after: Group
    same: bool
    """Asked the same, as `asked_the_same` has it."""
    without: tuple[str, ...] = ()
    """Counts that are judged elsewhere."""

    def names(self) -> list[str]:
        """The counts that chance decides."""
        return [name for name in _PRICED if name not in self.without and self._varies(name)]

    def _varies(self, name: str) -> bool:
        if name == OUTPUT:
            return True
        if self._later:
            return name in PROMPT
        if not self.same or self.before.samples is None:
            return False
        text = name in PROMPT and self.before.request != self.after.request and value_of(self.before, name) > 0
        return text or self.before.samples.of(name) is not None

    @property
    def _later(self) -> bool:
        return is_later(self.before) and is_later(self.after)

    @property
    def number_is_chance(self) -> bool:
        """Is the number of calls itself a matter of chance?"""
        return self._later or (
            self.same and self.before.samples is not None and self.before.samples.of(CALLS) is not None
        )

    def expected(self, name: str) -> int:
        """What of a count was to be expected in this run, in whole numbers."""
        was, calls = value_of(self.before, name), self.before.calls
        if (
            self._later and not self.same and name in PROMPT and self.after.calls
        ):  # as long as they are now, as often as ever
            return round(Fraction(value_of(self.after, name) * calls, self.after.calls))
        return was if self.number_is_chance or not calls else round(Fraction(was * self.after.calls, calls))

    def spread(self, name: str, samples: Samples) -> Spread:
        """The spread of a count, in its own unit."""
        was = value_of(self.before, name)
        mean, variance = (samples.mean, samples.variance) if name == OUTPUT else samples.of(name) or (float(was), 0.0)
        if name == OUTPUT or self._later:
            found = next_answer(samples, mean, variance)
        else:
            varying = self.before.request != self.after.request
            found = next_run(samples, mean, variance, TEXT_TOKENS**2 * self.before.calls if varying else 0.0)
        expected = self.expected(name)
        if expected == was or not was:
            return found
        scale = expected / was
        wider = (
            scale if self.number_is_chance else 1.0
        )  # more calls are draws of their own; longer ones are the same draw
        return replace(found, mean=found.mean * scale, variance=found.variance * scale * wider)


def _part(draw: Draw, prices: Prices | None) -> Part:
    samples = draw.before.samples or Samples(count=1, total=0, squares=0)
    weights, names = _weights(draw.after, prices), draw.names()
    spreads = []
    for name in names:
        own, weight = draw.spread(name, samples), weights[name]
        spreads.append(replace(own, mean=own.mean * weight, variance=own.variance * weight**2))
    drawn = sum(value_of(draw.after, name) * weights[name] for name in names)
    excess = ZERO
    if prices is not None:
        expected = Usage(**{name: draw.expected(name) for name in names})
        actual = Usage(**{name: value_of(draw.after, name) for name in names})
        excess = _difference(draw.after, actual, expected, prices)
    return Part(spread=joint_spread(spreads), drawn=drawn, excess=excess)


def _difference(group: Group, actual: Usage, expected: Usage, prices: Prices) -> Decimal:
    costs = [
        cost_of_group(replace(group, usage=usage), prices.rates, prices.day).amount for usage in (actual, expected)
    ]
    return EXACT.subtract(*costs)


def _weights(group: Group, prices: Prices | None) -> dict[str, float]:
    held = None if prices is None else prices.of(group.terms)
    if held is None or isinstance(held, Refusal):
        return _USUAL
    each = (held.high or held.low).each if group.terms.long_prompt else held.low.each
    rates = [*(float(getattr(each, cell)) for cell in CELLS), float(held.search_each), float(held.session_each)]
    return dict(zip(_PRICED, rates, strict=True))


def _same_prompt(before: Group, after: Group) -> bool:
    """The same request as often, and as long: at most the shares of the cache are other ones."""
    alike = before.request == after.request and before.request is not None and before.calls == after.calls
    return alike and abs(before.usage.prompt_tokens - after.usage.prompt_tokens) <= _ROUNDED


def _moved(before: Group, after: Group, prices: Prices) -> Moved | None:
    if before.terms != after.terms or not _same_prompt(before, after):
        return None
    now, then = (Usage(**{name: value_of(group, name) for name in PROMPT}) for group in (after, before))
    pool = pool_of(after)
    return None if now == then or pool is None else Moved(pool=pool, excess=_difference(after, now, then, prices))


def pool_of(group: Group) -> tuple[str, str] | None:
    """Which calls share a cached prefix with these: those of the same model that begin alike."""
    if group.request is None or '"prefix":' not in group.request:
        return None
    prefixes = read_fingerprint(group.request).prefixes
    return (group.terms.model, prefixes[0]) if prefixes else None


def _one_more(group: Group, pairing: Pairing, prices: Prices) -> Part | None:
    """Of a call that came on top: it is expected to be as long as those that were asked alike, unless it plainly is not."""
    if not _is_live(group) or not group.calls:
        return None
    asked = read_fingerprint(group.request)
    for before, _ in pairing.pairs:
        alike = before.terms == group.terms and not before.on_top and before.calls and group.request is not None
        if not alike or before.samples is None or before.samples.count < FEWEST_SAMPLES or is_later(before):
            continue
        said = read_fingerprint(before.request)
        if all(said.parts.get(part) == asked.parts.get(part) for part in ("system", "tools", "parameters")):
            part = _part(Draw(before=before, after=group, same=False), prices)
            return part if part.spread.has(part.drawn, FALSE_ALARMS) else None
    return None


def used_alike(pairs: Sequence[tuple[Group, Group]], chance: float) -> bool:
    """May the counts of two sides be two draws of the same? Both are of live calls."""
    parts = []
    for before, after in pairs:
        same = asked_the_same(before, after)
        draw = Draw(before=before, after=after, same=same, without=PROMPT if _same_prompt(before, after) else ())
        names = (*draw.names(), *draw.without) if before.samples is not None else ()
        few = before.samples is None or before.samples.count < FEWEST_SAMPLES
        if few:
            names = (*names, OUTPUT, *_few_tell_nothing_of(before, after)) if same else ()
        rest = [name for name in (*_PRICED, CALLS) if name not in names]
        if draw.number_is_chance:
            rest.remove(CALLS)
        if before.terms != after.terms or any(value_of(before, name) != value_of(after, name) for name in rest):
            return False
        if not few:
            parts.append(_part(draw, None))
    return not parts or summed_spread([part.spread for part in parts]).has(sum(part.drawn for part in parts), chance)


def _few_tell_nothing_of(before: Group, after: Group) -> tuple[str, ...]:
    """What may differ from one run to the next before a spread is known."""
    if is_later(before) or _same_prompt(before, after):
        return PROMPT
    more = abs(before.usage.prompt_tokens - after.usage.prompt_tokens)
    return PROMPT if before.request != after.request and more <= 4 * TEXT_TOKENS * max(1, before.calls) else ()
