"""Hooks `HTTPConnectionPool.urlopen` of urllib3, which requests and boto3 ride on: public, and called for each try.

It calls itself for a retry and for a redirect, so each try is an exchange of its own (`intercept/urllib3_tries.py`).
"""

import functools
from contextvars import ContextVar
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytest_claude_budget.intercept.call_arguments import arguments, body_bytes
from pytest_claude_budget.intercept.patches import callable_of
from pytest_claude_budget.intercept.seam import Run, Seam, watch_method
from pytest_claude_budget.wire.may_be_claude import may_be_claude

if TYPE_CHECKING:
    from pytest_claude_budget.intercept.urllib3_tries import Try

_LATE = "pytest_claude_budget.intercept.urllib3_tries"
"""What is loaded for the first request that may be with Claude."""
_PARAMETERS = ("method", "url", "body", "headers")
Wanted = tuple[str, str, bytes | None, Any]
"""What `urlopen` is asked for: method, URL, body, None where only urllib3 may read that, and headers, None for the pool's own."""
TRY: "ContextVar[Try | None]" = ContextVar("claude_budget_urllib3", default=None)
"""The try that goes on around this moment. Module state: urllib3 calls itself, and hands on nothing of ours."""


def hook_module(module: ModuleType, run: Run) -> Seam:
    """Let a run watch all pools of `urllib3.connectionpool`, also those that exist already."""
    return watch_method(module.HTTPConnectionPool, "urlopen", _hook, run)


def _hook(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    def urlopen(pool: Any, *args: Any, **kwargs: Any) -> Any:
        if not seam.runs:
            return call(pool, *args, **kwargs)
        wanted, before = wanted_of(seam, args, kwargs), TRY.get()
        if wanted is None and before is None:
            return call(pool, *args, **kwargs)
        if seam.late is None and (late := seam.load(_LATE)) is not None:
            seam.late = late.opened
        if seam.late is None:
            return call(pool, *args, **kwargs)
        return seam.late(seam, before, wanted, (call, pool, args, kwargs))

    return urlopen


def wanted_of(seam: Seam, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Wanted | None:
    """What is asked for; None where it is not with Claude."""
    try:
        method, url, body, headers = arguments(args, kwargs, _PARAMETERS)
        if not isinstance(body, bytes):
            body = body_bytes(body)
        return (method, url, body, headers) if may_be_claude(method, url, body) else None
    except Exception as error:
        seam.watchers().fault("request", error)
        return None
