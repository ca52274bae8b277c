"""Hooks `PoolManager.urlopen` of urllib3, for answers of doubles that take the place of its pools' `urlopen`, as pook does."""

import functools
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytest_claude_budget.intercept.call_arguments import argument, body_bytes
from pytest_claude_budget.intercept.patches import callable_of, is_hooked
from pytest_claude_budget.intercept.seam import Run, Seam, watch_method
from pytest_claude_budget.wire.may_be_claude import may_be_claude

if TYPE_CHECKING:
    from pytest_claude_budget.intercept.doubles import Above


def is_way_free() -> bool:
    """Does the `urlopen` of urllib3's pools come by our hook, and no double stand in its place?"""
    pools = getattr(sys.modules.get("urllib3.connectionpool"), "HTTPConnectionPool", None)
    return pools is not None and is_hooked(vars(pools).get("urlopen"))


def hook_module(module: ModuleType, run: Run) -> Seam:
    """Let a run watch all of `urllib3.poolmanager`, also what exists already."""
    return watch_method(module.PoolManager, "urlopen", _hook, run)


def _hook(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    def urlopen(manager: Any, *args: Any, **kwargs: Any) -> Any:
        above = _above(seam, manager, args, kwargs) if seam.runs else None
        if above is None:
            return call(manager, *args, **kwargs)
        return above.around(lambda: call(manager, *args, **kwargs))

    return urlopen


def _above(seam: Seam, manager: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> "Above | None":
    """Who looks on from above; None where the request is not with Claude, or a part of an exchange that is watched."""
    method, url = argument(args, kwargs, 0, "method"), argument(args, kwargs, 1, "url")
    if not isinstance(method, str) or not isinstance(url, str):
        return None  # urllib3 will say it
    body = body_bytes(kwargs.get("body"))
    if not may_be_claude(method, url, body) or is_way_free():
        return None
    try:
        from pytest_claude_budget.intercept.doubles import Above, is_inside
        from pytest_claude_budget.intercept.plain_http import Asked, url_of
        from pytest_claude_budget.intercept.urllib3_tries import got

        headers = kwargs.get("headers") or manager.headers
        ask = lambda: Asked(method, url_of(url), headers.items(), body)  # noqa: E731  # said once
        return None if is_inside() else Above(seam.watchers(), manager, ask, got)
    except Exception as error:
        seam.watchers().fault("request", error)
        return None
