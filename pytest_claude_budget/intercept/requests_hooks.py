"""Hooks `Session.send` of requests, for answers of doubles: what comes to urllib3 is seen there, try by try.

requests-mock keeps the `send` that it found when it was imported, which may have been before the run. So its adapter is hooked too.
"""

import functools
import sys
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from pytest_claude_budget.intercept.call_arguments import body_bytes
from pytest_claude_budget.intercept.patches import callable_of
from pytest_claude_budget.intercept.poolmanager_hooks import is_way_free
from pytest_claude_budget.intercept.seam import Run, Seam, watch_method
from pytest_claude_budget.wire.may_be_claude import may_be_claude

if TYPE_CHECKING:
    from pytest_claude_budget.intercept.doubles import Above
    from pytest_claude_budget.intercept.plain_http import Asked, Got


def hook_module(module: ModuleType, run: Run) -> Seam:
    """Let a run watch all sessions of `requests.sessions`, or all adapters of `requests_mock.adapter`."""
    senders: Any = module.Adapter if module.__name__.startswith("requests_mock.") else module.Session
    return watch_method(senders, "send", _hook, run)


def _hook(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    def send(sender: Any, *args: Any, **kwargs: Any) -> Any:
        if not seam.runs or (_ways and _ways[0].is_all_there_is(sender)):
            return call(sender, *args, **kwargs)
        above = _above(seam, sender, args[0] if args else kwargs.get("request"))
        if above is None:
            return call(sender, *args, **kwargs)
        return above.around(lambda: call(sender, *args, **kwargs))

    return send


def _above(seam: Seam, sender: Any, request: Any) -> "Above | None":
    """Who looks on from above; None where the request is not with Claude, or a part of an exchange that is watched."""
    method, url = getattr(request, "method", None), getattr(request, "url", None)
    if not isinstance(method, str) or not isinstance(url, str):
        return None  # requests will say it
    if _comes_to_urllib3(sender, url):
        return None
    body = body_bytes(getattr(request, "body", None))
    if not may_be_claude(method, url, body):
        return None
    try:
        from pytest_claude_budget.intercept.doubles import Above, is_inside

        return None if is_inside() else Above(seam.watchers(), sender, lambda: _asked(request, body), _got)
    except Exception as error:
        seam.watchers().fault("request", error)
        return None


class _Way:
    """The way from requests to the pools of urllib3, as it was found free: as long as nobody puts anything else there, it is."""

    def __init__(self) -> None:
        adapters: Any = sys.modules["requests.adapters"].HTTPAdapter
        pools: Any = sys.modules["urllib3.connectionpool"].HTTPConnectionPool
        self._adapters, self._of_adapters, self._of_pools = adapters, vars(adapters), vars(pools)
        self._send, self._urlopen = self._of_adapters["send"], self._of_pools["urlopen"]
        self._get_adapter = vars(sys.modules["requests.sessions"].Session)["get_adapter"]
        self.is_own = _is_of(self._send, "requests.adapters") and _is_of(self._get_adapter, "requests.sessions")
        """Are these functions requests' own, none that only goes by their names?"""

    def is_free(self) -> bool:
        """Is it as it was?"""
        return self._of_adapters.get("send") is self._send and self._of_pools.get("urlopen") is self._urlopen

    def begins_with(self, adapter: Any) -> bool:
        """Is an adapter requests' own, with its own `send`?"""
        send = adapter.send
        return type(adapter) is self._adapters and send.__func__ is self._send and send.__self__ is adapter

    def is_all_there_is(self, session: Any) -> bool:
        """Is it free, and are all adapters of a session requests' own? By one call, since nearly every request is asked about so."""
        send = self._send
        if self._of_pools.get("urlopen") is not self._urlopen:
            return False
        try:
            for adapter in session.adapters.values():
                sends = adapter.send
                if type(adapter) is not self._adapters or sends.__func__ is not send or sends.__self__ is not adapter:
                    return False
            return session.get_adapter.__func__ is self._get_adapter
        except Exception:  # no session, one of somebody's own, or one that another thread mounts an adapter to
            return False


def _is_of(function: Any, module: str) -> bool:
    """Was a function written in a module? A wrapper takes over a name, not this."""
    return type(function) is FunctionType and function.__globals__ is vars(sys.modules[module])


_ways: list[_Way] = []
"""The last that was found free."""


def _comes_to_urllib3(session: Any, url: str) -> bool:
    """Is the adapter requests' own, with its own `send`, and the way to urllib3's pools free?"""
    try:
        if not (_ways and _ways[0].is_free()):
            way = _Way()
            if not way.is_own or not is_way_free():
                return False
            _ways[:] = [way]
        return _ways[0].begins_with(session.get_adapter(url))
    except Exception:  # requests will say it
        return False


def _asked(request: Any, body: bytes | None) -> "Asked":
    from pytest_claude_budget.intercept.plain_http import Asked, url_of

    return Asked(request.method, url_of(request.url), request.headers.items(), body)


def _got(response: Any) -> "Got":
    from pytest_claude_budget.intercept.plain_http import Got
    from pytest_claude_budget.intercept.urllib3_tries import in_memory

    content = getattr(response, "_content", None)
    body = content if isinstance(content, bytes) else None
    raw = in_memory(response.raw) if body is None else None
    return Got(response.status_code, response.headers.items(), body, raw=raw)
