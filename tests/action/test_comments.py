"""What becomes of a comment: the decisions, without any API."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_budget.github.comment_mode import Mode
from pytest_claude_budget.github.which_comment import (
    LONGEST,
    TAG,
    Act,
    Comment,
    Marker,
    RunKey,
    Wanted,
    decide,
    marker_of,
    worth_a_first,
)

KEY = RunKey(run=500, attempt=2)


def comment(id_: int, run: int, attempt: int = 1, text: str = "old", tag: str = "default") -> Comment:
    marker = Marker(tag=tag, key=RunKey(run=run, attempt=attempt))
    return Comment(id=id_, node_id=f"N{id_}", body=f"{marker}\n{text}", url=f"https://example.test/{id_}")


def wanted(text: str = "new", mode: Mode = Mode.UPDATE, worth: bool = True) -> Wanted:
    marker = Marker(tag="default", key=KEY)
    return Wanted(marker=marker, text=text, short="short", mode=mode, worth_a_first=worth)


def test_a_marker_is_read_as_it_was_written() -> None:
    marker = Marker(tag="api-2.x", key=KEY)
    assert "<!-- pytest-claude-budget tag=api-2.x run=500 attempt=2 -->" == str(marker)
    assert marker == marker_of(f"{marker}\nCost")


@pytest.mark.parametrize(
    "body",
    [
        "",
        " <!-- pytest-claude-budget tag=default run=1 attempt=1 -->\n",
        "Hello\n<!-- pytest-claude-budget tag=default run=1 attempt=1 -->\n",
        "<!-- pytest-claude-budget tag=default run=1 attempt=1 --> and more",
        "<!-- pytest-claude-budget tag= run=1 attempt=1 -->\n",
        "<!-- pytest-claude-budget tag=a run=0 attempt=1 -->\n",
        "<!-- pytest-claude-budget tag=a run=१ attempt=1 -->\n",
        "<!-- pytest-claude-budget tag=a run=1 attempt=-1 -->\n",
        "<!-- pytest-claude-budget  tag=a run=1 attempt=1 -->\n",
        "<!-- PYTEST-CLAUDE-BUDGET tag=a run=1 attempt=1 -->\n",
        f"<!-- pytest-claude-budget tag=a run={'9' * 21} attempt=1 -->\n",
    ],
)
def test_what_is_not_a_marker_to_the_letter_at_the_very_beginning_is_none(body: str) -> None:
    assert marker_of(body) is None


@given(st.from_regex(TAG, fullmatch=True), st.integers(1, 10**19), st.integers(1, 99_999), st.text())
def test_any_marker_survives_any_text_after_it(tag: str, run: int, attempt: int, text: str) -> None:
    marker = Marker(tag=tag, key=RunKey(run=run, attempt=attempt))
    assert marker == marker_of(f"{marker}\n{text}")


def test_a_first_comment_is_created_where_something_changed() -> None:
    assert Act.CREATE == decide([], wanted()).act


def test_no_first_comment_is_created_where_nothing_changed() -> None:
    assert Act.KEEP == decide([], wanted(worth=False)).act


def test_a_red_comment_turns_green_though_nothing_changed_any_more() -> None:
    red = comment(1, 400)
    assert (Act.UPDATE, red) == ((d := decide([red], wanted(worth=False))).act, d.comment)


def test_a_comment_that_says_the_same_stays_untouched_whatever_its_run() -> None:
    same = comment(1, 400, text="new\r\n")
    assert Act.KEEP == decide([same], wanted()).act


def test_a_newer_run_is_never_overwritten() -> None:
    assert Act.KEEP == decide([comment(1, 501)], wanted()).act
    assert Act.KEEP == decide([comment(1, 500, attempt=3)], wanted()).act
    assert Act.KEEP == decide([comment(1, 501), comment(2, 400)], wanted(mode=Mode.NEW)).act
    assert Act.UPDATE == decide([comment(1, 500, attempt=1)], wanted()).act
    assert Act.UPDATE == decide([comment(1, 499, attempt=9)], wanted()).act


def test_comments_of_another_tag_or_without_a_marker_are_left_alone() -> None:
    others = [comment(1, 600, tag="other"), Comment(id=2, node_id="N2", body="LGTM", url="")]
    assert Act.CREATE == decide(others, wanted()).act


def test_the_newest_of_several_is_the_one_that_is_updated() -> None:
    decision = decide([comment(1, 300), comment(2, 450), comment(3, 400)], wanted())
    assert decision.comment is not None
    assert 2 == decision.comment.id


def test_mode_new_leaves_the_old_one_and_hide_and_new_hides_it() -> None:
    old = comment(1, 400)
    assert (Act.CREATE, ()) == ((d := decide([old], wanted(mode=Mode.NEW))).act, d.hide)
    assert (Act.CREATE, (old,)) == ((d := decide([old], wanted(mode=Mode.HIDE_AND_NEW))).act, d.hide)


def test_a_run_that_posted_before_it_failed_does_not_post_again() -> None:
    """The answer to a POST may be lost after the comment was made; what is asked next finds it there."""
    lost = comment(9, 500, attempt=2, text="new")
    assert Act.KEEP == decide([lost], wanted(mode=Mode.NEW)).act
    assert Act.KEEP == decide([comment(9, 500, attempt=2, text="short")], wanted(mode=Mode.NEW)).act


def test_a_run_that_failed_to_hide_the_old_one_hides_it_when_it_asks_again() -> None:
    old, posted = comment(1, 400), comment(9, 500, attempt=2, text="new")
    decision = decide([old, posted], wanted(mode=Mode.HIDE_AND_NEW))
    assert (Act.KEEP, (old,)) == (decision.act, decision.hide)


def test_mode_off_posts_nothing() -> None:
    assert Act.KEEP == decide([comment(1, 1)], wanted(mode=Mode.OFF)).act


def test_a_text_that_is_too_long_gives_way_to_the_short_one() -> None:
    assert wanted("x" * 100).body.endswith("x" * 100)
    assert wanted("x" * LONGEST).body.endswith("\nshort")


def compared(judged: str = "0", status: str = "unchanged", noise: bool = False) -> dict[str, object]:
    return {"judged": judged, "owners": [{"status": status, "noise": noise}]}


@pytest.mark.parametrize(
    ("outcome", "comparison", "stale", "worth"),
    [
        ("within", compared(), [], False),
        ("unjudged", compared(), [], False),
        ("within", compared(status="deselected"), [], False),
        ("within", compared(status="changed", noise=True), [], False),
        ("within", compared(judged="0.00"), [], False),
        ("warned", compared(), [], True),
        ("over", compared(), [], True),
        ("incomplete", compared(), [], True),
        ("within", None, [], True),
        ("within", compared(judged="0.01"), [], True),
        ("within", compared(status="renamed"), [], True),
        ("within", compared(), ["tests/test_a.py::test_a"], True),
    ],
)
def test_a_first_comment_is_worth_it_only_where_something_moved_or_is_wrong(
    outcome: str, comparison: object, stale: list[str], worth: bool
) -> None:
    document = {"verdict": {"outcome": outcome}, "comparison": comparison, "stale": stale}
    assert worth is worth_a_first(document)
