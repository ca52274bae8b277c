"""Hooks `AsyncHTTPConnectionPool.urlopen` of urllib3-future, on which niquests' asynchronous sessions ride.

As `urllib3_hooks`, without a file that is touched on the event loop.
"""

import asyncio
import functools
import importlib
import sys
from types import ModuleType
from typing import Any

from pytest_claude_budget.intercept.call_arguments import argument, body_bytes
from pytest_claude_budget.intercept.patches import callable_of, owner_of
from pytest_claude_budget.intercept.seam import Run, Seam
from pytest_claude_budget.intercept.urllib3_hooks import TRY, Try, begin, cause_of, got, history_of, is_here
from pytest_claude_budget.wire.may_be_claude import may_be_claude

_LATE = "pytest_claude_budget.intercept.niquests_answers"
"""What is loaded for the first request that may be with Claude."""


def hook_module(module: ModuleType, run: Run) -> Seam:
    """Let a run watch all pools of `urllib3._async.connectionpool`, also those that exist already."""
    pools: Any = module.AsyncHTTPConnectionPool
    seam: Seam | None = owner_of(pools.__dict__["urlopen"])
    if seam is None:
        seam = Seam(lambda seam: seam.patches.put(pools, "urlopen", functools.partial(_hook, seam)))
    seam.add(run)
    return seam


def _hook(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    async def urlopen(pool: Any, *args: Any, **kwargs: Any) -> Any:
        if not seam.runs:
            return await call(pool, *args, **kwargs)
        if _LATE not in sys.modules and may_be_claude(
            argument(args, kwargs, 0, "method"),
            argument(args, kwargs, 1, "url"),
            body_bytes(argument(args, kwargs, 2, "body")),
        ):
            await asyncio.get_running_loop().run_in_executor(None, _load, seam)
        before = TRY.get()
        if before is not None and before.pool is pool:
            await _failed_before(seam, before, args, kwargs)
        trying = begin(seam, pool, args, kwargs)
        if trying is None and before is None:
            return await call(pool, *args, **kwargs)
        token = TRY.set(trying)
        try:
            if trying is None:
                return await call(pool, *args, **kwargs)
            return await _watched(seam, trying, call, (pool, *args), kwargs)
        finally:
            TRY.reset(token)

    return urlopen


def _load(seam: Seam) -> None:
    seam.watchers()
    for name in (_LATE, "pytest_claude_budget.intercept.over_sockets"):
        importlib.import_module(name)


async def _watched(seam: Seam, trying: Try, call: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    from pytest_claude_budget.intercept.in_process_gateway import AROUND, leave

    around = AROUND.set(trying.inside)
    try:
        trying.ask()
        response = await call(*args, **kwargs)
    except BaseException as error:
        if (seen := trying.take()) is not None:
            await _failed(seam, seen, error)
        raise
    finally:
        leave(around)
    if (seen := trying.take()) is not None:
        try:
            await _answered(seam, seen, response)
        except Exception as error:
            seam.watchers().fault("answer", error)
    return response


async def _answered(seam: Seam, seen: Any, response: Any) -> None:
    from pytest_claude_budget.intercept.niquests_answers import PROMISED, is_promise, take_low_async

    if is_promise(response):
        seam.watchers().missed(PROMISED)
        return
    answer = got(response)
    if await seen.answered_async(answer) is not None and not is_here(answer):
        take_low_async(response._fp, seen)


async def _failed_before(seam: Seam, before: Try, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    last = history_of(args, kwargs)
    seen = before.take() if last is not None else None
    if last is not None and seen is not None:
        await _failed(seam, seen, last.error if last.error is not None else last.status)


async def _failed(seam: Seam, seen: Any, what: BaseException | int) -> None:
    """A try brought an error or a status that is refused."""
    from pytest_claude_budget.intercept.plain_http import Got

    try:
        cause = cause_of(what) if isinstance(what, BaseException) else what
        if isinstance(cause, BaseException):
            seen.raised(cause, asynchronous=True)
        elif await seen.answered_async(Got(cause, ())) is not None:
            seen.dropped()
    except Exception as fault:
        seam.watchers().fault("error", fault)
