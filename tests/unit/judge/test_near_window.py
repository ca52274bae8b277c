"""Prompts that nearly fill the model's context window: told by test, however the ledger sums calls up."""

from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from pytest_claude_budget.calls.call import CLAUDE_CODE, Answer, Call, Labels, Origin, Owner, Status, Usage
from pytest_claude_budget.judge.combine import combine
from pytest_claude_budget.judge.read_report import read_report
from pytest_claude_budget.judge.report import CostReport, RunFacts, RunInfo, build_report
from pytest_claude_budget.ledger.database import SqliteLedger
from pytest_claude_budget.ledger.journal import Journal
from pytest_claude_budget.ledger.row_format import Entry, payer_of, site_of
from pytest_claude_budget.record.near_window import NearWindow
from pytest_claude_budget.render.comment import comment
from pytest_claude_budget.render.json_document import json_document
from pytest_claude_budget.render.terminal import terminal_lines
from tests.builders.priced import TABLE, entry
from tests.unit.judge.test_report import NOON, SCHEMA, report_of

HAIKU, FABLE = "claude-haiku-4-5", "claude-fable-5"
"""With windows of 200,000 and of 1,000,000 tokens: 80% are 160,000 and 800,000."""


def read(tokens: int, model: str = HAIKU, **more: object) -> Answer:
    """An answer to a prompt of so many tokens, a hundred of them not from the cache."""
    usage = Usage(input_tokens=100, cache_read_input_tokens=tokens - 100, output_tokens=9)
    return replace(Answer(status=Status.MEASURED, endpoint="messages", model=model, usage=usage), **more)


def reported(*made: tuple[str, Answer]) -> CostReport:
    """A run whose tests had these answers."""
    calls = [
        Call(id=at, at=NOON, answer=answer, owner=Owner(id=owner, kind="test"), labels=Labels(), origin=Origin.LIVE)
        for at, (owner, answer) in enumerate(made)
    ]
    return report_of(calls)


LOOP = Usage(input_tokens=190_000, output_tokens=9, web_search_requests=2)
ITERATIONS = (entry("message", HAIKU, Usage(input_tokens=90_000)), entry("message", HAIKU, Usage(input_tokens=100_000)))


@pytest.mark.parametrize(
    ("answer", "longest", "window"),
    [
        (read(160_000), 0, 0),
        (read(160_001), 160_001, 200_000),
        (read(170_000, FABLE), 0, 0),
        (read(800_001, FABLE), 800_001, 1_000_000),
        # More than the window: a beta gave it the large one, of which this is a fifth.
        (read(210_000), 0, 0),
        (read(900_000), 900_000, 1_000_000),
        (read(170_000, "claude-sonnet-4-5[1m]"), 0, 0),
        # Sums of several prompts, where nothing tells them apart, and where something does.
        (read(900, usage=LOOP), 0, 0),
        (read(900, usage=LOOP, iterations=ITERATIONS), 0, 0),
        (read(900, usage=LOOP, iterations=(entry("message", HAIKU, LOOP),)), 190_000, 200_000),
        (read(190_000, endpoint=CLAUDE_CODE), 0, 0),
        # A window that nobody knows, and a prompt of which a part is known.
        (read(190_000, "my-own-model"), 0, 0),
        (read(190_000, status=Status.AT_LEAST, reason="cut"), 190_000, 200_000),
        (read(190_000, status=Status.FAILED), 0, 0),
    ],
)
def test_a_prompt_above_four_fifths_of_its_window_is_near(answer: Answer, longest: int, window: int) -> None:
    found = [(row.longest, row.window) for row in reported(("a.py::test_a", answer)).sums.near_window]
    assert found == ([(longest, window)] if longest else [])


RUN = reported(
    ("a.py::test_a", read(170_000)),
    ("a.py::test_a", read(186_000)),
    ("b.py::test_b", read(990_000, FABLE)),
    ("b.py::test_b", read(700)),
)


def test_they_are_told_in_every_output_and_added_up() -> None:
    """186,000 of 200,000 are 93%, 990,000 of 1,000,000 are 99%."""
    one = NearWindow(owner="a.py::test_a", model="claude-haiku-4-5-20251001", calls=2, longest=186_000, window=200_000)
    other = NearWindow(owner="b.py::test_b", model=FABLE, calls=1, longest=990_000, window=1_000_000)
    assert RUN.sums.near_window == (one, other)
    (line,) = [line.text for line in terminal_lines(RUN, 160) if "context window" in line.text]
    assert line == (
        "3 prompts above 80% of the context window: 990,000 of 1,000,000 tokens for claude-fable-5"
        " (b.py::test_b and 1 more)"
    )
    assert max(len(line.text) for line in terminal_lines(RUN, 80)) <= 80
    document = json_document(RUN)
    jsonschema.validate(document, SCHEMA)
    first = read_report(document, "a.json")
    assert first.sums.near_window == RUN.sums.near_window
    both = combine([replace(first, run=RunInfo(ids=(name,)), sums=replace(first.sums, by_owner=())) for name in "ab"])
    assert both.sums.near_window == (replace(one, calls=4), replace(other, calls=2))
    assert "| `b.py::test_b` | `claude-fable-5` | 1 | 990,000 | 1,000,000 |" in comment(document)
    quiet = json_document(reported(("a.py::test_a", read(700))))
    assert "near_context_window" not in quiet
    assert "context window" not in comment(quiet)


def test_sums_of_the_ledger_hide_no_long_prompt(tmp_path: Path) -> None:
    """Two of 90,000 tokens come as one sum of 180,000, which is near nothing; one of 170,000 comes by itself."""
    payer = payer_of(Owner(id="a.py::test_a", kind="test", phase="call"), Labels(), "")
    path = tmp_path / "run-1.sqlite3"
    template = Entry(0, NOON, payer, 0, site_of(None), Origin.LIVE, read(700))
    Journal(path).append(
        [template._replace(id=at, answer=read(tokens)) for at, tokens in enumerate((90_000, 90_000, 170_000))]
    )
    for is_tallied in (True, False):
        ledger = SqliteLedger(path)
        if is_tallied:
            ledger.gather()
        calls = list(ledger.totalled([HAIKU]))
        ledger.close()
        assert sorted((call.count, call.answer.usage.prompt_tokens) for call in calls) == [(1, 170_000), (2, 180_000)]
        (row,) = build_report(calls, RunFacts(rates=TABLE)).sums.near_window
        assert (row.calls, row.longest) == (1, 170_000)
