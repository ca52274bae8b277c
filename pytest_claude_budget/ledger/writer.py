"""One thread that touches files for callers that must not: those on the thread of an event loop."""

import asyncio
import os
import queue
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

STOP_SECONDS = 30.0
"""How long the end of a run waits for the last writes."""

Work = Callable[[], None]
_Job = tuple[Work, Work | None] | None


class Writer:
    """Runs work in the order it came. Starts its thread with the first work, anew after a fork."""

    def __init__(self) -> None:
        self._pid = 0
        self._queue: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._started: list[tuple[int, threading.Thread, queue.SimpleQueue[_Job]]] = []
        """Every thread with its process and queue: two threads of the suite may both find none, and start one."""

    @property
    def busy(self) -> bool:
        """Was there ever work?"""
        return self._thread is not None

    def submit(self, work: Work, done: Work | None = None) -> None:
        """Do work soon, then call `done` on the writer's thread."""
        if self._pid != os.getpid():
            self._start()
        self._queue.put((work, done))

    async def run(self, work: Work) -> None:
        """Do work and come back when it is done, on whichever event loop this is."""
        loop = asyncio._get_running_loop()
        trio = sys.modules.get("trio")
        if loop is not None:
            await _on_asyncio(loop, lambda done: self.submit(work, done))
        elif trio is not None and trio.lowlevel.in_trio_run():
            await _on_trio(trio, lambda done: self.submit(work, done))
        else:
            work()

    def stop(self) -> None:
        """Do what is left, then end the thread."""
        started, self._started, self._thread = self._started, [], None
        for pid, thread, jobs in started:
            if pid == os.getpid():
                jobs.put(None)
                thread.join(STOP_SECONDS)
        self._pid = 0

    def _start(self) -> None:
        jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        thread = threading.Thread(target=_work_off, args=(jobs,), name="claude-budget-writer", daemon=True)
        thread.start()
        self._started.append((os.getpid(), thread, jobs))
        self._queue, self._thread = jobs, thread
        self._pid = os.getpid()  # last: who sees it puts work on the queue at once


def _work_off(jobs: "queue.SimpleQueue[_Job]") -> None:
    while (job := jobs.get()) is not None:
        work, done = job
        with suppress(Exception):
            work()
        if done is not None:
            done()
        del job, work, done


def _on_asyncio(loop: asyncio.AbstractEventLoop, submit: Callable[[Work], None]) -> Awaitable[None]:
    future: asyncio.Future[None] = loop.create_future()

    def settle() -> None:
        if not future.done():
            future.set_result(None)

    def done() -> None:
        try:
            loop.call_soon_threadsafe(settle)
        except RuntimeError:
            """The loop was closed while it waited: nobody is left to tell."""

    submit(done)
    return future


async def _on_trio(trio: Any, submit: Callable[[Work], None]) -> None:
    token, event = trio.lowlevel.current_trio_token(), trio.Event()

    def done() -> None:
        try:
            token.run_sync_soon(event.set)
        except trio.RunFinishedError:
            """As above."""

    submit(done)
    await event.wait()
