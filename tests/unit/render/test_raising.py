"""What is left to be raised in a budget, and what an update accepts after that."""

from dataclasses import replace

import pytest

from pytest_claude_budget.render.raising import (
    ToRaise,
    files_of,
    new_text,
    places_words,
    plain_number,
    raise_words,
    update_steps,
)


def limit(where: str, to: str = "max_cost: 0.05") -> ToRaise:
    return ToRaise(where=where, words="max_cost 0.01 for each test", to=to)


@pytest.mark.parametrize(
    ("measure", "path", "text"),
    [
        ("max_cost", "limits[0].max_cost", "max_cost: 0.05"),
        ("max_cost", "claude_budget(max_cost=)", "max_cost=0.05"),
        ("max_monthly_cost", "projection.max_monthly_cost", "max_monthly_cost: 0.05"),
        ("max_monthly_cost", "projection.max_monthly_cost.heavy", "heavy: 0.05"),
        ("max_monthly_cost", "features.triage.max_monthly_cost.heavy", "heavy: 0.05"),
    ],
)
def test_what_is_to_be_written_is_in_the_words_of_its_place(measure: str, path: str, text: str) -> None:
    """A mark in a test takes keywords, a file of YAML takes keys, and a month is known by its scenario."""
    assert new_text(measure, path, "0.05", at_least=False, show=str) == text
    assert new_text(measure, path, "0.05", at_least=True, show=repr) == f"{text!r} or more"


def test_dollars_are_written_as_a_file_takes_them() -> None:
    assert [plain_number(text) for text in ("$1,572", "$0.178", "$327.50")] == ["1572", "0.178", "327.50"]


def test_a_limit_is_named_with_its_line_and_with_what_to_write_there() -> None:
    assert raise_words([limit("b.yml:4")], str) == "raise b.yml:4 to max_cost: 0.05"
    assert raise_words([limit("b.yml:4"), limit("tests/test_a.py:9", "")], str) == (
        "raise b.yml:4 to max_cost: 0.05 and tests/test_a.py:9 (max_cost 0.01 for each test)"
    )


def test_who_raises_a_limit_sees_by_how_much() -> None:
    """What stands there comes first; where what to write cannot be told, nothing is moved."""
    doubled = replace(limit("b.yml:4"), was="0.01")
    assert raise_words([doubled], str) == "raise b.yml:4 from 0.01 to max_cost: 0.05"
    assert raise_words([replace(doubled, to="")], str) == "raise b.yml:4 (max_cost 0.01 for each test)"


def test_more_than_two_are_counted_and_those_of_one_file_are_named_by_their_lines() -> None:
    many = [limit(f"b.yml:{line}") for line in range(1, 13)]
    to = "max_cost: 0.05"
    assert raise_words(many[:3], str) == f"raise 3 limits in b.yml: line 1 to {to}, line 2 to {to} and line 3 to {to}"
    assert raise_words(many, str).endswith(f"line 9 to {to} and 3 more")
    assert raise_words([*many[:2], limit("tests/test_a.py:9")], str) == (
        f"raise 3 limits: b.yml:1 to {to}, b.yml:2 to {to} and tests/test_a.py:9 to {to}"
    )


def test_two_limits_of_one_line_are_told_apart() -> None:
    """By the scenario of a month; where what to write is the same, by their words."""
    months = [limit("b.yml:15", f"{name}: 2.00") for name in ("average", "heavy")]
    words = "raise b.yml:15 to average: 2.00 and b.yml:15 to heavy: 2.00"
    assert words == raise_words(months, str)
    alike = [limit("b.yml:4"), ToRaise(where="b.yml:4", words="max_cost 0.02 for the run", to="max_cost: 0.05")]
    assert raise_words(alike, str) == (
        "raise b.yml:4 (max_cost 0.01 for each test) to max_cost: 0.05 "
        "and b.yml:4 (max_cost 0.02 for the run) to max_cost: 0.05"
    )


@pytest.mark.parametrize("where", ["limits[0]", "b.yml:x", "b.yml:" + "9" * 5000, ":3", ""])
def test_what_names_no_line_is_shown_as_it_is(where: str) -> None:
    assert raise_words([limit(where), *map(limit, "ab")], str).startswith(
        f"raise 3 limits: {where} to max_cost: 0.05, ".replace(":  ", ": ")
    )


@pytest.mark.parametrize(
    ("raised", "increases", "steps"),
    [
        (0, 1, ("run UPDATE", "commit LOCK")),
        (0, 3, ("run UPDATE", "commit LOCK")),
        (1, 0, ("run UPDATE", "commit b.yml and LOCK")),
        (
            2,
            1,
            ("run UPDATE: the limit on an increase then passes (line 7)", "commit b.yml and LOCK"),
        ),
        (
            4,
            5,
            ("run UPDATE: 5 limits on increases then pass (line 7)", "commit b.yml and LOCK"),
        ),
    ],
)
def test_an_update_says_what_it_accepts_and_what_is_committed(
    raised: int, increases: int, steps: tuple[str, str]
) -> None:
    """The limits stand in the budget file, and what an update accepts in the lock file: each is to be committed."""
    assert steps == update_steps("UPDATE", ["b.yml"] * bool(raised) + ["LOCK"], raised, increases, " (line 7)")


def test_the_file_of_the_lines_is_left_out_where_it_has_been_named() -> None:
    wheres = [f"b.yml:{line}" for line in range(12, 1, -1)]
    assert places_words(wheres, str) == "lines 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more of b.yml"
    assert places_words(wheres[:1], str, ["b.yml"]) == "line 12"
    assert places_words(wheres[:1], str, ["b.yml", "tests/test_a.py"]) == "line 12 of b.yml"


def test_files_that_cannot_be_named_are_committed_all_the_same() -> None:
    assert update_steps("UPDATE", ["LOCK"], 2, 0) == ("run UPDATE", "commit LOCK with the raised limits")
    assert files_of([limit("b.yml:1"), limit("b.yml:2"), limit("tests/test_a.py:9")]) == ["b.yml", "tests/test_a.py"]
    assert files_of([limit("b.yml:1"), limit("limits[0]")]) == []
    assert files_of([limit(f"test_{name}.py:1") for name in "abc"]) == []
