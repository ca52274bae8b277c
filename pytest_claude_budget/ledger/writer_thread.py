"""One thread that touches files for callers that must not: those on the thread of an event loop."""

import queue
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from pytest_claude_budget.ledger.outside import Thread, system

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future

STOP_SECONDS = 30.0
"""How long the end of a run waits for the last writes."""
PATIENCE_SECONDS = 0.0005
"""How long the thread of an event loop stands still for the writer, which mostly needs a tenth of it. To suspend the
caller at once would keep that thread busy for longer: a future, a byte on the loop's own socket, three rounds of it.
"""

Work = Callable[[], None]


def running_loop() -> "AbstractEventLoop | None":
    """The loop of asyncio that this thread runs. Where nobody has loaded asyncio there is none: it takes 11 ms to load."""
    get: Callable[[], AbstractEventLoop | None] | None
    get = getattr(sys.modules.get("asyncio.events"), "_get_running_loop", None)
    return None if get is None else get()


class Job:
    """Work that was handed over."""

    __slots__ = ("_ended", "_work", "error", "tell")

    def __init__(self, work: Work) -> None:
        self._work = work
        self._ended: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.error: BaseException | None = None
        """What it raised."""
        self.tell: Work | None = None
        """Called on the writer's thread at the end. Who sets it looks at `is_over` afterwards: it may have come too late."""

    def do(self) -> None:
        """Work, and say so."""
        try:
            self._work()
        except BaseException as error:
            self.error = error
        self._ended.put(None)
        if self.tell is not None:
            self.tell()

    def refuse(self, error: BaseException) -> None:
        """Do not work, and say why."""
        self.error = error
        self._ended.put(None)

    @property
    def is_over(self) -> bool:
        """Has nobody to wait any more? Not to be asked after a wait that came to its end."""
        return not self._ended.empty()

    def wait(self, seconds: float) -> bool:
        """Stand still until it is over; False where it takes longer. Nobody else may wait for the same."""
        try:
            self._ended.get(timeout=seconds)
        except queue.Empty:
            return False
        return True


class WriterStoppedError(RuntimeError):
    """Work came after the end."""


class Writer:
    """Runs work in the order it came. Starts its thread with the first work, anew after a fork, and never after its end.

    Where the interpreter ends, no thread can be started any more; Python 3.11 would wait for one for ever.
    """

    def __init__(self) -> None:
        self._pid = 0
        self._stopped = False
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread: Thread | None = None
        self._started: list[tuple[int, Thread, queue.SimpleQueue[Job | None]]] = []
        """Every thread with its process and queue: two threads of the suite may both find none, and start one."""

    @property
    def busy(self) -> bool:
        """Was there ever work?"""
        return self._thread is not None

    def submit(self, work: Work) -> Job:
        """Do work soon; not at all after the end, and at once where the interpreter ends before that."""
        job = Job(work)
        if self._stopped:
            job.refuse(WriterStoppedError("the run is over"))
        elif sys.is_finalizing():
            job.do()
        else:
            if self._pid != system.getpid():
                self._start()
            self._queue.put(job)
        return job

    def run(self, work: Work) -> Awaitable[None] | None:
        """Do work for a coroutine, on whichever event loop this is; returns what to await where it is not done yet."""
        loop = running_loop()
        trio = sys.modules.get("trio") if loop is None else None
        if loop is None and (trio is None or not trio.lowlevel.in_trio_run()):
            work()
            return None
        job = self.submit(work)
        if job.wait(PATIENCE_SECONDS):
            return None
        return _on_asyncio(loop, job) if loop is not None else _on_trio(trio, job)

    def stop(self) -> None:
        """Do what is left, then end the thread for good."""
        self._stopped = True
        started, self._started, self._thread = self._started, [], None
        for pid, thread, jobs in started:
            if pid == system.getpid():
                jobs.put(None)
                thread.join(STOP_SECONDS)

    def _start(self) -> None:
        jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        thread = Thread(target=_work_off, args=(jobs,), name="claude-budget-writer", daemon=True)
        thread.start()
        self._started.append((system.getpid(), thread, jobs))
        self._queue, self._thread = jobs, thread
        self._pid = system.getpid()  # last: who sees it puts work on the queue at once


def _work_off(jobs: "queue.SimpleQueue[Job | None]") -> None:
    while (job := jobs.get()) is not None:
        job.do()
        del job


def _on_asyncio(loop: "AbstractEventLoop", job: Job) -> Awaitable[None] | None:
    future: Future[None] = loop.create_future()

    def settle() -> None:
        if not future.done():
            future.set_result(None)

    def tell() -> None:
        try:
            loop.call_soon_threadsafe(settle)
        except RuntimeError:
            """The loop was closed while it waited: nobody is left to tell."""

    job.tell = tell
    return None if job.is_over else future


def _on_trio(trio: Any, job: Job) -> Awaitable[None] | None:
    token, event = trio.lowlevel.current_trio_token(), trio.Event()

    def tell() -> None:
        try:
            token.run_sync_soon(event.set)
        except trio.RunFinishedError:
            """As above."""

    job.tell = tell
    return None if job.is_over else event.wait()
