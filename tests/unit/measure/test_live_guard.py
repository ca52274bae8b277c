"""Parts of a test that may send so many calls, asked by several threads at once."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_claude_budget.intercept.guard import Leaving
from pytest_claude_budget.measure import live_guard
from pytest_claude_budget.measure.live_guard import LiveGuard, PartLimit, Refused, Rules
from pytest_claude_budget.wire.routes import Kind
from tests.builders.held_up import held_up

TEST = "test_a.py::test_it"
LEAVING = Leaving(
    url=SimpleNamespace(host="api.anthropic.com"),
    route=SimpleNamespace(kind=Kind.MESSAGES),
    body=b"{}",
    betas="",
    model="m",
)


def guard_of(*parts: PartLimit) -> LiveGuard:
    run: Any = SimpleNamespace(path="run.sqlite3", is_child=False, is_own_process=True, process="")
    run.owners = SimpleNamespace(marked={})
    run.guarded = lambda stage, work, *arguments: None
    guard = LiveGuard(run, Rules(), Refused)
    guard.parts.extend(parts)
    return guard


def ask(guard: LiveGuard, exchange: int) -> bool:
    """Was it let go?"""
    owner = SimpleNamespace(id=TEST, kind="test", phase="call")
    try:
        guard.ask((exchange, 0.0, SimpleNamespace(owner=owner), 0, None), LEAVING)
    except Refused:
        return False
    return True


def part(most: int) -> PartLimit:
    return PartLimit(TEST, most, "test_a.py:3", {})


def test_two_threads_send_no_more_than_a_part_allows() -> None:
    """Two of three are let go, at whichever step another thread asks; the first is held up, and the second and third are not."""
    at, goes_on = 0, True
    while goes_on:
        guard = guard_of(part(2))
        let_go: list[bool] = []

        def one(exchange: int, guard: LiveGuard = guard, let_go: list[bool] = let_go) -> None:
            let_go.append(ask(guard, exchange))

        def others(one: Callable[[int], None] = one) -> None:
            for exchange in (2, 3):
                thread = threading.Thread(target=one, args=(exchange,))
                thread.start()
                thread.join()

        goes_on = held_up(live_guard, lambda one=one: one(1), at, others)  # type: ignore[misc]
        if not goes_on:
            others()
        assert [False, True, True] == sorted(let_go), f"held up at step {at}"
        at += 1
    assert at > 50


@pytest.mark.parametrize("inner", [1, 3])
def test_what_one_part_refuses_is_counted_by_none(inner: int) -> None:
    """Parts lie in each other; a call that failed gives its room back."""
    outer, guard = part(2), guard_of()
    guard.parts += [outer, part(inner)]
    let_go = [ask(guard, exchange) for exchange in (1, 2, 3)]
    assert [True, inner > 1, False] == let_go
    guard.parts.pop()
    assert len(outer.asked) == min(2, inner)
    assert ask(guard, 4) == (inner == 1)
