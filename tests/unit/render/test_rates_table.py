"""What `claude-budget rates` prints."""

from datetime import date

import pytest

from pytest_claude_budget.calls.call import Status, Usage
from pytest_claude_budget.render.rates_table import hand_price, rates_table
from tests.builders.priced import TABLE, TODAY, answer, prompt


def test_a_hand_price_shows_its_sum() -> None:
    """Terms, factors and sum, from the billing example."""
    usage = Usage(input_tokens=100_000, output_tokens=10_000, web_search_requests=2)

    assert """\
anthropic/claude-sonnet-4.6 = claude-sonnet-4-6 on 2026-11-23, list rates as of 2026-11-23

  input       100,000 x $3.00 per million x 0.5 batch  =  $0.15
  output       10,000 x $15.00 per million x 0.5 batch = $0.075
  web search        2 x $10.00 per 1,000               =  $0.02
                                                         ------
  cost                                                   $0.245""".splitlines() == [
        line.rstrip() for line in hand_price(answer("anthropic/claude-sonnet-4.6", usage, batch=True), TODAY, TABLE).splitlines()
    ]  # fmt: skip


def test_a_hand_price_says_why_there_is_none() -> None:
    """And never a zero."""
    assert (
        "claude-9?[1m on 2026-11-23, list rates as of 2026-11-23\n\nunpriced: no rates for model 'claude-9\\x1b[1m'"
        == hand_price(answer("claude-9\x1b[1m", prompt(1)), TODAY, TABLE)
    )


def test_a_hand_price_of_nothing_has_no_sum() -> None:
    """A zero that is known."""
    assert ["claude-opus-5 on 2026-11-23, list rates as of 2026-11-23", "", "  cost      $0.00"] == hand_price(
        answer("claude-opus-5"), TODAY, TABLE
    ).splitlines()


def test_a_hand_price_tells_a_lower_bound_and_notes() -> None:
    """1 M x 25."""
    told = answer("claude-mythos-preview", prompt(1_000_000), status=Status.AT_LEAST, reason="cut")

    assert """\
claude-mythos-preview on 2026-11-23, list rates as of 2026-11-23

  input          1,000,000 x $25.00 per million = $25.00
                                                  ------
  cost at least                                   $25.00
at least: cut
note: cache rates of claude-mythos-preview are derived from the usual multiples of input, not published\
""" == hand_price(told, TODAY, TABLE)


@pytest.mark.parametrize("day", [date(2024, 1, 1), date(2026, 2, 19), TODAY])
def test_the_table_fits_in_80_columns(day: date) -> None:
    """On days with few rows and many."""
    lines = rates_table(TABLE, day).splitlines()

    assert [] == [line for line in lines if len(line) > 80]


def test_the_table_shows_the_rows_of_the_day() -> None:
    """Fast rows and long prompts below their model; models of other days are left out."""
    lines = rates_table(TABLE, date(2026, 2, 19)).splitlines()

    assert [
        "model                          input  write 5m  write 1h  read  output   us  reg",
        "claude-opus-4-6                 5.00      6.25     10.00  0.50   25.00  1.1  1.1",
        "  above 200,000 tokens         10.00     12.50     20.00  1.00   37.50",
        "  fast                         30.00     37.50     60.00  3.00  150.00",
        "  fast, above 200,000 tokens   60.00     75.00    120.00  6.00  225.00",
        "claude-opus-4-5-20251101        5.00      6.25     10.00  0.50   25.00    -  1.1",
    ] == lines[3:9]
    assert [] == [line for line in lines if line.startswith("claude-opus-5")]


def test_a_model_with_fast_rates_only_is_named_in_their_row() -> None:
    """As a user's own file may have it."""
    cells = dict.fromkeys(("input", "cache_write_5m", "cache_write_1h", "cache_read", "output"), 1)
    table = TABLE.with_overrides({"models": {"ours": {"fast": [{"from": "2026-01-01", **cells}]}}})

    assert (
        "ours fast                       1.00      1.00      1.00  1.00    1.00"
        in rates_table(table, TODAY).splitlines()
    )
