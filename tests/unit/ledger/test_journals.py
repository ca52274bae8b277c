"""Journals of processes and the ledger that they are brought into: nothing is lost, nothing counts twice."""

import errno
import json
import multiprocessing
import os
import signal
import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_claude_budget.calls.call import Answer, Call, Labels, Origin, Owner, Status, Usage
from pytest_claude_budget.ledger import journal as journals
from pytest_claude_budget.ledger import mapped_file as pieces
from pytest_claude_budget.ledger.database import SqliteLedger
from pytest_claude_budget.ledger.journal import Journal, OwnerFacts, line_of_owner
from pytest_claude_budget.ledger.paths import journals_of
from pytest_claude_budget.ledger.row_format import NOWHERE, Entry, payer_of, site_of
from tests.builders.tries import tries

ANSWER = Answer(status=Status.MEASURED, endpoint="messages", model="m", usage=Usage(input_tokens=5), http_status=200)
OWNER = Owner(id="test_a.py::test_one", kind="test", phase="call")


def entry(number: int, owner: Owner = OWNER, answer: Answer = ANSWER, labels: Labels | None = None) -> Entry:
    """A call as a process has it."""
    return Entry(number, 1.5, payer_of(owner, labels or Labels(), "gw0"), 0, NOWHERE, Origin.LIVE, answer)


def calls_of(path: Path) -> list[Call]:
    """All that a reader finds."""
    ledger = SqliteLedger(path)
    ledger.gather()
    found = list(ledger.calls())
    ledger.close()
    return found


def faults_of(path: Path, closed: Sequence[str] = ()) -> list[str]:
    """What a reader finds missing in the end."""
    ledger = SqliteLedger(path)
    ledger.gather()
    ledger.conclude(closed)
    found = ledger.faults()
    ledger.close()
    return found


@pytest.fixture
def appended(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a file system that promises no room: each line is a write."""
    monkeypatch.setattr(pieces, "_is_promising", lambda device: False)


@pytest.fixture
def mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on one that does, wherever the tests run; with pieces of a few lines."""
    monkeypatch.setattr(pieces, "_is_promising", lambda device: True)
    monkeypatch.setattr(pieces, "SHORTEST", 1)


@pytest.fixture(params=["appended", "mapped"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A ledger's, for each of the two ways to write its journals."""
    request.getfixturevalue(request.param)
    return tmp_path / "made" / "run-1.sqlite3"


def test_a_call_comes_back_as_it_went(path: Path) -> None:
    """Names with line ends, quotes and signs of every kind too."""
    odd = "a\n\"b\\\u2028'\x00\U0001f600, [1]"
    answer = replace(
        ANSWER, model=odd, batch_id=odd, item_id=odd, reason=odd, notes=(odd[2:], "two"), request='{"a":1}'
    )
    sent = [
        entry(1, Owner(id=odd, kind="test", phase=odd), answer, Labels(feature=odd, tier=odd, case=odd))._replace(
            site=site_of(odd)
        ),
        entry(2, answer=replace(answer, notes=("one", "two"), batch=True, speed="fast", model=None)),
    ]
    Journal(path).append(sent)
    assert calls_of(path) == [each.call() for each in sent]


def test_calls_that_are_read_together_keep_all_their_labels(path: Path) -> None:
    """Projections choose tests by their case."""
    labels = Labels(feature="triage", tier="free", case="heavy")
    Journal(path).append([entry(1, labels=labels), entry(2, labels=labels)])
    ledger = SqliteLedger(path)
    ledger.gather()
    (together,) = ledger.totalled(["m"])
    ledger.close()
    assert (together.count, together.labels) == (2, labels)


def test_what_utf_8_cannot_hold_is_written_out(path: Path) -> None:
    Journal(path).append([entry(1, Owner(id="a\udc80", kind="test"), replace(ANSWER, model="\ud800"))])
    (call,) = calls_of(path)
    assert (call.owner.id, call.answer.model) == ("a\\udc80", "\\ud800")
    ledger = SqliteLedger(path)
    assert len(list(ledger.calls("a\udc80"))) == 1
    ledger.close()


@given(st.text(), st.text(max_size=5), st.none() | st.text())
@settings(max_examples=tries(100), deadline=None)
def test_who_pays_lies_in_a_line_as_json(owner: str, process: str, feature: str | None) -> None:
    """A string that holds an array, as any reader of JSON understands it."""
    payer = payer_of(Owner(id=owner, kind="test", phase="call"), Labels(feature=feature), process)
    expected = [process, owner, "test", "call", feature, None, None]
    assert json.loads(json.loads(payer.text)) == expected
    assert json.loads(payer.text) == json.dumps(expected)
    facts = OwnerFacts(owner=owner, place="a.py:1", limits="")
    assert json.loads(line_of_owner(facts)) == {"owner": [owner, "a.py:1", ""]}


@pytest.mark.usefixtures("appended")
def test_lines_are_ascii_and_one_write_holds_all_of_a_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    write = os.write

    def noted(file: int, data: bytes) -> int:
        written.append(data)
        return write(file, data)

    monkeypatch.setattr(journals.system, "write", noted)
    Journal(tmp_path / "run-1.sqlite3").append(entry(number, Owner(id="é\n", kind="test")) for number in range(20))
    (data,) = written
    assert data.isascii()
    assert data.count(b"\n") == 20


def test_a_later_state_takes_the_place_of_an_earlier_one_however_often_one_reads(path: Path) -> None:
    journal = Journal(path)
    journal.append([entry(1, answer=replace(ANSWER, status=Status.UNMEASURED))])
    assert [call.answer.status for call in calls_of(path)] == [Status.UNMEASURED]
    journal.append([entry(1), entry(2)])
    for _ in range(2):
        assert [(call.id, call.answer.status) for call in calls_of(path)] == [
            (1, Status.MEASURED),
            (2, Status.MEASURED),
        ]


def test_owners_and_faults_are_brought_in(path: Path) -> None:
    journal, facts = Journal(path), OwnerFacts(owner="o", place="a.py:1", limits="{}")
    journal.append_owner(facts)
    journal.append_owner(replace(facts, place="a.py:2"))
    journal.append_fault("gw0", "broken")
    ledger = SqliteLedger(path)
    ledger.gather()
    assert (ledger.owners(), ledger.faults()) == ([replace(facts, place="a.py:2")], ["broken"])
    ledger.close()


def test_readers_at_once_take_each_line_once(path: Path) -> None:
    journal = Journal(path)
    for number in range(500):
        journal.append([entry(number)])
        journal.append_fault("p", str(number))
    with ThreadPoolExecutor(4) as pool:
        assert [len(found) for found in pool.map(calls_of, [path] * 8)] == [500] * 8
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM faults").fetchone() == (500,)


def test_long_journals_are_read_in_pieces(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut anywhere, and read on from there by the next reader."""
    monkeypatch.setattr("pytest_claude_budget.ledger.import_journals.READ_AT_ONCE", 100)
    journal = Journal(path)
    for number in range(50):
        journal.append([entry(number)])
        if number % 20 == 0:
            calls_of(path)
    assert [call.id for call in calls_of(path)] == list(range(50))


def test_a_process_that_forked_writes_a_file_of_its_own(path: Path) -> None:
    journal = Journal(path)
    journal.append([entry(1)])
    child = multiprocessing.get_context("fork").Process(target=lambda: journal.append([entry(2)]))
    child.start()
    child.join()
    assert child.exitcode == 0
    journal.append([entry(3)])
    assert len(journals_of(path)) == 2
    assert [call.id for call in calls_of(path)] == [1, 2, 3]


def test_a_journal_is_removed_once_it_is_whole_in_the_ledger_and_nobody_writes_to_it(path: Path) -> None:
    journal = Journal(path)
    journal.append([entry(1)])
    assert faults_of(path) == []
    assert len(journals_of(path)) == 1, "its writer lives"
    journal.close()
    journal.append([entry(2)])
    assert faults_of(path, sorted(journal.closed)) == []
    assert len(journals_of(path)) == 1, "what came later has a file of its own"
    journal.close()
    assert faults_of(path) == []
    assert journals_of(path) == []
    assert [call.id for call in calls_of(path)] == [1, 2]


def test_a_line_that_was_cut_off_loses_no_other_and_is_not_passed_over(path: Path) -> None:
    """A writer that still lives may be in the middle of it; one that is gone has lost a call."""
    journal = Journal(path)
    journal.append([entry(1)])
    (file,) = journals_of(path)
    with file.open("ab") as torn:
        torn.write(b'[2,1.5,"')
    assert faults_of(path) == []
    journal.close()
    assert faults_of(path) == ["a process ended in the middle of a line of its journal: a call may be missing"]
    assert [call.id for call in calls_of(path)] == [1]
    assert journals_of(path) == [file]


@pytest.mark.parametrize("line", [b"", b"nonsense", b"[1,2]", b"{}", b'{"owner":[1]}', b"7", b'{"owner":7}'])
def test_a_line_that_cannot_be_read_loses_no_other_and_is_not_passed_over(path: Path, line: bytes) -> None:
    journal = Journal(path)
    journal.append([entry(1)])
    (file,) = journals_of(path)
    with file.open("ab") as damaged:
        damaged.write(line + b"\n")
    journal.append([entry(2)])
    journal.close()
    assert faults_of(path) == ["a line of a process's journal cannot be read: calls may be missing"]
    assert [call.id for call in calls_of(path)] == [1, 2]


@pytest.mark.parametrize("lacks", [(0, 10), (0, 1), (40, 72), (100, 108)])
def test_a_line_that_is_written_at_this_moment_is_read_once_it_is_whole(path: Path, lacks: tuple[int, int]) -> None:
    """Another process's copy shows its end before its beginning: to strike it off as damaged would lose the call."""
    line, (begin, end) = journals.lines_of([entry(1, answer=replace(ANSWER, http_status=200))]), lacks
    torn = line[:begin] + b"\0" * (end - begin) + line[end:]
    journal = Journal(path)
    journal.append([entry(9)])
    (file,) = journals_of(path)
    written = file.read_bytes().rstrip(b"\0")
    file.write_bytes(written + torn + journals.lines_of([entry(2)]) + b"\0" * 64)
    assert [call.id for call in calls_of(path)] == [9]
    assert faults_of(path) == []
    file.write_bytes(written + line + journals.lines_of([entry(2)]) + b"\0" * 64)
    assert [call.id for call in calls_of(path)] == [1, 2, 9]
    journal.close()
    assert faults_of(path) == []


def test_a_line_in_whose_middle_a_process_was_killed_hides_none_behind_it(path: Path) -> None:
    line, file = journals.lines_of([entry(1)]), path.with_name(f"{path.name}.7-0000-ab.journal.jsonl")
    path.parent.mkdir(exist_ok=True)
    file.write_bytes(b"\0" * 9 + line[9:] + journals.lines_of([entry(2)]))
    assert faults_of(path) == ["a line of a process's journal cannot be read: calls may be missing"]
    assert [call.id for call in calls_of(path)] == [2]


def write_calls(path: Path, number: int) -> None:
    """Store calls one by one, in a process of its own."""
    journal = Journal(path)
    for each in range(number):
        journal.append([entry(each)])


def test_whoever_reads_while_another_process_writes_finds_every_line(path: Path) -> None:
    """As the fixture of one worker does while another's calls end."""
    number = 20_000
    child = multiprocessing.get_context("fork").Process(target=write_calls, args=(path, number))
    child.start()
    ledger = SqliteLedger(path)
    while child.is_alive():
        ledger.gather()
    ledger.close()
    child.join()
    assert faults_of(path) == []
    assert len(calls_of(path)) == number


@pytest.mark.usefixtures("appended")
def test_a_short_write_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals.system, "write", lambda file, data: len(data) - 1)
    with pytest.raises(OSError, match="No space left"):
        Journal(tmp_path / "run-1.sqlite3").append([entry(1)])


def test_a_file_that_was_removed_is_noticed_and_one_that_was_closed_is_not_lost(path: Path) -> None:
    journal = Journal(path)
    assert not journal.is_lost
    journal.append([entry(1)])
    journal.close()
    journals_of(path)[0].unlink()
    assert not journal.is_lost
    journal.append([entry(2)])
    journals_of(path)[0].unlink()
    assert journal.is_lost
    journal.close()
    assert journal.is_lost


def test_a_ledger_that_cannot_be_written_is_read_from_the_journals(path: Path) -> None:
    Journal(path).append([entry(1)])
    path.mkdir()
    ledger = SqliteLedger(path)
    ledger.gather()
    assert [call.id for call in ledger.calls()] == [1]
    assert ledger.unwritable is not None
    assert ledger.unwritable.startswith("the ledger cannot be written: ")
    ledger.conclude([file.name for file in journals_of(path)])
    assert len(journals_of(path)) == 1, "what is in memory only is kept"
    ledger.close()


def test_without_locks_a_journal_stays_and_its_end_is_not_trusted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "locking", None)
    journal = Journal(path)
    journal.append([entry(1)])
    assert faults_of(path) == []
    assert len(journals_of(path)) == 1
    with journals_of(path)[0].open("ab") as torn:
        torn.write(b"[2")
    assert len(faults_of(path)) == 1


def test_people_can_query_the_calls_by_name(path: Path) -> None:
    Journal(path).append([entry(1)])
    calls_of(path)
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute('SELECT owner, phase, "case", origin, model, input_tokens, request FROM calls')
        assert rows.fetchall() == [("test_a.py::test_one", "call", None, "live", "m", 5, None)]


def test_threads_that_begin_at_once_share_one_file(path: Path) -> None:
    """Of two files, the one with the earlier state of a call might be read last."""
    journal, ready = Journal(path), threading.Barrier(8)

    def write(first: int) -> None:
        ready.wait(10)
        for number in range(first, first + 200):
            journal.append([entry(number, answer=replace(ANSWER, status=Status.UNMEASURED))])
            journal.append([entry(number)])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(0, 1600, 200)))
    assert len(journals_of(path)) == 1
    assert [(call.id, call.answer.status) for call in calls_of(path)] == [
        (number, Status.MEASURED) for number in range(1600)
    ]
    journal.close()
    assert faults_of(path, sorted(journal.closed)) == []


def test_what_a_killed_process_wrote_is_whole_and_its_journal_goes(path: Path) -> None:
    """Whatever room it had left is no line that was cut off."""

    def write_and_die() -> None:
        Journal(path).append([entry(1), entry(2)])
        os.kill(os.getpid(), signal.SIGKILL)

    child = multiprocessing.get_context("fork").Process(target=write_and_die)
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert faults_of(path) == []
    assert [call.id for call in calls_of(path)] == [1, 2]
    assert journals_of(path) == []


def test_what_comes_while_the_journal_is_closed_goes_to_a_new_file(path: Path) -> None:
    journal = Journal(path)
    journal.append([entry(1)])
    here = journal._open
    journal.close()
    journal._open = here  # as a thread has it that looked before
    journal.append([entry(2)])
    assert len(journals_of(path)) == 2
    assert [call.id for call in calls_of(path)] == [1, 2]


def test_the_files_of_a_process_are_read_in_the_order_in_which_it_wrote_them(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever their random digits: a call that was begun before a file was closed may end in the next one."""
    digits = iter((b"\xff" * 4, b"\x00" * 4))
    monkeypatch.setattr(journals.system, "urandom", lambda _: next(digits))
    journal = Journal(path)
    journal.append([entry(1, answer=replace(ANSWER, status=Status.UNMEASURED))])
    journal.close()
    journal.append([entry(1)])
    journal.close()
    assert len(journals_of(path)) == 2
    assert [call.answer.status for call in calls_of(path)] == [Status.MEASURED]


def long(number: int) -> Entry:
    """A call whose line is longer than any piece is at first."""
    return entry(number, answer=replace(ANSWER, reason="r" * 200_000))


@pytest.fixture
def in_pieces(mapped: None, tmp_path: Path) -> Path:
    return tmp_path / "run-1.sqlite3"


def test_a_later_state_is_read_after_an_earlier_one_from_whichever_piece(in_pieces: Path) -> None:
    """A short line would still fit where a long one did not: there it would come too early."""
    journal = Journal(in_pieces)
    for number in range(5):
        for each in (entry(number), long(number), replace_status(entry(number))):
            journal.append([each])
    assert [call.answer.status for call in calls_of(in_pieces)] == [Status.AT_LEAST] * 5


def replace_status(each: Entry) -> Entry:
    """A later state of a call."""
    return each._replace(answer=replace(each.answer, status=Status.AT_LEAST))


def test_lines_are_taken_without_a_file_where_there_is_room_in_memory(
    in_pieces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, line = Journal(in_pieces), journals.lines_of([entry(1)])
    assert not journal.take(line), "nothing was begun"
    journal.append([entry(2)])
    assert journal.take(line)
    assert not journal.take(journals.lines_of([long(3)]))
    monkeypatch.setattr(journals, "process_id", lambda: 7)
    assert not journal.take(line), "another process"
    monkeypatch.undo()
    journal.close()
    assert not journal.take(line)
    assert [call.id for call in calls_of(in_pieces)] == [1, 2]


def test_a_line_that_a_killed_process_did_not_finish_is_not_passed_over(in_pieces: Path) -> None:
    journal = Journal(in_pieces)
    journal.append([entry(1)])
    assert journal.take(b'[2,1.5,"')
    assert faults_of(in_pieces) == [], "its writer lives"
    journal.close()
    assert len(faults_of(in_pieces)) == 1


def test_a_disk_without_room_for_another_piece_takes_what_it_can(
    in_pieces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Line by line, behind all that was written: and whoever finds room for a piece later must not overwrite it."""
    journal = Journal(in_pieces)
    journal.append([entry(1, answer=replace(ANSWER, status=Status.UNMEASURED))])

    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pieces.system, "posix_fallocate", full)
    for number in range(2, 100):
        journal.append([entry(number)])
    monkeypatch.undo()
    journal.append([long(100)])
    journal.append([entry(1)])
    assert [call.id for call in calls_of(in_pieces)] == list(range(1, 101))
    assert calls_of(in_pieces)[0].answer.status is Status.MEASURED
    journal.close()
    assert faults_of(in_pieces) == []


@pytest.mark.usefixtures("mapped")
def test_where_no_piece_can_be_made_each_line_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a system that cannot ask for room."""
    monkeypatch.delattr(pieces.system, "posix_fallocate")
    journal = Journal(tmp_path / "run-1.sqlite3")
    journal.append([entry(1)])
    assert not journal.take(b"\n")
    assert [call.id for call in calls_of(journal.ledger)] == [1]


@pytest.mark.usefixtures("mapped")
def test_without_a_lock_around_each_copy_each_line_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a Python without a GIL."""
    monkeypatch.setattr(pieces.sys, "_is_gil_enabled", lambda: False, raising=False)
    journal = Journal(tmp_path / "run-1.sqlite3")
    journal.append([entry(1)])
    assert not journal.take(b"")
    assert [call.id for call in calls_of(journal.ledger)] == [1]


@pytest.mark.parametrize(
    ("mounts", "safe"),
    [
        ("27 1 {device} / / rw,relatime - ext4 /dev/vda rw", True),
        ("27 1 {device} / / rw,relatime shared:1 master:2 - xfs /dev/vda rw", True),
        ("27 1 0:0 / / rw - ext4 /dev/vda rw\n28 1 {device} / / rw - btrfs /dev/vda rw", False),
        ("27 1 {device} / / rw,relatime - overlay overlay rw", False),
        ("27 1 0:0 / / rw,relatime - ext4 /dev/vda rw", False),
        ("", False),
    ],
)
def test_only_file_systems_that_keep_their_promises_are_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mounts: str, safe: bool
) -> None:
    device = tmp_path.stat().st_dev
    file = tmp_path / "mountinfo"
    file.write_text(mounts.format(device=f"{os.major(device)}:{os.minor(device)}"))
    monkeypatch.setattr(pieces, "_MOUNTS", file)
    pieces._is_promising.cache_clear()
    try:
        journal = Journal(tmp_path / "run-1.sqlite3")
        journal.append([entry(1)])
        assert journal.take(b"") is safe
    finally:
        pieces._is_promising.cache_clear()
    assert [call.id for call in calls_of(journal.ledger)] == [1]
