"""Hooks `Session.request` of curl_cffi and its asynchronous twin.

libcurl undoes the coding of a body and follows redirects by itself; what its own retries did before the last try is not seen.
"""

import asyncio
import functools
import importlib
import json
import sys
from contextlib import suppress
from contextvars import ContextVar
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytest_claude_budget.calls.claude_hosts import Place
from pytest_claude_budget.intercept.call_arguments import argument, body_bytes
from pytest_claude_budget.intercept.libcurl_hooks import MEASURED
from pytest_claude_budget.intercept.patches import callable_of, owner_of
from pytest_claude_budget.intercept.seam import Run, Seam
from pytest_claude_budget.wire.may_be_claude import may_be_claude

if TYPE_CHECKING:
    from pytest_claude_budget.intercept.curl_answers import CurlExchange

_LATE = "pytest_claude_budget.intercept.curl_answers"
"""What is loaded for the first request that may be with Claude."""
_REDIRECTS = "pytest_claude_budget.intercept.curl_redirects"
_OPTIONS = "set_curl_options"
Asking = tuple[str, str, Any, bytes | None]
"""Method, in capitals, URL, headers and body."""


def hook_module(module: ModuleType, run: Run) -> Seam:
    """Let a run watch all sessions of `curl_cffi.requests.session`, also those that exist already."""
    sessions: Any = module.Session
    seam: Seam | None = owner_of(sessions.__dict__["request"])
    if seam is None:

        def put(seam: Seam) -> None:
            seam.patches.put(sessions, "request", functools.partial(_hook, seam))
            seam.patches.put(module.AsyncSession, "request", functools.partial(_async_hook, seam))
            if _OPTIONS in vars(module):  # else a redirect is told once it was followed
                seam.patches.put(module, _OPTIONS, functools.partial(_options_hook, module, seam))

        seam = Seam(put)
    seam.add(run)
    return seam


class _Going:
    """One request that goes on, wherever redirects lead it."""

    __slots__ = ("_asking", "_seam", "_session", "exchange", "refused")

    def __init__(self, seam: Seam, session: Any, asking: Asking) -> None:
        self._seam, self._session, self._asking = seam, session, asking
        self.exchange = _begin(seam, session, asking) if may_be_claude(*asking[:2], asking[3]) else None
        """None as long as it is not with Claude."""
        self.refused: BaseException | None = None
        """What refuses that a redirect is followed."""

    def ask(self) -> None:
        """Ask whether it may leave. Raises what refuses."""
        if self.exchange is None:
            _ask_of_host(self._session, self._asking[1])
        else:
            self.exchange.ask()

    def lead(self, method: str, url: str) -> bool:
        """A redirect is about to be followed: may it?"""
        is_kept = method == self._asking[0]
        try:
            place = _place_at(url)
            if is_kept:
                self._look_at(url)
        except (TypeError, ValueError):
            return True  # libcurl will say it
        try:
            if not is_kept or self.exchange is None or not self.exchange.ask(place):
                _leaves(place)
        except BaseException as refused:
            self.refused = refused
            return False
        return True

    def led(self, response: Any) -> "CurlExchange | None":
        """The exchange, which may be with Claude by its redirects alone."""
        if self.was_led(response):
            from pytest_claude_budget.intercept.curl_redirects import last_method

            if last_method(self._asking[0], response) == self._asking[0]:
                self._look_at(str(response.url))
        return self.exchange

    def was_led(self, response: Any) -> bool:
        """Have redirects led what was not known to be Claude's elsewhere?"""
        is_known = self.exchange is not None and self.exchange.is_named
        return not is_known and bool(getattr(response, "redirect_count", 0))

    def _look_at(self, url: str) -> None:
        """Begin anew where a redirect leads what was not known to be Claude's."""
        method, _, *more = self._asking
        if (self.exchange is not None and self.exchange.is_named) or not may_be_claude(method, url, more[1]):
            return
        found = _begin(self._seam, self._session, (method, url, *more))
        if found is not None:
            if self.exchange is not None:
                self.exchange.let_go()
            self.exchange = found


_GOING: "ContextVar[_Going | None]" = ContextVar("claude_budget_curl", default=None)
"""The request that a handle is given its options for."""


def _hook(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    def request(session: Any, *args: Any, **kwargs: Any) -> Any:
        asking = _asking(args, kwargs) if seam.runs else None
        if asking is None:
            return call(session, *args, **kwargs)
        going = _Going(seam, session, asking)
        token = _GOING.set(going)
        try:
            going.ask()
            response = call(session, *args, **kwargs)
            if going.refused is not None:
                with suppress(BaseException):  # it may raise the same
                    response.close()
                raise going.refused
        except BaseException as error:
            if (exchange := going.led(getattr(error, "response", None))) is not None:
                exchange.failed(going.refused or error)
            if going.refused not in (None, error):
                raise going.refused from None
            raise
        finally:
            _GOING.reset(token)
        if (exchange := going.led(response)) is not None:
            exchange.answered(response)
        return response

    return request


def _async_hook(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    async def request(session: Any, *args: Any, **kwargs: Any) -> Any:
        asking = _asking(args, kwargs) if seam.runs else None
        if asking is None:
            return await call(session, *args, **kwargs)
        if _guards() or may_be_claude(*asking[:2], asking[3]):
            await _load_aside(seam)
        going = _Going(seam, session, asking)
        token = _GOING.set(going)
        try:
            going.ask()
            response = await call(session, *args, **kwargs)
            if going.refused is not None:
                with suppress(BaseException):  # it may raise the same
                    await response.aclose()
                raise going.refused
        except BaseException as error:
            if (exchange := going.led(getattr(error, "response", None))) is not None:
                await exchange.failed_async(going.refused or error)
            if going.refused not in (None, error):
                raise going.refused from None
            raise
        finally:
            _GOING.reset(token)
        if going.was_led(response):
            await _load_aside(seam)
        if (exchange := going.led(response)) is not None:
            await exchange.answered_async(response)
        return response

    return request


def _options_hook(module: ModuleType, seam: Seam, original: Any) -> Any:
    """`set_curl_options`, which gives a handle all that one request needs."""

    @functools.wraps(original)
    def set_curl_options(curl: Any, *args: Any, **kwargs: Any) -> Any:
        going = _GOING.get() if seam.runs else None
        if going is not None and going.refused is not None:
            raise going.refused  # a session tries again what has failed
        found = original(curl, *args, **kwargs)
        if going is not None:
            setattr(curl, MEASURED, True)
        if going is not None and _guards():
            from pytest_claude_budget.intercept.curl_redirects import look_on

            try:
                look_on(module.CurlOpt, found, curl, kwargs, going.lead)
            except Exception as error:
                seam.watchers().fault("redirect", error)
        return found

    return set_curl_options


async def _load_aside(seam: Seam) -> None:
    """No file is touched on the event loop."""
    if _LATE not in sys.modules or _REDIRECTS not in sys.modules:
        await asyncio.get_running_loop().run_in_executor(None, _load, seam)


def _load(seam: Seam) -> None:
    seam.watchers()
    importlib.import_module(_LATE)
    importlib.import_module(_REDIRECTS)


def _guards() -> Any:
    """Who holds calls back."""
    guard = sys.modules.get("pytest_claude_budget.intercept.guard")
    return None if guard is None else guard.GUARDS


def _asking(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Asking | None:
    """What is asked; None where that cannot be told."""
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
    return method.upper(), url, argument(args, kwargs, 6, "headers"), body


def _ask_of_host(session: Any, url: str) -> None:
    """Ask whether what is no call may leave, where anybody holds calls back. Raises what refuses."""
    if _guards():
        try:
            place = _place_at(url if "://" in url else str(session.base_url or ""))
        except (TypeError, ValueError):
            return  # curl_cffi will say it
        _leaves(place)


def _place_at(url: str) -> Place:
    from pytest_claude_budget.intercept.plain_http import url_of

    where = url_of(url)
    return Place(where.host, where.port, where.scheme)


def _leaves(place: Place) -> None:
    from pytest_claude_budget.intercept.passages import leaves

    leaves(place)


def _begin(seam: Seam, session: Any, asking: Asking) -> "CurlExchange | None":
    try:
        return importlib.import_module(_LATE).begin(seam.watchers(), session, *asking)  # type: ignore[no-any-return]
    except Exception as error:
        seam.watchers().fault("request", error)
        return None
