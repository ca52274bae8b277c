"""Hooks `Session.request` of curl_cffi and its asynchronous twin.

libcurl undoes the coding of a body and follows redirects by itself; what its own retries did before the last try is not seen.
"""

import asyncio
import functools
import importlib
import json
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytest_claude_budget.calls.claude_hosts import Place
from pytest_claude_budget.intercept.call_arguments import argument, body_bytes
from pytest_claude_budget.intercept.patches import callable_of, owner_of
from pytest_claude_budget.intercept.seam import Run, Seam
from pytest_claude_budget.wire.may_be_claude import may_be_claude

if TYPE_CHECKING:
    from pytest_claude_budget.intercept.curl_answers import CurlExchange

_LATE = "pytest_claude_budget.intercept.curl_answers"
"""What is loaded for the first request that may be with Claude."""
Asking = tuple[str, str, Any, bytes | None]
"""Method, URL, headers and body."""


def hook_module(module: ModuleType, run: Run) -> Seam:
    """Let a run watch all sessions of `curl_cffi.requests.session`, also those that exist already."""
    sessions: Any = module.Session
    seam: Seam | None = owner_of(sessions.__dict__["request"])
    if seam is None:

        def put(seam: Seam) -> None:
            seam.patches.put(sessions, "request", functools.partial(_hook, seam))
            seam.patches.put(module.AsyncSession, "request", functools.partial(_async_hook, seam))

        seam = Seam(put)
    seam.add(run)
    return seam


def _hook(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    def request(session: Any, *args: Any, **kwargs: Any) -> Any:
        asking = _asking(args, kwargs) if seam.runs else None
        exchange = None if asking is None else _begin(seam, session, asking)
        if exchange is None:
            _ask_of_host(session, args, kwargs)
            return call(session, *args, **kwargs)
        try:
            exchange.ask()
            response = call(session, *args, **kwargs)
        except BaseException as error:
            exchange.failed(error)
            raise
        exchange.answered(response)
        return response

    return request


def _async_hook(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    async def request(session: Any, *args: Any, **kwargs: Any) -> Any:
        asking = _asking(args, kwargs) if seam.runs else None
        if asking is not None and _LATE not in sys.modules:
            await asyncio.get_running_loop().run_in_executor(None, _load, seam)  # no file is touched on the event loop
        exchange = None if asking is None else _begin(seam, session, asking)
        if exchange is None:
            _ask_of_host(session, args, kwargs)
            return await call(session, *args, **kwargs)
        try:
            exchange.ask()
            response = await call(session, *args, **kwargs)
        except BaseException as error:
            await exchange.failed_async(error)
            raise
        await exchange.answered_async(response)
        return response

    return request


def _load(seam: Seam) -> None:
    seam.watchers()
    importlib.import_module(_LATE)


def _asking(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Asking | None:
    """What is asked, where it may be asked of Claude."""
    method, url = argument(args, kwargs, 0, "method"), argument(args, kwargs, 1, "url")
    if not isinstance(method, str) or not isinstance(url, str):
        return None  # curl_cffi will say it
    content, data = argument(args, kwargs, 4, "content"), argument(args, kwargs, 3, "data")
    body = body_bytes(content if content is not None else data)
    plain = argument(args, kwargs, 5, "json")
    if plain is not None:
        try:
            body = json.dumps(plain).encode()
        except (TypeError, ValueError):
            return None  # as above
    if not may_be_claude(method.upper(), url, body):
        return None
    return method, url, argument(args, kwargs, 6, "headers"), body


def _ask_of_host(session: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Ask whether what is no call may leave, where anybody holds calls back. Raises what refuses."""
    guard = sys.modules.get("pytest_claude_budget.intercept.guard")
    if guard is None or not guard.GUARDS:
        return
    from pytest_claude_budget.intercept.passages import leaves
    from pytest_claude_budget.intercept.plain_http import url_of

    url = argument(args, kwargs, 1, "url")
    try:
        where = url_of(url if "://" in url else str(session.base_url or ""))
    except (TypeError, ValueError):
        return  # curl_cffi will say it
    leaves(Place(where.host, where.port, where.scheme))


def _begin(seam: Seam, session: Any, asking: Asking) -> "CurlExchange | None":
    try:
        return importlib.import_module(_LATE).begin(seam.watchers(), session, *asking)  # type: ignore[no-any-return]
    except Exception as error:
        seam.watchers().fault("request", error)
        return None
