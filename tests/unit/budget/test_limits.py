"""Which limit holds for what, and what a marker may say."""

from decimal import Decimal
from typing import Any

import pytest

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.budget.limits import MEASURES, Budget, Limit, parse_budget
from pytest_claude_budget.budget.marker_arguments import limits_from_marker
from pytest_claude_budget.budget.which_limit import Limits

TEST = "tests/rag/test_a.py::TestX::test_y[param]"


def locate(path: tuple[str | int, ...]) -> str:
    """A stand-in for a document: every value of limit N is on line N + 3, all others on line 9."""
    return f"b.yml:{path[1] + 3 if isinstance(path[1], int) else 9}:5"


def holding(limits: tuple[Limit, ...], scope: str, name: str, measure: str) -> Limit | None:
    """The limit of a budget that holds for a name."""
    finder = Limits(budget=Budget(limits=limits, source="b.yml"), markers={}, spellings=lambda name: ()).finder(
        scope, measure
    )
    return finder(name)


def limit(match: str | None, **parts: Any) -> Limit:
    """A limit of tests, as far as nothing else is said."""
    return Limit(
        **{
            "scope": "test",
            "match": match,
            "measure": "max_calls",
            "maximum": 1,
            "where": "b.yml:1",
            "path": "",
            **parts,
        }
    )


def test_each_measure_of_an_entry_becomes_a_limit_of_its_own() -> None:
    """With the line of the measure, an exact amount and the fraction that warns."""
    value = {
        "version": 1,
        "limits": [{"scope": "run", "max_calls": 5, "max_cost": Decimal("2.00"), "warn_at": "80%"}],
        "on_incomplete": "warn",
        "rates": {"file": "r.yml", "aliases": {"ours": "claude-sonnet-4-6"}},
    }
    common: dict[str, Any] = {"scope": "run", "match": None, "warn_at": Decimal("0.8"), "where": "b.yml:3"}

    expected = Budget(
        limits=(
            Limit(measure="max_cost", maximum=Decimal("2.00"), path="limits[0].max_cost", **common),
            Limit(measure="max_calls", maximum=5, path="limits[0].max_calls", **common),
        ),
        on_incomplete="warn",
        rates_file="r.yml",
        aliases={"ours": "claude-sonnet-4-6"},
        places={("rates", "file"): "b.yml:9:5", ("rates", "aliases", "ours"): "b.yml:9:5"},
        source="b.yml",
    )
    assert expected == parse_budget(value, locate, "b.yml")


def test_a_budget_without_limits_limits_nothing() -> None:
    """No limit exists unless someone wrote it; what cannot be priced fails unless someone said otherwise."""
    assert Budget(limits=(), on_incomplete="fail", source="b.yml") == parse_budget({"version": 1}, locate, "b.yml")


@pytest.mark.parametrize(
    ("written", "expected"), [("0.02", Decimal("0.02")), (1, Decimal(1)), (Decimal("0.1"), Decimal("0.1"))]
)
def test_dollars_may_be_a_number_or_in_quotes(written: object, expected: Decimal) -> None:
    """Either way they are exact."""
    value = {"version": 1, "limits": [{"scope": "run", "max_cost": written}]}
    maximum = parse_budget(value, locate, "b.yml").limits[0].maximum

    assert (expected, Decimal) == (maximum, type(maximum))


@pytest.mark.parametrize(
    ("written", "expected"), [("1%", "0.01"), ("80%", "0.8"), ("99.5%", "0.995"), ("100%", "1"), ("80%\n", "0.8")]
)
def test_warn_at_is_a_part_of_the_maximum(written: str, expected: str) -> None:
    """A percentage in the file, a fraction in the value."""
    value = {"version": 1, "limits": [{"scope": "run", "max_calls": 1, "warn_at": written}]}

    assert Decimal(expected) == parse_budget(value, locate, "b.yml").limits[0].warn_at


def test_the_same_maximum_twice_is_an_error_that_names_both_lines() -> None:
    """Which of the two was meant cannot be known; other measures, scopes and matches are no duplicates."""
    value = {
        "version": 1,
        "limits": [
            {"scope": "run", "max_cost": 1, "max_calls": 2},
            {"scope": "test", "max_cost": 1},
            {"scope": "test", "match": "a", "max_cost": 1},
            {"scope": "run", "max_calls": 3},
            {"scope": "test", "match": "a", "max_cost": 1},
        ],
    }
    with pytest.raises(InputError) as caught:
        parse_budget(value, locate, "b.yml")

    expected = (
        "b.yml:6:5: limits[3].max_calls: max_calls of run is already on line 3, as limits[0].max_calls\n"
        "hint: keep one of the two, or give one a narrower match   [duplicate-limit]\n"
        "b.yml:7:5: limits[4].max_cost: max_cost of test 'a' is already on line 5, as limits[2].max_cost\n"
        "hint: keep one of the two, or give one a narrower match   [duplicate-limit]"
    )
    assert expected == str(caught.value)


@pytest.mark.parametrize(
    ("broad", "narrow"),
    [
        (None, "**"),
        ("**", "tests/**"),
        ("tests/**", "tests/rag/**"),
        ("tests/rag/**", "tests/rag/test_a.py"),
        ("**/test_a.py::**", "tests/rag/**"),
        ("tests/**", "tests/*/test_a.py"),
        ("tests/**", "tests/*/*"),
        ("tests/**/test_a.py", "tests/*/test_a.py"),
        (TEST + "*", TEST),
        ("tests/rag/test_a.py::*", "tests/rag/test_a.py::*y*"),
    ],
)
def test_the_more_specific_match_wins_wherever_it_stands(broad: str | None, narrow: str) -> None:
    """Longer text before the first wildcard, then no wildcard, then more characters, then fewer `**`."""
    one, other = limit(broad), limit(narrow)

    assert other is holding((one, other), "test", TEST, "max_calls")
    assert other is holding((other, one), "test", TEST, "max_calls")


def test_of_equally_specific_matches_the_later_one_wins() -> None:
    """As in most files of rules."""
    one, other = limit("tests/*/test_a.py"), limit("tests/*/test_?.py*")
    same = limit("tests/*/test_a.py")

    assert one is holding((one, other), "test", TEST, "max_calls")
    assert same is holding((one, other, same), "test", TEST, "max_calls")


def test_each_measure_is_looked_up_by_itself() -> None:
    """A narrow limit of calls leaves the broad limit of cost in force; other scopes and measures stay out."""
    cost = limit(None, measure="max_cost", maximum=Decimal(1))
    calls = limit("tests/rag/**")
    limits = (cost, calls, limit(None, scope="fixture"))

    assert cost is holding(limits, "test", TEST, "max_cost")
    assert calls is holding(limits, "test", TEST, "max_calls")
    assert None is holding(limits, "test", TEST, "max_attempts")
    assert None is holding(limits, "run", "", "max_calls")
    assert None is holding(limits, "test", "other/test_b.py::t", "max_calls")


def test_a_marker_wins_over_every_pattern_for_its_own_test() -> None:
    """Its owner's id is a name, whatever characters are in it."""
    owner = "tests/test_a.py::t[*]"
    (own,) = limits_from_marker({"max_calls": 9}, "tests/test_a.py:3", owner).limits
    exact = limit(owner)

    assert own is holding((own, exact), "test", owner, "max_calls")
    assert not own.covers("tests/test_a.py::t[x]")


def test_each_of_many_tests_has_the_limit_of_its_folder() -> None:
    """Folders m0 to m19 have one limit each, for one measure; m20 to m24 have none."""
    limits = tuple(
        limit(f"**/m{i}/**/test_*.py" if i % 2 else f"tests/m{i}/**", measure=MEASURES[i % 6]) for i in range(20)
    )
    names = [f"tests/m{i % 25}/a/test_b{i}.py::test_c[{i}]" for i in range(100)]

    found = [holding(limits, "test", name, measure) for name in names for measure in MEASURES]

    assert [limits[i % 25] for i in range(100) if i % 25 < 20] == [one for one in found if one]
