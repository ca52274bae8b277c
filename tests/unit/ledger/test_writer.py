"""The writer's thread: whoever comes while it starts, and whatever is left when it stops, has its work done."""

import asyncio
import sys
import threading
from typing import Any

import pytest
import trio

from pytest_claude_budget.ledger import writer_thread as module
from pytest_claude_budget.ledger.writer_thread import Writer

HANG_SECONDS = 60


def test_work_that_comes_while_the_thread_starts_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread submits at the very moment at which the first one has not finished starting the writer."""
    writer, done = Writer(), threading.Event()
    real = threading.Thread

    class Starting(real):  # type: ignore[misc, valid-type]  # a class is what stands there
        def start(self) -> None:
            monkeypatch.setattr(module, "Thread", real)
            other = real(target=lambda: writer.submit(done.set))
            other.start()
            other.join(HANG_SECONDS)
            super().start()

    monkeypatch.setattr(module, "Thread", Starting)
    own = threading.Event()
    writer.submit(own.set)
    assert done.wait(HANG_SECONDS)
    assert own.wait(HANG_SECONDS)
    writer.stop()


def test_everything_submitted_is_done_when_the_writer_has_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what went to a thread that another start, at the same time, put aside."""
    writer, done, started, joined = Writer(), [], threading.Event(), threading.Event()
    real = threading.Thread

    class Starting(real):  # type: ignore[misc, valid-type]  # as above
        def start(self) -> None:
            monkeypatch.setattr(module, "Thread", Joining)
            other = real(target=lambda: writer.submit(until_it_is_waited_for))
            other.start()
            other.join(HANG_SECONDS)
            super().start()

    class Joining(real):  # type: ignore[misc, valid-type]  # as above
        def join(self, timeout: float | None = None) -> None:
            joined.set()
            super().join(timeout)

    def until_it_is_waited_for() -> None:
        started.set()
        if joined.wait(1):
            done.append("aside")

    monkeypatch.setattr(module, "Thread", Starting)
    writer.submit(lambda: done.append("own"))
    assert started.wait(HANG_SECONDS)
    writer.stop()
    assert sorted(done) == ["aside", "own"]


def test_many_threads_that_come_first_at_once_lose_nothing() -> None:
    """Whoever is switched to in the middle."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(50):
            assert _all_at_once(8) == list(range(8))
    finally:
        sys.setswitchinterval(interval)


def _all_at_once(count: int) -> list[int]:
    writer, done, together = Writer(), [], threading.Barrier(count)

    def submit(number: int) -> None:
        together.wait(HANG_SECONDS)
        writer.submit(lambda: done.append(number))

    threads: list[Any] = [threading.Thread(target=submit, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANG_SECONDS)
    writer.stop()
    return sorted(done)


def test_a_coroutine_finds_quick_work_done_and_awaits_slow_work() -> None:
    """On either event loop the thread stands still for a moment only; without a loop the work is done on the spot."""
    writer = Writer()

    async def on_a_loop() -> None:
        done: list[str] = []
        for _ in range(2):  # the first has to start the thread
            rest = writer.run(lambda: done.append("quick"))
            if rest is not None:
                await rest
        gate = threading.Event()
        rest = writer.run(lambda: done.append("slow") if gate.wait(HANG_SECONDS) else None)
        assert rest is not None
        assert done == ["quick", "quick"]
        gate.set()
        await rest
        assert done == ["quick", "quick", "slow"]

    asyncio.run(on_a_loop())
    trio.run(on_a_loop)
    threads: list[int] = []
    assert writer.run(lambda: threads.append(threading.get_ident())) is None
    assert threads == [threading.get_ident()]
    writer.stop()


@pytest.mark.parametrize("run", [lambda main: asyncio.run(main()), trio.run], ids=["asyncio", "trio"])
def test_work_that_ends_just_as_its_caller_goes_to_wait_is_not_waited_for(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer may have told nobody, since nobody had asked yet."""
    writer, ended = Writer(), threading.Event()

    def impatient(job: module.Job, seconds: float) -> bool:
        assert ended.wait(HANG_SECONDS)
        while not job.is_over:
            pass
        return False

    monkeypatch.setattr(module.Job, "wait", impatient)

    async def main() -> None:
        assert writer.run(ended.set) is None

    run(main)
    writer.stop()


def test_work_that_fails_ends_all_the_same() -> None:
    """Nobody is left waiting."""
    writer = Writer()
    assert writer.submit(lambda: 1 / 0).wait(HANG_SECONDS)  # type: ignore[arg-type]  # it returns nothing
    writer.stop()
