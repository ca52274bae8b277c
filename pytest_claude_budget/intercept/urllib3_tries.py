"""Tries of urllib3: what is sent, and what became of it.

urllib3 calls itself for a retry and for a redirect. What became of the try before stands in the history of its `retries`.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from http.client import HTTPResponse
from io import BytesIO
from typing import Any

from pytest_claude_budget.intercept.answer_file import take
from pytest_claude_budget.intercept.call_arguments import argument
from pytest_claude_budget.intercept.exchange import Watch
from pytest_claude_budget.intercept.in_process_gateway import AROUND, leave
from pytest_claude_budget.intercept.over_sockets import OverSockets
from pytest_claude_budget.intercept.plain_http import Asked, Got, pairs_of, url_of, url_to
from pytest_claude_budget.intercept.reached_network import look, reached_nothing
from pytest_claude_budget.intercept.seam import Seam
from pytest_claude_budget.intercept.urllib3_hooks import TRY, Wanted

_OVER_HTTP_CLIENT = ("urllib3.connection", "urllib3.contrib.socks", "botocore.awsrequest")
"""Modules whose connections ask `http.client` for each answer: where it was not asked, no network was reached."""
LOW_LEVEL = frozenset(("LowLevelResponse", "AsyncLowLevelResponse"))
"""What stands in the place of `http.client`'s answers in urllib3-future."""
_PLAIN = (b"{", b"[", b"event:", b"data:", b":")
"""How no packed body begins: vcrpy plays some without the coding that their headers name."""

ABOVE = 2
"""Frames above what begins a try: of what opens it, and of the hook."""
Call = tuple[Any, Any, tuple[Any, ...], dict[str, Any]]
"""The real `urlopen`, and what it is called with."""


class Try:
    """One try that goes on."""

    def __init__(self, pool: Any, carrier: OverSockets, seen: Watch) -> None:
        self.pool, self.carrier, self.inside = pool, carrier, seen.inside
        self.seen: Watch | None = seen
        """None once it is known what became of it."""

    def take(self) -> Watch | None:
        """Who watches, for whoever tells what became of it: once."""
        seen, self.seen = self.seen, None
        return seen

    def ask(self) -> None:
        """Ask whether it may leave, where no place on its way does: the fork has connections of its own. Raises what refuses."""
        connections = self.pool.ConnectionCls
        if (
            self.inside.ask is not None
            and connections.__module__.startswith("urllib3")
            and not _is_of_http_client(connections)
        ):
            self.inside.ask()


def opened(seam: Seam, before: Try | None, wanted: Wanted | None, how: Call) -> Any:
    """Call the real `urlopen`, and tell what becomes of it. Raises what that raises."""
    call, pool, args, kwargs = how
    if before is not None and before.pool is pool:
        _failed_before(seam, before, args, kwargs)
    trying = None if wanted is None else begin(seam, pool, wanted)
    if trying is None:
        return _apart(before, how)
    token, around = TRY.set(trying), AROUND.set(trying.inside)
    try:
        if trying.inside.ask is not None:
            trying.ask()
        response = call(pool, *args, **kwargs)
    except BaseException as error:
        _failed(seam, trying, error)
        raise
    finally:
        leave(around)
        TRY.reset(token)
    if (seen := trying.take()) is not None:
        try:
            _answered(seam, trying, seen, response)
        except Exception as error:
            seam.watchers().fault("answer", error)
    return response


def _apart(before: Try | None, how: Call) -> Any:
    """What is not watched is no part of a try that is."""
    call, pool, args, kwargs = how
    if before is None:
        return call(pool, *args, **kwargs)
    token = TRY.set(None)
    try:
        return call(pool, *args, **kwargs)
    finally:
        TRY.reset(token)


def begin(seam: Seam, pool: Any, wanted: Wanted) -> Try | None:
    """Begin to watch a try; None where it is not with Claude, or watched already."""
    try:
        method, url, body, headers = wanted
        where = url_to(pool.scheme, pool.host, pool.port, url) if url.startswith("/") else url_of(url)
        asked = Asked(method, where, pairs_of(pool.headers if headers is None else headers), body)
        carrier = OverSockets(pool)
        seen = seam.watchers().begin(carrier, asked, ABOVE)
        if seen is None:
            return None
        look(seen.inside)
        return Try(pool, carrier, seen)
    except Exception as error:
        seam.watchers().fault("request", error)
        return None


def _answered(seam: Seam, trying: Try, seen: Watch, response: Any) -> None:
    if not hasattr(response, "status"):
        from pytest_claude_budget.intercept.niquests_answers import PROMISED

        seam.watchers().missed(PROMISED)
        return
    answer, pool = got(response), trying.pool
    inside = trying.inside
    if inside.reached is False:
        over_http_client = _is_over_http_client(pool.ConnectionCls) or _file_in_memory(response) is not None
        trying.carrier.simulated = over_http_client and reached_nothing(inside)
    if answer.is_here:
        seen.answered(answer)
    elif (body := response._fp).__class__.__name__ in LOW_LEVEL:
        from pytest_claude_budget.intercept.niquests_answers import take_low

        take_low(body, seen, answer)
    else:
        take(body, seen, answer)


@lru_cache(maxsize=16)
def _is_over_http_client(connections: type) -> bool:
    return connections.__module__ in _OVER_HTTP_CLIENT and _is_of_http_client(connections)


def _is_of_http_client(connections: type) -> bool:
    """The fork that niquests rides on has connections of its own below the same names."""
    return any(cls.__module__ == "http.client" for cls in connections.__mro__)


def got(response: Any) -> Got:
    """What a response of urllib3, or one that stands in its place, holds by now."""
    held, headers = getattr(response, "_body", None), headers_of(response)
    if isinstance(held, bytes) and response.decode_content:
        return Got(response.status, headers, held)
    if held is None and type(getattr(response, "_fp", None)) is HTTPResponse:  # nearly always
        return Got(response.status, headers)
    raw = held if isinstance(held, bytes) else in_memory(response)
    if raw is not None and raw.startswith(_PLAIN):
        return Got(response.status, headers, raw)
    return Got(response.status, headers, raw=raw)


class _Lowered:
    """urllib3's own headers, which lie by their names in lower case: their own functions take as long as all else of an answer."""

    __slots__ = ("_lists",)

    def __init__(self, lists: dict[str, list[str]]) -> None:
        self._lists = lists
        """Of each name: how it was written, and its values."""

    def get(self, name: str, default: Any = "") -> Any:
        """The first value of a name in lower case."""
        found = self._lists.get(name)
        return default if found is None else found[1]

    def several(self, names: Iterable[str]) -> list[str | None]:
        """The same of each of these names."""
        return [None if found is None else found[1] for found in map(self._lists.get, names)]

    def named(self) -> Iterable[str]:
        """The names, in lower case."""
        return self._lists

    def __iter__(self) -> Iterator[str]:
        return iter(self._lists)


def headers_of(response: Any) -> Any:
    """The headers of a response, as `Got` takes them."""
    headers = response.headers
    lists = getattr(headers, "_container", None) if type(headers).__name__ == "HTTPHeaderDict" else None
    return _Lowered(lists) if isinstance(lists, dict) else headers.items()


def in_memory(response: Any) -> bytes | None:
    """The raw body that is in memory; None where it is still to come."""
    raw = _file_in_memory(response)
    data = getattr(response, "_data", None) if raw is None else raw  # of HTTP/2
    return data if isinstance(data, bytes) else None


def _file_in_memory(response: Any) -> bytes | None:
    """The raw body that a recorder or a double has in memory; None where it is none of theirs."""
    file = getattr(response, "_fp", response)
    for each in (file, getattr(file, "_content", None)):
        if isinstance(each, BytesIO):
            return each.getvalue()[each.tell() :]
    return None


def history_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What became of the try before this one, by its `error` and its `status`; None where this is the first."""
    history = getattr(argument(args, kwargs, 4, "retries"), "history", None)
    return history[-1] if history else None


def cause_of(error: BaseException) -> BaseException | int:
    """Why a try failed, without what urllib3 puts around it; the status where it was one that is to be tried again."""
    if type(error).__name__ == "MaxRetryError":
        error = getattr(error, "reason", None) or error
    if type(error).__name__ == "ResponseError" and (digits := "".join(filter(str.isdigit, str(error)))):
        return int(digits)  # its text alone tells which
    inner = error.args[0] if type(error).__name__ == "SSLError" and error.args else error
    return inner if isinstance(inner, BaseException) else error


def _failed_before(seam: Seam, before: Try, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    last = history_of(args, kwargs)
    if last is not None:
        _failed(seam, before, last.error if last.error is not None else last.status)


def _failed(seam: Seam, trying: Try, what: BaseException | int) -> None:
    """A try brought an error or a status that is refused."""
    seen = trying.take()
    if seen is None:
        return
    try:
        cause = cause_of(what) if isinstance(what, BaseException) else what
        if isinstance(cause, BaseException):
            seen.raised(cause, asynchronous=False)
        elif seen.answered(Got(cause, ())) is not None:
            seen.dropped()
    except Exception as fault:
        seam.watchers().fault("error", fault)
