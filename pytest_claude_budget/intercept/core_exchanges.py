"""One exchange of a connection pool: what is sent, and what came, in the shape that `Watch` reads."""

from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any

from pytest_claude_budget.intercept.exchange import Watch
from pytest_claude_budget.intercept.live_or_simulated import NEVER_SENT
from pytest_claude_budget.intercept.plain_http import Asked, Got, Plain, Url
from pytest_claude_budget.intercept.response_streams import async_tap, sync_tap
from pytest_claude_budget.intercept.runs_that_watch import Watchers
from pytest_claude_budget.intercept.signs_of_network import is_feigned

_OF_NO_CLASS: Any = SimpleNamespace(SyncByteStream=object, AsyncByteStream=object)
_SYNC_TAP, _ASYNC_TAP = sync_tap(_OF_NO_CLASS), async_tap(_OF_NO_CLASS)


_OF_THE_WIRE = frozenset(("TimeoutException", "NetworkError", "ProtocolError"))
"""Errors of httpcore; any other was raised by the caller's own code, such as a body that breaks off."""


class OverPool(Plain):
    """The carrier of such an exchange."""

    __slots__ = ()

    def may_have_been_billed(self, error: BaseException) -> bool:
        """Could Anthropic have answered? Not where something else than the network broke."""
        if isinstance(error, Exception) and not any(cls.__name__ in _OF_THE_WIRE for cls in type(error).__mro__):
            return False
        return super().may_have_been_billed(error)


class OneExchange:
    """From the moment when a pool is asked."""

    __slots__ = ("_carrier", "_watch", "raised")

    def __init__(self, watch: Watch, carrier: Plain) -> None:
        self._watch, self._carrier = watch, carrier
        self.raised = watch.raised
        """No answer came."""

    def around(self) -> AbstractContextManager[None]:
        """Around what a pool does for this exchange, where it is to be asked for before it leaves."""
        inside = self._watch.inside
        return nullcontext() if inside.ask is None else inside.around()

    def answered(self, response: Any) -> None:
        """The head of an answer is here."""
        got = self._got(response)
        if got is not None and self._watch.answered(got) is not None:
            response.stream = _SYNC_TAP(response.stream, self._watch)

    async def answered_async(self, response: Any) -> None:
        """As `answered`, without touching a file on the event loop."""
        got = self._got(response)
        if got is not None and await self._watch.answered_async(got) is not None:
            response.stream = _ASYNC_TAP(response.stream, self._watch)

    def _got(self, response: Any) -> Got | None:
        try:
            stream = response.extensions.get("network_stream")
            self._carrier.simulated = stream is None or is_feigned(stream)
            return Got(response.status, response.headers)
        except Exception as error:
            self._watch.failed("answer", error)
            return None


def begin(watchers: Watchers, pool: Any, request: Any, body: bytes | None) -> OneExchange | None:
    """Begin to watch what a pool is asked; None where it is not with Claude, or is watched further out."""
    scheme, host, target = (
        part.decode("latin-1") for part in (request.url.scheme, request.url.host, request.url.target)
    )
    where = Url(scheme, host, request.url.port, target)
    carrier = OverPool(pool, NEVER_SENT)
    watch = watchers.begin(carrier, Asked(request.method.decode("latin-1"), where, request.headers, body))
    return None if watch is None else OneExchange(watch, carrier)
