"""What `@pytest.mark.claude_budget(...)` may say."""

from decimal import Decimal
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.budget.limits import MEASURES, Limit
from pytest_claude_budget.budget.marker_arguments import Marker, limits_from_marker
from tests.builders.tries import tries

TEST = "tests/rag/test_a.py::TestX::test_y[param]"


def test_a_marker_gives_limits_and_labels() -> None:
    """Floats mean the digits that were written."""

    class Few(IntEnum):
        THREE = 3

    common: dict[str, Any] = {
        "scope": "test", "match": TEST, "warn_at": Decimal("0.9"), "where": "tests/a.py:3", "of_marker": True,
    }  # fmt: skip
    arguments = {
        "max_calls": Few.THREE, "max_cost": 0.1, "warn_at": "90%", "feature": "triage", "tier": None, "case": "heavy",
    }  # fmt: skip

    expected = Marker(
        limits=(
            Limit(measure="max_cost", maximum=Decimal("0.1"), path="claude_budget(max_cost=)", **common),
            Limit(measure="max_calls", maximum=3, path="claude_budget(max_calls=)", **common),
        ),
        feature="triage",
        tier=None,
        case="heavy",
    )
    assert expected == limits_from_marker(arguments, "tests/a.py:3", TEST)


def test_an_empty_marker_says_nothing() -> None:
    """It is no error either."""
    assert Marker() == limits_from_marker({}, "tests/a.py:3")


def test_a_marker_without_owner_covers_the_name_it_is_asked_about() -> None:
    """For callers that ask about its own test alone."""
    (own,) = limits_from_marker({"max_cost": "0.02"}, "tests/a.py:3").limits

    assert (True, Decimal("0.02")) == (own.covers(TEST), own.maximum)


AMOUNT = "hint: write a number, for example max_cost=0.25   [bad-amount]"
COUNT = "hint: write a whole number, for example max_calls=5   [bad-count]"
COUNT_RANGE = "expected a whole number from 0 to 1,000,000,000,000"
PERCENTAGE = "hint: write it so, for example warn_at='80%'   [bad-percentage]"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("max_cost", "cheap", f"expected dollars such as 0.25, got 'cheap'\n{AMOUNT}"),
        ("max_cost", float("nan"), f"expected dollars such as 0.25, got nan\n{AMOUNT}"),
        ("max_cost", Decimal("sNaN"), f"expected dollars such as 0.25, got sNaN\n{AMOUNT}"),
        ("max_cost", float("inf"), f"expected dollars such as 0.25, got inf\n{AMOUNT}"),
        ("max_cost", "1e-999", f"expected dollars such as 0.25, got '1e-999'\n{AMOUNT}"),
        ("max_cost", True, f"expected dollars such as 0.25, got True\n{AMOUNT}"),
        ("max_cost", None, f"expected dollars such as 0.25, got None\n{AMOUNT}"),
        ("max_cost", object(), f"expected dollars such as 0.25, got a value of type object\n{AMOUNT}"),
        ("max_cost", -1, f"expected dollars from 0 to 1,000,000, got -1\n{AMOUNT}"),
        ("max_cost", 1000000.01, f"expected dollars from 0 to 1,000,000, got 1000000.01\n{AMOUNT}"),
        ("max_calls", 2.0, f"{COUNT_RANGE}, got 2.0\n{COUNT}"),
        ("max_calls", False, f"{COUNT_RANGE}, got False\n{COUNT}"),
        ("max_calls", "5", f"{COUNT_RANGE}, got '5'\n{COUNT}"),
        ("max_calls", -1, f"{COUNT_RANGE}, got -1\n{COUNT}"),
        ("max_calls", 10**5000, f"{COUNT_RANGE}, got a vast number\n{COUNT}"),
        ("feature", "", "expected a name of 1 to 200 printable characters, got ''\n"
         "hint: write a short name, for example feature='triage'   [bad-label]"),
        ("tier", "a\nb", "expected a name of 1 to 200 printable characters, got 'a\\nb'\n"
         "hint: write a short name, for example tier='triage'   [bad-label]"),
        ("feature", "x" * 201, f"expected a name of 1 to 200 printable characters, got '{'x' * 57}…'\n"
         "hint: write a short name, for example feature='triage'   [bad-label]"),
        ("case", "hevy", "expected one of light, average, heavy, got 'hevy'\n"
         "hint: did you mean 'heavy'?   [bad-label]"),
        ("case", 5, "expected one of light, average, heavy, got 5\n"
         "hint: write one of them, for example case='average'   [bad-label]"),
        ("max_cots", 1, "unknown argument, expected one of max_cost, max_spent, max_calls, max_input_tokens, max_output_tokens, "
         "max_tokens_total, max_attempts, warn_at, feature, tier, case, live, may_be_unknown\n"
         "hint: did you mean 'max_cost'?   [unknown-argument]"),
        ("zzz", 1, "unknown argument, expected one of max_cost, max_spent, max_calls, max_input_tokens, max_output_tokens, "
         "max_tokens_total, max_attempts, warn_at, feature, tier, case, live, may_be_unknown\n"
         "hint: remove the argument   [unknown-argument]"),
        ("may_be_unknown", "yes", "expected True or False, got 'yes'\n"
         "hint: write may_be_unknown=True   [bad-value]"),
        ("live", 1, "expected True or False, got 1\n"
         "hint: write live=True   [bad-value]"),
        ("warn_at", "80%", "expected a measure to warn about\n"
         "hint: add one, for example max_cost=0.25   [no-measure]"),
    ],
    ids=lambda part: part if isinstance(part, str) and len(part) < 20 else "",
)  # fmt: skip
def test_a_marker_with_a_bad_argument_is_refused(name: str, value: object, expected: str) -> None:
    """What, where, what was allowed and what next."""
    with pytest.raises(InputError) as caught:
        limits_from_marker({name: value}, "tests/a.py:3")

    assert f"tests/a.py:3: claude_budget({name}=): {expected}" == str(caught.value)


@pytest.mark.parametrize("value", [0.8, "80", "0%", "0.9%", "101%", "NaN%", "x%", True, 80])
def test_a_marker_warns_at_a_percentage_only(value: object) -> None:
    """From 1% to 100%, with the sign."""
    with pytest.raises(InputError) as caught:
        limits_from_marker({"max_calls": 1, "warn_at": value}, "a.py:3")

    expected = f"a.py:3: claude_budget(warn_at=): expected a percentage from 1% to 100% such as '80%', got {value!r}\n{PERCENTAGE}"
    assert expected == str(caught.value)


def test_all_faults_of_a_marker_are_told_at_once() -> None:
    """In the order in which they were written."""
    with pytest.raises(InputError) as caught:
        limits_from_marker({"case": "x", "max_cost": -1, "nope": 1}, "a.py:3")

    assert ["bad-label", "bad-amount", "unknown-argument"] == [problem.slug for problem in caught.value.problems]


@given(
    st.dictionaries(
        st.one_of(st.text(max_size=5), st.sampled_from([*MEASURES, "warn_at", "feature", "tier", "case"])),
        st.one_of(
            st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.decimals(), st.binary(), st.tuples()
        ),
        max_size=4,
    )
)
@settings(max_examples=tries(500), deadline=None)
def test_no_marker_gives_anything_but_a_value_or_an_input_error(kwargs: dict[str, Any]) -> None:
    """Whatever is written in it."""
    try:
        kinds: set[type] = {type(one.maximum) for one in limits_from_marker(kwargs, "a.py:3").limits}
    except InputError as error:
        kinds = {Decimal} if error.problems else {InputError}

    assert kinds <= {int, Decimal}
