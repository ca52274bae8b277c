"""One exchange of a connection pool: what is sent, and what came, in the shape that `Watch` reads."""

from types import SimpleNamespace
from typing import Any

from pytest_claude_budget.intercept.exchange import Watch
from pytest_claude_budget.intercept.live_or_simulated import NEVER_SENT
from pytest_claude_budget.intercept.plain_http import Asked, Got, Plain, url_to
from pytest_claude_budget.intercept.response_streams import async_tap, sync_tap
from pytest_claude_budget.intercept.runs_that_watch import Watchers
from pytest_claude_budget.intercept.signs_of_network import is_feigned
from pytest_claude_budget.intercept.whole_json import AnswerNotReadError, looks_of, looks_of_async

_OF_NO_CLASS: Any = SimpleNamespace(SyncByteStream=object, AsyncByteStream=object)
_SYNC_TAP, _ASYNC_TAP = sync_tap(_OF_NO_CLASS), async_tap(_OF_NO_CLASS)


_OF_THE_WIRE = frozenset(("TimeoutException", "NetworkError", "ProtocolError", AnswerNotReadError.__name__))
"""Errors of httpcore, and of an answer that had begun; any other was raised by the caller's own code, such as a body that breaks off."""


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

    __slots__ = ("_carrier", "_watch", "inside", "raised")

    def __init__(self, watch: Watch, carrier: Plain) -> None:
        self._watch, self._carrier, self.inside = watch, carrier, watch.inside
        self.raised = watch.raised
        """No answer came."""

    def answered(self, response: Any) -> None:
        """The head of an answer is here."""
        got = self._got(response)
        looks = None if got is None else looks_of(self._watch, got)
        if looks is not None:
            response.stream = _SYNC_TAP(response.stream, looks)

    async def answered_async(self, response: Any) -> None:
        """As `answered`, without touching a file on the event loop."""
        got = self._got(response)
        looks = None if got is None else await looks_of_async(self._watch, got)
        if looks is not None:
            response.stream = _ASYNC_TAP(response.stream, looks)

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
    url = request.url
    where = url_to(url.scheme.decode("latin-1"), url.host.decode("latin-1"), url.port, url.target.decode("latin-1"))
    carrier = OverPool(pool, NEVER_SENT)
    watch = watchers.begin(carrier, Asked(request.method.decode("latin-1"), where, request.headers, body))
    return None if watch is None else OneExchange(watch, carrier)
