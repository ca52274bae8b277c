"""Hooks aiohttp's client at `ClientRequest.send` and `ClientResponse.start`: each exchange with a network passes them once.

They stand below redirects, middlewares, retries and recorders, and see what is sent as it is sent. What a double answers passes
neither: that is seen where it comes out of `ClientSession.request`, `get` and `post`. Nothing more is loaded before a request
smells of Claude.
"""

import functools
from collections.abc import Callable, Coroutine
from types import CoroutineType, ModuleType
from typing import TYPE_CHECKING, Any

from pytest_claude_budget.intercept.patches import callable_of, owner_of
from pytest_claude_budget.intercept.seam import Run, Seam
from pytest_claude_budget.wire.may_be_claude import may_be_claude

if TYPE_CHECKING:
    from pytest_claude_budget.intercept.aiohttp_exchanges import OneExchange

_SEEN = "__claude_budget_exchange__"
_put_in, _look_at, _take_out = object.__setattr__, object.__getattribute__, object.__delattr__
"""An attribute of somebody's object, without its `__dict__`: to ask for that makes one, and each look at the object slower."""
_MULTIPART = b"--"
"""What stands for a body of several parts, which no question to Claude is."""


def own_attribute(thing: Any, name: str) -> Any:
    """An attribute that was put into somebody's object, past their own idea of attributes; None without it."""
    try:
        return _look_at(thing, name)
    except AttributeError:
        return None


def hook_module(module: ModuleType, run: Run) -> Seam:
    """Let a run watch all sessions of aiohttp, also those that exist already."""
    seam: Seam | None = owner_of(module.ClientRequest.__dict__["send"])
    if seam is None:
        seam = Seam(functools.partial(_put, module))
    seam.add(run)
    return seam


def _put(module: ModuleType, seam: Seam) -> None:
    patches = seam.patches
    patches.put(module.ClientRequest, "send", functools.partial(_send, seam))
    patches.put(module.ClientResponse, "start", functools.partial(_start, seam))
    own = getattr(module.client, "__file__", None)
    for name in ("request", "get", "post"):
        patches.put(module.ClientSession, name, functools.partial(_ask, seam, own))


def _send(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    async def send(request: Any, *args: Any, **kwargs: Any) -> Any:
        seen = _begun(seam, request) if seam.runs else None
        if seen is None:
            return await call(request, *args, **kwargs)
        try:
            seen.ask(args[0] if args else None)
            response = await call(request, *args, **kwargs)
        except BaseException as error:
            seen.raised(error)
            raise
        _put_in(response, _SEEN, seen)
        return response

    return send


def ask_ahead(request: Any) -> None:
    """Ask whether a request may leave, before there is a connection. Raises what refuses."""
    seam = owner_of(vars(type(request)).get("send"))
    seen = _begun(seam, request) if seam is not None and seam.runs else None
    if seen is not None:
        seen.ask_ahead()


def _start(_: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    async def start(response: Any, *args: Any, **kwargs: Any) -> Any:
        seen: OneExchange | None = own_attribute(response, _SEEN)
        if seen is None:
            return await call(response, *args, **kwargs)
        _take_out(response, _SEEN)
        try:
            started = await call(response, *args, **kwargs)
        except BaseException as error:
            seen.raised(error)
            raise
        await seen.answered(response)
        return started

    return start


def _begun(seam: Seam, request: Any) -> "OneExchange | None":
    """Begin to watch an exchange; None where it is not with Claude, or watched further out. Never raises."""
    try:
        body = _sent(request.body)
        smelled = _MULTIPART if body is None and _is_multipart(request.headers) else body
        if not may_be_claude(request.method, request.url.raw_path_qs, smelled):
            return None
        if seam.late is None:
            from pytest_claude_budget.intercept.aiohttp_exchanges import begin

            seam.late = begin
        return seam.late(seam.watchers(), request, body)  # type: ignore[no-any-return]  # as it says
    except Exception as error:
        seam.watchers().fault("request", error)
        return None


def _sent(payload: Any) -> bytes | None:
    """The bytes of a request's body where they are in memory."""
    value = getattr(payload, "_value", payload)
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    return value if isinstance(value, bytes) else None


def _is_multipart(headers: Any) -> bool:
    return str(headers.get("content-type", "")).startswith("multipart/")


def _ask(seam: Seam, own: str | None, original: Any) -> Any:
    """A request goes by `_request`; whoever has put something else there may answer in its place."""
    call = callable_of(original)

    @functools.wraps(original)
    def ask(session: Any, *args: Any, **kwargs: Any) -> Any:
        asked = call(session, *args, **kwargs)
        if seam.runs and not _is_own(session, own) and type(getattr(asked, "_coro", None)) is CoroutineType:
            asked._coro = _Awaited(asked._coro, functools.partial(_answered_for, seam, session, kwargs))
        return asked

    return ask


def _is_own(session: Any, own: str | None) -> bool:
    """Does aiohttp itself answer? One that only looks like something else is looked at in vain."""
    code = getattr(type(session)._request, "__code__", None)
    return code is not None and code.co_filename == own


class _Awaited(Coroutine[Any, Any, Any]):
    """Awaits somebody's coroutine by ours, which is made when it is first awaited: closed before that, theirs alone is closed."""

    def __init__(self, theirs: Any, through: Callable[[Any], Any]) -> None:
        self._theirs, self._through = theirs, through
        self._ours: Any = None

    def _begun(self) -> Any:
        if self._ours is None:
            self._ours = self._through(self._theirs)
        return self._ours

    def __await__(self) -> Any:
        return self._begun().__await__()

    def send(self, value: Any) -> Any:
        return self._begun().send(value)

    def throw(self, *error: Any) -> Any:
        return self._begun().throw(*error)

    def close(self) -> None:
        if self._ours is not None:
            self._ours.close()
        self._theirs.close()


async def _answered_for(seam: Seam, session: Any, how: Any, coming: Any) -> Any:
    response = await coming
    if seam.runs:
        from pytest_claude_budget.intercept.aiohttp_exchanges import see_made_up

        await see_made_up(seam, session, how, response)
    return response
