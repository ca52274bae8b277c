"""Hooks `VCRConnection.getresponse` of vcrpy, for cassettes of `http.client`: while one plays, its connections stand for all others."""

import functools
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytest_claude_budget.intercept.patches import callable_of
from pytest_claude_budget.intercept.seam import Run, Seam, watch_method
from pytest_claude_budget.wire.may_be_claude import may_be_claude

if TYPE_CHECKING:
    from pytest_claude_budget.intercept.doubles import Above


def hook_module(module: ModuleType, run: Run) -> Seam:
    """Let a run watch all connections of `vcr.stubs`."""
    return watch_method(module.VCRConnection, "getresponse", _hook, run)


def _hook(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    def getresponse(connection: Any, *args: Any, **kwargs: Any) -> Any:
        above = _above(seam, connection) if seam.runs else None
        if above is None:
            return call(connection, *args, **kwargs)
        return above.around(lambda: call(connection, *args, **kwargs))

    return getresponse


def _above(seam: Seam, connection: Any) -> "Above | None":
    """Who looks on from above; None where the request is not with Claude, or another hook's."""
    try:
        request = connection._vcr_request
        method, url, body = request.method, request.uri, request.body_bytes
        if not may_be_claude(method, url, body):
            return None
        from pytest_claude_budget.intercept.doubles import Above, is_inside
        from pytest_claude_budget.intercept.plain_http import Asked, url_of
        from pytest_claude_budget.intercept.urllib3_tries import got

        headers = [
            (name, value[0] if isinstance(value, tuple | list) else value) for name, value in request.headers.items()
        ]
        asked = Asked(method, url_of(url), headers, body)
        return None if is_inside() else Above(seam.watchers(), connection, lambda: asked, got)
    except Exception as error:
        seam.watchers().fault("request", error)
        return None
