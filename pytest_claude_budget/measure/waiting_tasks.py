"""Which coroutine waits for the running task, where that began in a library: `await gather(client.messages.create(…))`.

No frame of the waiting coroutine is on the stack then. asyncio names the waiting task in the callbacks of the one that it waits for:
a task's, those of `gather`, `wait`, `shield` and `wait_for`, and a TaskGroup's.
"""

import sys
from collections.abc import Iterator
from types import CodeType
from typing import Any

_MOST_STEPS = 8
"""From one future to the next."""
_MOST_COROUTINES = 50


def frames_that_wait() -> Iterator[tuple[CodeType, int]]:
    """The frames of the coroutines that wait, with the instruction that each is at, the innermost first."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return
    try:
        future: Any = asyncio.current_task()
    except RuntimeError:  # no event loop runs here
        return
    passed: list[Any] = []
    try:
        while future is not None and len(passed) < _MOST_STEPS:
            passed.append(future)
            future = _waiting_for(future, passed, asyncio)
            if isinstance(future, asyncio.Task):
                yield from _frames_of(future.get_coro())
    except Exception:  # somebody's own idea of a task
        return


def _waiting_for(future: Any, passed: list[Any], asyncio: Any) -> Any:
    """The first task or future that goes on once this one is done, and is not one that was passed; None where nothing tells."""
    for callback, _ in getattr(future, "_callbacks", None) or ():
        for held in _held_by(callback):
            if isinstance(held, asyncio.Future) and all(held is not each for each in passed):
                return held
            scope = getattr(held, "cancel_scope", None)  # of anyio's TaskGroup, as `_parent_task` of asyncio's
            task = getattr(held, "_parent_task", None) or getattr(scope, "_host_task", None)
            if isinstance(task, asyncio.Task):
                return task
    return None


def _held_by(callback: Any) -> Iterator[Any]:
    """What a callback is of: what it is bound to, was made in, or is to be called with."""
    yield getattr(callback, "__self__", None)
    yield from getattr(callback, "args", ())
    for cell in getattr(callback, "__closure__", None) or ():
        try:
            yield cell.cell_contents
        except ValueError:  # empty
            continue


def _frames_of(coroutine: Any) -> list[tuple[CodeType, int]]:
    frames: list[tuple[CodeType, int]] = []
    for _ in range(_MOST_COROUTINES):
        frame = getattr(coroutine, "cr_frame", None)
        if frame is None:
            break
        frames.append((frame.f_code, frame.f_lasti))
        coroutine = coroutine.cr_await
    return frames[::-1]
