"""Dollars worked out by hand for every rule of how usage turns into money."""

from dataclasses import replace
from datetime import date
from decimal import Context, Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_budget.base.money import exact
from pytest_claude_budget.calls.call import Answer, Iteration, Status, Usage
from pytest_claude_budget.pricing.in_force import PRIORITY, PROFILE
from pytest_claude_budget.pricing.price import CODE_EXECUTION, Price, explain_price, price
from tests.builders.priced import TABLE, TODAY, answer, dollars_of, priced, prompt

EACH_KIND = Usage(
    input_tokens=1_000_000,
    cache_creation_5m_input_tokens=100_000,
    cache_creation_1h_input_tokens=10_000,
    cache_read_input_tokens=1_000,
    output_tokens=100,
)
PROFILE_ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3"


# --- the formula


def test_a_hundred_thousand_in_and_ten_thousand_out_on_sonnet_are_45_cents() -> None:
    """0.1 M x 3 + 0.01 M x 15 = 0.30 + 0.15."""
    assert Price(amount=Decimal("0.45")) == priced(answer("claude-sonnet-4-6", prompt(100_000, 10_000)))


def test_each_kind_of_token_has_its_own_rate() -> None:
    """Opus 5.5: 1 x 4 + 0.1 x 5 + 0.01 x 8 + 0.001 x 0.20 + 0.0001 x 20 = 4 + 0.5 + 0.08 + 0.0002 + 0.002."""
    assert Decimal("4.5822") == dollars_of(answer("claude-opus-5-5", EACH_KIND))


def test_a_published_cell_is_never_worked_out() -> None:
    """Haiku 3: 1 M written for five minutes at 0.30, not at 1.25 x 0.25 = 0.3125."""
    usage = Usage(cache_creation_5m_input_tokens=1_000_000)

    assert Decimal("0.3") == dollars_of(answer("claude-3-haiku-20240307", usage))


def test_one_token_is_exact() -> None:
    """Haiku 5.5, read from a cache, in a batch: 0.01 / 1,000,000 x 0.5 = 0.000000005."""
    told = answer("claude-haiku-5-5", Usage(cache_read_input_tokens=1), batch=True)

    assert Decimal("0.000000005") == dollars_of(told)


def test_no_tokens_cost_nothing() -> None:
    """A known zero, not an unknown."""
    assert Price(amount=Decimal(0)) == priced(answer("claude-opus-5"))


@pytest.mark.parametrize("more", [{"batch": True}, {"service_tier": "batch"}, {"batch": True, "service_tier": "batch"}])
def test_a_batch_halves_every_token_once(more: dict[str, Any]) -> None:
    """4.5822 x 0.5."""
    assert Price(amount=Decimal("2.2911")) == priced(answer("claude-opus-5-5", EACH_KIND, **more))


@pytest.mark.parametrize(
    ("geo", "expected"),
    [("us", "4.4"), ("global", "4"), ("not_available", "4"), ("US", "4"), ("eu", "4"), ("", "4"), (None, "4")],
)
def test_only_the_literal_us_has_the_geo_premium(geo: str | None, expected: str) -> None:
    """1 M in on Opus 5.5: 4, or 4 x 1.1."""
    assert Decimal(expected) == dollars_of(answer("claude-opus-5-5", prompt(1_000_000), inference_geo=geo))


@pytest.mark.parametrize(("model", "expected"), [("claude-opus-4-5", "5"), ("claude-opus-4-6", "5.5")])
def test_the_geo_premium_begins_with_the_4_6_generation(model: str, expected: str) -> None:
    """1 M in at 5."""
    assert Decimal(expected) == dollars_of(answer(model, prompt(1_000_000), inference_geo="us"))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"model": "claude-opus-4-1", "regional": True}, "15"),
        ({"model": "claude-opus-4-5", "regional": True}, "5.5"),
        ({"model": "us.anthropic.claude-opus-4-5-20251101-v1:0"}, "5.5"),
        ({"model": "global.anthropic.claude-opus-4-5-20251101-v1:0"}, "5"),
        ({"model": "claude-opus-4-5-20251101", "requested_model": "anthropic.claude-opus-4-5-20251101-v1:0"}, "5.5"),
        (
            {"model": "claude-opus-4-5-20251101", "requested_model": "global.anthropic.claude-opus-4-5-20251101-v1:0"},
            "5",
        ),
        ({"model": "claude-opus-4-6", "regional": True, "inference_geo": "us"}, "6.05"),
    ],
)
def test_a_regional_endpoint_costs_a_tenth_more_from_the_4_5_generation_on(more: dict[str, Any], expected: str) -> None:
    """By the URL, by the answer's id or by the request's: 1 M in at 5 x 1.1; with the geo premium x 1.1 x 1.1."""
    assert Decimal(expected) == dollars_of(replace(answer("x", prompt(1_000_000)), **more))


def test_running_time_of_a_session_costs_eight_cents_an_hour_and_is_never_multiplied() -> None:
    """Sonnet 4.6 in the US: 1 M tokens at 3 x 1.1, and half an hour at 0.08: 3.30 + 0.04."""
    usage = Usage(input_tokens=1_000_000, session_microhours=500_000)
    told = answer("claude-sonnet-4-6", usage, inference_geo="us")
    assert Decimal("3.34") == dollars_of(told)
    explained = explain_price(told, TODAY, TABLE)
    assert [("input", "3.3"), ("running time", "0.04")] == [
        (term.label, f"{term.amount.normalize():f}") for term in explained.terms
    ]


def test_web_searches_cost_a_cent_and_are_never_discounted() -> None:
    """Sonnet 4.6, batch, us: 1 M in x 3 x 0.5 x 1.1 + 3 x 0.01 = 1.65 + 0.03."""
    usage = Usage(input_tokens=1_000_000, web_search_requests=3, web_fetch_requests=7)

    assert Decimal("1.68") == dollars_of(answer("claude-sonnet-4-6", usage, batch=True, inference_geo="us"))


def test_code_execution_is_noted_and_not_priced() -> None:
    """Its container is billed by the hour, which no answer states."""
    usage = Usage(input_tokens=1_000_000, code_execution_requests=2)

    assert Price(amount=Decimal(3), notes=(CODE_EXECUTION,)) == priced(answer("claude-sonnet-4-6", usage))


# --- fast mode, tiers, days


def test_fast_mode_is_billed_by_the_answers_speed() -> None:
    """Opus 5.5, 1 M in and 0.1 M out: 8 + 0.1 x 40 = 12; with us inference 12 x 1.1 = 13.2."""
    told = answer("claude-opus-5-5", prompt(1_000_000, 100_000), speed="fast")

    assert Decimal(12) == dollars_of(told)
    assert Decimal("13.2") == dollars_of(replace(told, inference_geo="us"))
    assert Decimal(6) == dollars_of(replace(told, speed="standard"))


def test_an_id_of_fast_mode_counts_where_the_answer_tells_no_speed() -> None:
    """1 M in on Opus 5.5: 8 fast, 4 standard."""
    told = answer("anthropic/claude-opus-5.5-fast", prompt(1_000_000))

    assert Decimal(8) == dollars_of(told)
    assert Decimal(4) == dollars_of(replace(told, speed="standard"))


@pytest.mark.parametrize(
    ("told", "day", "reason"),
    [
        (answer("claude-opus-5-6"), TODAY, "no rates for model 'claude-opus-5-6'"),
        (answer("claude-sonet-4-5"), TODAY, "no rates for model 'claude-sonet-4-5': did you mean 'claude-sonnet-4-5'?"),
        (answer(None), TODAY, "the answer names no model"),
        (answer(PROFILE_ARN), TODAY, f"'{PROFILE_ARN}' does not tell its model: name it in rates.aliases"),
        (answer("claude-opus-5-5"), date(2026, 9, 21), "'claude-opus-5-5' has no rates on 2026-09-21"),
        (answer("claude-sonnet-5-5", speed="fast"), TODAY, "'claude-sonnet-5-5' has no fast rates on 2026-11-23"),
        (answer("claude-opus-4-7", speed="fast"), TODAY, "'claude-opus-4-7' has no fast rates on 2026-11-23"),
        (answer("claude-opus-5", speed="turbo"), TODAY, "the rates of speed 'turbo' are not known"),
        (answer("claude-opus-5", speed="fast", batch=True), TODAY, "fast mode and batch are never combined: there is no list price for both"),
    ],
)  # fmt: skip
def test_what_has_no_list_price_is_unpriced_with_its_reason(told: Answer, day: date, reason: str) -> None:
    """Never a neighbour's price and never $0; what others wrote is quoted and bounded."""
    assert Price(amount=None, reason=reason) == priced(told, day)


@pytest.mark.parametrize("name", ["a" * 1_000_000, "\x1b[1m" * 1_000, "\U000e0001" * 80, "\u202e" * 1_000])
def test_what_a_server_made_up_is_quoted_safely_and_shortly(name: str) -> None:
    """No control characters, no change of direction, no megabytes."""
    reason = priced(answer(name)).reason or ""

    assert reason.startswith("no rates for model '")
    assert len(reason) <= 100
    assert reason.isprintable()


def test_a_users_name_for_an_unknown_model_says_both() -> None:
    """The mistake is in the alias."""
    table = TABLE.with_aliases({"ours": "claude-neverland-1"})

    assert (
        "no rates for model 'claude-neverland-1', which rates.aliases gives for 'ours'"
        == price(answer("ours"), TODAY, table).reason
    )


@pytest.mark.parametrize(
    ("tier", "notes"),
    [
        (None, ()),
        ("standard", ()),
        ("priority", (PRIORITY,)),
        ("flex", ("service tier 'flex' has no published rates: priced at the standard rates",)),
    ],
)
def test_a_tier_without_list_prices_is_noted(tier: str | None, notes: tuple[str, ...]) -> None:
    """1 M in on Sonnet 4.6 at the standard 3."""
    told = answer("claude-sonnet-4-6", prompt(1_000_000), service_tier=tier)

    assert Price(amount=Decimal(3), notes=notes) == priced(told)


def test_derived_rates_are_noted() -> None:
    """Of Mythos Preview only input and output were published: 1 M in at 25."""
    notes = ("cache rates of claude-mythos-preview are derived from the usual multiples of input, not published",)

    assert Price(amount=Decimal(25), notes=notes) == priced(answer("claude-mythos-preview", prompt(1_000_000)))


def test_a_profile_that_hides_its_endpoint_is_noted() -> None:
    """Bedrock answers with the plain id; 1 M in at 5."""
    told = answer("claude-opus-4-6", prompt(1_000_000), requested_model=PROFILE_ARN)

    assert Price(amount=Decimal(5), notes=(PROFILE,)) == priced(told)


def test_the_day_decides() -> None:
    """Sonnet 5.5: 1 M cache reads at 0.20 until 2026-10-06, at 0.10 from the next day on."""
    told = answer("claude-sonnet-5-5", Usage(cache_read_input_tokens=1_000_000))

    assert Decimal("0.2") == dollars_of(told, date(2026, 10, 6))
    assert Decimal("0.1") == dollars_of(told, date(2026, 10, 7))


# --- what is not billed, or not known in full


@pytest.mark.parametrize("status", [Status.FAILED, Status.FREE])
def test_what_is_not_billed_costs_nothing(status: Status) -> None:
    """Whatever its usage says, and whether or not its model is known."""
    assert Price(amount=Decimal(0)) == priced(answer("claude-neverland-1", prompt(1_000_000), status=status))


@pytest.mark.parametrize(("reason", "expected"), [("no usage", "no usage"), (None, "the usage is not known")])
def test_an_unmeasured_answer_is_unpriced(reason: str | None, expected: str) -> None:
    """With the reason that it came with."""
    told = answer("claude-opus-5", prompt(1), status=Status.UNMEASURED, reason=reason)

    assert Price(amount=None, reason=expected) == priced(told)


@pytest.mark.parametrize(("reason", "expected"), [("cut", "cut"), (None, "only a part of the usage is known")])
def test_a_part_of_the_usage_gives_a_lower_bound(reason: str | None, expected: str) -> None:
    """1 M in at 5."""
    told = answer("claude-opus-5", prompt(1_000_000), status=Status.AT_LEAST, reason=reason)

    assert Price(amount=Decimal(5), at_least=True, reason=expected) == priced(told)


# --- properties

COUNTS = st.integers(0, 10**12)
USAGES = st.builds(
    Usage,
    input_tokens=COUNTS,
    cache_creation_5m_input_tokens=COUNTS,
    cache_creation_1h_input_tokens=COUNTS,
    cache_read_input_tokens=COUNTS,
    output_tokens=COUNTS,
    web_search_requests=COUNTS,
    session_microhours=COUNTS,
)
NAMES = st.sampled_from([*TABLE.models, "claude-9", "", "us.anthropic.claude-opus-5", "anthropic/claude-opus-5-fast"])
KINDS = st.sampled_from(["message", "compaction", "advisor_message", "fallback_message", "musing"])
ANSWERS = st.builds(
    Answer,
    status=st.sampled_from(Status),
    endpoint=st.just("messages"),
    model=st.none() | NAMES,
    requested_model=st.none() | NAMES,
    usage=USAGES,
    iterations=st.lists(st.builds(Iteration, kind=KINDS, model=st.none() | NAMES, usage=USAGES), max_size=4).map(tuple),
    batch=st.booleans(),
    speed=st.sampled_from([None, "standard", "fast", "turbo"]),
    inference_geo=st.sampled_from([None, "us", "global"]),
    service_tier=st.sampled_from([None, "standard", "batch", "priority", "flex"]),
    regional=st.booleans(),
)
DAYS = st.dates(date(2024, 1, 1), date(2027, 1, 1))


@given(ANSWERS, DAYS)
def test_every_answer_has_an_amount_or_a_reason(told: Answer, day: date) -> None:
    """And the terms of its explanation add up to its amount exactly."""
    got = priced(told, day)

    assert (got.amount is None or got.at_least) == (got.reason is not None)
    assert got.amount is None or got.amount >= 0


@given(ANSWERS, DAYS)
def test_the_context_of_a_suite_does_not_round_a_price(told: Answer, day: date) -> None:
    """A suite may have left its thread with three digits."""
    expected = price(told, day, TABLE).amount
    with localcontext(Context(prec=3)):
        got = price(told, day, TABLE).amount

    assert expected == got


@given(ANSWERS, DAYS)
def test_a_term_is_count_times_rate_times_factors(told: Answer, day: date) -> None:
    """What a person checks with a calculator."""
    with exact():
        for term in explain_price(told, day, TABLE).terms:
            product = term.count * term.rate
            for _, factor in term.factors:
                product *= factor
            assert product == term.amount * term.per
