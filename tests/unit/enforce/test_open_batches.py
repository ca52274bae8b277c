"""A batch is settled once the answers of all its requests were read, each counted once."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from pytest_claude_budget.calls.alike import Alike
from pytest_claude_budget.calls.call import Answer, Status
from pytest_claude_budget.cap.store import Claim, Reservation
from pytest_claude_budget.enforce import open_batches
from pytest_claude_budget.enforce.open_batches import OpenBatches
from tests.builders.held_up import held_up

ITEM = Answer(status=Status.MEASURED, endpoint="batch_result", batch_id="b1", batch=True)
Ended = list[tuple[Reservation, int, int]]


def item(name: str, status: Status = Status.MEASURED, batch_id: str = "b1") -> Answer:
    return replace(ITEM, item_id=name, status=status, batch_id=batch_id)


def cost_of(answer: Answer) -> int | None:
    """7 each; nothing for what failed, and not known for what was not measured."""
    return {Status.MEASURED: 7, Status.FAILED: 0}.get(answer.status)


@pytest.fixture
def reservation() -> Reservation:
    return Reservation([Claim(account="run", amount=100, most=1_000)])


@pytest.fixture
def batches(reservation: Reservation) -> OpenBatches:
    """One of three requests."""
    batches = OpenBatches()
    batches.asked(reservation, 3)
    batches.created(reservation, "b1")
    return batches


def read(batches: OpenBatches, *items: Answer | Alike) -> Ended:
    return list(batches.read(items, cost_of))


def test_the_last_answer_settles_all(batches: OpenBatches, reservation: Reservation) -> None:
    """3 x 7, in two readings."""
    assert [] == read(batches, item("a"), item("b"))
    assert [(reservation, 21, 3)] == read(batches, item("a"), item("b"), item("c"))
    assert [] == read(batches, item("a"), item("b"), item("c"))


def test_what_was_cancelled_or_expired_costs_nothing_and_is_no_call(
    batches: OpenBatches, reservation: Reservation
) -> None:
    answers = item("a"), item("b", Status.FAILED), item("c", Status.FAILED)
    assert [(reservation, 7, 1)] == read(batches, *answers)


def test_answers_that_are_alike_are_counted_one_by_one(batches: OpenBatches, reservation: Reservation) -> None:
    rows = [f'["{name}",{count}]' for name, count in (("a", 1), ("b", 2), ("c", 3))]
    assert [(reservation, 21, 3)] == read(batches, Alike(answer=ITEM, columns=("output_tokens",), rows=rows))


@pytest.mark.parametrize(
    "last",
    [item("c", Status.UNMEASURED), item("a"), item("c", batch_id="b2"), replace(ITEM, item_id=None)],
    ids=["unknown", "again", "of another", "unnamed"],
)
def test_it_stays_charged_while_one_is_not_known(batches: OpenBatches, last: Answer) -> None:
    assert [] == read(batches, item("a"), item("b"), last)


def test_once_the_cost_of_one_is_not_known_none_settles_it(batches: OpenBatches) -> None:
    assert [] == read(batches, item("a", Status.UNMEASURED))
    assert [] == read(batches, item("a"), item("b"), item("c"))


def test_which_of_two_with_one_id_was_read_is_not_known(batches: OpenBatches) -> None:
    other = Reservation([])
    batches.asked(other, 3)
    batches.created(other, "b1")
    assert [] == read(batches, item("a"), item("b"), item("c"))


def test_a_batch_whose_requests_could_not_be_counted_stays_charged() -> None:
    batches = OpenBatches()
    batches.created(Reservation([]), "b1")
    assert [] == read(batches, item("a"))


@pytest.mark.parametrize("others", ["c", "bc", "abc"])
def test_two_threads_that_read_one_batch_settle_it_whole(reservation: Reservation, others: str) -> None:
    """One reads two or three of its items and is held up at each of its steps in turn, while the other one reads the rest or more."""
    mine = "abc" if others == "c" else "ab"
    at, goes_on = 0, True
    while goes_on:
        batches, ended = OpenBatches(), Ended()
        batches.asked(reservation, 3)
        batches.created(reservation, "b1")

        def reads(names: str, batches: OpenBatches = batches, ended: Ended = ended) -> None:
            for each in batches.read([item(name) for name in names], cost_of):
                ended.append(each)

        def other(reads: Callable[[str], None] = reads) -> None:
            thread = threading.Thread(target=reads, args=(others,))
            thread.start()
            thread.join()

        goes_on = held_up(open_batches, lambda reads=reads: reads(mine), at, other)  # type: ignore[misc]
        if not goes_on:
            other()
        assert {(reservation, 21, 3)} == set(ended), f"held up at step {at}"
        at += 1
    assert at > 50
