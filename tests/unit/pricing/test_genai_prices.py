"""Our table against genai-prices, which others keep: two tables that agree are seldom both wrong.

Each model and each kind of token that both know, on one day, so that the test does not change by itself.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from genai_prices import data_snapshot

from pytest_claude_budget.files.read_write import load_rates_document
from pytest_claude_budget.pricing.rates import CELLS, LongPrompt, Row, parse_rates

DAY = date(2026, 11, 23)
MOMENT = datetime(2026, 11, 23, 12, tzinfo=UTC)
TABLE = parse_rates(load_rates_document())
THEIR_CELLS = ("input_mtok", "cache_write_mtok", "cache_write_1h_mtok", "cache_read_mtok", "output_mtok")
NOT_THERE = {
    "claude-mythos-5-1": "limited release, never listed there",
    "claude-mythos-5": "limited release, never listed there",
    "claude-mythos-preview": "limited release, never listed there",
}
DIFFERENT = {
    (
        "claude-sonnet-4-5-20250929",
        "long",
    ): "the beta of the 1M window ended on 2026-04-30; its premium is still listed there",
    ("claude-sonnet-4-5-20250929", "long batch"): "the same",
}
Key = tuple[str, str]


def theirs(name: str) -> Any:
    """Their entry of a model, None where they have none."""
    (provider,) = (one for one in data_snapshot.get_snapshot().providers if one.id == "anthropic")
    return provider.find_model(name)


def their_rows(name: str) -> Iterator[tuple[str, tuple[Decimal, ...]]]:
    """Their cells by kind of row: standard, batch, fast, and above a threshold."""
    model = theirs(name)
    variants = {tuple(variant.when.items()) for variant in model.price_variants or ()}
    for label, context in (("standard", {}), ("batch", {"processing": "batch"}), ("fast", {"speed": "fast"})):
        if context and tuple(context.items()) not in variants:
            continue
        prices = model.get_prices(MOMENT, context or None)
        cells = [getattr(prices, cell) for cell in THEIR_CELLS]
        tiers = [getattr(cell, "tiers", []) for cell in cells]
        yield label, tuple(getattr(cell, "base", cell) for cell in cells)
        if any(tiers):
            (start,) = {tier.start for (tier,) in tiers}
            yield f"long {label}".removesuffix(" standard"), (Decimal(start), *(tier.price for (tier,) in tiers))


def our_rows(name: str) -> Iterator[tuple[str, tuple[Decimal, ...]]]:
    """Our cells in the same form."""
    model = TABLE.models[name]
    row, fast = model.row(DAY), model.row(DAY, fast=True)
    assert row is not None
    for label, factor in (("standard", Decimal(1)), ("batch", TABLE.batch)):
        yield label, cells_of(row, factor)
        if row.long_prompt is not None:
            threshold = Decimal(row.long_prompt.threshold_tokens)
            yield f"long {label}".removesuffix(" standard"), (threshold, *cells_of(row.long_prompt, factor))
    if fast is not None:
        yield "fast", cells_of(fast, Decimal(1))


def cells_of(row: Row | LongPrompt, factor: Decimal) -> tuple[Decimal, ...]:
    return tuple(factor * getattr(row.rates, cell) for cell in CELLS)


def test_they_lack_only_the_models_that_are_known_to_be_missing() -> None:
    """A model that appears there is compared from then on."""
    assert set(NOT_THERE) == {name for name in TABLE.models if theirs(name) is None}


def test_we_lack_only_models_that_were_retired_before_their_prices_could_be_checked() -> None:
    """A new model there is one that our table should have."""
    (provider,) = (one for one in data_snapshot.get_snapshot().providers if one.id == "anthropic")
    known = {theirs(name).id for name in TABLE.models if name not in NOT_THERE}

    assert {"claude-2", "claude-3-sonnet", "claude-v1"} == {model.id for model in provider.models} - known


def test_every_rate_that_both_know_is_the_same_but_for_the_listed_differences() -> None:
    """Standard, batch, fast and long-prompt rows; where they list no batch row, there is nothing to compare."""
    different: dict[Key, object] = {}
    compared = 0
    for name in TABLE.models:
        if name in NOT_THERE:
            continue
        ours, others = dict(our_rows(name)), dict(their_rows(name))
        for label in {*ours, *others} - ({"batch", "long batch"} - {*others}):
            compared += len(CELLS)
            if ours.get(label) != others.get(label):
                different[name, label] = (ours.get(label), others.get(label))

    assert set(DIFFERENT) == set(different), different
    assert compared >= 200


def test_web_searches_cost_the_same() -> None:
    """Per thousand, wherever they give a price."""
    listed = {
        getattr(theirs(name).get_prices(MOMENT), "web_searches_kcount", None)
        for name in TABLE.models
        if name not in NOT_THERE
    }

    assert {TABLE.web_search_per_1000} == listed - {None}
