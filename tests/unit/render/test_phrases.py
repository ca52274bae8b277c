"""Words that the terminal and the comment share."""

from decimal import Decimal

import pytest

from pytest_claude_budget.record.totals import Totals
from pytest_claude_budget.render.comment import comment
from pytest_claude_budget.render.sentences import spent_of
from tests.golden.scenes import document

SPENT = [
    ({"calls": 2, "cost": "0.03"}, "spent nothing (replayed, mocked or local answers)"),
    ({"calls": 2, "cost": "0.03", "spent": "0.01"}, "spent $0.01 on live calls"),
    ({"calls": 2, "cost": "0", "unknown": 1}, "spent nothing (replayed, mocked or local answers)"),
    ({"calls": 2, "cost": "0", "unknown": 1, "unknown_live": 1}, "spent an unknown amount on live calls"),
    ({"calls": 2, "cost": "1", "spent": "1", "unknown": 1, "unknown_live": 1}, "spent at least $1.00 on live calls"),
    ({"calls": 2, "cost": "0"}, "spent nothing"),
]


@pytest.mark.parametrize(("totals", "words"), SPENT)
def test_what_a_run_was_billed_is_said_in_plain_words_and_alike_everywhere(
    totals: dict[str, int | str], words: str
) -> None:
    """Of calls that cost nothing, live ones at a rate of $0.00 or others, nobody is told which they were."""
    amounts = {key: Decimal(str(totals.get(key, 0))) for key in ("cost", "spent")}
    counts = {key: int(totals.get(key, 0)) for key in ("calls", "unknown", "unknown_live")}
    assert words == spent_of(Totals(**counts, **amounts))  # type: ignore[arg-type]  # both kinds by one name
    report = document("over")
    report["totals"].update(
        {"spent": "0", **totals}, at_least=bool(counts["unknown"]), unknown_live=counts["unknown_live"]
    )
    (line,) = [line for line in comment(report).splitlines() if " · this run " in line]
    assert line.endswith(f" · this run {words}")
