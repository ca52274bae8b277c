"""Tells `multiprocessing.Pool`, and its kin of threads, that a task has failed by what is no Exception.

Their workers catch each Exception and hand it over. By anything else they die without a word, and whoever waits for the task waits
for ever. So a worker's own way of handing over is used first. A process may die then, for another takes its place; for a thread none does.
"""

import sys
from types import FrameType
from typing import Any

_POOL, _WORKER = "multiprocessing.pool", "worker"


def hand_over(error: BaseException) -> bool:
    """Where this thread does a pool's task, let that task end with `error`. True where the thread must outlive it: raise an Exception then."""
    if _POOL not in sys.modules:
        return False
    frame: FrameType | None = sys._getframe()  # the only way to a worker's queue
    while frame is not None:
        if frame.f_code.co_name == _WORKER and frame.f_globals.get("__name__") == _POOL:
            return _put(frame.f_locals, error)
        frame = frame.f_back
    return False


def _put(task: dict[str, Any], error: BaseException) -> bool:
    put, job = task.get("put"), task.get("job")
    if put is not None and job is not None:
        put((job, task.get("i"), (False, error)))
    return not hasattr(task.get("inqueue"), "_writer")
