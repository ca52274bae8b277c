"""Following a run's journals: each call in its latest state, at once, and whatever is being written."""

from pathlib import Path

import pytest

from pytest_claude_budget.calls.alike import Alike
from pytest_claude_budget.calls.call import Answer, Labels, Origin, Owner, Status, Usage
from pytest_claude_budget.ledger.alike_format import lines_of_all
from pytest_claude_budget.ledger.follow import Follower
from pytest_claude_budget.ledger.journal import Journal, OwnerFacts
from pytest_claude_budget.ledger.paths import journals_of
from pytest_claude_budget.ledger.row_format import NOWHERE, Entry, lines_of, payer_of

OWNER = Owner(id="test_a.py::test_one", kind="test", phase="call")


def entry(number: int, tokens: int = 5) -> Entry:
    answer = Answer(status=Status.MEASURED, endpoint="messages", model="m", usage=Usage(input_tokens=tokens))
    return Entry(number, 1.5, payer_of(OWNER, Labels(), "gw0"), 0, NOWHERE, Origin.LIVE, answer)


def found(follower: Follower) -> list[tuple[int, int]]:
    return [(call.id, call.answer.usage.input_tokens) for call in follower.newer()]


def test_it_finds_what_is_new_and_what_has_changed_at_each_look(tmp_path: Path) -> None:
    ledger = tmp_path / "run-1.sqlite3"
    follower, journal = Follower(ledger), Journal(ledger)
    assert [] == found(follower)
    journal.append_owner(OwnerFacts(owner="o", place="p", limits=""))
    journal.append([entry(1), entry(2)])
    assert [(1, 5), (2, 5)] == found(follower)
    assert [] == found(follower)
    journal.append([entry(1, 9)])
    other = Journal(ledger)
    other.append([entry(3)])
    assert [(1, 9), (3, 5)] == sorted(found(follower))
    assert [journal.close(), other.close()] == [None, None]
    assert not follower.damaged


def test_calls_that_share_a_line_are_found_one_by_one(tmp_path: Path) -> None:
    """As batch results do."""
    ledger = tmp_path / "run-1.sqlite3"
    first = entry(1)
    alike = Alike(answer=first.answer, columns=("input_tokens",), rows=['["a",7]', '["b",8]'])
    Journal(ledger).write(lines_of_all([(*first[:-1], alike), entry(9)]))
    follower = Follower(ledger)
    assert [(1, 7), (2, 8), (9, 5)] == found(follower)
    assert not follower.damaged


def test_a_call_is_read_whole_or_later_wherever_its_line_is_cut(tmp_path: Path) -> None:
    ledger = tmp_path / "run-1.sqlite3"
    path = tmp_path / "run-1.sqlite3.1-0000-ab.journal.jsonl"
    lines = lines_of([entry(1), entry(2)])
    for cut in range(len(lines)):
        follower = Follower(ledger)
        path.write_bytes(lines[:cut] + b"\0" * 64)
        first = found(follower)
        path.write_bytes(lines + b"\0" * 64)
        assert [(1, 5), (2, 5)] == first + found(follower)
        assert not follower.damaged


@pytest.mark.parametrize("lacks", [(0, 10), (0, 1), (40, 72)])
def test_a_line_that_is_written_at_this_moment_waits_even_before_others(tmp_path: Path, lacks: tuple[int, int]) -> None:
    """Memory that is shared shows its bytes in no order, and a reader may see the next line whole already."""
    path = tmp_path / "run-1.sqlite3.1-0000-ab.journal.jsonl"
    line, (begin, end) = lines_of([entry(1)]), lacks
    torn = line[:begin] + b"\0" * (end - begin) + line[end:]
    follower = Follower(tmp_path / "run-1.sqlite3")
    path.write_bytes(torn + lines_of([entry(2)]) + b"\0" * 64)
    assert [] == found(follower)
    path.write_bytes(line + lines_of([entry(2)]) + b"\0" * 64)
    assert [(1, 5), (2, 5)] == found(follower)
    assert not follower.damaged


def test_a_damaged_line_hides_no_other_and_is_told(tmp_path: Path) -> None:
    path = tmp_path / "run-1.sqlite3.1-0000-ab.journal.jsonl"
    path.write_bytes(lines_of([entry(1)]) + b"[broken\n" + lines_of([entry(2)]))
    follower = Follower(tmp_path / "run-1.sqlite3")
    assert [(1, 5), (2, 5)] == found(follower)
    assert follower.damaged


def test_a_journal_that_goes_between_two_looks_is_no_fault(tmp_path: Path) -> None:
    ledger = tmp_path / "run-1.sqlite3"
    journal, follower = Journal(ledger), Follower(ledger)
    journal.append([entry(1)])
    assert [(1, 5)] == found(follower)
    journal.close()
    for path in journals_of(ledger):
        path.unlink()
    assert [] == found(follower)


@pytest.mark.parametrize("chunk", [64, 200, 300])
def test_lines_across_the_border_of_two_reads_are_whole(
    tmp_path: Path, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_claude_budget.ledger.follow.READ_AT_ONCE", chunk)
    path = tmp_path / "run-1.sqlite3.1-0000-ab.journal.jsonl"
    path.write_bytes(lines_of([entry(number) for number in range(9)]))
    assert [(number, 5) for number in range(9)] == found(Follower(tmp_path / "run-1.sqlite3"))
