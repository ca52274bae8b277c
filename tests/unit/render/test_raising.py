"""What is left to be raised in a budget, and what an update accepts after that."""

import pytest

from pytest_claude_budget.render.raising import ToRaise, accepting_words, files_of, raise_words


def limit(where: str, to: str = "to $0.05") -> ToRaise:
    return ToRaise(where=where, words="max_cost 0.01 for each test", short="max_cost", to=to)


def test_two_limits_are_said_in_their_own_words() -> None:
    words = "(max_cost 0.01 for each test)"
    assert raise_words([limit("b.yml:4")], str) == f"raise b.yml:4 {words} to $0.05"
    two = raise_words([limit("b.yml:4"), limit("tests/test_a.py:9", "")], str)
    assert two == f"raise b.yml:4 {words} to $0.05 and tests/test_a.py:9 {words}"


def test_where_the_words_stand_beside_each_limit_already_its_line_is_enough() -> None:
    assert raise_words([limit("b.yml:4")], str, words=False) == "raise b.yml:4 to $0.05"
    months = [ToRaise(where="b.yml:5", words="", short=name, to="to $2.00") for name in ("average", "heavy")]
    assert raise_words(months, str, words=False) == "raise b.yml:5 (average) to $2.00 and b.yml:5 (heavy) to $2.00"


def test_more_than_two_are_named_by_their_lines_and_five_at_most() -> None:
    many = [limit(f"b.yml:{line}") for line in range(1, 8)]
    assert raise_words(many[:3], str) == "raise 3 limits in b.yml: line 1 to $0.05, line 2 to $0.05 and line 3 to $0.05"
    assert raise_words(many, str).endswith("line 5 to $0.05 and 2 more")
    assert raise_words([*many[:2], limit("tests/test_a.py:9")], str) == (
        "raise 3 limits: b.yml:1 to $0.05, b.yml:2 to $0.05 and tests/test_a.py:9 to $0.05"
    )


def test_two_limits_of_one_line_are_told_apart() -> None:
    """A month's limits stand in one line, by scenario."""
    months = [
        ToRaise(where="b.yml:15", words="", short=name, to=to)
        for name, to in (("average", "to $1.00"), ("heavy", "to $2.00"))
    ]
    words = "raise 3 limits in b.yml: line 4 to $0.05, line 15 (average) to $1.00 and line 15 (heavy) to $2.00"
    assert words == raise_words([*months, limit("b.yml:4")], str)


@pytest.mark.parametrize("where", ["limits[0]", "b.yml:x", "b.yml:" + "9" * 5000, ":3", ""])
def test_what_names_no_line_is_shown_as_it_is(where: str) -> None:
    assert raise_words([limit(where), *map(limit, "ab")], str).startswith(
        f"raise 3 limits: {where} to $0.05, ".replace(":  ", ": ")
    )


@pytest.mark.parametrize(
    ("raised", "increases", "words"),
    [
        (0, 1, "run UPDATE and commit LOCK"),
        (0, 3, "run UPDATE and commit LOCK"),
        (1, 0, "run UPDATE and commit b.yml and LOCK"),
        (2, 1, "run UPDATE (it accepts the other one, an increase) and commit b.yml and LOCK"),
        (4, 5, "run UPDATE (it accepts the other 5, the increases) and commit b.yml and LOCK"),
    ],
)
def test_an_update_says_what_it_accepts_and_what_is_committed(raised: int, increases: int, words: str) -> None:
    """The limits stand in the budget file, and what an update accepts in the lock file: each is to be committed."""
    assert words == accepting_words("UPDATE", ["b.yml"] * bool(raised) + ["LOCK"], raised, increases)


def test_files_that_cannot_be_named_are_committed_all_the_same() -> None:
    assert accepting_words("UPDATE", ["LOCK"], 2, 0) == "run UPDATE and commit LOCK with the raised limits"
    assert files_of([limit("b.yml:1"), limit("b.yml:2"), limit("tests/test_a.py:9")]) == ["b.yml", "tests/test_a.py"]
    assert files_of([limit("b.yml:1"), limit("limits[0]")]) == []
    assert files_of([limit(f"test_{name}.py:1") for name in "abc"]) == []
