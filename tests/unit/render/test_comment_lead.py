"""The line below a red comment's heading: the step that saves most, and what accepting takes."""

import pytest

from pytest_claude_budget.render.comment import comment
from pytest_claude_budget.render.comment_lead import lead
from tests.golden.scenes import SCENES, document

BACK, OUT = "Go back to `claude-haiku-4-5`.", "Leave out the calls that were added in `test_refund`."


@pytest.mark.parametrize(
    ("scene", "said"),
    [
        ("over", f"**Not intended?** {OUT} **Intended?** Accept it: steps below."),
        (
            "busy",
            f"**Not intended?** {BACK.removesuffix('.')}, and 3 more steps. **Intended?** Raise 4 limits, then accept: steps below.",
        ),
        ("many", f"**Not intended?** {BACK} **Intended?** Raise 1 limit, then accept: steps below."),
    ],
)
def test_it_stands_directly_below_the_heading(scene: str, said: str) -> None:
    assert comment(document(scene)).split("\n")[1:4] == ["", said, ""]


def test_where_no_increase_is_over_nothing_is_to_be_accepted() -> None:
    """An update would change nothing of a limit in dollars."""
    only = document("many")
    only["verdict"]["breaches"] = [each for each in only["verdict"]["breaches"] if each["measure"] == "max_cost"]
    assert lead(only) == ["", f"**Not intended?** {BACK} **Intended?** Raise 1 limit: steps below."]


@pytest.mark.parametrize("scene", sorted(set(SCENES) - {"over", "busy", "many", "in-code"}))
def test_it_is_left_out_where_nothing_fails_or_an_update_would_be_refused(scene: str) -> None:
    """Of what is not known in full, of a cap and of a test that failed the page says first what comes before."""
    assert lead(document(scene)) == []


def test_an_increase_that_was_let_pass_has_no_way_on() -> None:
    accepted = document("over")
    accepted["accepted"] = "label claude-cost-accepted"
    assert lead(accepted) == []


def test_a_model_from_outside_is_shown_as_code() -> None:
    hostile = document("many")
    for row in hostile["comparison"]["owners"]:
        for cause in row["causes"]:
            cause["text"] = cause["text"].replace("claude-haiku-4-5", "<img>@all")
    assert lead(hostile)[1].startswith("**Not intended?** Go back to `<img>@all`.")
