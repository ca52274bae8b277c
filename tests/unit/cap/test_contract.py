"""What every store of a cap promises. Each test runs on each store."""

import asyncio
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_claude_budget.cap.one_at_a_time import OneAtATime
from pytest_claude_budget.cap.store import (
    MOST,
    Cap,
    Charged,
    Claim,
    Refused,
    Reservation,
    Unit,
    dollars_of,
    most_nano_dollars,
    nano_dollars,
)
from tests.unit.cap.crowd import worker

fresh = itertools.count()


def run_claim(amount: int, most: int = 100) -> Claim:
    return Claim(account="run", amount=amount, most=most)


def reserved(cap: Cap, *claims: Claim) -> Reservation:
    made = cap.reserve(claims)
    assert isinstance(made, Reservation)
    return made


def test_what_is_reserved_is_charged_until_it_is_settled(cap: Cap) -> None:
    reservation = reserved(cap, run_claim(60))
    assert cap.charged("run") == Charged(spent=0, reserved=60)
    cap.settle(reservation, cost=25)
    assert cap.charged("run") == Charged(spent=25, reserved=0)


def test_what_equals_the_cap_still_fits(cap: Cap) -> None:
    reserved(cap, run_claim(40))
    reserved(cap, run_claim(60))


def test_what_could_pass_the_cap_is_refused_with_what_was_left(cap: Cap) -> None:
    cap.settle(reserved(cap, run_claim(30)), cost=30)
    reserved(cap, run_claim(50))
    refused = cap.reserve([run_claim(21)])
    assert refused == Refused(claim=run_claim(21), charged=Charged(spent=30, reserved=50))
    assert cap.charged("run") == Charged(spent=30, reserved=50)


def test_a_refusal_says_whether_it_could_fit_once_others_are_settled(cap: Cap) -> None:
    cap.settle(reserved(cap, run_claim(30)), cost=30)
    reserved(cap, run_claim(50))
    fits_later = {amount: cap.reserve([run_claim(amount)]) for amount in (70, 71)}
    assert {70: True, 71: False} == {
        amount: made.fits_later for amount, made in fits_later.items() if isinstance(made, Refused)
    }


def test_several_accounts_are_charged_at_once_or_not_at_all(cap: Cap) -> None:
    test_claim = Claim(account="test a", amount=10, most=10)
    reserved(cap, run_claim(10), test_claim)
    refused = cap.reserve([run_claim(10), test_claim])
    assert isinstance(refused, Refused)
    assert refused.claim == test_claim
    assert cap.charged("run") == cap.charged("test a") == Charged(reserved=10)


def test_calls_are_counted_beside_costs(cap: Cap) -> None:
    calls = Claim(account="test a calls", unit=Unit.CALLS, amount=1, most=2)
    cap.settle(reserved(cap, run_claim(10), calls), cost=7)
    failed = reserved(cap, run_claim(10), calls)
    cap.settle(failed, cost=0, calls=0)
    assert cap.charged("test a calls") == Charged(spent=1)
    reserved(cap, run_claim(10), calls)
    assert isinstance(cap.reserve([run_claim(10), calls]), Refused)


def test_an_answer_dearer_than_its_bound_is_charged_in_full(cap: Cap) -> None:
    cap.settle(reserved(cap, run_claim(10)), cost=150)
    assert cap.charged("run") == Charged(spent=150)
    assert isinstance(cap.reserve([run_claim(0)]), Refused)


def test_settling_twice_charges_once(cap: Cap) -> None:
    one, _ = reserved(cap, run_claim(10)), reserved(cap, run_claim(10))
    for _ in range(2):
        cap.settle(one, cost=4)
    assert cap.charged("run") == Charged(spent=4, reserved=10)


def test_two_threads_that_settle_at_once_charge_once(cap: Cap, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second thread begins as the first looks whether it is settled, and the first goes on as the second waits or has ended."""
    made, _ = reserved(cap, run_claim(10)), reserved(cap, run_claim(10))
    goes_on, others = threading.Event(), list[threading.Thread]()
    own, waiting = threading.get_ident(), OneAtATime.wait

    def settle_too() -> None:
        try:
            cap.settle(looked_at, cost=4)
        finally:
            goes_on.set()

    class LookedAt(Reservation):
        @property
        def settled(self) -> bool:  # type: ignore[override]
            was = made.settled
            if not others:
                others.append(threading.Thread(target=settle_too))
                others[0].start()
                goes_on.wait()
            return was

        @settled.setter
        def settled(self, settled: bool) -> None:
            made.settled = settled

    def wait(turn: OneAtATime[object]) -> None:
        if threading.get_ident() != own:
            goes_on.set()
        waiting(turn)

    monkeypatch.setattr(OneAtATime, "wait", wait)
    looked_at = LookedAt(made.claims, made.hold)
    cap.settle(looked_at, cost=4)
    others[0].join()
    assert cap.charged("run") == Charged(spent=4, reserved=10)


def test_a_child_settles_nothing_that_its_parent_has_reserved(where: tuple[str, str]) -> None:
    """Both may read one answer to its end, and what is given back twice would be another's. Two of 700, and one of its own that costs 1."""
    process = worker("settle_in_a_child", *where)
    told, _ = process.communicate()
    assert [str(Charged(spent=1, reserved=1_400)), str(Charged(spent=3, reserved=700))] == told.splitlines()


def test_nobody_is_charged_before_a_claim(cap: Cap) -> None:
    assert cap.charged("run") == Charged()


@pytest.mark.parametrize("account", ["", "test tests/ü.py::test[\ud800-\0]", "x" * 100_000])
def test_any_name_is_an_account_of_its_own(cap: Cap, account: str) -> None:
    reserved(cap, Claim(account=account, amount=7, most=10))
    reserved(cap, run_claim(1))
    assert cap.charged(account) == Charged(reserved=7)


def test_figures_beyond_all_dollars_are_refused_or_held_at_the_most(cap: Cap) -> None:
    assert isinstance(cap.reserve([run_claim(MOST + 1, most=10 * MOST)]), Refused)
    one, other = reserved(cap, run_claim(1)), reserved(cap, run_claim(1))
    cap.settle(one, cost=10 * MOST)
    cap.settle(other, cost=MOST)
    assert cap.charged("run") == Charged(spent=MOST)


def test_two_that_open_it_share_it(opened: Callable[[], Cap]) -> None:
    one, other = opened(), opened()
    reservation = reserved(one, run_claim(60))
    assert isinstance(other.reserve([run_claim(41)]), Refused)
    one.settle(reservation, cost=10)
    reserved(other, run_claim(41))
    assert one.charged("run") == other.charged("run") == Charged(spent=10, reserved=41)


def test_what_is_reserved_stays_charged_when_its_holder_goes(opened: Callable[[], Cap]) -> None:
    one = opened()
    reserved(one, run_claim(60))
    one.close()
    assert opened().charged("run") == Charged(reserved=60)


def test_threads_never_pass_it(cap: Cap) -> None:
    """8 threads ask for 100 calls of 7 each under a cap of 3,500: 500 of the 800 fit, exactly."""

    def work(_: int) -> int:
        made = [cap.reserve([run_claim(7, most=3_500)]) for _ in range(100)]
        return sum(isinstance(each, Reservation) for each in made)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == 500
    assert cap.charged("run") == Charged(reserved=3_500)


def test_tasks_never_pass_it(cap: Cap) -> None:
    """Each of 50 tasks holds 10 of a cap of 100 over an await, so that at most 10 hold at a time."""
    most_at_once = at_once = 0

    async def call() -> None:
        nonlocal most_at_once, at_once
        while isinstance(made := cap.reserve([run_claim(10)]), Refused):  # noqa: ASYNC110  # tasks of this loop settle
            await asyncio.sleep(0)
        at_once += 1
        most_at_once = max(most_at_once, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        cap.settle(made, cost=0)

    async def all_calls() -> None:
        await asyncio.gather(*(call() for _ in range(50)))

    asyncio.run(all_calls())
    assert most_at_once == 10
    assert cap.charged("run") == Charged()


def test_a_stream_that_is_collected_amid_a_reservation_is_settled(cap: Cap) -> None:
    """Python runs finalizers wherever it likes, in the middle of our own work too."""
    first = reserved(cap, run_claim(10))

    class Settling(tuple[Claim, ...]):
        __slots__ = ()

        def __iter__(self):  # type: ignore[no-untyped-def]
            cap.settle(first, cost=3)
            return super().__iter__()

    assert isinstance(cap.reserve(Settling((run_claim(20),))), Reservation)
    assert cap.charged("run") == Charged(spent=3, reserved=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(calls=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.booleans()), max_size=20))
def test_spent_is_never_over_the_cap_where_answers_keep_their_bounds(
    cap: Cap, calls: list[tuple[int, int, bool]]
) -> None:
    account, spent, held = f"run {next(fresh)}", 0, 0
    for bound, cost, settle in calls:
        made = cap.reserve([Claim(account=account, amount=bound, most=100)])
        assert isinstance(made, Refused) == (spent + held + bound > 100)
        if isinstance(made, Refused):
            continue
        if settle:
            cap.settle(made, cost=min(cost, bound))
            spent += min(cost, bound)
        else:
            held += bound
    assert cap.charged(account) == Charged(spent=spent, reserved=held)


@pytest.mark.parametrize(
    ("amount", "nano"),
    [("0", 0), ("0.000000001", 1), ("0.0000000001", 1), ("5", 5_000_000_000), ("0.0123456789", 12_345_679)],
)
def test_dollars_are_rounded_up(amount: str, nano: int) -> None:
    assert nano == nano_dollars(Decimal(amount))


@pytest.mark.parametrize(
    ("amount", "nano"), [("0.0000000019", 1), ("0.0000000009", 0), ("5", 5_000_000_000), ("1E+30", MOST)]
)
def test_what_may_be_charged_is_rounded_down(amount: str, nano: int) -> None:
    assert nano == most_nano_dollars(Decimal(amount))


def test_dollars_without_end_are_the_most() -> None:
    assert nano_dollars(Decimal("1E+30")) == MOST


def test_nano_dollars_are_shown_exactly() -> None:
    assert dollars_of(12_345_679) == Decimal("0.012345679")
