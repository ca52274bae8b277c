"""Long prompts, server-tool loops, compaction, advisors and fallbacks, in dollars worked out by hand."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from pytest_claude_budget.calls.call import Iteration, Status, Usage
from pytest_claude_budget.pricing.portions import LOOP_ASSUMED, MISFIT, REST_ASSUMED, SUMMED
from pytest_claude_budget.pricing.price import Price
from tests.builders.priced import answer, dollars_of, entry, priced, prompt

# --- long prompts


@pytest.mark.parametrize(("tokens", "expected"), [(100_000, "0.0105"), (100_001, "0.0525005")])
def test_above_the_threshold_every_token_is_dearer(tokens: int, expected: str) -> None:
    """Haiku 5.5, 1,000 out: 100,000 x 0.10 + 1,000 x 0.50 = 0.0105; 100,001 x 0.50 + 1,000 x 2.50 = 0.0525005."""
    assert Price(amount=Decimal(expected)) == priced(answer("claude-haiku-5-5", prompt(tokens, 1_000)))


def test_what_was_cached_is_part_of_the_prompt() -> None:
    """60,000 x 0.50 + 20,000 x 0.625 + 10,000 x 1 + 10,001 x 0.05 = 0.03 + 0.0125 + 0.01 + 0.00050005."""
    usage = Usage(
        input_tokens=60_000,
        cache_creation_5m_input_tokens=20_000,
        cache_creation_1h_input_tokens=10_000,
        cache_read_input_tokens=10_001,
    )

    assert Decimal("0.05300005") == dollars_of(answer("claude-haiku-5-5", usage))


def test_old_premiums_hold_on_their_days_and_stack() -> None:
    """Opus 4.6 fast on 2026-02-19, 200,001 in: 200,001 x 60 x 1.1 = 13.200066; the day after it is 30 x 1.1."""
    told = answer("claude-opus-4-6", prompt(200_001), speed="fast", inference_geo="us")

    assert Decimal("13.200066") == dollars_of(told, date(2026, 2, 19))
    assert Decimal("6.600033") == dollars_of(told, date(2026, 2, 20))


def test_each_round_of_a_server_tool_loop_is_a_prompt_of_its_own() -> None:
    """Haiku 5.5: 90,000 + 110,000 in, 100 + 200 out, one search.

    90,000 x 0.10 + 100 x 0.50 = 0.00905; 110,000 x 0.50 + 200 x 2.50 = 0.0555; search 0.01.
    """
    rounds = (entry("message", None, prompt(90_000, 100)), entry("message", None, prompt(110_000, 200)))
    usage = Usage(input_tokens=200_000, output_tokens=300, web_search_requests=1)

    assert Price(amount=Decimal("0.07455")) == priced(answer("claude-haiku-5-5", usage, iterations=rounds))


def test_many_short_rounds_are_no_long_prompt() -> None:
    """Five of 80,000: 400,000 x 0.10 = 0.04, plus a search."""
    usage = Usage(input_tokens=400_000, web_search_requests=1)
    rounds = (entry("message", None, prompt(80_000)),) * 5

    assert Price(amount=Decimal("0.05")) == priced(answer("claude-haiku-5-5", usage, iterations=rounds))


def test_what_the_listed_rounds_leave_is_judged_by_its_own_sum() -> None:
    """Only the last of some rounds is listed, 90,000 of 250,000: 0.009 + 160,000 x 0.50 = 0.089, or 90,000 of 190,000: 0.019."""
    last = (entry("message", None, prompt(90_000)),)
    told = answer("claude-haiku-5-5", prompt(250_000), iterations=last)

    assert Price(amount=Decimal("0.089"), notes=(REST_ASSUMED,)) == priced(told)
    assert Price(amount=Decimal("0.019")) == priced(replace(told, usage=prompt(190_000)))


@pytest.mark.parametrize("tool", ["web_search_requests", "web_fetch_requests", "code_execution_requests"])
def test_a_loop_that_lists_no_rounds_is_priced_by_its_sum_and_noted(tool: str) -> None:
    """404,500 in: x 0.50 = 0.20225; a search adds 0.01."""
    usage = Usage(input_tokens=404_500, **{tool: 1})
    got = priced(answer("claude-haiku-5-5", usage))

    assert Decimal("0.21225" if tool == "web_search_requests" else "0.20225") == got.amount
    assert LOOP_ASSUMED in got.notes


def test_a_loop_of_a_model_that_cannot_take_a_long_prompt_is_never_repriced() -> None:
    """Sonnet 4.5 on 2026-04-29, window and threshold 200,000: 404,500 x 3 + 0.01; without a search 404,500 x 6."""
    told = answer("claude-sonnet-4-5", Usage(input_tokens=404_500, web_search_requests=1))

    assert Price(amount=Decimal("1.2235")) == priced(told, date(2026, 4, 29))
    assert Price(amount=Decimal("2.427")) == priced(replace(told, usage=prompt(404_500)), date(2026, 4, 29))


def test_rounds_that_exceed_the_answer_are_cut_to_it() -> None:
    """150,000 listed of 120,000 in all: 120,000 x 0.50 = 0.06."""
    told = answer("claude-haiku-5-5", prompt(120_000), iterations=(entry("message", None, prompt(150_000)),))

    assert Price(amount=Decimal("0.06"), notes=(MISFIT,)) == priced(told)


# --- iterations


def test_compaction_comes_on_top_at_the_request_model() -> None:
    """Opus 5: 0.1 M x 5 = 0.5, and 0.2 M x 5 + 0.01 M x 25 = 1.25."""
    rounds = (entry("compaction", None, prompt(200_000, 10_000)), entry("message", None, prompt(100_000)))

    assert Price(amount=Decimal("1.75")) == priced(answer("claude-opus-5", prompt(100_000), iterations=rounds))


def test_compaction_can_be_all_there_is() -> None:
    """The top level at zero: 0.2 M x 5."""
    told = answer("claude-opus-5", iterations=(entry("compaction", None, prompt(200_000)),))

    assert Price(amount=Decimal(1)) == priced(told)


def test_compaction_is_a_prompt_of_its_own() -> None:
    """Haiku 5.5: 90,000 x 0.10 = 0.009, and 110,000 x 0.50 = 0.055."""
    rounds = (entry("compaction", None, prompt(110_000)), entry("message", None, prompt(90_000)))

    assert Price(amount=Decimal("0.064")) == priced(answer("claude-haiku-5-5", prompt(90_000), iterations=rounds))


def test_a_name_that_only_the_gateway_knows_does_not_hide_the_request_model() -> None:
    """Nothing fell back, so the model that answered is the one that was asked: 0.2 M x 5."""
    told = answer(
        "claude-opus-5", iterations=(entry("compaction", None, prompt(200_000)),), requested_model="fast-lane"
    )

    assert Price(amount=Decimal(1)) == priced(told)


def test_an_advisor_comes_on_top_at_its_own_model() -> None:
    """Haiku 4.5: 1 M x 1, advised by Opus 5: 0.1 M x 5 + 0.01 M x 25 = 0.75."""
    rounds = (entry("advisor_message", "claude-opus-5", prompt(100_000, 10_000)),)

    assert Price(amount=Decimal("1.75")) == priced(answer("claude-haiku-4-5", prompt(1_000_000), iterations=rounds))


def test_what_comes_on_top_has_the_answers_premiums() -> None:
    """Batch and us, on Bedrock's regional endpoint: (1 x 3 + 0.1 x 5) x 0.5 x 1.1 x 1.1 = 3.5 x 0.605."""
    rounds = (entry("advisor_message", "claude-opus-5", prompt(100_000)),)
    told = answer("claude-sonnet-4-6", prompt(1_000_000), iterations=rounds, batch=True, inference_geo="us")

    assert Decimal("2.1175") == dollars_of(replace(told, requested_model="us.anthropic.claude-sonnet-4-6"))


def test_an_advisor_without_fast_rates_is_priced_at_its_standard_ones() -> None:
    """Opus 5 fast and us, 1 M x 10 x 1.1 = 11, advised by Fable 5: 0.1 M x 10 x 1.1 = 1.1."""
    rounds = (entry("advisor_message", "claude-fable-5", prompt(100_000)),)
    got = priced(answer("claude-opus-5", prompt(1_000_000), iterations=rounds, speed="fast", inference_geo="us"))

    notes = ("advisor by 'claude-fable-5', which has no fast rates: priced at its standard rates",)
    assert Price(amount=Decimal("12.1"), notes=notes) == got
    unknown = (entry("advisor_message", "claude-9", prompt(100_000)),)
    told = answer("claude-opus-5", prompt(1_000_000), iterations=unknown, speed="fast")
    reason = "advisor: no rates for model 'claude-9'"
    assert Price(amount=Decimal(10), at_least=True, reason=reason) == priced(told)


def test_the_notes_of_what_comes_on_top_are_the_answers_too() -> None:
    """Haiku 4.5 1 M x 1, advised by Mythos Preview, 0.1 M x 25."""
    rounds = (entry("advisor_message", "claude-mythos-preview", prompt(100_000)),)
    got = priced(answer("claude-haiku-4-5", prompt(1_000_000), iterations=rounds))

    assert (Decimal("3.5"), 1) == (got.amount, len(got.notes))


def test_a_declined_attempt_with_output_is_billed_beside_the_one_that_served() -> None:
    """Fable 5.2 declined after 1,000 out: 0.1 M x 8 + 0.001 M x 40 = 0.84; Opus 5.5 served: 0.1 M x 4 + 0.01 M x 20 = 0.6."""
    rounds = (
        entry("message", None, prompt(100_000, 1_000)),
        entry("fallback_message", "claude-opus-5-5", prompt(100_000, 10_000)),
    )
    told = answer(
        "claude-opus-5-5", prompt(100_000, 10_000), iterations=rounds, requested_model="anthropic/claude-fable-5.2"
    )

    assert Price(amount=Decimal("1.44")) == priced(told)
    silent = (entry("message", "claude-fable-5-2", prompt(100_000)), rounds[1])
    assert Price(amount=Decimal("0.6")) == priced(replace(told, iterations=silent)), "a refusal without output is free"


def test_earlier_rounds_of_the_model_that_served_are_inside_its_counts() -> None:
    """Opus 5.5 after Fable 5.2: the round of 50,000 is a part of the 150,000: 0.15 M x 4."""
    rounds = (
        entry("message", "claude-opus-5-5", prompt(50_000, 10)),
        entry("fallback_message", "claude-opus-5-5", prompt(100_000)),
    )
    told = answer("claude-opus-5-5", prompt(150_000), iterations=rounds, requested_model="claude-fable-5-2")

    assert Price(amount=Decimal("0.6")) == priced(told)


def test_compaction_before_a_fallback_was_the_request_models() -> None:
    """Fable 5.2: 0.1 M x 8; Opus 5.5 served 0.1 M x 4."""
    rounds = (
        entry("compaction", None, prompt(100_000)),
        entry("fallback_message", "claude-opus-5-5", prompt(100_000)),
    )
    told = answer("claude-opus-5-5", prompt(100_000), iterations=rounds, requested_model="claude-fable-5-2")

    assert Price(amount=Decimal("1.2")) == priced(told)


def test_message_entries_without_a_fallback_are_inside_whatever_their_model() -> None:
    """0.1 M x 5, once."""
    rounds = (entry("message", "claude-fable-5-2", prompt(100_000, 10)),)

    assert Price(amount=Decimal("0.5")) == priced(answer("claude-opus-5", prompt(100_000), iterations=rounds))


@pytest.mark.parametrize(
    ("rounds", "requested", "reason"),
    [
        ((entry("advisor_message", "claude-9", prompt(1)),), None, "advisor: no rates for model 'claude-9'"),
        ((entry("advisor_message", None, prompt(1)),), None, "the advisor entry of usage.iterations names no model"),
        (
            (entry("message", "claude-9", prompt(1, 1)), entry("fallback_message", "claude-opus-5", prompt(1))),
            None,
            "declined attempt: no rates for model 'claude-9'",
        ),
        (
            (entry("message", None, prompt(1, 1)), entry("fallback_message", "claude-opus-5", prompt(1))),
            None,
            "the declined attempt entry of usage.iterations names no model",
        ),
        (
            (entry("compaction", None, prompt(1)), entry("fallback_message", "claude-opus-5", prompt(1))),
            "claude-9",
            "compaction: no rates for model 'claude-9'",
        ),
    ],
)
def test_a_part_without_a_price_leaves_a_lower_bound(
    rounds: tuple[Iteration, ...], requested: str | None, reason: str
) -> None:
    """The rest is priced: 1 M x 5."""
    told = answer("claude-opus-5", prompt(1_000_000), iterations=rounds, requested_model=requested)

    assert Price(amount=Decimal(5), at_least=True, reason=reason) == priced(told)


def test_an_unknown_kind_of_entry_makes_a_lower_bound() -> None:
    """1 M x 5 at least: nobody knows whether it is inside."""
    told = answer("claude-opus-5", prompt(1_000_000), iterations=(entry("musing", None, prompt(9)),) * 2)
    reason = "usage.iterations has an entry of the unknown kind 'musing', which is not priced"

    assert Price(amount=Decimal(5), at_least=True, reason=reason) == priced(told)
    cut = replace(told, status=Status.AT_LEAST, reason="cut")
    assert Price(amount=Decimal(5), at_least=True, reason=f"cut; {reason}") == priced(cut)


@pytest.mark.parametrize("endpoint", ["session", "claude_code"])
def test_a_sum_of_many_requests_is_no_long_prompt(endpoint: str) -> None:
    """Haiku 5.5 has 5x rates above 100,000 tokens: 200,000 at the low $0.10 a million are at least $0.02."""
    told = replace(answer("claude-haiku-5-5", Usage(input_tokens=200_000)), endpoint=endpoint)
    got = priced(told)
    assert (got.amount, got.at_least, got.reason) == (Decimal("0.02"), True, SUMMED)
    assert not priced(replace(told, usage=Usage(input_tokens=100_000))).at_least
