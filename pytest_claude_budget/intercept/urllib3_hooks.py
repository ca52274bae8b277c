"""Hooks `HTTPConnectionPool.urlopen` of urllib3, which requests and boto3 ride on: public, and called for each try.

It calls itself for a retry and for a redirect. What became of the try before stands in the history of its `retries`, so each
try is an exchange of its own.
"""

import functools
from contextvars import ContextVar
from io import BytesIO
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytest_claude_budget.intercept.call_arguments import argument, body_bytes
from pytest_claude_budget.intercept.patches import callable_of, owner_of
from pytest_claude_budget.intercept.seam import Run, Seam
from pytest_claude_budget.wire.may_be_claude import may_be_claude

if TYPE_CHECKING:
    from pytest_claude_budget.intercept.exchange import Watch
    from pytest_claude_budget.intercept.over_sockets import OverSockets
    from pytest_claude_budget.intercept.plain_http import Got

_OVER_HTTP_CLIENT = ("urllib3.connection", "urllib3.contrib.socks", "botocore.awsrequest")
"""Modules whose connections ask `http.client` for each answer: where it was not asked, no network was reached."""


_PLAIN = (b"{", b"[", b"event:", b"data:", b":")
"""How no packed body begins: vcrpy plays some without the coding that their headers name."""


class _Try:
    """One try that goes on."""

    def __init__(self, pool: Any, carrier: "OverSockets", seen: "Watch") -> None:
        self.pool, self.carrier, self.inside = pool, carrier, seen.inside
        self.seen: Watch | None = seen
        """None once it is known what became of it."""

    def take(self) -> "Watch | None":
        """Who watches, for whoever tells what became of it: once."""
        seen, self.seen = self.seen, None
        return seen


_TRY: ContextVar[_Try | None] = ContextVar("claude_budget_urllib3", default=None)
"""The try that goes on around this moment. Module state: urllib3 calls itself, and hands on nothing of ours."""


def hook_module(module: ModuleType, run: Run) -> Seam:
    """Let a run watch all pools of `urllib3.connectionpool`, also those that exist already."""
    pools: Any = module.HTTPConnectionPool
    seam: Seam | None = owner_of(pools.__dict__["urlopen"])
    if seam is None:
        seam = Seam(lambda seam: seam.patches.put(pools, "urlopen", functools.partial(_hook, seam)))
    seam.add(run)
    return seam


def _hook(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    def urlopen(pool: Any, *args: Any, **kwargs: Any) -> Any:
        if not seam.runs:
            return call(pool, *args, **kwargs)
        before = _TRY.get()
        if before is not None and before.pool is pool:
            _failed_before(seam, before, args, kwargs)
        trying = _begin(seam, pool, args, kwargs)
        if trying is None and before is None:
            return call(pool, *args, **kwargs)
        token = _TRY.set(trying)
        try:
            if trying is None:
                return call(pool, *args, **kwargs)
            return _watched(seam, trying, call, (pool, *args), kwargs)
        finally:
            _TRY.reset(token)

    return urlopen


def _begin(seam: Seam, pool: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Try | None:
    """Begin to watch a try; None where it is not with Claude, or watched already."""
    try:
        method, url = argument(args, kwargs, 0, "method"), argument(args, kwargs, 1, "url")
        body = body_bytes(argument(args, kwargs, 2, "body"))
        if not may_be_claude(method, url, body):
            return None
        from pytest_claude_budget.intercept.over_sockets import OverSockets
        from pytest_claude_budget.intercept.plain_http import Asked, Url, url_of
        from pytest_claude_budget.intercept.reached_network import look

        carrier = OverSockets(pool)
        headers = argument(args, kwargs, 3, "headers")
        headers = pool.headers if headers is None else headers
        where = Url(pool.scheme, pool.host, pool.port, url) if url.startswith("/") else url_of(url)
        seen = seam.watchers().begin(carrier, Asked(method, where, headers.items(), body))
        if seen is None:
            return None
        look(seen.inside)
        return _Try(pool, carrier, seen)
    except Exception as error:
        seam.watchers().fault("request", error)
        return None


def _watched(seam: Seam, trying: _Try, call: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    from pytest_claude_budget.intercept.in_process_gateway import AROUND, leave

    around = AROUND.set(trying.inside)
    try:
        response = call(*args, **kwargs)
    except BaseException as error:
        _raised(seam, trying, error)
        raise
    finally:
        leave(around)
    if (seen := trying.take()) is not None:
        try:
            _answered(trying, seen, response)
        except Exception as error:
            seam.watchers().fault("answer", error)
    return response


def _answered(trying: _Try, seen: "Watch", response: Any) -> None:
    from pytest_claude_budget.intercept.reached_network import reached_nothing

    answer = got(response)
    whole = is_here(answer)
    is_known = trying.pool.ConnectionCls.__module__ in _OVER_HTTP_CLIENT
    trying.carrier.simulated = (is_known or whole) and reached_nothing(trying.inside)
    if whole:
        seen.answered(answer)
        return
    from pytest_claude_budget.intercept.answer_file import take

    take(response._fp, seen, answer)


def got(response: Any) -> "Got":
    """What a response of urllib3, or one that stands in its place, holds by now."""
    from pytest_claude_budget.intercept.plain_http import Got

    held = getattr(response, "_body", None)
    if isinstance(held, bytes) and response.decode_content:
        return Got(response.status, response.headers.items(), held)
    raw = held if isinstance(held, bytes) else in_memory(response)
    if raw is not None and raw.startswith(_PLAIN):
        return Got(response.status, response.headers.items(), raw)
    return Got(response.status, response.headers.items(), raw=raw)


def is_here(answer: "Got") -> bool:
    """Is the whole body in memory?"""
    from pytest_claude_budget.intercept.http_fields import content_of

    return answer.raw is not None or content_of(answer) is not None


def in_memory(response: Any) -> bytes | None:
    """The raw body that a recorder or a double has in memory; None where it is still to come."""
    file = getattr(response, "_fp", response)
    for each in (file, getattr(file, "_content", None)):
        if isinstance(each, BytesIO):
            return each.getvalue()[each.tell() :]
    data = getattr(response, "_data", None)  # of HTTP/2
    return data if isinstance(data, bytes) else None


def _failed_before(seam: Seam, before: _Try, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Tell what became of the try that this one follows."""
    try:
        history = getattr(argument(args, kwargs, 4, "retries"), "history", None)
        if history and (seen := before.take()) is not None:
            error, status = history[-1].error, history[-1].status
            _failed(seen, error) if error is not None else _refused(seen, status)
    except Exception as error:
        seam.watchers().fault("retry", error)


def _raised(seam: Seam, trying: _Try, error: BaseException) -> None:
    seen = trying.take()
    if seen is None:
        return
    try:
        _failed(seen, getattr(error, "reason", error) if type(error).__name__ == "MaxRetryError" else error)
    except Exception as fault:
        seam.watchers().fault("error", fault)


def _failed(seen: "Watch", error: BaseException) -> None:
    """A try brought an error: of a status that was to be tried again, its text alone tells which."""
    status = "".join(filter(str.isdigit, str(error))) if type(error).__name__ == "ResponseError" else ""
    if status:
        _refused(seen, int(status))
        return
    inner = error.args[0] if type(error).__name__ == "SSLError" and error.args else error
    seen.raised(inner if isinstance(inner, BaseException) else error, asynchronous=False)


def _refused(seen: "Watch", status: int | None) -> None:
    from pytest_claude_budget.intercept.plain_http import Got

    if seen.answered(Got(status or 0, ())) is not None:
        seen.dropped()
