"""Amounts are exact, and what a person reads of them never lies."""

from decimal import Context, Decimal, Inexact, localcontext

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_claude_budget.base.money import (
    EXACT,
    dollars,
    dollars_against,
    dollars_holding,
    dollars_moved,
    exact,
    exact_dollars,
    to_json,
)

AMOUNTS = st.decimals(min_value=0, max_value=10**12, places=12) | st.decimals(min_value=0, max_value=2, places=7)
FEW_DIGITS = Context(prec=3)


def read(shown: str) -> Decimal:
    """The number that a person reads."""
    sign = -1 if shown.startswith("-") else 1
    return sign * Decimal(shown.removeprefix("-").removeprefix("$").replace(",", ""))


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("0", "$0.00"),
        ("0E-9", "$0.00"),
        ("0.45", "$0.45"),
        ("0.4500000", "$0.45"),
        ("0.0588", "$0.0588"),
        ("0.0000125", "$0.0000125"),
        ("0.00001254", "$0.0000125"),
        ("0.00001255", "$0.0000126"),
        ("0.05", "$0.05"),
        ("0.5", "$0.50"),
        ("0.9994", "$0.999"),
        ("0.9996", "$1.00"),
        ("12.345", "$12.35"),
        ("999.994", "$999.99"),
        ("999.995", "$1,000"),
        ("1764", "$1,764"),
        ("1764.5", "$1,765"),
        ("1234567.89", "$1,234,568"),
        ("1E+6", "$1,000,000"),
        ("-0.0225", "-$0.0225"),
        ("-1764", "-$1,764"),
    ],
)
def test_dollars_are_short_for_a_person(amount: str, expected: str) -> None:
    """Whole dollars from 1,000 up, cents from 1 up, three digits below."""
    assert expected == dollars(Decimal(amount))


@pytest.mark.parametrize(
    ("amount", "limit", "expected"),
    [
        ("0.45", "0.50", "$0.45"),
        ("0.50", "0.50", "$0.50"),
        ("0.5000001", "0.50", "$0.5000001"),
        ("0.50049", "0.50", "$0.5005"),
        ("0.4999", "0.4995", "$0.50"),
        ("1764.2", "1764", "$1,764.20"),
        ("1763.6", "1763.7", "$1,763.60"),
        ("0.1234561", "0.123456", "$0.1235"),
    ],
)
def test_an_amount_beside_its_limit_takes_the_digits_that_tell_them_apart(
    amount: str, limit: str, expected: str
) -> None:
    """0.50049 is over 0.50, which `$0.50` would hide."""
    assert expected == dollars_against(Decimal(amount), Decimal(limit))


@given(AMOUNTS, AMOUNTS)
@example(Decimal("0.50049"), Decimal("0.50"))
@example(Decimal("1000.4"), Decimal("1000"))
@example(Decimal("999.999"), Decimal("999.9995"))
def test_a_shown_amount_never_crosses_a_limit_that_the_amount_does_not(amount: Decimal, limit: Decimal) -> None:
    """What is over looks over, what is not does not; the limit is shown to its last digit."""
    shown_limit = read(exact_dollars(limit))

    assert (amount > limit) == (read(dollars_against(amount, limit)) > shown_limit)


@given(AMOUNTS, st.integers(-20, 20))
def test_a_shown_amount_is_near_the_amount_beside_any_limit(amount: Decimal, millionths: int) -> None:
    """Within half of the third digit, or of a cent from a dollar up, or of a dollar from a thousand up."""
    with localcontext(EXACT):
        limit = max(Decimal(0), amount + millionths * Decimal("0.000001"))
        error = abs(read(dollars_against(amount, limit)) - amount)
        allowed = Decimal("0.5") if amount >= 999 else Decimal("0.005") if amount >= 1 else amount * Decimal("0.005")
    assert error <= allowed


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("0.01", "0.0275", ["$0.01", "$0.0275", "+$0.0175"]),
        # three digits each would be $0.108, $0.177 and +$0.0697, of which the first two are 0.069 apart
        ("0.1075", "0.17719", ["$0.1075", "$0.1772", "+$0.0697"]),
        ("0.17719", "0.1075", ["$0.1772", "$0.1075", "-$0.0697"]),
        # +675.10: whole dollars are 675 apart
        ("1764.2", "2439.3", ["$1,764.20", "$2,439.30", "+$675.10"]),
        ("300", "1056", ["$300.00", "$1,056", "+$756.00"]),
        ("0.002", "0.001995", ["$0.002", "$0.001995", "-$0.000005"]),
        ("12.345", "12.345", ["$12.35", "$12.35", "$0.00"]),
        ("0", "0.1234567", ["$0.00", "$0.123", "+$0.123"]),
        # to seven places they are 0.0666667, 0.2 and 0.1333333, to three 0.067, 0.2 and 0.133
        ("0.06666666", "0.2", ["$0.0667", "$0.20", "+$0.1333"]),
    ],
)
def test_before_after_and_change_add_up_as_they_are_shown(before: str, after: str, expected: list[str]) -> None:
    assert expected == dollars_moved(Decimal(before), Decimal(after))


def test_the_parts_of_a_change_add_up_to_it_as_they_are_shown() -> None:
    """To three digits each, +0.00234 and +0.000155 are 0.002495, and not 0.0025; five places are enough for all.

    So they are for 0.00134 and 0.00859, which are 0.00993, and for 0.00799, 0.00039 and 0.00021. A part keeps a digit.
    """
    amounts = [Decimal(text) for text in ("0.0063", "0.0087954", "0.00234", "0.0001554")]
    assert dollars_moved(*amounts) == ["$0.0063", "$0.0088", "+$0.0025", "+$0.00234", "+$0.00016"]
    amounts = [Decimal(text) for text in ("0.0013422", "0.009933", "0.0079884", "0.00039", "0.0002124")]
    expected = ["$0.00134", "$0.00993", "+$0.00859", "+$0.00799", "+$0.00039", "+$0.00021"]
    assert dollars_moved(*amounts) == expected
    amounts = [Decimal(text) for text in ("0.01", "0.02", "0.009999994", "0.000000006")]
    assert dollars_moved(*amounts)[3:] == ["+$0.009999994", "+$0.000000006"]


def test_what_moved_is_beside_its_limits_where_it_is() -> None:
    """0.0500001 is over 0.05, and 0.02500001 is more than a quarter beyond 0.02."""
    over = dollars_moved(Decimal("0.04"), Decimal("0.0500001"), limit=Decimal("0.05"))
    assert over == ["$0.04", "$0.0500001", "+$0.0100001"]
    beyond = dollars_moved(Decimal("0.02"), Decimal("0.02500001"), percents=[Decimal(25)])
    assert beyond == ["$0.02", "$0.02500001", "+$0.00500001"]


@given(AMOUNTS, AMOUNTS, AMOUNTS, st.integers(0, 100))
@example(Decimal("0.1075"), Decimal("0.17719"), Decimal("0.15"), 15)
def test_whatever_moved_adds_up_and_crosses_no_limit_that_it_does_not(
    before: Decimal, after: Decimal, limit: Decimal, percent: int
) -> None:
    """Each figure is as near as `dollars` has it, and zero is shown for zero only."""
    with localcontext(EXACT):
        change, half = after - before, (after - before) / 2
        parts = (half, change - half)
        shown = dollars_moved(before, after, *parts, limit=limit, percents=[Decimal(percent)])
        one, other, moved, *each = (read(text.removeprefix("+")) for text in shown)
        assert one + moved == other
        assert sum(each) == moved
        assert (other > limit) == (after > limit)
        assert (other * 100 > one * (100 + percent)) == (after * 100 > before * (100 + percent))
        for figure, amount in ((one, before), (other, after), (moved, change)):
            assert abs(figure - amount) <= abs(read(dollars(amount)) - amount)
        for figure, amount in zip((one, other, moved, *each), (before, after, change, *parts), strict=True):
            assert (figure == 0) == (amount == 0)


@given(AMOUNTS)
def test_zero_is_shown_for_zero_only(amount: Decimal) -> None:
    """`$0.00` means that nothing was paid."""
    assert (amount == 0) == (dollars(amount) == "$0.00")
    assert (amount == 0) == (read(dollars(amount)) == 0)


@given(AMOUNTS | AMOUNTS.map(Decimal.copy_negate))
def test_a_machine_and_an_exact_display_get_every_digit(amount: Decimal) -> None:
    """The same number, and plain digits."""
    assert amount == Decimal(to_json(amount))
    assert "E" not in to_json(amount)
    assert amount == read(exact_dollars(amount))


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("0", "0"), ("-0.00", "0"), ("0.4500", "0.45"), ("1.25E-5", "0.0000125"), ("2E+3", "2000"), ("-1.10", "-1.1")],
)
def test_json_money_is_plain_digits(amount: str, expected: str) -> None:
    """No exponent, no zeros at the end."""
    assert expected == to_json(Decimal(amount))


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_what_is_no_number_is_no_amount(amount: str) -> None:
    """It must not get into a report."""
    with pytest.raises(ValueError, match="is no amount"):
        to_json(Decimal(amount))


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("0", "$0.00"), ("2.5", "$2.50"), ("1500.505", "$1,500.505"), ("-0.1", "-$0.10"), ("1E+3", "$1,000.00")],
)
def test_exact_dollars_have_cents_at_least(amount: str, expected: str) -> None:
    """A limit is shown as it was written."""
    assert expected == exact_dollars(Decimal(amount))


def test_rounding_is_an_error_in_an_exact_block() -> None:
    """A third of a dollar has no last digit."""
    with exact(), pytest.raises(Inexact):
        Decimal(1) / 3


@given(AMOUNTS)
def test_the_context_of_a_suite_changes_nothing(amount: Decimal) -> None:
    """A suite may work with three digits; its costs have all of theirs."""
    limit = amount.copy_abs()
    plain = (dollars(amount), exact_dollars(amount), to_json(amount), dollars_against(amount, limit))
    with localcontext(FEW_DIGITS):
        rounded = (dollars(amount), exact_dollars(amount), to_json(amount), dollars_against(amount, limit))
    assert plain == rounded


@given(AMOUNTS)
def test_a_limit_of_what_is_said_to_hold_is_not_exceeded(amount: Decimal) -> None:
    """It is the amount to three digits, or to a cent or a dollar from 1 and from 1,000 up, and never less."""
    shown = read(dollars_holding(amount))
    assert (
        0
        <= shown - amount
        < (1 if amount >= 999 else Decimal("0.01") if amount >= 1 else amount * Decimal("0.01") or 1)
    )


def test_a_limit_that_holds_is_short() -> None:
    shown = [dollars_holding(Decimal(text)) for text in ("0.06422775", "245.15625", "1234.001", "0.07")]
    assert ["$0.0643", "$245.16", "$1,235", "$0.07"] == shown
