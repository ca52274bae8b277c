"""What is over a limit, in a terminal of 80 columns: pytest cuts its last lines off there."""

from dataclasses import replace
from decimal import Decimal

import pytest

from pytest_claude_budget.judge.increases import Breach
from pytest_claude_budget.render.terminal_limits import short_lines

TEST = "tests/support/test_refunds.py::test_a_customer_who_waits_for_a_refund_is_answered[german]"


def increase(scope: str, name: str, amounts: tuple[str, str], percent: str, allowed: int) -> Breach:
    return Breach(
        scope=scope,
        name=name,
        measure="max_increase" if scope != "projection" else "max_monthly_increase",
        value=Decimal(percent),
        maximum=Decimal(allowed),
        where="claude-budget.yml:39",
        path="changes",
        before=Decimal(amounts[0]),
        after=Decimal(amounts[1]),
    )


def fixed(scope: str, name: str, measure: str, value: Decimal | int, maximum: Decimal | int, since: str = "") -> Breach:
    return Breach(
        scope=scope,
        name=name,
        measure=measure,
        value=value,
        maximum=maximum,
        where="claude-budget.yml:53",
        path="limits[0]",
        since=since,
    )


@pytest.mark.parametrize(
    ("breach", "before_the_cut"),
    [
        (increase("run", "", ("0.0369", "0.0642"), "74.3", 10), "the run: +74.3%, limit +10%"),
        (fixed("projection", "average", "max_monthly_cost", Decimal("245.15625"), Decimal(200)), "a month (average): $245.16, limit $200.00"),
        (fixed("feature", "triage", "max_calls", 12, 5), "feature triage: 12 calls, limit 5"),
        (fixed("test", "a.py::test_it", "max_cost", Decimal("0.07"), Decimal("0.05")), "test_it: $0.07, limit $0.05"),
        (fixed("test", TEST, "max_cost", Decimal("0.07"), Decimal("0.05"), "added"), "test_a_custom...wered[german]: $0.07, limit $0.05"),
        (increase("test", TEST, ("0.01", "0.0275"), "175.0", 25), "test_a_custom...ered[german]: +175.0%, limit +25%"),
    ],
)  # fmt: skip
def test_whose_it_is_the_figure_and_the_limit_stand_before_the_cut(breach: Breach, before_the_cut: str) -> None:
    """pytest writes `OVER place - text`, and the last three columns are dots where a line goes on."""
    ((where, text),) = short_lines([breach])
    assert text.startswith(before_the_cut)
    assert before_the_cut in f"OVER {where} - {text}"[:77]


def test_what_explains_the_figures_and_a_long_name_come_after_them() -> None:
    ((_, run),) = short_lines([replace(increase("run", "", ("0.0369", "0.0642"), "74.3", 10), since="lowered")])
    assert run == "the run: +74.3%, limit +10%, which this change lowers ($0.0369 → $0.0642)"
    ((_, test),) = short_lines([fixed("test", TEST, "max_cost", Decimal("0.07"), Decimal("0.05"))])
    assert test.endswith(f"limit $0.05 ({TEST})")
    ((_, both),) = short_lines([increase("test", "a.py::t", ("0.01", "0.0275"), "175.0", 25)])
    assert both == "t: +175.0%, limit +25% ($0.01 → $0.0275, a.py::t)"


def test_a_place_that_leaves_no_room_for_a_name_leaves_it_for_the_figures() -> None:
    """The marker of a test is in the test's own file."""
    place = "tests/integration/support/test_refunds.py:123"
    breach = replace(fixed("test", TEST, "max_cost", Decimal("0.07"), Decimal("0.05")), where=place)
    ((where, text),) = short_lines([breach])
    assert text == f"$0.07, limit $0.05: {TEST}"
    assert "limit $0.05" in f"OVER {where} - {text}"[:77]


def test_many_tests_over_one_limit_have_the_farthest_one_s_figure() -> None:
    many = [fixed("test", f"a.py::t{n}", "max_cost", Decimal(f"0.0{n}"), Decimal("0.05")) for n in (6, 9, 7)]
    assert [text for _, text in short_lines(many)] == ["3 tests, up to $0.09, limit $0.05"]
    months = [increase("projection", name, ("100", "160"), "60.0", 50) for name in ("average", "heavy")]
    assert [text for _, text in short_lines(months)] == ["2 months, up to +60.0%, limit +50%"]


def test_what_grew_from_nothing_has_no_percent() -> None:
    breach = replace(increase("run", "", ("0", "0.19"), "0", 10), value=None)
    assert [text for _, text in short_lines([breach])] == ["the run: from $0.00 to $0.19, limit +10%"]
