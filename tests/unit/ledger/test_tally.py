"""Sums that are added up while journals are read: the database's own, or it is asked."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_claude_budget.calls.call import Answer, Call, Labels, Origin, Owner, Status, Usage
from pytest_claude_budget.ledger import database
from pytest_claude_budget.ledger.database import SqliteLedger
from pytest_claude_budget.ledger.journal import Journal
from pytest_claude_budget.ledger.row_format import NOWHERE, Entry, payer_of

PAYER = payer_of(Owner(id="test_a.py::test_one", kind="test", phase="call"), Labels(), "gw0")
BEGUN = Answer(status=Status.UNMEASURED, endpoint="messages", model="m", reason="the stream has begun")


def entry(number: int, tokens: int, *, day: int = 0, answer: Answer | None = None) -> Entry:
    made = Answer(status=Status.MEASURED, endpoint="messages", model="m", usage=Usage(input_tokens=tokens))
    return Entry(number, 1.5 + day * 86_400, PAYER, 0, NOWHERE, Origin.LIVE, answer or made)


def sums(calls: Sequence[Call]) -> list[tuple[int, int, int, float]]:
    """First id, number, tokens and day of each."""
    return [(call.id, call.count, call.answer.usage.input_tokens, call.at) for call in calls]


@pytest.fixture
def ledger(tmp_path: Path) -> SqliteLedger:
    return SqliteLedger(tmp_path / "run-1.sqlite3")


def totalled(ledger: SqliteLedger, models: Sequence[str] = ("m",)) -> list[tuple[int, int, int, float]]:
    """What a reader that has brought it in finds, and another one that has not: the same."""
    ledger.gather()
    other = SqliteLedger(ledger.path)
    found, expected = sums(list(ledger.totalled(models))), sums(list(other.totalled(models)))
    ledger.close()
    other.close()
    assert found == expected
    return found


@pytest.fixture
def unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database cannot add up."""
    monkeypatch.setattr(database, "ALIKE", "no statement")


@pytest.mark.usefixtures("unasked")
def test_streams_and_what_is_priced_apart_are_no_reason_to_ask_the_database(ledger: SqliteLedger) -> None:
    """An answer that has begun is another call's row until it is measured."""
    noted = replace(BEGUN, status=Status.MEASURED, notes=("assumed",), usage=Usage(input_tokens=9))
    Journal(ledger.path).append(
        [entry(2, 0, answer=BEGUN), entry(1, 5), entry(3, 0, answer=noted), entry(4, 0, answer=BEGUN), entry(6, 4)]
    )
    ledger.gather()
    Journal(ledger.path).append([entry(2, 7), entry(5, 1, day=1)])
    ledger.gather()
    one_by_one = [(1, 2, 9, 0.0), (2, 1, 7, 0.0), (5, 1, 1, 86_400.0), (3, 1, 9, 1.5), (4, 1, 0, 1.5)]
    assert sums(list(ledger.totalled(["m"]))) == one_by_one
    assert [count for _, count, *_ in sums(list(ledger.totalled(["other"])))] == [1] * 6
    ledger.close()


_ALL = Usage(
    input_tokens=1,
    cache_creation_5m_input_tokens=20,
    cache_creation_1h_input_tokens=300,
    cache_read_input_tokens=4_000,
    output_tokens=50_000,
    web_search_requests=6,
    web_fetch_requests=7,
)


@pytest.mark.parametrize(
    ("usages", "days"),
    [
        ([Usage(input_tokens=3, output_tokens=5), _ALL, Usage(), _ALL], [0]),
        ([Usage(input_tokens=3, output_tokens=5), Usage(cache_read_input_tokens=9)], [0, 1, 0]),
        ([_ALL, replace(_ALL, code_execution_requests=2)], [0]),
        ([_ALL, replace(_ALL, input_tokens=200_000 - 4_320), replace(_ALL, input_tokens=200_000 - 4_319)], [0]),
    ],
    ids=["all counts", "two days", "code was run", "a long prompt"],
)
def test_all_counts_are_summed_as_the_database_sums_them(
    ledger: SqliteLedger, usages: Sequence[Usage], days: Sequence[int]
) -> None:
    """Of calls of which none has to be looked at by itself, and of others; what was brought in before stays."""
    journal, number = Journal(ledger.path), 0
    for _ in range(2):
        for day in days:
            for usage in usages:
                made = Answer(status=Status.MEASURED, endpoint="messages", model="m", usage=usage)
                journal.append([entry(number := number + 1, 0, day=day, answer=made)])
        ledger.gather()
    other = SqliteLedger(ledger.path)
    found, expected = (sorted(each.totalled(["m"]), key=lambda call: call.id) for each in (ledger, other))
    ledger.close()
    other.close()
    assert found == expected
    assert sum(call.count for call in found) == number
    assert sum(call.answer.usage.input_tokens for call in found) == 2 * len(days) * sum(u.input_tokens for u in usages)


def test_a_measured_call_that_is_replaced_counts_once(ledger: SqliteLedger) -> None:
    Journal(ledger.path).append([entry(1, 5), entry(2, 7), entry(1, 6)])
    assert totalled(ledger) == [(1, 2, 13, 0.0)]


def test_a_measured_call_that_is_unmeasured_later_is_no_sum(ledger: SqliteLedger) -> None:
    Journal(ledger.path).append([entry(1, 5), entry(2, 7), entry(1, 0, answer=BEGUN)])
    assert totalled(ledger) == [(2, 1, 7, 0.0), (1, 1, 0, 1.5)]


def test_what_another_process_has_brought_in_counts_too(ledger: SqliteLedger) -> None:
    """Also where as many calls were brought in as there are: one here twice, and another not."""
    journal, other = Journal(ledger.path), SqliteLedger(ledger.path)
    journal.append([entry(1, 5)])
    ledger.gather()
    journal.append([entry(2, 70)])
    other.gather()
    other.close()
    journal.append([entry(1, 6)])
    assert sorted(totalled(ledger)) == [(1, 1, 6, 0.0), (2, 1, 70, 0.0)]


def test_a_call_that_cannot_be_added_up_is_left_to_the_database(ledger: SqliteLedger) -> None:
    """A damaged line may hold anything."""
    journal = Journal(ledger.path)
    journal.append([entry(1, 5), entry(2, 6)])
    journal.close()
    (path,) = (each for each in ledger.path.parent.iterdir() if each != ledger.path)
    path.write_bytes(path.read_bytes().replace(b",6,0,0,0,", b',"",0,0,0,'))
    ledger.gather()
    Journal(ledger.path).append([entry(3, 7)] * 3)  # as often as there are calls
    ledger.gather()
    assert sum(call.answer.usage.input_tokens for call in ledger.totalled(["m"])) == 12
    ledger.close()
