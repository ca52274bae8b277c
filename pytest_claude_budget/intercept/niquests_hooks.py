"""Hooks `AsyncHTTPConnectionPool.urlopen` of urllib3-future, on which niquests' asynchronous sessions ride.

As `urllib3_hooks`, without a file that is touched on the event loop.
"""

import asyncio
import functools
import sys
from types import ModuleType
from typing import Any

from pytest_claude_budget.intercept.patches import callable_of
from pytest_claude_budget.intercept.seam import Run, Seam, watch_method
from pytest_claude_budget.intercept.urllib3_hooks import TRY, wanted_of

_LATE = "pytest_claude_budget.intercept.niquests_tries"
"""What is loaded for the first request that may be with Claude."""


def hook_module(module: ModuleType, run: Run) -> Seam:
    """Let a run watch all pools of `urllib3._async.connectionpool`, also those that exist already."""
    return watch_method(module.AsyncHTTPConnectionPool, "urlopen", _hook, run)


def _hook(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    async def urlopen(pool: Any, *args: Any, **kwargs: Any) -> Any:
        if not seam.runs:
            return await call(pool, *args, **kwargs)
        wanted, before = wanted_of(seam, args, kwargs), TRY.get()
        if wanted is None and before is None:
            return await call(pool, *args, **kwargs)
        if _LATE not in sys.modules and not await asyncio.get_running_loop().run_in_executor(None, seam.load, _LATE):
            return await call(pool, *args, **kwargs)
        from pytest_claude_budget.intercept.niquests_tries import opened

        return await opened(seam, before, wanted, (call, pool, args, kwargs))

    return urlopen
