"""Many calls in one line of a journal come back as if each had a line of its own."""

from pathlib import Path

import pytest

from pytest_claude_budget.calls.alike import Alike
from pytest_claude_budget.calls.call import Answer, Labels, Origin, Owner, Status, Usage
from pytest_claude_budget.ledger.alike_format import LaidAlike, lines_of_all, one_by_one
from pytest_claude_budget.ledger.database import SqliteLedger
from pytest_claude_budget.ledger.journal import Journal
from pytest_claude_budget.ledger.row_format import NOWHERE, Entry, Laid, payer_of

COMMON = Answer(
    status=Status.MEASURED,
    endpoint="batch_result",
    model="claude-haiku-4-5",
    usage=Usage(cache_read_input_tokens=3),
    batch=True,
    batch_id="msgbatch_é",
    http_status=200,
)
ALIKE = Alike(answer=COMMON, columns=("output_tokens", "input_tokens"), rows=['["a1",5,6]', '["b2",7,0]', '["a1",5,6]'])
PAYER = payer_of(Owner(id="test_a.py::test_one", kind="test", phase="call"), Labels(feature="triage"), "gw0")
MANY: LaidAlike = (10, 1.5, PAYER, 0, NOWHERE, Origin.LIVE, ALIKE)
ONE: Laid = (20, 2.5, PAYER, 1, NOWHERE, Origin.SIMULATED, COMMON)


def read(path: Path) -> tuple[list[object], list[str]]:
    ledger = SqliteLedger(path)
    ledger.gather()
    found = list(ledger.calls()), ledger.faults()
    ledger.close()
    return found  # type: ignore[return-value]  # calls are objects


def test_each_is_an_answer_with_its_item_and_its_counts() -> None:
    first, second, third = ALIKE
    assert len(ALIKE) == 3
    assert (first.item_id, first.usage) == ("a1", Usage(cache_read_input_tokens=3, output_tokens=5, input_tokens=6))
    assert (second.item_id, second.usage.output_tokens) == ("b2", 7)
    assert (third, first.batch_id) == (first, "msgbatch_é")


def test_they_come_back_one_by_one(tmp_path: Path) -> None:
    """With ids that follow the first one's, between calls that have lines of their own."""
    lines = lines_of_all([ONE, MANY])
    assert (lines.count(b"\n"), lines.isascii()) == (2, True)
    Journal(tmp_path / "run-1.sqlite3").write(lines)
    calls, faults = read(tmp_path / "run-1.sqlite3")
    expected = [Entry(10 + at, 1.5, PAYER, 0, NOWHERE, Origin.LIVE, answer).call() for at, answer in enumerate(ALIKE)]
    assert (calls, faults) == ([*expected, Entry(*ONE).call()], [])
    assert sorted((entry.call() for entry in one_by_one([ONE, MANY])), key=lambda call: call.id) == calls


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (',["output_tokens",', ',["thoughts",'),
        ('["b2",7,0]', '["b2",7]'),
        ('["b2",7,0]', "5"),
        ("[10,", '["x",'),
        ("[[10,", "[["),
    ],
)
def test_a_line_that_cannot_be_read_is_not_passed_over(tmp_path: Path, old: str, new: str) -> None:
    line = lines_of_all([MANY]).decode()
    assert old in line
    Journal(tmp_path / "run-1.sqlite3").write(line.replace(old, new).encode() + lines_of_all([ONE]))
    calls, faults = read(tmp_path / "run-1.sqlite3")
    assert calls == [Entry(*ONE).call()]
    assert faults == ["a line of a process's journal cannot be read: calls may be missing"]
