"""What a run would have cost otherwise, worked out by hand from its counts."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_budget.calls.call import Usage
from pytest_claude_budget.forecast.reprice import (
    ADVISORS,
    ALONE,
    BATCH,
    CACHE,
    CACHED,
    CAPPED,
    FAST,
    FLOOR,
    LENGTH,
    LONG,
    SPREAD,
    TOKENIZER,
    UNREAD,
    Wish,
)
from pytest_claude_budget.forecast.whatif import Line, WhatIf, what_if
from pytest_claude_budget.record.record import Group, Record
from tests.builders.priced import TABLE, TODAY
from tests.builders.records import HAIKU, SONNET, group, owner, record, request, usage

OPUS_4_6, OPUS_4_7 = "claude-opus-4-6", "claude-opus-4-7"
"""Both $5 input, $25 output per million."""
HAIKU_5_5 = "claude-haiku-5-5"
FABLE = "claude-fable-5-2"
"""$16 input in fast mode."""


def asked(told: Record | Group, **wish: Any) -> WhatIf:
    whole = told if isinstance(told, Record) else record(owner("t", told))
    return what_if(whole, Wish(**wish), TABLE, TODAY)


def ends(found: WhatIf) -> tuple[Decimal, Decimal, Decimal]:
    return found.total.before, found.total.low, found.total.high


def test_nothing_wished_changes_nothing() -> None:
    """To the last digit, and without any assumption."""
    found = asked(group(usage(1, read=1)))
    cost = Decimal("0.0000033")

    assert found.lines == (Line(model=SONNET, becomes=SONNET, calls=1, before=cost, low=cost, high=cost),)
    assert (found.total.model, ends(found), found.assumed, found.left_alone) == ("", (cost, cost, cost), (), ())


def test_another_model_of_the_same_tokenizer_is_a_point() -> None:
    """Sonnet 4.6: 1,000 x $3 + 100 x $15 = $0.0045; Haiku 4.5: 1,000 x $1 + 100 x $5 = $0.0015."""
    found = asked(group(usage(1000, 100)), model=HAIKU)

    assert ends(found) == (Decimal("0.0045"), Decimal("0.0015"), Decimal("0.0015"))
    assert (found.lines[0].becomes, found.assumed) == (HAIKU, (LENGTH,))


def test_a_newer_tokenizer_makes_a_range_upwards() -> None:
    """The same rates, none to 35% more tokens: $0.0075 to $0.010125; searches are not tokens, $0.01 each."""
    told = group(usage(1000, 100), OPUS_4_6)
    searched = group(Usage(web_search_requests=2), OPUS_4_6)

    assert ends(asked(told, model=OPUS_4_7)) == (Decimal("0.0075"), Decimal("0.0075"), Decimal("0.010125"))
    assert ends(asked(searched, model=OPUS_4_7)) == (Decimal("0.02"),) * 3
    assert asked(told, model=OPUS_4_7).assumed == (LENGTH, TOKENIZER)


def test_an_older_tokenizer_makes_a_range_downwards() -> None:
    """1,350 tokens are 1,000 to 1,350: $0.005 to $0.00675. 1,000 are 740.74 or more: rounded down to a micro-dollar."""
    assert ends(asked(group(usage(1350), OPUS_4_7), model=OPUS_4_6))[1:] == (Decimal("0.005"), Decimal("0.00675"))
    # 1,000 / 1.35 x $5 = $0.0037037037...
    assert ends(asked(group(usage(1000), OPUS_4_7), model=OPUS_4_6))[1:] == (Decimal("0.003703"), Decimal("0.005"))


def test_the_ends_of_several_wishes_belong_together() -> None:
    """Three answers of 600 in sum, capped at 100, in an older tokenizer.

    low: 100 / 1.35 x $25 = $0.00185185...; high: 300 x $25 = $0.0075.
    """
    found = asked(group(usage(0, 600), OPUS_4_7, calls=3), model=OPUS_4_6, max_output=100)

    assert ends(found)[1:] == (Decimal("0.001851"), Decimal("0.0075"))


def test_only_calls_of_the_named_model_change() -> None:
    """Sonnet stays at $0.003; Haiku's $0.001 becomes $0.003."""
    both = record(owner("t", group(usage(1000)), group(usage(1000), HAIKU)))

    found = asked(both, model=SONNET, from_model=HAIKU, batch=True)

    assert [(line.model, line.becomes, line.low) for line in found.lines] == [
        (SONNET, SONNET, Decimal("0.003")),
        (HAIKU, SONNET, Decimal("0.0015")),
    ]
    assert found.total.low == Decimal("0.0045")


def test_an_advisor_keeps_its_model_unless_it_is_named() -> None:
    """It is another model on purpose."""
    told = group(usage(1000), OPUS_4_6, calls=0, on_top="advisor")

    assert ends(asked(told, model=HAIKU))[1] == Decimal("0.005")
    assert asked(told, model=HAIKU).assumed == (ADVISORS,)
    assert ends(asked(told, model=HAIKU, from_model=OPUS_4_6))[1] == Decimal("0.001")


def test_a_batch_is_half_but_not_of_searches_and_not_in_fast_mode() -> None:
    """$0.003 becomes $0.0015; a batch stays as it is; fast calls are told."""
    batched = asked(group(usage(1000)), batch=True)
    already = asked(group(usage(1000), batch=True), batch=True)
    searched = asked(group(Usage(input_tokens=1000, web_search_requests=1)), batch=True)
    fast = asked(group(usage(1000), FABLE, speed="fast", calls=3), batch=True)

    assert (ends(batched), batched.assumed) == ((Decimal("0.003"), Decimal("0.0015"), Decimal("0.0015")), (BATCH,))
    assert ends(already) == (Decimal("0.0015"),) * 3
    assert ends(searched)[1] == Decimal("0.0115")
    assert ends(fast) == (Decimal("0.016"),) * 3
    assert fast.left_alone == ((FAST, 3),)


def test_a_model_without_the_rates_leaves_calls_as_they_are() -> None:
    """Haiku 4.5 has no fast mode: nothing is guessed."""
    found = asked(group(usage(1000), FABLE, speed="fast"), model=HAIKU)

    assert ends(found) == (Decimal("0.016"),) * 3
    assert found.lines[0].becomes == FABLE
    assert found.left_alone[0][0].startswith("'claude-haiku-4-5-20251001' has no fast rates on ")


def test_a_cap_cuts_what_is_over_it() -> None:
    """One answer of 500 becomes 100: $0.0015. Three with 600 in sum: one had all (100), or each had 200 (300)."""
    one, three = asked(group(usage(0, 500)), max_output=100), asked(group(usage(0, 600), calls=3), max_output=100)

    assert (ends(one)[1:], one.assumed) == ((Decimal("0.0015"), Decimal("0.0015")), (CAPPED,))
    assert (ends(three)[1:], three.assumed) == ((Decimal("0.0015"), Decimal("0.0045")), (CAPPED, SPREAD))
    assert ends(asked(group(usage(0, 100)), max_output=100))[1:] == (Decimal("0.0015"),) * 2


def test_a_shared_beginning_is_written_once_and_read_by_the_others() -> None:
    """Four calls of 8,000 tokens, three quarters of which are tools and system prompt: 6,000 each, 24,000 in sum.

    8,000 x $3 is $0.024 for what is not shared. low: one writes 6,000 x $3.75 = $0.0225, three read 18,000 x $0.30 =
    $0.0054. high: one in each of the two tests writes, $0.045, two read, $0.0036.
    """
    one = owner("a", group(usage(8000), request=request(question=1000)), group(usage(8000), request=request()))
    told = record(one, owner("b", group(usage(16_000), calls=2, request=request())))

    found = asked(told, cache=True)

    assert ends(found) == (Decimal("0.096"), Decimal("0.0519"), Decimal("0.0726"))
    assert (found.assumed, found.left_alone) == ((CACHE, FLOOR), ())


def test_a_short_beginning_is_not_cached() -> None:
    """Below 512 tokens never; from there to 4,096 only at the low end; a quarter of the prompt is not shared."""
    short = asked(group(usage(2 * 600), calls=2, request=request()), cache=True)
    middle = asked(group(usage(2 * 4000), calls=2, request=request()), cache=True)

    assert ends(short) == (Decimal("0.0036"),) * 3
    # 2,000 x $3 + 3,000 x $3.75 + 3,000 x $0.30 = $0.01815 of $0.024
    assert ends(middle) == (Decimal("0.024"), Decimal("0.01815"), Decimal("0.024"))


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (group(usage(8000, read=10), request=request()), CACHED),
        (group(usage(8000)), UNREAD),
        (group(usage(8000), request="no fingerprint"), UNREAD),
        (group(usage(8000), request=request()), ALONE),
    ],
)
def test_what_cannot_be_cached_is_told(told: Group, reason: str) -> None:
    """And stays as it was."""
    found = asked(told, cache=True)

    assert found.left_alone == ((reason, 1),)
    assert found.total.low == found.total.before == found.total.high


def test_different_requests_taken_together_are_shared_at_the_low_end_only() -> None:
    """It is not known that they begin alike."""
    found = asked(group(usage(20_000), calls=2, request=request(several=2)), cache=True)

    assert found.total.low < found.total.high == found.total.before


def test_models_do_not_share_a_cache() -> None:
    """One call each: neither has another to share with."""
    told = record(owner("t", *(group(usage(8000), model, request=request()) for model in (SONNET, HAIKU))))

    assert asked(told, cache=True).left_alone == ((ALONE, 2),)


def test_long_prompts_of_the_other_model_are_a_range_where_only_sums_are_known() -> None:
    """Haiku 5.5 costs five times as much above 100,000 tokens. Two prompts of 120,000 in sum may have been 110 and 10."""
    row = TABLE.models[HAIKU_5_5].row(TODAY)
    assert row is not None
    assert row.long_prompt is not None
    one, two = group(usage(120_000), OPUS_4_7), group(usage(120_000), OPUS_4_7, calls=2)
    low = 120_000 * row.rates.input / 10**6
    high = 120_000 * row.long_prompt.rates.input / 10**6

    assert ends(asked(one, model=HAIKU_5_5))[1:] == (high, high)
    assert ends(asked(two, model=HAIKU_5_5))[1:] == (low, high)
    assert LONG in asked(two, model=HAIKU_5_5).assumed


def test_what_was_not_priced_is_a_lower_bound() -> None:
    """No change is known of it."""
    assert asked(group(usage(1000), "claude-unheard-of"), batch=True).total.at_least


GROUPS = st.builds(
    lambda model, fresh, out, read, calls, asked_for: group(usage(fresh, out, read=read), model, calls=calls, request=asked_for),
    st.sampled_from([SONNET, HAIKU, OPUS_4_6, OPUS_4_7, HAIKU_5_5]),
    st.integers(0, 10**6), st.integers(0, 10**5), st.sampled_from([0, 0, 5000]), st.integers(1, 4),
    st.sampled_from([None, request(), request("s2"), request(several=3)]),
)  # fmt: skip
WISHES = st.builds(
    Wish,
    model=st.sampled_from([None, HAIKU, OPUS_4_7, HAIKU_5_5]),
    from_model=st.sampled_from([None, SONNET]),
    batch=st.booleans(),
    cache=st.booleans(),
    max_output=st.sampled_from([None, 0, 100]),
)


@given(st.lists(GROUPS, max_size=5), WISHES)
def test_lines_add_up_to_the_total_and_low_is_never_above_high(groups: list[Group], wish: Wish) -> None:
    """Whatever is wished for."""
    told = record(*(owner(f"t{at}", one) for at, one in enumerate(groups)))
    found = what_if(told, wish, TABLE, TODAY)

    for part in ("before", "low", "high", "calls"):
        assert getattr(found.total, part) == sum(getattr(line, part) for line in found.lines)
    assert all(line.low <= line.high for line in (*found.lines, found.total))
