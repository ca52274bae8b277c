"""`http.client` used by itself, and `urllib.request` with it: one exchange from `request` to the last byte of its answer.

`request` comes here by a light hook (`measure/hooked_clients.py`), since nearly every process has this client. urllib3 and what
carries an exchange of another client ride on it too: those are counted once, further out.
"""

import functools
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pytest_claude_budget.intercept.answer_file import take
from pytest_claude_budget.intercept.call_arguments import argument, arguments, body_bytes
from pytest_claude_budget.intercept.over_sockets import OverSockets
from pytest_claude_budget.intercept.patches import callable_of, owner_of
from pytest_claude_budget.intercept.plain_http import Asked, Got, Pairs, Url, url_of, url_to
from pytest_claude_budget.intercept.reached_network import look_no_more
from pytest_claude_budget.intercept.seam import Run, Seam
from pytest_claude_budget.intercept.signs_of_network import is_feigned_socket

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_claude_budget.intercept.exchange import Watch

_PARAMETERS = ("method", "url", "body", "headers")
_SENT = "_claude_budget_sent"
"""Where a connection keeps what it has asked, up to the answer."""


class AnswerNotAskedForError(ConnectionError):
    """A request was sent, and its connection is gone without a look at the answer."""


class _Sent:
    """A request whose answer nobody has asked for yet."""

    def __init__(self, carrier: OverSockets, seen: "Watch") -> None:
        self.carrier = carrier
        self._seen: Watch | None = seen
        self.inside = seen.inside

    def take(self) -> "Watch | None":
        """Who watches, for whoever tells what became of it: once."""
        seen, self._seen = self._seen, None
        return seen

    def __del__(self) -> None:
        if self._seen is not None and (seen := self.take()) is not None:
            with suppress(Exception):  # the interpreter may be at its end
                seen.raised(AnswerNotAskedForError(), asynchronous=True)


class _Connection:
    """Stands for a connection, which is not kept alive by who watches it."""


def hook_answers(connections: Any, run: Run) -> Seam:
    """Let a run watch the answers that all connections get to what `request` has sent."""
    seam: Seam | None = owner_of(connections.__dict__["getresponse"])
    if seam is None:
        look_no_more()  # its hook goes above ours, so that each can be taken out: it is put in anew by the next look
        seam = Seam(lambda seam: seam.patches.put(connections, "getresponse", functools.partial(_hook, seam)))
    seam.add(run)
    return seam


def request(seam: Seam, call: "Callable[..., Any]", connection: Any, args: tuple[Any, ...], kwargs: Any) -> Any:
    """Send a request that may be with Claude, by what stood in the class. Raises what that raises."""
    return _sent(_begin(seam, _asked, connection, args, kwargs), call, connection, args, kwargs)


def written(seam: Seam, call: "Callable[..., Any]", connection: Any, args: tuple[Any, ...], kwargs: Any) -> Any:
    """The same of one whose head was written line by line and is sent now; its body may come later."""
    return _sent(_begin(seam, _written, connection, args, kwargs), call, connection, args, kwargs)


def _asked(connection: Any, args: tuple[Any, ...], kwargs: Any) -> Asked:
    method, url, body, headers = arguments(args, kwargs, _PARAMETERS)
    return Asked(method, _url(connection, url), (headers or {}).items(), body_bytes(body))


def _written(connection: Any, args: tuple[Any, ...], kwargs: Any) -> Asked:
    first, *lines = (line.decode("latin-1") for line in connection._buffer)
    method, url, _ = first.split(" ", 2)
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    body = argument(args, kwargs, 0, "message_body")
    return Asked(method, _url(connection, url), headers, None if body is None else body_bytes(body))


def _sent(sent: _Sent | None, call: "Callable[..., Any]", connection: Any, args: tuple[Any, ...], kwargs: Any) -> Any:
    if sent is None:
        return call(connection, *args, **kwargs)
    sent.carrier.is_sent = False
    try:
        if sent.inside.ask is None:
            result = call(connection, *args, **kwargs)
        else:
            with sent.inside.around():
                result = call(connection, *args, **kwargs)
    except BaseException as error:
        if (seen := sent.take()) is not None:
            seen.raised(error, asynchronous=False)
        raise
    sent.carrier.is_sent = True
    vars(connection)[_SENT] = sent
    return result


def _begin(
    seam: Seam, asked: "Callable[..., Asked]", connection: Any, args: tuple[Any, ...], kwargs: Any
) -> _Sent | None:
    try:
        carrier = OverSockets(_Connection())
        seen = seam.watchers().begin(carrier, asked(connection, args, kwargs))
        return None if seen is None else _Sent(carrier, seen)
    except Exception as error:
        seam.watchers().fault("request", error)
        return None


def _url(connection: Any, url: str) -> Url:
    """Where a request goes: through a tunnel to its far end, to a proxy with the whole URL."""
    if not url.startswith("/"):
        return url_of(url)
    far = connection._tunnel_host
    host, port = (far, connection._tunnel_port) if far else (connection.host, connection.port)
    return url_to("https" if connection.default_port == 443 else "http", host, port, url)


def _pairs(response: Any) -> Pairs:
    """As they came, without what `getheaders` makes of each."""
    raw_items = getattr(response.headers, "raw_items", None)
    pairs: Pairs = response.getheaders() if raw_items is None else raw_items()
    return pairs


def _hook(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    def getresponse(connection: Any, *args: Any, **kwargs: Any) -> Any:
        sent = getattr(connection, "__dict__", {}).pop(_SENT, None)
        seen = None if sent is None else sent.take()
        if seen is None:
            return call(connection, *args, **kwargs)
        feigned = is_feigned_socket(getattr(connection, "sock", None))
        try:
            response = call(connection, *args, **kwargs)
        except BaseException as error:
            seen.raised(error, asynchronous=False)
            raise
        try:
            sent.carrier.simulated = feigned
            take(response, seen, Got(response.status, _pairs(response)))
        except Exception as error:
            seam.watchers().fault("answer", error)
        return response

    return getresponse
