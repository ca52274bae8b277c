"""Hooks the connection pools of httpcore and httpcore2, for those who ask by a pool or by a transport without httpx's client.

What a client sends by a pool of its own is the client's: that is told first, since nearly all that comes here is so. Nothing more is
loaded before a request smells of Claude.
"""

import functools
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytest_claude_budget.intercept.patches import callable_of, owner_of
from pytest_claude_budget.intercept.seam import Run, Seam
from pytest_claude_budget.intercept.sending import is_sent_by_a_client
from pytest_claude_budget.wire.may_be_claude import may_be_claude

if TYPE_CHECKING:
    from pytest_claude_budget.intercept.httpcore_exchanges import OneExchange


def hook_module(module: ModuleType, run: Run) -> Seam:
    """Let a run watch all pools of a module, also those that exist already."""
    seam: Seam | None = owner_of(module.ConnectionPool.__dict__["handle_request"])
    if seam is None:
        seam = Seam(functools.partial(_put, module))
    seam.add(run)
    return seam


def _put(module: ModuleType, seam: Seam) -> None:
    seam.patches.put(module.ConnectionPool, "handle_request", functools.partial(_sync, seam))
    seam.patches.put(module.AsyncConnectionPool, "handle_async_request", functools.partial(_async, seam))


def _sync(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    def handle_request(self: Any, request: Any) -> Any:
        seen = _begun(seam, self, request) if seam.runs else None
        if seen is None:
            return call(self, request)
        try:
            if seen.inside.ask is None:
                response = call(self, request)
            else:
                with seen.inside.around():
                    response = call(self, request)
        except BaseException as error:
            seen.raised(error, asynchronous=False)
            raise
        seen.answered(response)
        return response

    return handle_request


def _async(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    async def handle_async_request(self: Any, request: Any) -> Any:
        seen = _begun(seam, self, request) if seam.runs else None
        if seen is None:
            return await call(self, request)
        try:
            if seen.inside.ask is None:
                response = await call(self, request)
            else:
                with seen.inside.around():
                    response = await call(self, request)
        except BaseException as error:
            seen.raised(error, asynchronous=True)
            raise
        try:
            await seen.answered_async(response)
        except BaseException:
            await response.aclose()
            raise
        return response

    return handle_async_request


def _begun(seam: Seam, pool: Any, request: Any) -> "OneExchange | None":
    """Begin to watch an exchange; None where it is not with Claude, or watched further out. Never raises."""
    try:
        if is_sent_by_a_client(pool):
            return None
        body = _in_memory(request.stream)
        if not may_be_claude(request.method.decode("latin-1"), request.url.target.decode("latin-1"), body):
            return None
        if seam.late is None:
            from pytest_claude_budget.intercept.httpcore_exchanges import begin

            seam.late = begin
        return seam.late(seam.watchers(), pool, request, body)  # type: ignore[no-any-return]  # as it says
    except Exception as error:
        seam.watchers().fault("request", error)
        return None


def _in_memory(stream: Any) -> bytes | None:
    """The bytes of a request's body, httpcore's or httpx's, where it is no stream."""
    for name in ("_content", "_stream"):
        body = getattr(stream, name, None)
        if isinstance(body, bytes):
            return body
    return None
