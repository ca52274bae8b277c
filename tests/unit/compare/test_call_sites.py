"""Which code a change comes from."""

from dataclasses import replace
from decimal import Decimal

from pytest_claude_budget.compare.lock_update import stale, update
from pytest_claude_budget.compare.result import Comparison
from pytest_claude_budget.record.lock_text import lock_text
from pytest_claude_budget.record.record import OwnerRecord, Record, Samples, Sites
from pytest_claude_budget.record.selection import Selection
from tests.builders.records import HAIKU, group, owner, record, usage
from tests.unit.compare.test_compare import compared, row

REPLY, ASK, OLD = "helpdesk/replies.py Desk.reply", "helpdesk/ask.py ask", "helpdesk/old.py old"
LINES = {("helpdesk/replies.py", "Desk.reply"): 42, ("helpdesk/ask.py", "ask"): 7}


def asks(name: str, *calls: tuple[int, Sites]) -> OwnerRecord:
    """Calls of Haiku, $1 a million: thousands of tokens, and whose."""
    groups = (
        group(
            usage(1000 * thousands),
            HAIKU,
            calls=sum(count for _, count in sites) or 1,
            sites=sites,
            request=f'{{"messages":"{at}:9"}}',
        )
        for at, (thousands, sites) in enumerate(calls)
    )
    return owner(name, *groups)


def moved(before: Record, after: Record) -> dict[str, tuple[int | None, Decimal, int]]:
    """Line, dollars and owners by function."""
    found: Comparison = compared(before, after, lines=LINES)
    return {each.function: (each.line, each.change, each.owners) for each in found.by_site}


def test_the_change_of_each_function_is_the_sum_over_its_tests() -> None:
    """reply: 10 to 25 and 10 to 22 thousand tokens; ask: 5 to 4. Of tests that came or stayed as they were, nothing."""
    before = record(
        asks("a", (10, ((REPLY, 1),)), (5, ((ASK, 1),))), asks("b", (10, ((REPLY, 1),))), asks("c", (3, ((ASK, 1),)))
    )
    after = record(
        asks("a", (25, ((REPLY, 1),)), (4, ((ASK, 1),))),
        asks("b", (22, ((REPLY, 1),))),
        asks("c", (3, ((ASK, 1),))),
        asks("new", (9, ((REPLY, 1),))),
    )
    assert {"Desk.reply": (42, Decimal("0.027"), 2), "ask": (7, Decimal("-0.001"), 1)} == moved(before, after)
    site = row(compared(before, after, lines=LINES), "a").site
    assert site is not None
    assert ("Desk.reply", 42, Decimal("0.015")) == (site.function, site.line, site.change)
    assert row(compared(before, after), "c").site is None


def test_calls_of_several_functions_share_a_group_by_their_numbers() -> None:
    """9 thousand by 1 and 2 of 3 answers are 3 and 6; before, all 3 thousand were of one."""
    before = record(asks("a", (3, ((REPLY, 1),))))
    after = record(asks("a", (9, ((ASK, 1), (REPLY, 2)))))
    assert {"ask": (7, Decimal("0.003"), 1), "Desk.reply": (42, Decimal("0.003"), 1)} == moved(before, after)


def test_a_function_with_another_name_is_the_same() -> None:
    before, after = record(asks("a", (3, ((OLD, 1),)))), record(asks("a", (5, ((ASK, 1),))))
    assert {"ask": (7, Decimal("0.002"), 1)} == moved(before, after)


def test_an_older_baseline_tells_no_functions() -> None:
    """Where all calls of a test are of one now, the change is that one's; where they are of several, nobody knows."""
    before = record(asks("a", (3, ())), asks("b", (3, ()), (1, ())))
    after = record(asks("a", (5, ((ASK, 1),))), asks("b", (5, ((ASK, 1),)), (1, ((REPLY, 1),))))
    assert {"ask": (7, Decimal("0.002"), 1)} == moved(before, after)
    assert {} == moved(after, before)


def test_noise_is_of_no_function() -> None:
    """Three live runs had outputs of 100, 200 and 300 tokens, and this one has 210."""
    then = group(
        usage(1000, 200),
        HAIKU,
        live=1,
        sites=((ASK, 1),),
        request="r",
        samples=Samples(count=3, total=600, squares=140_000),
    )
    now = replace(then, usage=usage(1000, 210), samples=None)
    assert {} == moved(record(owner("a", then)), record(owner("a", now)))


def test_what_code_calls_is_no_reason_to_change_a_lock_file() -> None:
    """Another function, or a lock file of an older version, is neither stale nor written anew; a change of the cost is."""
    for sites in ((), ((OLD, 1),)):
        lock, run = record(asks("a", (3, sites))), record(asks("a", (3, ((ASK, 1),))))
        assert [] == stale(lock, run, Selection())
        assert lock_text(lock) == lock_text(update(lock, run, Selection()).record)
        dearer = update(lock, record(asks("a", (4, ((ASK, 1),)))), Selection())
        assert (("a",), ((ASK, 1),)) == (dearer.changed, dearer.record.owners["a"].groups[0].sites)
