"""One group of calls under other circumstances: what its counts and terms become, and what that costs at both ends.

Each end is a whole calculation of its own; only what the counts leave open differs between the two.
"""

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.token_estimates import has_newer_tokenizer
from pytest_claude_budget.forecast.prompt_cache import LATE_FLOOR, SOON_FLOOR, Sharing
from pytest_claude_budget.pricing.in_force import InForce, Refusal
from pytest_claude_budget.pricing.rates import CELL_OF, RateTable
from pytest_claude_budget.record.record import Group, Terms, rates_of_terms

MOST_NEWER = Fraction(135, 100)
"""Tokens that the tokenizer of Opus 4.7 and later makes of a text, at most, for each of the one before."""

LENGTH = "another model answers at another length: answers are counted as long as they were"
TOKENIZER = (
    "models from Opus 4.7 on make about 30% more tokens of the same text than those before: none to 35% in the range"
)
ADVISORS = "advisors keep their model"
LONG = "long prompts have rates of their own; where only the sum of several prompts is known, the range has both"
BATCH = "batches take up to a day to answer, and halve every kind of token"
CACHE = (
    "prompts with the same tools and system prompt share that part in the cache for five minutes: one call in the run "
    "writes it (low) or one in each test (high), all others read it; its tokens are told from the bytes of its text"
)
FLOOR = (
    f"a shared part is cached from {SOON_FLOOR:,} tokens on (low) or from {LATE_FLOOR:,} (high): that differs by model"
)
CAPPED = "a capped answer breaks off and may be asked for again, so that less is saved than this says"
SPREAD = "of several answers only the sum is known: one of them had all the output (low), or all had the same (high)"
SENTENCES = (LENGTH, TOKENIZER, ADVISORS, LONG, CACHE, FLOOR, CAPPED, SPREAD, BATCH)
"""All that may be assumed, in the order in which it is told."""

FAST = "fast mode and batches are never combined"
CACHED = "they use the prompt cache already"
UNREAD = "what was asked could not be read"
ALONE = "no other call begins with the same tools and system prompt"


@value_class(frozen=True, kw_only=True, slots=True)
class Wish:
    """What should be different."""

    model: str | None = None
    """The model to answer, as the rate table names it."""
    from_model: str | None = None
    """Only its calls are changed, in all that is wished; None is all."""
    batch: bool = False
    cache: bool = False
    max_output: int | None = None
    """Output tokens that an answer may have."""

    def means(self, group: Group) -> bool:
        """Are these calls to be changed?"""
        return self.from_model is None or group.terms.model == self.from_model


@value_class(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of a group."""

    model: str
    low: Fraction
    """US dollars."""
    high: Fraction
    assumed: frozenset[str] = frozenset()
    left_alone: frozenset[str] = frozenset()
    """Why a part of the wish was not granted."""


@dataclass(kw_only=True)
class _Case:
    """A group on its way to one end."""

    group: Group
    high: bool
    terms: Terms
    counts: dict[str, Fraction]
    """Of tokens, those that are not 0."""
    assumed: set[str] = field(default_factory=set)
    left_alone: set[str] = field(default_factory=set)

    @property
    def prompt(self) -> Fraction:
        """Tokens of all prompts."""
        return sum((count for name, count in self.counts.items() if name != "output_tokens"), Fraction(0))


@value_class(frozen=True, kw_only=True)
class Repricer:
    """Grants a wish, group by group."""

    wish: Wish
    rates: RateTable
    day: date
    sharing: Sharing | None
    """Which calls have a beginning in common; None where that is not asked for."""

    def reprice(self, owner: str, group: Group, before: Fraction) -> Outcome:
        """Both ends of what a group would cost; `before` where it is left alone."""
        if not self.wish.means(group):
            return Outcome(model=group.terms.model, low=before, high=before)
        ends = [self._case(owner, group, high=high) for high in (False, True)]
        amounts: list[Fraction] = []
        for case in ends:
            held = rates_of_terms(case.terms, self.rates, self.day)
            if isinstance(held, Refusal):
                return Outcome(model=group.terms.model, low=before, high=before, left_alone=frozenset({held.reason}))
            amounts.append(self._amount(case, held))
        return Outcome(
            model=ends[0].terms.model,
            low=min(amounts),
            high=max(amounts),
            assumed=frozenset(ends[0].assumed | ends[1].assumed),
            left_alone=frozenset(ends[0].left_alone | ends[1].left_alone),
        )

    def _case(self, owner: str, group: Group, *, high: bool) -> _Case:
        counts = {name: Fraction(count) for name in CELL_OF if (count := getattr(group.usage, name))}
        case = _Case(group=group, high=high, terms=group.terms, counts=counts)
        if self.wish.max_output is not None:
            _cap(case, self.wish.max_output)
        if self.sharing is not None:
            _cache(case, self.sharing, owner)
        if self.wish.model is not None:
            self._switch(case, self.wish.model)
        if self.wish.batch and not group.terms.batch:
            _put_in_batch(case)
        return case

    def _switch(self, case: _Case, model: str) -> None:
        """Let another model answer: its tokens of the same text, its name, its rates for long prompts."""
        was = case.terms.model
        if model == was:
            return
        if case.group.on_top == "advisor" and self.wish.from_model is None:
            case.assumed.add(ADVISORS)
            return
        case.assumed.add(LENGTH)
        newer = has_newer_tokenizer(model)
        if newer != has_newer_tokenizer(was):
            case.assumed.add(TOKENIZER)
            more = case.high if newer else not case.high
            factor = (MOST_NEWER if newer else 1 / MOST_NEWER) if more else Fraction(1)
            case.counts = {name: count * factor for name, count in case.counts.items()}
        case.terms = case.terms._replace(model=model, long_prompt=False)
        held = rates_of_terms(case.terms, self.rates, self.day)
        if isinstance(held, InForce) and held.high is not None and case.prompt > held.threshold:
            case.terms = case.terms._replace(long_prompt=_is_long(case, held.threshold))

    def _amount(self, case: _Case, held: InForce) -> Fraction:
        each = (held.high or held.low).each if case.terms.long_prompt else held.low.each
        tokens = sum(
            (count * Fraction(getattr(each, CELL_OF[name])) for name, count in case.counts.items()), Fraction(0)
        )
        usage = case.group.usage
        searches = usage.web_search_requests * Fraction(held.search_each)
        return tokens + searches + usage.session_microhours * Fraction(held.session_each)


def _is_long(case: _Case, threshold: int) -> bool:
    """Of one prompt it is known; of several, the high end takes them for long, the low end if they are on average."""
    if case.group.calls <= 1:
        return True
    case.assumed.add(LONG)
    return case.high or case.prompt > threshold * case.group.calls


def _cap(case: _Case, most: int) -> None:
    """Cut answers off. What comes on top of them has no such cap."""
    output, calls = case.counts.get("output_tokens", Fraction(0)), case.group.calls
    if case.group.on_top or output <= most:
        return
    if calls > 1:
        case.assumed.add(SPREAD)
    case.assumed.add(CAPPED)
    case.counts["output_tokens"] = min(output, Fraction(most * calls if case.high else most))


def _cache(case: _Case, sharing: Sharing, owner: str) -> None:
    """Write the beginning of prompts to the cache and read it from there, where calls have one in common."""
    group = case.group
    if group.on_top:
        return
    usage = group.usage
    if usage.prompt_tokens != usage.input_tokens:
        case.left_alone.add(CACHED)
        return
    shared = sharing.of(owner, group)
    if shared is None:
        case.left_alone.add(UNREAD)
        return
    if shared.in_run < 2:
        case.left_alone.add(ALONE)
        return
    case.assumed |= {CACHE, FLOOR}
    fresh = case.counts.get("input_tokens", Fraction(0))
    part = fresh * shared.share
    if part < (LATE_FLOOR if case.high else SOON_FLOOR) * group.calls or (case.high and shared.several):
        return
    written = part / (shared.in_test if case.high else shared.in_run)
    case.counts |= {
        "input_tokens": fresh - part,
        "cache_creation_5m_input_tokens": written,
        "cache_read_input_tokens": part - written,
    }


def _put_in_batch(case: _Case) -> None:
    if case.terms.speed == "fast":
        case.left_alone.add(FAST)
        return
    case.assumed.add(BATCH)
    case.terms = case.terms._replace(batch=True)
