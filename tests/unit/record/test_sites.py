"""Sums by line of code and by stack."""

from decimal import Decimal

import pytest

from pytest_claude_budget.record import sites
from pytest_claude_budget.record.sites import (
    SiteBook,
    SiteTotals,
    StackTotals,
    frames_of,
    joined_sites,
    stacks_in_order,
)
from pytest_claude_budget.record.totals import Totals

REPLY, ASK = ("helpdesk/replies.py", "reply", 42), ("helpdesk/ask.py", "ask", 7)
ONE, TWO = ("tests/test_a.py", "test_one", 3), ("tests/test_a.py", "test_two", 9)


def cost(cents: int, *, calls: int = 1, unknown: int = 0) -> Totals:
    return Totals(calls=calls, attempts=calls, cost=Decimal(cents) / 100, unknown=unknown)


def test_frames_are_read_as_the_ledger_has_them() -> None:
    """A file may hold colons and spaces; what is no frame is left out."""
    assert (("a b:c.py", "A.<locals>.f", 12), ONE) == frames_of("a b:c.py:12 A.<locals>.f\ntests/test_a.py:3 test_one")
    assert () == frames_of("of no frame")


def test_a_line_costs_what_all_stacks_above_it_cost() -> None:
    """1 + 2 cents at one line, of two tests, one of them in two stacks; 4 cents, at least, of a fixture at another."""
    book = SiteBook()
    for name, kind, stack, totals in (
        ("one", "test", (REPLY, ONE), cost(1)),
        ("two", "test", (REPLY, TWO), cost(1)),
        ("two", "test", (REPLY, ASK, TWO), cost(1)),
        ("corpus", "fixture", (ASK,), cost(4, calls=2, unknown=1)),
        ("one", "test", (ASK, ONE), Totals(attempts=1)),
        ("one", "test", (ONE,), Totals(free=1)),
    ):
        book.enter("\n".join(f"{file}:{line} {function}" for file, function, line in stack), name, kind, totals)
    assert [(ASK, 1, 3, True), (REPLY, 2, 3, False)] == [
        (row.site, row.tests, row.totals.attempts, row.totals.at_least) for row in book.by_site()
    ]
    assert [
        ((ASK,), 2, Decimal("0.04"), True),
        ((REPLY, ASK, TWO), 1, Decimal("0.01"), False),
        ((REPLY, ONE), 1, Decimal("0.01"), False),
        ((REPLY, TWO), 1, Decimal("0.01"), False),
    ] == [(row.frames, row.calls, row.cost, row.at_least) for row in book.stacks()]


def test_what_is_beyond_the_most_stacks_is_added_to_their_site(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of four, two stay: 5 and 4 cents; 3 + 2 at one site are 5."""
    monkeypatch.setattr(sites, "MOST_STACKS", 2)
    rows = [
        StackTotals(frames=(site, above), calls=1, cost=Decimal(cents))
        for site, above, cents in ((REPLY, ONE, 2), (REPLY, TWO, 3), (ASK, ONE, 4), (ASK, TWO, 5))
    ]
    assert [((ASK, TWO), 5), ((REPLY,), 5), ((ASK, ONE), 4)] == [
        (row.frames, row.cost) for row in stacks_in_order(rows)
    ]


def test_rows_of_shards_are_added() -> None:
    rows = [
        SiteTotals(site=site, tests=tests, totals=cost(tests)) for site, tests in ((REPLY, 2), (ASK, 4), (REPLY, 3))
    ]
    assert [(REPLY, 5, Decimal("0.05")), (ASK, 4, Decimal("0.04"))] == [
        (row.site, row.tests, row.totals.cost) for row in joined_sites(rows)
    ]
