"""One bill for a batch, however often and by whomever it was read."""

import itertools
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_budget.calls.batch_billing import settle as settling
from pytest_claude_budget.calls.call import Answer, Call, Labels, Origin, Owner, Status, Usage

NUMBERS = itertools.count(1)
NEVER_READ = "a batch was created and its results were not read"
IN_PART = "the results of a batch were read in part"


def settle(calls: Iterable[Call]) -> list[Call]:
    """All rows at once."""
    return list(settling(calls))


def call(who: str, answer: Answer, *, phase: str = "call", feature: str | None = None) -> Call:
    """A call of a test; each has a number and a second of its own."""
    number = next(NUMBERS)
    owner = Owner(id=who, kind="test", phase=phase)
    return Call(
        id=number, at=float(number), answer=answer, owner=owner, labels=Labels(feature=feature), origin=Origin.LIVE
    )


def message(who: str) -> Call:
    return call(who, Answer(status=Status.MEASURED, endpoint="messages", usage=Usage(input_tokens=1)))


def created(who: str, batch: str | None = "b1", *, feature: str | None = None) -> Call:
    answer = Answer(status=Status.FREE, endpoint="batch_create", batch=True, batch_id=batch)
    return call(who, answer, feature=feature)


def item(who: str, name: str | None, *, batch: str = "b1", status: Status = Status.MEASURED, tokens: int = 10) -> Call:
    answer = Answer(status=status, endpoint="batch_result", batch=True, batch_id=batch, item_id=name)
    return call(who, replace(answer, usage=Usage(input_tokens=tokens)), feature=who)


def ended(who: str, *, complete: bool = True, batch: str = "b1") -> Call:
    status, reason = (Status.FREE, None) if complete else (Status.UNMEASURED, IN_PART)
    answer = Answer(status=status, endpoint="batch_read", batch=True, batch_id=batch, reason=reason)
    return call(who, answer, feature=who)


def told(calls: Iterable[Call]) -> list[tuple[str, str, str | None, str | None]]:
    """Who pays for what, in one order: owner, status, item and reason."""
    settled = settle(calls)
    return sorted(
        ((one.owner.id, one.answer.status.value, one.answer.item_id, one.answer.reason) for one in settled), key=str
    )


FREE = Status.FREE.value
FAILED = Status.FAILED.value
MEASURED = Status.MEASURED.value
UNMEASURED = Status.UNMEASURED.value


def test_calls_of_no_batch_pass_as_they_are() -> None:
    """In their order, doubles included."""
    calls = [message("b"), message("a"), message("b")]
    assert settle([*calls, calls[0]]) == [*calls, calls[0]]
    assert settle([]) == []


def test_a_batch_read_twice_is_one_bill() -> None:
    """By the same test, all of it."""
    reading = [item("t", "1"), item("t", "2"), ended("t")]
    assert told([created("t"), *reading, item("t", "1"), item("t", "2"), ended("t")]) == [
        ("t", FREE, None, None),
        ("t", MEASURED, "1", None),
        ("t", MEASURED, "2", None),
    ]
    assert settle(reading) == reading[:2]


def test_the_creator_pays_for_what_another_test_reads() -> None:
    """With its own labels; what was read when, and where, stays."""
    first = item("a_reader", "1")
    creation = created("z_creator", feature="triage")
    settled = settle([creation, first, ended("a_reader")])
    assert settled == [creation, replace(first, owner=creation.owner, labels=Labels(feature="triage"))]


def test_without_a_creator_the_first_reader_by_name_pays() -> None:
    """Not the first by time, which random order and workers change."""
    calls = [item("b", "1"), item("b", "2"), ended("b"), item("a", "1"), item("a", "2"), ended("a")]
    assert told(calls) == [("a", MEASURED, "1", None), ("a", MEASURED, "2", None)]


def test_an_item_that_only_one_test_read_is_paid_by_that_test() -> None:
    """`a` left after the first item; `b` read all, so nothing is outstanding."""
    calls = [item("a", "1"), ended("a", complete=False), item("b", "1"), item("b", "2"), ended("b")]
    assert told(calls) == [("a", MEASURED, "1", None), ("b", MEASURED, "2", None)]


def test_results_read_in_part_leave_the_rest_unmeasured() -> None:
    """The creator pays for the items, and its run is incomplete."""
    calls = [created("creator"), item("reader", "1"), ended("reader", complete=False)]
    assert told(calls) == [
        ("creator", FREE, None, None),
        ("creator", MEASURED, "1", None),
        ("creator", UNMEASURED, None, IN_PART),
    ]


def test_a_part_read_by_many_is_outstanding_once() -> None:
    """Charged to the first reader by name where nobody created it."""
    calls = [item("b", "1"), ended("b", complete=False), ended("a", complete=False), ended("c", complete=False)]
    assert told(calls) == [("a", UNMEASURED, None, IN_PART), ("b", MEASURED, "1", None)]


def test_one_whole_reading_settles_the_parts() -> None:
    """Whoever it was that read to the end."""
    calls = [created("c"), ended("a", complete=False), item("b", "1"), ended("b"), ended("d", complete=False)]
    assert told(calls) == [("c", FREE, None, None), ("c", MEASURED, "1", None)]


def test_a_batch_that_nobody_read_is_unmeasured() -> None:
    """It will be billed."""
    creation = created("t", feature="triage")
    answer = replace(creation.answer, status=Status.UNMEASURED, reason=NEVER_READ)
    assert settle([creation]) == [replace(creation, answer=answer)]


def test_a_made_up_batch_that_nobody_read_is_free() -> None:
    """A double never bills: the row stays, with a note."""
    creation = replace(created("t"), origin=Origin.SIMULATED)
    note = f"{NEVER_READ}: they are not in the cost"
    assert settle([creation]) == [replace(creation, answer=replace(creation.answer, notes=(note,)))]


def test_a_made_up_batch_that_was_read_in_part_is_unmeasured() -> None:
    """Its items have a list price, and how many there are is not known."""
    creation = replace(created("t"), origin=Origin.SIMULATED)
    part = replace(ended("t", complete=False), origin=Origin.SIMULATED)
    assert told([creation, part]) == [("t", FREE, None, None), ("t", UNMEASURED, None, IN_PART)]


def test_an_empty_batch_that_was_read_costs_nothing() -> None:
    """Read to its end, without an item."""
    creation = created("t")
    assert settle([creation, ended("t")]) == [creation]


def test_the_first_of_two_creators_by_name_pays_for_a_third_reader() -> None:
    """A replayed cassette gives two tests the same batch id; the other one's batch was not read."""
    first, second, only = created("b", feature="y"), created("a", feature="x"), item("c", "1")
    settled = settle([first, second, only, ended("c")])
    assert settled[:2] == [second, replace(only, owner=second.owner, labels=Labels(feature="x"))]
    assert told(settled[2:]) == [("b", UNMEASURED, None, NEVER_READ)]


def test_each_creation_under_one_id_is_a_batch_of_its_own() -> None:
    """A double gives every batch the same id; the API never does, and would have billed each."""
    calls = [row for who in "ab" for row in (created(who), item(who, "1"), item(who, "1"), ended(who))]
    assert told(calls) == [
        (who, status, name, None) for who in "ab" for status, name in ((FREE, None), (MEASURED, "1"))
    ]


def test_one_test_that_creates_twice_reads_what_it_created_last() -> None:
    """In the order of time, whatever the order of rows."""
    calls = [row for _ in range(2) for row in (created("t"), item("t", "1"), ended("t"))]
    for order in (calls, calls[::-1]):
        assert told(order) == [("t", FREE, None, None)] * 2 + [("t", MEASURED, "1", None)] * 2
    unread = [created("t"), created("t"), item("t", "1"), ended("t")]
    assert told(unread)[-1] == ("t", UNMEASURED, None, NEVER_READ)


def test_a_fixture_of_each_worker_creates_a_batch_of_its_own() -> None:
    """What another test of that worker reads is the batch of its own worker, whichever was created last."""
    workers = ("gw0", "gw1")
    creations = [replace(created("f"), process=worker) for worker in workers]
    reads = [replace(row, process=worker) for worker in workers for row in (item(worker, "1"), ended(worker))]
    assert told([*creations, *reads]) == [("f", FREE, None, None)] * 2 + [("f", MEASURED, "1", None)] * 2


def test_each_of_two_creators_has_a_batch_that_nobody_read() -> None:
    """Rather one too many than none."""
    assert told([created("b"), created("a")]) == [
        ("a", UNMEASURED, None, NEVER_READ),
        ("b", UNMEASURED, None, NEVER_READ),
    ]


def test_batches_are_settled_each_by_itself() -> None:
    """The same custom_id in two batches is two items."""
    calls = [created("t"), created("u", "b2"), item("t", "1"), ended("t"), item("u", "1", batch="b2")]
    assert told([*calls, ended("u", batch="b2")]) == [
        ("t", FREE, None, None),
        ("t", MEASURED, "1", None),
        ("u", FREE, None, None),
        ("u", MEASURED, "1", None),
    ]


def test_a_creation_whose_id_is_unknown_stays_as_it_is() -> None:
    """Unmeasured, and nobody's to read; two of them are two."""
    answer = Answer(status=Status.UNMEASURED, endpoint="batch_create", reason="no id")
    calls = [call("a", answer), call("a", answer)]
    assert settle(calls) == calls


def test_an_item_without_an_identity_is_never_merged() -> None:
    """Rather too much than too little."""
    assert told([item("a", None), item("a", None), ended("a")]) == [("a", MEASURED, None, None)] * 2


def test_a_measured_reading_goes_before_one_that_was_not() -> None:
    """Though its reader's name comes later."""
    for other in (Status.UNMEASURED, Status.AT_LEAST, Status.FAILED):
        calls = [item("a", "1", status=other), item("b", "1"), ended("b")]
        assert told(calls) == [("b", MEASURED, "1", None)]


def test_failed_items_stay_recorded_for_the_creator() -> None:
    """Not billed, but seen; once, though read twice."""
    calls = [created("t"), item("r", "1", status=Status.FAILED), item("s", "1", status=Status.FAILED), ended("s")]
    assert told(calls) == [("t", FAILED, "1", None), ("t", FREE, None, None)]


@pytest.mark.parametrize("known", [True, False])
def test_of_two_readings_by_one_test_the_earlier_is_the_bill(known: bool) -> None:
    """Also when the ledger hands them over in another order: which day's rates hold must not depend on that."""
    early, late = item("t", "1", tokens=10), item("t", "1", tokens=20)
    creators = [created("c")] if known else []
    for calls in ([early, late], [late, early]):
        settled = settle([*creators, *calls, ended("t")])[-1]
        assert (settled.id, settled.at, settled.answer) == (early.id, early.at, early.answer)


MIXED = [
    message("a"),
    created("b"),
    created("a", feature="one"),
    created("a", feature="two"),
    item("c", "1"),
    item("c", "1", tokens=30),
    item("b", "1", status=Status.UNMEASURED),
    item("b", "2", status=Status.UNMEASURED),
    item("c", "2", status=Status.FAILED),
    ended("c", complete=False),
    ended("c", complete=False),
    ended("b", complete=False),
    created("d", "b2"),
    created("d", "b2"),
    item("e", "1", batch="b3"),
    item("d", "1", batch="b3"),
    item("d", "1", batch="b3"),
    ended("e", batch="b3"),
    item("e", "1", batch="b4", status=Status.FAILED),
    item("e", "1", batch="b4", status=Status.AT_LEAST),
    ended("e", complete=False, batch="b4"),
    ended("e", complete=False, batch="b4"),
]


@given(st.permutations(MIXED))
def test_the_order_of_calls_never_matters(calls: list[Call]) -> None:
    """Workers and random order move no money: the very same calls are settled, with the same owners and days."""
    assert sorted(settle(calls), key=repr) == sorted(settle(MIXED), key=repr)


def test_a_batchs_answers_belong_to_the_request_that_created_it() -> None:
    """Also the row for those that were not read."""
    creation = created("maker")
    creation = replace(creation, answer=replace(creation.answer, request='{"messages":"0123456789:5"}'))
    for complete in (True, False):
        settled = settle([creation, item("reader", "1"), ended("reader", complete=complete)])
        billed = [one for one in settled if one.answer.endpoint != "batch_create"]
        assert {(one.owner.id, one.answer.request) for one in billed} == {("maker", '{"messages":"0123456789:5"}')}
