"""A ledger of a version that knew less of a call is read; what it did not store is not known."""

import sqlite3
from pathlib import Path

from pytest_claude_budget.calls.call import Answer, Labels, Origin, Owner, Status, Usage
from pytest_claude_budget.calls.failure import Failure
from pytest_claude_budget.ledger.copies import copied
from pytest_claude_budget.ledger.database import SqliteLedger
from pytest_claude_budget.ledger.follow import Follower
from pytest_claude_budget.ledger.import_journals import TABLES
from pytest_claude_budget.ledger.journal import Journal
from pytest_claude_budget.ledger.paths import SUFFIX
from pytest_claude_budget.ledger.row_format import KIND, Entry, line_of, payer_of, site_of

PAYER = payer_of(Owner(id="test_a.py::test_one", kind="test", phase="call"), Labels(), "gw0")
NEW = ("stop_reason", "facts", "called", "failure", "rate_limits", "site")
ANSWER = Answer(
    status=Status.MEASURED,
    endpoint="messages",
    model="m",
    usage=Usage(input_tokens=7),
    stop_reason="end_turn",
    facts='{"tools":["ab:5"]}',
    called="",
)
FAILED = Answer(status=Status.FAILED, endpoint="messages", model="m", failure=Failure.OVERLOADED)
ENTRY = Entry(1, 1.5, PAYER, 0, site_of("a.py:7 f"), Origin.LIVE, ANSWER)


def test_what_is_new_is_stored_and_read(tmp_path: Path) -> None:
    """As it was."""
    ledger = SqliteLedger(tmp_path / "run-1.sqlite3")
    Journal(ledger.path).append([ENTRY, ENTRY._replace(id=2, answer=FAILED)])
    ledger.gather()
    assert [(ANSWER, "a.py:7 f"), (FAILED, "a.py:7 f")] == [(call.answer, call.site) for call in ledger.calls()]
    ledger.close()


def test_an_earlier_ledger_and_an_earlier_journal_are_read(tmp_path: Path) -> None:
    """One call in its tables, another in the journal beside it, both without the new columns."""
    path = tmp_path / "run-1.sqlite3"
    connection = sqlite3.connect(path)
    connection.executescript(TABLES)
    for name in NEW:
        connection.execute(f"ALTER TABLE kinds DROP COLUMN {name}")
    connection.execute("CREATE VIEW calls AS SELECT id, at FROM entries")
    connection.execute("INSERT INTO payers VALUES (1, 'gw0', 'test_a.py::test_one', 'test', 'call', NULL, NULL, NULL)")
    old = ["live", 0, "measured", "messages", "m", None, 0, 0, None, None, None, 200, None]
    assert len(old) == len(KIND) - len(NEW)
    connection.execute(f"INSERT INTO kinds VALUES (1, {', '.join('?' * len(old))})", old)
    connection.execute(
        "INSERT INTO entries VALUES (9, 1.5, 1, 1, 5, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL)"
    )
    connection.commit()
    connection.close()
    line = line_of(ENTRY).replace(
        r", \"end_turn\", \"{\\\"tools\\\":[\\\"ab:5\\\"]}\", \"\", null, null, \"a.py:7 f\"]", "]"
    )
    assert "end_turn" not in line
    path.with_name(f"{path.name}.1-0000-aa{SUFFIX}").write_text(line)
    assert [(1, None, None)] == [(call.id, call.site, call.answer.failure) for call in Follower(path).newer()]
    ledger = copied(path)
    found = {call.id: (call.answer.usage.input_tokens, call.answer.stop_reason) for call in ledger.calls()}
    ledger.close()
    assert found == {9: (5, None), 1: (7, None)}
