"""Failed tries: counted by test and by kind, with the way out, in every output; added up over shards."""

from dataclasses import replace

import jsonschema
import pytest

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.calls.call import Answer, Call, Labels, Origin, Owner, Status, Usage
from pytest_claude_budget.calls.failure import Failure
from pytest_claude_budget.judge.combine import combine
from pytest_claude_budget.judge.read_report import read_report
from pytest_claude_budget.judge.report import CostReport, RunInfo
from pytest_claude_budget.record.failed_tries import FailedTries
from pytest_claude_budget.render.comment import comment, summary
from pytest_claude_budget.render.failed_tries import failed_tries_lines, kind_words, way_out
from pytest_claude_budget.render.json_document import json_document
from pytest_claude_budget.render.terminal import terminal_lines
from tests.unit.judge.test_report import NOON, SCHEMA, report_of

FAILED = Answer(status=Status.FAILED, endpoint="messages", model="claude-haiku-4-5", reason="HTTP status 529")
ANSWERED = replace(FAILED, status=Status.MEASURED, usage=Usage(input_tokens=1_000), reason=None)
OVERLOADED = replace(FAILED, failure=Failure.OVERLOADED)
UNCOUNTED = Answer(status=Status.FREE, endpoint="count_tokens", failure=Failure.AUTHENTICATION)


def reported(*made: tuple[str, Answer]) -> CostReport:
    """A run whose tests had these answers."""
    return report_of(
        [
            Call(
                id=at,
                at=NOON,
                answer=answer,
                owner=Owner(id=f"a.py::{owner}", kind="test"),
                labels=Labels(),
                origin=Origin.LIVE,
            )
            for at, (owner, answer) in enumerate(made)
        ]
    )


RUN = reported(
    ("test_b", OVERLOADED),
    ("test_b", OVERLOADED),
    ("test_b", ANSWERED),
    ("test_a", OVERLOADED),
    ("test_a", UNCOUNTED),
    ("test_a", FAILED),
)
"""Three overloaded, two of them in `test_b`; a token count without a key; and one of an older ledger, which says no kind."""


def test_they_are_counted_by_test_and_by_kind() -> None:
    """Also what would have been free, which is no attempt."""
    assert RUN.sums.failed == (
        FailedTries(owner="a.py::test_a", failure=Failure.AUTHENTICATION, attempts=1),
        FailedTries(owner="a.py::test_a", failure=Failure.OVERLOADED, attempts=1),
        FailedTries(owner="a.py::test_a", failure=Failure.OTHER, attempts=1),
        FailedTries(owner="a.py::test_b", failure=Failure.OVERLOADED, attempts=2),
    )
    assert (RUN.totals.calls, RUN.totals.attempts, RUN.totals.free) == (1, 5, 1)


def test_a_line_of_the_terminal_for_each_kind_has_the_way_out() -> None:
    assert [line.text for line in terminal_lines(RUN, 80) if line.text.startswith("failed")] == [
        "failed: 3 overloaded (a.py::test_b and 1 more): wait and try again",
        "failed: 1 authentication (a.py::test_a): set a key that may use the model",
        "failed: 1 other (a.py::test_a): see the test's own error",
    ]
    assert not [line for line in terminal_lines(reported(("test_b", ANSWERED)), 80) if line.text.startswith("failed")]
    (line,) = failed_tries_lines(
        [FailedTries(owner="d/" * 99 + "a.py::test_one", failure=Failure.SERVER, attempts=7)], 60
    )
    assert line == "failed: 7 server error (d/d/d/d/d/a.py::test_one): try again"


def test_they_come_back_from_the_report_and_are_added_up() -> None:
    """A report of an earlier version has none."""
    document = json_document(RUN)
    jsonschema.validate(document, SCHEMA)
    assert document["failed_attempts"][-1] == {"owner": "a.py::test_b", "kind": "overloaded", "attempts": 2}
    one = read_report(document, "a.json")
    assert one.sums.failed == RUN.sums.failed
    assert "failed_attempts" not in json_document(reported(("test_b", ANSWERED)))
    other = json_document(reported(("test_c", OVERLOADED)))
    both = combine([replace(one, run=RunInfo(ids=("a",))), replace(read_report(other, "b"), run=RunInfo(ids=("b",)))])
    assert [row.attempts for row in both.sums.failed] == [1, 1, 1, 2, 1]
    document["failed_attempts"][0]["kind"] = "sorcery"
    with pytest.raises(InputError, match="one of authentication, billing"):
        read_report(document, "a.json")


def test_the_comment_unfolds_them() -> None:
    """Names of tests are untrusted there."""
    document = json_document(reported(("test_b[<img src=x>|`@all]", OVERLOADED), ("test_b", ANSWERED)))
    for page in (comment(document), summary(document)):
        assert "| Kind | Attempts | In | Way out |" in page
        (row,) = [line for line in page.splitlines() if line.startswith("| overloaded")]
        assert row.endswith("| wait and try again |")
        assert "`a.py::test_b[<img src=x>" not in row.replace("``", "")
    assert "Way out" not in comment(json_document(reported(("test_b", ANSWERED))))


def test_every_kind_has_its_words_and_a_place_in_the_schema() -> None:
    assert all(kind_words(kind) and way_out(kind) for kind in Failure)
    assert SCHEMA["properties"]["failed_attempts"]["items"]["properties"]["kind"]["enum"] == list(Failure)
