"""What a month of production costs, worked out by hand from a run's counts."""

import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_budget.budget.increases_and_volumes import Feature
from pytest_claude_budget.forecast.month import NO_TEST, Volumes, project
from pytest_claude_budget.forecast.month_rows import Month, Row
from pytest_claude_budget.forecast.month_totals import totals_by_scenario
from pytest_claude_budget.record.record import OwnerRecord, Record
from tests.builders.priced import TABLE, TODAY
from tests.builders.records import SONNET, group, owner, record, request, usage


def feature(name: str = "triage", tests: tuple[str, ...] = ("tests/triage/**",), **volumes: int) -> Feature:
    return Feature(name=name, tests=tests, requests_per_month=volumes or {"average": 1000}, where="b.yml:3")


def rows(*features: Feature, after: Record, before: Record | None = None, **more: Any) -> tuple[Row, ...]:
    return project(Volumes(features=features, **more), before, after, TABLE, TODAY)


def spending(name: str, fresh: int, **more: Any) -> OwnerRecord:
    """A test that costs $3 for a million of input."""
    return owner(f"tests/triage/{name}", group(usage(fresh), **more))


def month(amount: str, at_least: bool = False) -> Month:
    """A month without any cache."""
    each = Decimal(amount)
    return Month(measured=each, warm=each, cold=each, at_least=at_least)


def test_a_month_is_the_mean_of_the_tests_as_often_as_production_asks() -> None:
    """1,000 and 3,000 tokens at $3 a million: $0.003 and $0.009, the mean is $0.006, times 50,000 is $300."""
    after = record(spending("a", 1000), spending("b", 3000))

    (row,) = rows(feature(average=50_000), after=after)

    assert row == Row(
        feature="triage",
        scenario="average",
        requests_per_month=50_000,
        after=month("300"),
        tests=("tests/triage/a", "tests/triage/b"),
        low=Decimal(150),
        high=Decimal(450),
    )
    assert (row.samples, row.change, row.judged) == (2, None, Decimal(300))


def test_a_scenario_uses_the_tests_that_are_marked_for_it_and_all_where_none_is() -> None:
    """Light $0.003, heavy $0.009; average has no test of its own: the mean of all three is $0.007."""
    after = record(spending("a", 1000, case="light"), spending("b", 3000, case="heavy"), spending("c", 3000))

    found = rows(feature(light=1000, average=1000, heavy=2000), after=after)

    expected = [
        ("light", "light", Decimal(3), 1),
        ("average", None, Decimal("7"), 3),
        ("heavy", "heavy", Decimal(18), 1),
    ]
    assert expected == [(row.scenario, row.case, row.judged, row.samples) for row in found]


def test_growth_multiplies_the_average_or_the_only_scenario() -> None:
    """2.5 x 3 = 7.5 requests are 8; a test costs $1."""
    after = record(spending("a", 333_333, case="heavy"), owner("tests/reply/a", group(usage(1_000_000))))
    features = (feature("reply", ("tests/reply",), heavy=3), feature("none", ("x",), light=1, heavy=2))

    found = rows(*features, after=after, growth={"more": Decimal("2.5")})

    expected = [
        ("reply", "heavy", 3),
        ("reply", "more", 8),
        ("reply", "light", 0),
        ("none", "light", 1),
        ("none", "heavy", 2),
    ]
    assert expected == [(row.feature, row.scenario, row.requests_per_month) for row in found]
    assert found[1].judged == Decimal(24)


def test_a_feature_without_a_volume_stands_in_a_scenario_with_its_average() -> None:
    """A dollar 5 times; a month of heavy without that would be too cheap. Without an average nobody knows."""
    after = record(owner("tests/reply/a", group(usage(333_333))), owner("tests/other/a", group(usage(333_333))))
    features = (feature("reply", ("tests/reply",), average=5), feature("other", ("tests/other",), light=1, heavy=2))

    found = {(row.feature, row.scenario): row for row in rows(*features, after=after)}

    heavy = found["reply", "heavy"]
    assert (heavy.requests_per_month, heavy.stands_in, heavy.scenario_words) == (5, True, "heavy (its average)")
    assert heavy.judged == found["reply", "average"].judged
    unknown = found["other", "average"]
    assert (unknown.after, unknown.reason) == (None, "it has no volume for average, and no average to stand in")


def test_growth_uses_the_tests_of_the_scenario_that_it_grows_from() -> None:
    """Twice 1,000 light requests at $0.003, not the mean with the heavy ones."""
    after = record(spending("a", 1000, case="light"), spending("b", 9000, case="heavy"))

    grown = rows(feature(light=1000), after=after, growth={"double": Decimal(2)})[1]

    assert (grown.case, grown.judged, grown.tests) == ("light", Decimal(6), ("tests/triage/a",))


def test_before_and_after_rest_on_the_tests_that_both_have() -> None:
    """a: $0.003 then $0.006. b is new and c did not run: neither moves the figure, and b is named."""
    before = record(spending("a", 1000), spending("c", 90_000))
    after = record(spending("a", 2000), spending("b", 50_000))

    (row,) = rows(feature(), after=after, before=before)

    assert (row.before, row.after, row.change) == (month("3"), month("6"), Decimal(3))
    assert (row.tests, row.left_out) == (("tests/triage/a",), ("tests/triage/b",))


def test_without_a_common_test_there_is_no_before() -> None:
    """A feature whose tests are all new has a figure and no change."""
    (row,) = rows(feature(), after=record(spending("b", 1000)), before=record(spending("a", 1000)))

    assert (row.before, row.after, row.change, row.left_out) == (None, month("3"), None, ())


def test_a_feature_without_a_test_is_listed_with_the_reason_and_is_not_free() -> None:
    """Fixtures, other tests and tests that only failed are no request of it."""
    after = record(
        owner("tests/triage/fix", group(usage(1000), feature="triage"), kind="fixture"),
        owner("tests/other", group(usage(1000))),
        owner("tests/triage/failed", group(usage(), calls=0)),
    )

    (row,) = rows(feature(), after=after)

    assert (row.after, row.judged, row.tests, row.low, row.reason) == (None, None, (), None, NO_TEST)


def test_a_label_assigns_a_call_and_wins_over_a_pattern() -> None:
    """Of test a, only the call without another label; test b by its marker alone: mean of $0.003 and $0.006."""
    after = record(
        owner("tests/triage/a", group(usage(1000)), group(usage(50_000), feature="reply")),
        owner("tests/b", group(usage(2000), feature="triage")),
    )

    (row,) = rows(feature(), after=after)

    assert (row.tests, row.judged) == (("tests/b", "tests/triage/a"), Decimal("4.5"))


def test_a_test_that_gets_its_marker_only_now_is_compared_all_the_same() -> None:
    """Its calls of the baseline had no label."""
    before, after = (record(owner("tests/b", group(usage(1000), feature=label))) for label in (None, "triage"))

    (row,) = rows(feature(), after=after, before=before)

    assert row.change == 0


def test_warm_and_cold_count_the_cache_otherwise() -> None:
    """First test: writes 10,000 and reads none. Second: reads 10,000, then 10,000 and writes 1,000 of its own.

    measured: $0.0375 and $0.003 + ($0.003 + $0.00375) = $0.00975; the mean of 1,000 is $23.625.
    warm: the first reads, $0.003; the second is as it was: $6.375.
    cold: $0.0375 and $0.0375 + $0.0375 + $0.00375 = $0.07875: $58.125.
    """
    first = owner("tests/triage/a", group(usage(write=10_000), request=request()))
    second = owner(
        "tests/triage/b",
        group(usage(read=10_000), request=request(question=1)),
        group(usage(read=10_000, write=1_000), request=request(question=2)),
    )

    (row,) = rows(feature(), after=record(first, second), cache="warm")

    assert row.after == Month(measured=Decimal("23.625"), warm=Decimal("6.375"), cold=Decimal("58.125"))
    assert (row.judged_as, row.judged) == ("warm", Decimal("6.375"))


def test_the_same_request_made_again_would_find_its_prefix() -> None:
    """Two calls, 10,000 written and 10,000 read: warm is 20,000 x $0.30; different requests in one group stay."""
    alike = group(usage(write=10_000, read=10_000), calls=2, request=request())
    several = group(usage(write=10_000, read=10_000), calls=2, request=request(several=2))
    unknown = group(usage(write=10_000, read=10_000), calls=2)

    figures = [
        rows(feature(), after=record(owner("tests/triage/a", one)))[0].after for one in (alike, several, unknown)
    ]

    assert [None if each is None else each.warm for each in figures] == [Decimal(6), Decimal("40.5"), Decimal("40.5")]


def test_cold_reads_are_written_for_an_hour_where_the_test_writes_for_an_hour() -> None:
    """Measured 10,000 x $6 + 10,000 x $0.30 = $0.063; cold 20,000 x $6 = $0.12. Mixed writes: five minutes."""
    hour = owner("tests/triage/a", group(usage(hour=10_000)), group(usage(read=10_000)))
    mixed = owner("tests/triage/a", group(usage(hour=10_000, write=10_000)), group(usage(read=10_000)))

    months = [rows(feature(), after=record(one))[0].after for one in (hour, mixed)]

    # mixed: 10,000 x $6 + 20,000 x $3.75 = $0.135
    assert [None if each is None else each.cold for each in months] == [Decimal(120), Decimal(135)]


def test_what_is_not_priced_makes_the_month_a_lower_bound() -> None:
    """$0.003 known, and a model that has no rates."""
    after = record(spending("a", 1000), spending("b", 1000, model="claude-unheard-of"))

    (row,) = rows(feature(), after=after)

    assert (row.after, row.at_least) == (month("1.5", at_least=True), True)


def test_results_are_rounded_up_to_a_whole_micro_dollar() -> None:
    """$0.000003 over three tests, two of which cost nothing, is $0.000001; one token of cache read is $0.0000003."""
    tests = [owner(f"tests/triage/{at}", group(usage(fresh))) for at, fresh in enumerate((1, 0, 0))]
    read = owner("tests/triage/a", group(usage(read=1)))

    assert rows(feature(average=1), after=record(*tests))[0].judged == Decimal("0.000001")
    assert rows(feature(average=1), after=record(read))[0].judged == Decimal("0.000001")


def test_scenarios_are_added_up_over_the_features() -> None:
    """Triage $3 then $6; reply is new with $9; a third has no test, so the sum is a lower bound."""
    reply = owner("tests/reply/a", group(usage(3000)))
    features = (feature(), feature("reply", ("tests/reply",)), feature("none", ("tests/none",)))

    found = rows(*features, after=record(spending("a", 2000), reply), before=record(spending("a", 1000)))
    (total,) = totals_by_scenario(found)

    assert (total.scenario, total.after) == ("average", Decimal(15))
    assert (total.compared_before, total.compared_after) == (Decimal(3), Decimal(6))
    assert (total.at_least, total.missing) == (True, ("none",))


TOKENS = st.integers(0, 10**6)


@given(
    st.lists(st.tuples(TOKENS, TOKENS, TOKENS), min_size=1, max_size=6),
    st.integers(0, 10**6),
    st.randoms(use_true_random=False),
)
def test_means_and_bounds_agree_whatever_the_order(counts: list[tuple[int, int, int]], volume: int, order: Any) -> None:
    """warm <= measured <= cold; the mean lies between the cheapest and the dearest; the order has no effect."""
    tests = [
        owner(f"tests/triage/{at}", group(usage(fresh, write=write, read=read), SONNET))
        for at, (fresh, write, read) in enumerate(counts)
    ]
    (row,) = rows(feature(average=volume), after=record(*tests))
    order.shuffle(tests)

    assert (row,) == rows(feature(average=volume), after=record(*tests))
    assert row.after is not None
    assert row.low is not None
    assert row.high is not None
    assert row.after.warm <= row.after.measured <= row.after.cold
    assert row.low <= row.after.measured <= row.high
    # $3, $3.75 and $0.30 per million, summed by hand.
    exact = sum((Fraction(300 * f + 375 * w + 30 * r, 10**8) for f, w, r in counts), Fraction(0)) * volume / len(counts)
    assert 0 <= Fraction(row.after.measured) - exact < Fraction(1, 10**6)


@pytest.mark.parametrize("cache", ["measured", "warm", "cold"])
def test_both_sides_are_judged_by_the_same_figure(cache: str) -> None:
    """The one that the budget names."""
    one = record(owner("tests/triage/a", group(usage(write=10_000))))

    (row,) = rows(feature(), after=one, before=one, cache=cache)

    assert row.judged == row.judged_before
    assert row.judged == {"measured": Decimal("37.5"), "warm": Decimal(3), "cold": Decimal("37.5")}[cache]


def test_a_report_without_features_loads_nothing_that_projects() -> None:
    program = (
        "import sys, pytest_claude_budget.judge.report; print('pytest_claude_budget.forecast.month' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert ran.stdout == "False\n"
