import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_claude_budget.cap import one_at_a_time
from pytest_claude_budget.cap.mapped_cap import MappedCap
from pytest_claude_budget.cap.one_at_a_time import OneAtATime
from pytest_claude_budget.cap.store import Charged, Claim, Reservation, UnavailableError


def doing(work: Callable[[list[str]], None]) -> None:
    work([])


def test_a_thread_that_keeps_it_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_at_a_time, "PATIENCE", 0.01)
    turn: OneAtATime[list[str]] = OneAtATime()
    held, done = threading.Event(), threading.Event()

    def hold(_: list[str]) -> None:
        held.set()
        done.wait(60)

    other = threading.Thread(target=turn.now, args=(doing, hold))
    other.start()
    held.wait(60)
    with pytest.raises(UnavailableError, match="another thread has held the cap for 60 seconds"):
        turn.now(doing, lambda _: None)
    done.set()
    other.join()
    turn.now(doing, lambda _: None)


def test_a_call_that_is_begun_amid_another_is_told_rather_than_stuck() -> None:
    turn: OneAtATime[list[str]] = OneAtATime()

    def work(_: list[str]) -> None:
        turn.now(doing, lambda _: None)

    with pytest.raises(UnavailableError):
        turn.now(doing, work)
    turn.now(doing, lambda _: None)


def test_what_came_too_late_for_a_turn_is_done_when_the_store_is_closed(tmp_path: Path) -> None:
    cap = MappedCap(tmp_path / "run.cap")
    made = cap.reserve([Claim(account="run", amount=9, most=10)])
    assert isinstance(made, Reservation)
    cap._turn.is_amid = True  # a work that has looked already at what waits
    cap.settle(made, cost=4)
    cap._turn.is_amid = False
    cap.close()
    assert MappedCap(tmp_path / "run.cap").charged("run") == Charged(spent=4)


def test_a_finalizer_that_comes_as_the_lock_is_taken_does_not_wait_for_itself(tmp_path: Path) -> None:
    cap = MappedCap(tmp_path / "run.cap")
    made = cap.reserve([Claim(account="run", amount=9, most=10)])
    assert isinstance(made, Reservation)
    with cap._turn.lock:  # and nothing is begun yet
        cap.settle(made, cost=4)
        assert cap.charged("run") == Charged(spent=4)
    cap.close()
