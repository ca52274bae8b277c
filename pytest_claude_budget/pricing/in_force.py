"""What one token costs under the conditions of an answer: day, fast mode, batch, region.

Everything that a run of one kind of call has in common is worked out here once and remembered.
"""

from datetime import date
from decimal import Decimal
from functools import lru_cache

from pytest_claude_budget.base.money import EXACT
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.call import Usage
from pytest_claude_budget.pricing.model_hints import did_you_mean
from pytest_claude_budget.pricing.rates import CELLS, Cells, Found, Model, RateTable, Row

PRIORITY = "the priority tier has no list price per token: priced at the standard rates"
PROFILE = "an application inference profile does not say where it runs: priced without a regional premium"
_EACH_OF_A_MILLION = Decimal("0.000001")
_LONGEST_QUOTE = 80
_PLAIN_TIERS = (None, "standard", "batch")

Conditions = tuple[str | None, str | None, str | None, bool, bool]
"""Speed, geo, service tier, batch and regional endpoint, as an Answer has them."""
Factors = tuple[tuple[str, Decimal], ...]
"""Discounts and premiums of token rates, by name."""


@value_class(frozen=True, kw_only=True, slots=True)
class Refusal:
    """Why there is no price, for a person."""

    reason: str


@value_class(frozen=True, kw_only=True, slots=True)
class Side:
    """The rates of prompts up to the threshold of a row, or of those above it."""

    label: str
    listed: Cells
    """US dollars for a million tokens."""
    each: Cells
    """US dollars for one token, with all factors in it."""


@value_class(frozen=True, kw_only=True, slots=True)
class InForce:
    """The rates of one model on one day under the conditions of an answer."""

    model: Model
    conditions: Conditions
    """With what the spellings of the ids add: complete without them."""
    factors: Factors
    low: Side
    high: Side | None
    """Above the threshold."""
    threshold: int
    """Prompt tokens; meaningless where there is no higher side."""
    search_each: Decimal
    """US dollars for one web search."""
    session_each: Decimal
    """US dollars for a millionth of an hour of a session."""
    notes: tuple[str, ...]


def add_tokens(amount: Decimal, usage: Usage, each: Cells) -> Decimal:
    """An amount with what the tokens of counts cost, in US dollars for each token. Exact; for the rest, see `add_others`."""
    add = EXACT.fma
    amount = add(usage.input_tokens, each.input, amount)
    amount = add(usage.output_tokens, each.output, amount)
    if usage.cache_read_input_tokens:
        amount = add(usage.cache_read_input_tokens, each.cache_read, amount)
    if usage.cache_creation_5m_input_tokens:
        amount = add(usage.cache_creation_5m_input_tokens, each.cache_write_5m, amount)
    if usage.cache_creation_1h_input_tokens:
        amount = add(usage.cache_creation_1h_input_tokens, each.cache_write_1h, amount)
    return amount


def add_others(amount: Decimal, usage: Usage, held: InForce) -> Decimal:
    """An amount with what counts cost that are no tokens: searches, and the time that a session ran. Exact."""
    if usage.web_search_requests:
        amount = EXACT.fma(usage.web_search_requests, held.search_each, amount)
    if usage.session_microhours:
        amount = EXACT.fma(usage.session_microhours, held.session_each, amount)
    return amount


@lru_cache(maxsize=4096)
def in_force(
    rates: RateTable, day: date, model: str | None, requested: str | None, conditions: Conditions
) -> InForce | Refusal:
    """The rates that hold for `model`, or why there are none.

    `requested` is the id as the request spells it: a Bedrock id says there what the answer's own id leaves out.
    """
    if model is None:
        return Refusal(reason="the answer names no model")
    found = rates.resolve(model)
    if found.model is None:
        return Refusal(reason=_unknown(model, found, rates))
    asked = Found() if requested is None else rates.resolve(requested)
    speed, geo, tier, batch, regional = conditions
    if speed not in (None, "standard", "fast"):
        return Refusal(reason=f"the rates of speed {quoted(speed)} are not known")
    fast = speed == "fast" or (speed is None and (found.fast or asked.fast))
    batch = batch or tier == "batch"
    if fast and batch:
        return Refusal(reason="fast mode and batch are never combined: there is no list price for both")
    row = found.model.row(day, fast=fast)
    if row is None:
        return Refusal(reason=f"{quoted(found.model.name)} has no {'fast ' if fast else ''}rates on {day}")
    regional = regional or found.regional or asked.regional
    conditions = ("fast" if fast else "standard", geo, tier, batch, regional)
    return _applied(rates, found.model, row, conditions, opaque=asked.opaque)


def _applied(rates: RateTable, model: Model, row: Row, conditions: Conditions, *, opaque: bool) -> InForce:
    _, geo, tier, batch, regional = conditions
    named = (
        ("batch", rates.batch if batch else None),
        ("us geo", model.us_geo_multiplier if geo == "us" else None),
        ("regional", model.regional_multiplier if regional else None),
    )
    factors = tuple((name, factor) for name, factor in named if factor is not None)
    notes = [model.note] if model.note else []
    if tier not in _PLAIN_TIERS:
        notes.append(_of_tier(tier))
    if opaque and not regional and model.regional_multiplier is not None:
        notes.append(PROFILE)
    fast, long = "fast" if conditions[0] == "fast" else "", row.long_prompt
    return InForce(
        model=model,
        conditions=conditions,
        factors=factors,
        low=_side(fast, row.rates, factors),
        high=None if long is None else _side(f"{fast} long prompt".strip(), long.rates, factors),
        threshold=0 if long is None else long.threshold_tokens,
        search_each=EXACT.multiply(rates.web_search_per_1000, Decimal("0.001")),
        session_each=EXACT.multiply(rates.session_per_hour, _EACH_OF_A_MILLION),
        notes=tuple(notes),
    )


def _side(label: str, listed: Cells, factors: Factors) -> Side:
    product = _EACH_OF_A_MILLION
    for _, factor in factors:
        product = EXACT.multiply(product, factor)
    each = Cells(**{cell: EXACT.multiply(getattr(listed, cell), product) for cell in CELLS})
    return Side(label=label, listed=listed, each=each)


def _of_tier(tier: str | None) -> str:
    if tier == "priority":
        return PRIORITY
    return f"service tier {quoted(tier or '')} has no published rates: priced at the standard rates"


def _unknown(model: str, found: Found, rates: RateTable) -> str:
    if found.alias_of is not None:
        return f"no rates for model {quoted(found.alias_of)}, which rates.aliases gives for {quoted(model)}"
    if found.opaque:
        return f"{quoted(model)} does not tell its model: name it in rates.aliases"
    near = did_you_mean(model, rates)
    return f"no rates for model {quoted(model)}{f': {near}' if near else ''}"


def quoted(text: str) -> str:
    """What somebody else wrote, quoted and no longer than 80 characters: both ends of an id tell something."""
    short = text if len(text) < _LONGEST_QUOTE else f"{text[:48]}…{text[-24:]}"
    shown = repr(short)
    return shown if len(shown) <= _LONGEST_QUOTE else f"{shown[:48]}…{shown[-24:]}"
