"""A run beside its baseline: what moved, came and went, and what is noise."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_claude_budget.budget.increases_and_volumes import Feature
from pytest_claude_budget.calls.call import Usage
from pytest_claude_budget.compare.compare import Facts, compare
from pytest_claude_budget.compare.lock_update import update
from pytest_claude_budget.compare.noise import with_sample
from pytest_claude_budget.compare.result import Baseline, Comparison, OwnerChange, Standing, percent
from pytest_claude_budget.forecast.month import Volumes, project
from pytest_claude_budget.record.record import OwnerRecord, Record, Samples, in_order
from pytest_claude_budget.record.selection import Selection
from pytest_claude_budget.render.comparison import comparison_lines
from tests.builders.priced import TABLE, TODAY
from tests.builders.records import HAIKU, group, owner, record, usage
from tests.builders.tries import tries

WHOLE = Selection()
LOCK = Baseline(source="claude-budget.lock.json", kind="lock")


def asked(text: str, length: int = 9) -> str:
    """A fingerprint of its own."""
    return json.dumps({"messages": f"{text}:{length}", "system": "s:9"})


def cheap(name: str, output: int = 100, *, request: str | None = None, calls: int = 1, live: int = 0) -> OwnerRecord:
    """Haiku: 1,000 in and so many out, $0.001 and $0.000005 each."""
    used = usage(1000 * calls, output)
    return owner(name, group(used, HAIKU, calls=calls, live=live, request=request or asked(name)))


def compared(before: Record, after: Record, **changes: object) -> Comparison:
    """With today's rates."""
    facts = Facts(baseline=LOCK, rates=TABLE, day=TODAY)
    return compare(before, after, replace(facts, **changes))  # type: ignore[arg-type]  # fields of Facts


def row(comparison: Comparison, name: str) -> OwnerChange:
    """One owner."""
    return next(each for each in comparison.owners if each.owner == name)


def test_what_did_not_move_is_unchanged() -> None:
    """Not +$0.00."""
    found = compared(record(cheap("a")), record(cheap("a")))
    assert (found.before, found.after, found.change) == (Decimal("0.0015"), Decimal("0.0015"), 0)
    assert row(found, "a").standing is Standing.UNCHANGED
    assert row(found, "a").causes == ()


def test_a_change_is_told_with_its_amount_and_cause() -> None:
    """100 tokens of output more: $0.0005."""
    found = compared(record(cheap("a"), cheap("b")), record(cheap("a", 200), cheap("b")))
    assert found.change == found.judged == Decimal("0.0005")
    assert [(each.owner, each.standing.value) for each in found.owners] == [("a", "changed"), ("b", "unchanged")]
    assert [cause.text for cause in row(found, "a").causes] == ["output 100 → 200 tokens"]
    assert found.counts[Standing.CHANGED] == 1


def test_a_new_test_is_part_of_the_change() -> None:
    """$0.0015 of it."""
    found = compared(record(cheap("a")), record(cheap("a"), cheap("b")))
    assert (found.change, found.amounts[Standing.NEW]) == (Decimal("0.0015"), Decimal("0.0015"))
    assert row(found, "b").standing is Standing.NEW


def test_a_removed_test_is_listed_and_never_a_saving() -> None:
    """It costs nothing now, and the change does not know it."""
    found = compared(record(cheap("a"), cheap("b")), record(cheap("a")))
    assert (found.before, found.after, found.change) == (Decimal("0.0015"), Decimal("0.0015"), 0)
    gone = row(found, "b")
    assert (gone.standing, gone.before, gone.change) == (Standing.REMOVED, Decimal("0.0015"), 0)
    assert found.not_run == Decimal("0.0015")


def test_what_a_part_of_the_suite_left_out_is_deselected() -> None:
    """By a path or by -k; by a skip it is skipped."""
    before, after = record(cheap("tests/a.py::t"), cheap("tests/b.py::t")), record(cheap("tests/a.py::t"))
    for selection, standing in (
        (Selection(paths=("tests/a.py",)), Standing.DESELECTED),
        (Selection(narrowed="-k"), Standing.DESELECTED),
        (Selection(skipped=frozenset({"tests/b.py::t"})), Standing.SKIPPED),
    ):
        assert row(compared(before, after, selection=selection), "tests/b.py::t").standing is standing
    whole = Selection(paths=("tests",))
    assert row(compared(before, after, selection=whole), "tests/b.py::t").standing is Standing.REMOVED


def test_a_path_means_what_lies_below_it_and_nothing_beside() -> None:
    """`tests/a` is no part of `tests/ab.py`."""
    selection = Selection(paths=("tests/a.py::test_x", "lib"))
    assert selection.has(cheap("tests/a.py::test_x[1]"))
    assert selection.has(cheap("lib/b.py::t"))
    assert not selection.has(cheap("tests/a.py::test_xy"))
    assert not selection.has(cheap("library.py::t"))
    assert (Selection().whole, selection.whole) == (True, False)


def test_what_lies_in_a_class_or_file_that_did_not_run_is_not_gone() -> None:
    """It skipped itself, or pytest did not look into it."""
    for selection in (
        Selection(skipped=frozenset({"tests/a.py::TestIt"})),
        Selection(skipped=frozenset({"tests/a.py"})),
        Selection(uncollected=frozenset({"tests/a.py"})),
    ):
        assert not selection.is_gone(cheap("tests/a.py::TestIt::test_x[a::b]"))
        assert selection.is_gone(cheap("tests/b.py::TestIt::test_x"))


def test_a_fixture_is_not_gone_while_tests_that_might_use_it_do_not_run() -> None:
    """Those of its file, or below its conftest."""
    selection = Selection(skipped=frozenset({"tests/deep/test_a.py::t"}))
    names = (
        "conftest.py",
        "tests/conftest.py",
        "tests/deep/test_a.py",
        "tests/deep/test_b.py",
        "tests/other/conftest.py",
    )
    gone = {name: selection.is_gone(replace(cheap(f"{name}::corpus"), kind="fixture")) for name in names}
    assert [name for name, is_gone in gone.items() if is_gone] == ["tests/deep/test_b.py", "tests/other/conftest.py"]
    of_a_plugin = replace(cheap("tests/fixtures.py::corpus"), kind="fixture")
    assert not selection.is_gone(of_a_plugin)
    assert Selection(ran=frozenset({"tests/deep/test_a.py::t"})).is_gone(of_a_plugin)


def test_a_test_that_ran_without_one_call_is_no_saving_until_somebody_accepts_it() -> None:
    """0.0015 each. `b` counts for nothing; where the change's own lock file has it no more, it is a change like any other."""
    before, ran = record(cheap("a"), cheap("b")), Selection(ran=frozenset({"b"}))
    found = compared(before, record(cheap("a")), selection=ran)
    quiet = row(found, "b")
    assert (quiet.standing, quiet.change, quiet.causes) == (Standing.WITHOUT_CALLS, 0, ())
    assert (found.before, found.after, found.change, found.at_least) == (Decimal("0.0015"), Decimal("0.0015"), 0, False)
    assert (found.without_calls, found.not_run, found.not_compared) == (Decimal("0.0015"), 0, 0)
    accepted = compared(before, record(cheap("a")), selection=ran, accepts_silence=True)
    assert (row(accepted, "b").standing, accepted.change) == (Standing.CHANGED, Decimal("-0.0015"))
    assert [cause.text for cause in row(accepted, "b").causes] == ["makes no calls any more (was 1)"]


@pytest.mark.parametrize("dear", [100, 900], ids=["unchanged", "changed"])
def test_no_sentence_on_a_comparison_is_wider_than_the_terminal(dear: int) -> None:
    before = record(cheap("a"), cheap("b"), cheap("c"), cheap("dear", live=1))
    ran = Selection(ran=frozenset({"a", "b", "dear"}), skipped=frozenset({"c"}))
    lines = comparison_lines(compared(before, record(cheap("a"), cheap("dear", dear, live=1)), selection=ran), 48)
    assert [] == [line for line in lines if len(line) > 48]
    assert "not counted as a saving" in " ".join(line.strip() for line in lines)


def test_a_test_whose_tries_all_failed_made_no_call_either() -> None:
    """Its error was caught, so it passed."""
    tried = owner("a", replace(group(usage(), HAIKU, request=asked("a"), calls=0), attempts=3))
    assert row(compared(record(cheap("a")), record(tried)), "a").standing is Standing.WITHOUT_CALLS


@pytest.mark.parametrize(
    "selection",
    [Selection(ran=frozenset("a"), failed=frozenset("a")), Selection(ran=frozenset("a"), skipped=frozenset("a"))],
)
def test_a_test_that_came_to_no_end_without_one_call_is_not_known(selection: Selection) -> None:
    """It failed, or was skipped."""
    found = compared(record(cheap("a")), record(), selection=selection)
    assert (row(found, "a").standing, found.without_calls) == (Standing.NOT_KNOWN, 0)


def test_a_feature_and_its_month_save_nothing_by_a_test_without_calls() -> None:
    """0.0015 of the other test on both sides."""
    tests = [owner(name, group(usage(1000, 100), HAIKU, feature="f", request=asked(name))) for name in "ab"]
    (feature,) = compared(record(*tests), record(tests[0]), selection=Selection(ran=frozenset("b"))).by_feature
    assert (feature.before, feature.after) == (Decimal("0.0015"), Decimal("0.0015"))
    features = [Feature(name="f", requests_per_month={"average": 1000}, where="b.yml:1")]
    (month,) = project(Volumes(features=features), record(*tests), record(tests[0]), TABLE, TODAY)
    assert (month.before and month.before.measured, month.change) == (Decimal("1.5"), 0)


def test_only_what_is_gone_can_have_another_name_now() -> None:
    """A test that was left out, or that makes no calls any more, is still there."""
    before, after = record(cheap("old.py::t")), record(cheap("new.py::t", request=asked("old.py::t")))
    for selection, standing in (
        (Selection(narrowed="-k"), Standing.DESELECTED),
        (Selection(uncollected=frozenset({"old.py"})), Standing.DESELECTED),
        (Selection(ran=frozenset({"old.py::t"})), Standing.WITHOUT_CALLS),
    ):
        found = compared(before, after, selection=selection)
        assert {each.owner: each.standing for each in found.owners} == {
            "old.py::t": standing,
            "new.py::t": Standing.NEW,
        }


def test_what_is_not_known_in_full_is_never_a_saving() -> None:
    """A model without rates: 0.0015 before and at least nothing now. `b`, 0.0015 too, became 0.0005 dearer."""
    nobody = owner("a", group(usage(1000, 100), "claude-hauku-4-5", request=asked("a")))
    found = compared(record(cheap("a"), cheap("b")), record(nobody, cheap("b", 200)))
    assert (found.before, found.after, found.change) == (Decimal("0.0015"), Decimal("0.002"), Decimal("0.0005"))
    assert (found.at_least, found.not_compared) == (True, Decimal("0.0015"))
    unknown = row(found, "a")
    assert (unknown.change, unknown.causes) == (0, ())
    assert unknown.not_known == "no rates for model 'claude-hauku-4-5': did you mean 'claude-haiku-4-5'?"


def test_an_owner_that_is_marked_as_not_known_is_never_unchanged() -> None:
    """It used the same on both sides, and nobody knows what that costs; `b` is 0.0015 on both."""
    legacy = owner("a", group(Usage(), "claude-2.1", unknown=3, calls=3, request=asked("a")))
    before = record(legacy, cheap("b"))
    for after in (before, record(replace(legacy), cheap("b"))):
        found = compared(before, after)
        assert row(found, "a").standing is Standing.NOT_KNOWN
        assert (found.counts[Standing.UNCHANGED], found.counts[Standing.NOT_KNOWN]) == (1, 1)
        assert (found.before, found.after, found.at_least) == (Decimal("0.0015"), Decimal("0.0015"), True)


def test_what_was_not_known_before_is_no_increase_once_it_is() -> None:
    """A model without rates, then one with: 0.0015, and nobody knows whether that is more. `b` is 0.0015 on both sides."""
    legacy = owner("a", group(Usage(), "claude-2.1", unknown=1, request=asked("a")))
    found = compared(record(legacy, cheap("b")), record(cheap("a"), cheap("b")))
    known = row(found, "a")
    assert (known.standing, known.change, known.causes) == (Standing.NOT_KNOWN, 0, ())
    assert known.not_known.startswith("its cost in the baseline is not known: ")
    assert (found.before, found.after, found.change, found.at_least) == (Decimal("0.0015"), Decimal("0.0015"), 0, True)


def test_a_test_that_was_not_known_before_and_makes_no_calls_is_told_as_one() -> None:
    """And not as one whose cost is not known: it is known to be nothing."""
    legacy = owner("a", group(Usage(), "claude-2.1", unknown=1, request=asked("a")))
    found = compared(record(legacy, cheap("b")), record(cheap("b")), selection=Selection(ran=frozenset({"a", "b"})))
    silent = row(found, "a")
    assert (silent.standing, silent.change, silent.before_at_least) == (Standing.WITHOUT_CALLS, 0, True)
    assert (found.before, found.after, found.at_least) == (Decimal("0.0015"), Decimal("0.0015"), False)


def test_an_increase_that_is_seen_already_counts_though_the_rest_is_not_known() -> None:
    """0.0015 before; now 0.0025 and an answer without rates: at least 0.001 more."""
    groups = [group(usage(1000, 300), HAIKU, request=asked("a")), group(usage(9, 9), "claude-nova-1")]
    found = compared(record(cheap("a")), record(owner("a", *groups)))
    assert (found.change, row(found, "a").change, found.at_least) == (Decimal("0.001"), Decimal("0.001"), True)
    assert sum(cause.amount for cause in row(found, "a").causes) == Decimal("0.001")
    assert row(found, "a").not_known


def test_a_test_that_failed_saves_nothing() -> None:
    """It made no call, fewer calls, or as many: what it would have made, nobody knows."""
    before = record(cheap("a", calls=2), cheap("b"))
    failed = Selection(ran=frozenset({"a"}), failed=frozenset({"a"}))
    for now in (record(cheap("b")), record(cheap("a"), cheap("b")), record(cheap("a", calls=2), cheap("b"))):
        found = compared(before, now, selection=failed)
        assert (found.change, found.before, found.not_compared) == (0, Decimal("0.0015"), Decimal("0.0025"))
        assert row(found, "a").not_known == "the test failed"
        assert found.at_least


def test_a_fixture_that_costs_less_where_a_test_failed_that_may_use_it_saves_nothing() -> None:
    """And one whose tests all passed does."""
    shared = [
        replace(cheap(name, output), kind="fixture")
        for name in ("t/conftest.py::f", "u/conftest.py::f")
        for output in (100,)
    ]
    less = [replace(cheap(name, 50), kind="fixture") for name in ("t/conftest.py::f", "u/conftest.py::f")]
    found = compared(record(*shared), record(*less), selection=Selection(failed=frozenset({"t/test_a.py::t"})))
    assert row(found, "t/conftest.py::f").not_known == "a test that may use it failed"
    assert row(found, "u/conftest.py::f").change == Decimal("-0.00025")


def test_a_test_that_was_skipped_halfway_saves_nothing_and_one_that_asks_the_same_is_unchanged() -> None:
    """A baseline that was skipped at the same place is the same."""
    skipped = Selection(skipped=frozenset({"a"}))
    assert row(compared(record(cheap("a", calls=2)), record(cheap("a")), selection=skipped), "a").not_known
    assert not row(compared(record(cheap("a")), record(cheap("a")), selection=skipped), "a").not_known


def test_a_test_that_failed_as_expected_saves_nothing_and_one_that_used_the_same_is_unchanged() -> None:
    """Under `xfail` it made no call, or one of two: it stopped earlier, and `b` alone, 0.0015, is compared."""
    before = record(cheap("a", calls=2), cheap("b"))
    expected = Selection(ran=frozenset({"a", "b"}), xfailed=frozenset({"a"}))
    for now in (record(cheap("b")), record(cheap("a"), cheap("b"))):
        found = compared(before, now, selection=expected)
        assert (found.change, found.before, found.after) == (0, Decimal("0.0015"), Decimal("0.0015"))
        assert (row(found, "a").standing, row(found, "a").after_at_least) == (Standing.NOT_KNOWN, True)
        assert row(found, "a").not_known == "the test failed as expected (xfail)"
    assert row(compared(before, before, selection=expected), "a").standing is Standing.UNCHANGED


def test_a_test_that_failed_as_expected_and_costs_more_is_an_increase_in_full() -> None:
    """Two calls, 0.0025, and 0.0015 before: 0.001 more, and nothing of it is doubted."""
    expected = Selection(ran=frozenset({"a"}), xfailed=frozenset({"a"}))
    now = compared(record(cheap("a")), record(cheap("a", calls=2)), selection=expected)
    assert (row(now, "a").standing, row(now, "a").change, now.at_least) == (Standing.CHANGED, Decimal("0.001"), False)


def test_a_fixture_whose_set_up_was_skipped_halfway_saves_nothing() -> None:
    """It is named among what did not run; one beside it did, and saves 0.00025."""
    shared = [replace(cheap(f"test_a.py::{name}", 100), kind="fixture") for name in "fg"]
    less = [replace(cheap(f"test_a.py::{name}", 50), kind="fixture") for name in "fg"]
    stopped = Selection(skipped=frozenset({"test_a.py::f"}))
    found = compared(record(*shared), record(*less), selection=stopped)
    assert row(found, "test_a.py::f").not_known == "its set-up did not come to its end"
    assert row(found, "test_a.py::g").change == Decimal("-0.00025")


def test_a_feature_with_a_test_whose_change_is_not_known_saves_nothing() -> None:
    """The feature's other test is unchanged; without the first, 0.0015 on both sides."""
    before = record(*(owner(name, group(usage(1000, 100), HAIKU, feature="f", request=asked(name))) for name in "ab"))
    after = record(*(owner(name, group(usage(1000, 100), HAIKU, feature="f", request=asked(name))) for name in "b"))
    (feature,) = compared(before, after, selection=Selection(failed=frozenset("a"))).by_feature
    assert (feature.before, feature.after, feature.at_least) == (Decimal("0.0015"), Decimal("0.0015"), True)
    assert (feature.not_compared, feature.not_compared_after) == (Decimal("0.0015"), 0)
    assert (feature.before_at_least, feature.after_at_least) == (False, True)


def test_what_a_feature_is_known_to_cost_is_told_though_its_change_is_not() -> None:
    """Its test had a call without rates, and 0.0015 that are known; now it has the latter alone."""
    known = group(usage(1000, 100), HAIKU, feature="f")
    before = record(owner("a", known, group(usage(1000), "claude-unheard-of", feature="f")))
    (feature,) = compared(before, record(owner("a", known))).by_feature
    assert (feature.before, feature.after, feature.change, feature.at_least) == (0, 0, 0, True)
    assert (feature.not_compared, feature.not_compared_after) == (Decimal("0.0015"), Decimal("0.0015"))
    assert (feature.before_at_least, feature.after_at_least) == (True, False)


def test_a_renamed_test_is_known_by_what_it_asks() -> None:
    """And its cost is compared with what it was."""
    before, after = record(cheap("old.py::t")), record(cheap("new.py::t", 200, request=asked("old.py::t")))
    found = compared(before, after)
    (only,) = found.owners
    assert (only.standing, only.was, only.change) == (Standing.RENAMED, "old.py::t", Decimal("0.0005"))
    assert found.counts[Standing.REMOVED] == found.counts[Standing.NEW] == 0


def test_parameters_that_ask_alike_keep_their_names_when_their_file_moves() -> None:
    """Each goes to the one whose end is the same."""
    old = [cheap(f"old.py::t[{name}]", size, request=asked("same")) for name, size in (("x", 100), ("y", 200))]
    new = [cheap(f"new.py::t[{name}]", size, request=asked("same")) for name, size in (("x", 100), ("y", 200))]
    found = compared(record(*old), record(*new))
    assert found.change == 0
    assert {each.owner: each.was for each in found.owners} == {
        "new.py::t[x]": "old.py::t[x]",
        "new.py::t[y]": "old.py::t[y]",
    }


def test_a_test_that_asks_something_else_is_new_not_renamed() -> None:
    """A resemblance is no proof."""
    found = compared(record(cheap("a")), record(cheap("b")))
    assert {each.owner: each.standing for each in found.owners} == {"a": Standing.REMOVED, "b": Standing.NEW}


def sampled(*outputs: int) -> Samples:
    """Earlier live runs."""
    samples = None
    for output in outputs:
        samples = with_sample(samples, output)
    assert samples is not None
    return samples


def live(name: str, output: int, *, samples: Samples | None = None, text: str = "") -> OwnerRecord:
    """One live call."""
    one = group(usage(1000, output), HAIKU, live=1, request=asked(text or name), samples=samples)
    return owner(name, one)


SPREAD = sampled(80, 120, 100, 90, 110, 95, 105, 100)


def test_output_within_the_spread_is_noise_and_not_held_against_the_change() -> None:
    """115 tokens where 80 to 120 were seen."""
    found = compared(record(live("a", 100, samples=SPREAD)), record(live("a", 115)))
    assert (row(found, "a").noise, row(found, "a").samples) == (True, 8)
    assert (found.change, found.judged) == (Decimal("0.000075"), 0)


def test_output_far_outside_the_spread_is_a_change() -> None:
    """Five times what was seen."""
    found = compared(record(live("a", 100, samples=SPREAD)), record(live("a", 500)))
    assert not row(found, "a").noise
    assert found.judged == found.change == Decimal("0.002")


def test_with_fewer_than_three_samples_nothing_is_noise() -> None:
    """A spread of two says nothing."""
    found = compared(record(live("a", 100, samples=sampled(90, 110))), record(live("a", 115)))
    assert (row(found, "a").noise, row(found, "a").samples) == (False, 2)


def test_a_changed_request_is_a_change_from_a_single_sample() -> None:
    """However small: one token of input at $1 a million."""
    before = live("a", 100, samples=SPREAD)
    after = owner("a", group(usage(1001, 100), HAIKU, live=1, request=asked("other", 30)))
    found = row(compared(record(before), record(after)), "a")
    assert (found.noise, found.judged) == (False, Decimal("0.000001"))


def test_a_changed_request_is_judged_by_what_it_is_expected_to_cost() -> None:
    """300 tokens of input more are $0.0003, whether the one answer that was seen was short or long: 80 or 120 is chance.

    Five times as long is none: 400 tokens at $5 a million, $0.002 more.
    """
    for output, judged in ((80, "0.0003"), (100, "0.0003"), (120, "0.0003"), (500, "0.0023")):
        after = owner("a", group(usage(1300, output), HAIKU, live=1, request=asked("other", 1209)))
        found = compared(record(live("a", 100, samples=SPREAD)), record(after))
        assert row(found, "a").judged == found.judged == Decimal(judged)
        assert not row(found, "a").noise
        assert row(found, "a").change == Decimal(300 + 5 * (output - 100)) / 1_000_000


def test_one_more_call_is_expected_to_be_as_long_as_those_that_were_asked_alike() -> None:
    """$0.001 of input and 100 tokens of output, $0.0005, whatever it drew; one of 600 tokens is another thing, $0.004."""
    for output, judged in ((85, "0.0015"), (115, "0.0015"), (600, "0.004")):
        more = group(usage(1000, output), HAIKU, live=1, request=asked("more", 40))
        after = replace(live("a", 110), groups=in_order((*live("a", 110).groups, more)))
        found = compared(record(live("a", 100, samples=SPREAD)), record(after))
        assert found.judged == Decimal(judged)


BAD_CHANGES = {
    "twenty times the input": (usage(20_000, 100), {}, "0.019"),
    "a cache mark gone": (usage(1000, 100), {"cache": None, "prefix": None}, "0.0009"),
    "another cache mark": (usage(0, 100, write=1000), {"cache": [["system", "1h"]]}, "0.00115"),
    "39 example messages": (usage(9_000, 100), {"messages": "m2:40000", "opening": "m:9"}, "0.0089"),
    "40 web searches": (replace(usage(read=1000, out=100), web_search_requests=40), {}, "0.4"),
}


@pytest.mark.parametrize(("used", "request_", "judged"), BAD_CHANGES.values(), ids=BAD_CHANGES)
def test_only_output_is_noise_unless_something_else_has_a_spread_of_its_own(
    used: Usage, request_: dict[str, Any], judged: str
) -> None:
    """Before: 1,000 tokens from the cache ($0.0001) and 100 of output. Now $0.019 to $0.4 more, in each of 8 runs never seen."""
    base = {"cache": [["system", "5m"]], "prefix": ["p"], "system": "s:9", "messages": "m:9"}
    then, now = (json.dumps({key: each for key, each in value.items() if each}) for value in (base, base | request_))
    if judged == "0.019":
        cached, judged = usage(1000, 100), "0.019"
    else:
        cached = usage(read=1000, out=100)
    before = owner("a", group(cached, HAIKU, live=1, request=then, samples=SPREAD))
    found = compared(record(before), record(owner("a", group(used, HAIKU, live=1, request=now))))
    assert (row(found, "a").noise, found.judged) == (False, Decimal(judged))


def test_input_that_varied_over_earlier_runs_is_noise_like_output() -> None:
    """1,000 and 1,200 in turn: 1,210 is one more of them, 9,000 is none."""
    entry = None
    for fresh in (1000, 1200) * 4:
        entry = update(
            entry, record(owner("a", group(usage(fresh, 100), HAIKU, live=1, request=asked("a")))), WHOLE
        ).record
    for fresh, noise in ((1210, True), (9000, False)):
        run = record(owner("a", group(usage(fresh, 100), HAIKU, live=1, request=asked("a"))))
        assert row(compared(entry, run), "a").noise is noise


def cached(name: str, *, write: bool, samples: Samples | None = None) -> OwnerRecord:
    """5,000 tokens of a prefix that all have in common."""
    said = json.dumps({"cache": [["system", "5m"]], "prefix": ["p"], "system": "s:9", "messages": f"{name}:9"})
    used = usage(10, 100, write=5000) if write else usage(10, 100, read=5000)
    return owner(name, group(used, HAIKU, live=1, request=said, samples=samples))


def test_a_prefix_that_another_test_writes_this_time_is_no_change_of_either() -> None:
    """One writes it, the other reads it. Where both write, what one wrote more counts: 5,000 at $1.25 less $0.10, $0.00575."""
    before = record(cached("a", write=True, samples=SPREAD), cached("b", write=False, samples=SPREAD))
    turned = compared(before, record(cached("a", write=False), cached("b", write=True)))
    assert (turned.judged, [each.noise for each in turned.owners]) == (0, [True, True])
    both = compared(before, record(cached("a", write=True), cached("b", write=True)))
    assert (both.judged, row(both, "b").noise) == (Decimal("0.00575"), False)


def test_simulated_answers_are_exact_and_never_noise() -> None:
    """A cassette does not fluctuate."""
    found = compared(record(live("a", 100, samples=SPREAD)), record(cheap("a", 115)))
    assert not row(found, "a").noise


def test_the_number_of_later_turns_is_noise_within_its_spread() -> None:
    """One to three turns follow the first answer, each of 2,000 in and 100 out. Nine never did, and none never did."""

    def ran(turns: int) -> Record:
        first = group(usage(1000, 100), HAIKU, live=1, request=asked("m"))
        said = json.dumps({"later": True, "messages": "m:9", "system": "s:9"})
        later = group(usage(2000 * turns, 100 * turns), HAIKU, calls=turns, live=turns, request=said)
        return record(owner("a", *in_order([first, later] if turns else [first])))

    entry = None
    for turns in (1, 3, 2, 1, 2, 3, 2, 2):
        entry = update(entry, ran(turns), WHOLE).record
    assert entry is not None
    (later,) = (each for each in entry.owners["a"].groups if each.calls == 2)
    assert later.samples is not None
    assert later.samples.of("calls") == (2.0, pytest.approx(4 / 7))
    for turns, noise in ((0, False), (1, True), (3, True), (9, False)):
        assert row(compared(entry, ran(turns)), "a").noise is noise


def test_a_drift_of_all_tests_shows_in_their_sum_though_each_is_within_its_noise() -> None:
    """Thirty tests 20% longer: one by one that is nothing."""
    before = record(*(live(f"t{number:02}", 100, samples=SPREAD) for number in range(30)))
    drifted = compared(before, record(*(live(f"t{number:02}", 120) for number in range(30))))
    assert not any(each.noise for each in drifted.owners)
    assert drifted.judged == drifted.change == 30 * Decimal("0.0001")
    steady = compared(before, record(*(live(f"t{number:02}", 120 if number % 2 else 80) for number in range(30))))
    assert all(each.noise for each in steady.owners)


def test_a_new_price_is_told_apart_from_the_change() -> None:
    """Sonnet 5.5 reads its cache at $0.10 a million since 2026-10-07, at $0.20 before: that saves $0.10."""
    reading = owner("a", group(usage(read=1_000_000), "claude-sonnet-5-5"))
    before = replace(record(reading), rates_as_of=date(2026, 10, 6))
    found = compared(before, record(reading))
    assert (found.before, found.after, found.change) == (Decimal("0.1"), Decimal("0.1"), 0)
    assert found.price_change == Decimal("-0.1")


@pytest.mark.parametrize(
    ("change", "limit", "shown"),
    [
        ("5.12", None, "5.1"),
        ("-5.12", None, "-5.1"),
        ("321.449", None, "321.4"),
        ("15.03", None, "15.0"),
        ("15.03", "15", "15.03"),
        ("15.0000001", "15", "15.0000001"),
        ("15", "15", "15.0"),
        ("12.46", "12.48", "12.46"),
        ("49.96", "50", "49.96"),
        ("0.0137", None, "0.01"),
        ("-0.0137", None, "-0.01"),
        ("0", None, "0.0"),
    ],
)
def test_percent_is_the_nearest_tenth_and_never_across_a_limit_or_nothing(
    change: str, limit: str | None, shown: str
) -> None:
    """Of 100. What is over a limit looks over it, what is not does not, and what is not nothing does not look so."""
    limits = [] if limit is None else [Decimal(limit)]
    assert str(percent(Decimal(change), Decimal(100), *limits)) == shown


def test_of_nothing_there_is_no_percent() -> None:
    assert percent(Decimal(1), Decimal(0)) is None


OWNERS = st.dictionaries(
    st.sampled_from([f"tests/test_{letter}.py::t" for letter in "abcdef"]),
    st.tuples(st.integers(0, 900), st.sampled_from(["p", "q", "r"]), st.integers(1, 3)),
    max_size=6,
)


@given(OWNERS, OWNERS, st.sampled_from([Selection(), Selection(narrowed="-k"), Selection(paths=("tests/test_a.py",))]))
@settings(max_examples=tries(120), deadline=None)
def test_the_owners_changes_add_up_to_the_whole(
    before: dict[str, tuple[int, str, int]], after: dict[str, tuple[int, str, int]], selection: Selection
) -> None:
    """Whatever came, went or was renamed; and each owner's causes to its own."""
    sides = [
        record(*(cheap(name, out, request=asked(text), calls=calls) for name, (out, text, calls) in side.items()))
        for side in (before, after)
    ]
    found = compared(*sides, selection=selection)
    assert found.change == sum(each.change for each in found.owners) == found.after - found.before
    assert found.change == sum(found.amounts.values())
    assert len(found.owners) == sum(found.counts.values())
    for each in found.owners:
        if each.standing in (Standing.CHANGED, Standing.RENAMED):
            assert each.change == sum((cause.amount for cause in each.causes), Decimal(0))
        if each.standing in (Standing.REMOVED, Standing.DESELECTED):
            assert each.change == 0
