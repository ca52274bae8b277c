"""What requests will cost, as a range: told from their text, and worked out by hand."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from pytest_claude_budget.files.rates_file import packaged_rates
from pytest_claude_budget.forecast.estimate import (
    Asking,
    Estimate,
    NoOutputError,
    Range,
    UnpricedError,
    estimated,
    mean_of,
    month,
    tokens_of,
)

DAY = date(2026, 11, 28)
SONNET = "claude-sonnet-4-6"
"""$3 input, $3.75 and $6 write, $0.30 read, $15 output, per million; 3.5 characters a token."""
TEXT = "x" * 350
"""100 tokens, so from 66 to 150."""
ONE = {"messages": [{"role": "user", "content": TEXT}]}
AROUND = (5, 19)
"""3 to 14 for the request and 2 to 5 for its message."""
TEN_TO_TWENTY = Range(low=10, high=20)
PNG = "iVBORw0KGgoAAAANSUhEUgAAA+gAAAPoCAIAAAA="
"""The head of one of 1,000 by 1,000 pixels: at most 1,334 tokens."""


def of(request: Any = ONE, counted: int | None = None, model: str = SONNET, **asking: Any) -> Estimate:
    return estimated(
        request, Asking(model=model, **{"output": TEN_TO_TWENTY, **asking}), packaged_rates(), DAY, counted
    )


def test_a_text_is_from_two_thirds_to_one_and_a_half_of_what_its_length_says() -> None:
    """66 + 5 = 71 and 150 + 19 = 169; 71 x $3 + 10 x $15 = 363, 169 x $3 + 20 x $15 = 807 a million."""
    made = of()
    assert (Range(low=71, high=169), TEN_TO_TWENTY) == (made.input, made.output)
    assert (Decimal("0.000363"), Decimal("0.000807"), False) == (made.low, made.high, made.at_least)


def test_the_newer_tokenizer_makes_more_of_it() -> None:
    """350 / 2.5 = 140: 93 + 5 and 210 + 19."""
    assert Range(low=98, high=229) == tokens_of(ONE, "claude-opus-5-5")


def test_what_the_api_counted_is_no_range() -> None:
    """1,000 x $3 and 10 or 20 x $15 a million."""
    made = of(counted=1000)
    assert (Range(low=1000, high=1000), Decimal("0.00315"), Decimal("0.0033")) == (made.input, made.low, made.high)


def test_a_batch_is_half_of_it() -> None:
    assert (Decimal("0.0001815"), Decimal("0.0004035")) == (of(batch=True).low, of(batch=True).high)


@pytest.mark.parametrize(
    ("more", "least", "most"),
    [
        ({"system": TEXT}, 66 + 66, 150 + 150),  # 200 tokens: 133 to 300
        ({"tools": [{"name": "n" * 350}]}, 0, 0),
        ({"thinking": {"type": "enabled"}}, 66, 150 + 60),
        ({"output_format": {"type": "json_schema"}}, 0, 0),
    ],
)
def test_what_goes_with_the_messages_counts(more: dict[str, Any], least: int, most: int) -> None:
    made = tokens_of({**ONE, **more}, SONNET)
    if "tools" in more:  # 4 + 4 characters of the key and 350 of the name make 102 tokens: 202 to 100 + 102
        least, most = int(202 / 1.5) + 286, 303 + 675
    if "output_format" in more:  # "json_schema" is the value of a key that is not shown
        least, most = 66 + 100, 150 + 400
    if "system" in more:
        least = 133
    assert Range(low=least + AROUND[0], high=most + AROUND[1]) == made


def test_what_an_earlier_answer_thought_may_not_be_read_again() -> None:
    thought = {"role": "assistant", "content": [{"type": "thinking", "thinking": TEXT, "signature": "s" * 999}]}
    made = tokens_of({"messages": [*ONE["messages"], thought]}, SONNET)
    assert Range(low=66 + 3 + 2 * 2, high=300 + 14 + 2 * 5) == made


def test_images_count_by_their_size_and_as_none_at_least_where_it_is_not_known() -> None:
    data = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    url = {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}}
    assert Range(low=1067 + 5, high=1334 + 16 + 19) == tokens_of(
        {"messages": [{"role": "user", "content": [data]}]}, SONNET
    )
    assert Range(low=5, high=1600 + 16 + 19) == tokens_of({"messages": [{"role": "user", "content": [url]}]}, SONNET)


def test_a_cache_is_read_at_best_and_written_at_worst() -> None:
    """71 x $0.30 + 150 = 171.3; 169 x $3.75 + 300 = 933.75; for an hour 169 x $6 + 300 = 1,314 a million."""
    marked = {**ONE, "cache_control": {"type": "ephemeral"}}
    assert (Decimal("0.0001713"), Decimal("0.00093375")) == (of(marked).low, of(marked).high)
    assert of(marked).notes == (
        "it asks for caching: the least is with all of it read from the cache, the most with all of it written there",
    )
    hour = {**ONE, "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    assert Decimal("0.001314") == of(hour).high


def test_what_has_no_size_makes_it_a_lower_bound() -> None:
    pdf = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}}
    made = of({"messages": [{"role": "user", "content": [pdf]}]})
    assert (True, ("not in it: a PDF, whose pages no one can count from outside",)) == (made.at_least, made.notes)


def test_a_request_says_how_long_its_answer_may_be() -> None:
    assert Range(low=1, high=200) == of({**ONE, "max_tokens": 200}, output=None).output
    with pytest.raises(NoOutputError):
        of(output=None)


def test_a_model_without_rates_is_not_estimated() -> None:
    with pytest.raises(UnpricedError, match="no rates for model 'claude-nope-9'"):
        of(model="claude-nope-9")


def test_the_mean_is_rounded_away_from_the_middle() -> None:
    """Counts of 1,000, 1,000 and 1,001: 0.00315, 0.00315 and 0.003153, and 0.00015 more: 0.003151 and 0.003301."""
    made = mean_of([of(counted=1000), of(counted=1000), of(counted=1001)])
    assert (Range(low=1000, high=1001), Decimal("0.003151"), Decimal("0.003301")) == (made.input, made.low, made.high)
    uneven = mean_of([of(counted=0, output=Range(low=0, high=0))] * 2 + [of(counted=1, output=Range(low=0, high=0))])
    assert (Decimal("0.000001"), Decimal("0.000001")) == (uneven.low, uneven.high)
    half = mean_of(
        [of(batch=True, counted=1, output=Range(low=0, high=0)), *[of(counted=0, output=Range(low=0, high=0))] * 6]
    )
    assert (Decimal("2.14E-7"), Decimal("2.15E-7")) == (half.low, half.high)  # $0.0000015 / 7


def test_a_month_is_so_many_times_a_request() -> None:
    assert (Decimal("18.15"), Decimal("40.35")) == month(of(), 50_000)
