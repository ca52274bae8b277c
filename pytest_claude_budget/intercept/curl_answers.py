"""One exchange of curl_cffi: a body that is whole when it comes, or a stream that is read from a queue."""

import functools
from collections.abc import Mapping
from typing import Any

from pytest_claude_budget.calls.claude_hosts import Place
from pytest_claude_budget.intercept.exchange import Watch
from pytest_claude_budget.intercept.over_sockets import OverSockets
from pytest_claude_budget.intercept.plain_http import Asked, Got, Url, url_of
from pytest_claude_budget.intercept.runs_that_watch import Watchers

_NEVER_SENT = frozenset((1, 3, 4, 5, 6, 7, 35, 58, 59, 60, 77))
"""libcurl's codes for a protocol, URL, name, proxy, connection or TLS that failed before a request was sent."""
_SEEN = "_claude_budget_seen"


class OverCurl(OverSockets):
    """What carries it: libcurl follows redirects within one exchange."""

    __slots__ = ("elsewhere",)

    def __init__(self, client: object) -> None:
        super().__init__(client)
        self.elsewhere: Url | None = None

    def led_to(self, of: Any) -> Any:  # noqa: ARG002  # it is told before
        """The URL that redirects led to, where they did."""
        return self.elsewhere


class CurlExchange:
    """One exchange that goes on."""

    def __init__(self, watchers: Watchers, carrier: OverCurl, seen: Watch) -> None:
        self._watchers, self._carrier, self._seen = watchers, carrier, seen

    def ask(self, place: Place | None = None) -> bool:
        """Ask whether it may leave, for where a redirect leads: libcurl connects by itself. False where nobody is asked. Raises what refuses."""
        ask = self._seen.inside.ask
        if ask is not None:
            ask(place)
        return ask is not None

    @property
    def is_named(self) -> bool:
        """Does the request say that it is Claude's?"""
        return self._seen.is_named

    def let_go(self) -> None:
        """It is another one, as a redirect tells."""
        self._seen.let_go()

    def answered(self, response: Any) -> None:
        """An answer is there, or its head is."""
        try:
            if self._seen.answered(self._got(response)) is not None:
                _look_on(response, self._seen)
        except Exception as error:
            self._watchers.fault("answer", error)

    async def answered_async(self, response: Any) -> None:
        """As `answered`, without touching a file on the event loop."""
        try:
            if await self._seen.answered_async(self._got(response)) is not None:
                _look_on(response, self._seen)
        except Exception as error:
            self._watchers.fault("answer", error)

    def failed(self, error: BaseException) -> None:
        """No answer came, or one that a session raises for its status."""
        response = _refusal(error)
        if response is not None:
            self.answered(response)
        else:
            self._raised(error, asynchronous=False)

    async def failed_async(self, error: BaseException) -> None:
        """As `failed`, without touching a file on the event loop."""
        response = _refusal(error)
        if response is not None:
            await self.answered_async(response)
        else:
            self._raised(error, asynchronous=True)

    def _got(self, response: Any) -> Got:
        self._look_where(response)
        return _got(response)

    def _look_where(self, response: Any) -> None:
        if getattr(response, "redirect_count", 0):
            self._carrier.elsewhere = url_of(str(response.url))

    def _raised(self, error: BaseException, *, asynchronous: bool) -> None:
        self._look_where(getattr(error, "response", None))
        self._carrier.is_sent = getattr(error, "code", None) not in _NEVER_SENT
        self._seen.raised(error, asynchronous=asynchronous)


def begin(
    watchers: Watchers, session: Any, method: str, url: str, headers: Any, body: bytes | None
) -> CurlExchange | None:
    """Begin to watch an exchange; None where it is not with Claude."""
    carrier = OverCurl(session)
    base = getattr(session, "base_url", None)
    where = url if "://" in url or not base else f"{str(base).rstrip('/')}/{url.lstrip('/')}"
    pairs = list(headers.items()) if isinstance(headers, Mapping) else []
    pairs += [(name, value) for name, value in session.headers.items() if value is not None]
    asked = Asked(method, url_of(where), [(name, value) for name, value in pairs if value is not None], body)
    seen = watchers.begin(carrier, asked)
    return None if seen is None else CurlExchange(watchers, carrier, seen)


def _got(response: Any) -> Got:
    """Without the coding's header: libcurl has undone it."""
    left_out = ("content-encoding", "content-length")
    headers = [(name, value) for name, value in response.headers.items() if value and name.lower() not in left_out]
    return Got(response.status_code, headers, response.content if response.queue is None else None)


def _refusal(error: BaseException) -> Any:
    response = getattr(error, "response", None) if type(error).__name__ == "HTTPError" else None
    return response if getattr(response, "status_code", 0) else None


def _look_on(response: Any, seen: Watch) -> None:
    cls: Any = type(response)
    response.__dict__[_SEEN] = seen
    response.__class__ = _seen(cls)


@functools.lru_cache(maxsize=8)
def _seen(of: Any) -> Any:
    """The same class with somebody who looks on as its stream is read."""

    class Seen(of):  # type: ignore[misc]  # known at run time only
        def iter_content(self, *args: Any, **kwargs: Any) -> Any:
            seen, complete = _taken(self, of), False
            try:
                for piece in of.iter_content(self, *args, **kwargs):
                    if seen is not None and not seen.passes(piece):
                        seen.fed(piece)
                    yield piece
                complete = True
            finally:
                if seen is not None:
                    seen.ended(complete=True) if complete else seen.dropped()

        async def aiter_content(self, *args: Any, **kwargs: Any) -> Any:
            seen = _taken(self, of)
            try:
                async for piece in of.aiter_content(self, *args, **kwargs):
                    if seen is not None and not seen.passes(piece):
                        await seen.fed_async(piece)
                    yield piece
                if seen is not None:
                    await seen.ended_async()
            finally:
                if seen is not None:
                    seen.dropped()

        def _finalize_stream(self) -> Any:
            """Whoever closes it, unread."""
            if (seen := _taken(self, of)) is not None:
                seen.dropped()
            return of._finalize_stream(self)

        def __del__(self) -> None:
            if (seen := self.__dict__.pop(_SEEN, None)) is not None:
                seen.dropped()

    Seen.__name__, Seen.__qualname__, Seen.__module__ = of.__name__, of.__qualname__, of.__module__
    return Seen


def _taken(response: Any, of: Any) -> Watch | None:
    """Who looks on, for its reader; the answer is of its own class again."""
    seen: Watch | None = response.__dict__.pop(_SEEN, None)
    response.__class__ = of
    return seen
