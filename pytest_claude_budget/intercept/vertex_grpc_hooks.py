"""Hooks `raw_predict` and `stream_raw_predict` of Google's own client for Vertex: over gRPC no other hook, and no socket of Python's, sees them.

Over REST they come to requests or aiohttp, where each try is seen.
"""

import functools
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytest_claude_budget.intercept.call_arguments import argument
from pytest_claude_budget.intercept.patches import callable_of, owner_of
from pytest_claude_budget.intercept.seam import Run, Seam
from pytest_claude_budget.wire.may_be_claude import has_sign

if TYPE_CHECKING:
    from pytest_claude_budget.intercept.exchange import Watch

_JSON = (("content-type", "application/json"),)
_NO_ANSWER = frozenset((499, 504))
"""Statuses that google.api_core gives to what was cancelled, or was not waited for: it may have been billed."""


def hook_module(module: ModuleType, run: Run) -> Seam:
    """Let a run watch all clients of `…prediction_service.client`, or of its `async_client`."""
    is_async = module.__name__.endswith("async_client")
    clients: Any = module.PredictionServiceAsyncClient if is_async else module.PredictionServiceClient
    seam: Seam | None = owner_of(clients.__dict__["raw_predict"])
    if seam is None:

        def put(seam: Seam) -> None:
            once, stream = (_once_async, _stream_async) if is_async else (_once, _stream)
            seam.patches.put(clients, "raw_predict", functools.partial(once, seam))
            seam.patches.put(clients, "stream_raw_predict", functools.partial(stream, seam))

        seam = Seam(put)
    seam.add(run)
    return seam


def _once(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    def raw_predict(client: Any, *args: Any, **kwargs: Any) -> Any:
        seen = _begin(seam, client, "rawPredict", args, kwargs) if seam.runs else None
        if seen is None:
            return call(client, *args, **kwargs)
        try:
            _ask(seen)
            answer = call(client, *args, **kwargs)
        except BaseException as error:
            _failed(seam, seen, error)
            raise
        if _answered(seam, seen, answer):
            seen.dropped()
        return answer

    return raw_predict


def _once_async(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    async def raw_predict(client: Any, *args: Any, **kwargs: Any) -> Any:
        seen = _begin(seam, client, "rawPredict", args, kwargs) if seam.runs else None
        if seen is None:
            return await call(client, *args, **kwargs)
        try:
            _ask(seen)
            answer = await call(client, *args, **kwargs)
        except BaseException as error:
            _failed(seam, seen, error)
            raise
        if (got := _got(seam, seen, answer)) is not None:
            await seen.answered_async(got)
        return answer

    return raw_predict


def _stream(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    def stream_raw_predict(client: Any, *args: Any, **kwargs: Any) -> Any:
        seen = _begin(seam, client, "streamRawPredict", args, kwargs) if seam.runs else None
        if seen is None:
            return call(client, *args, **kwargs)
        try:
            _ask(seen)
            pieces = call(client, *args, **kwargs)
        except BaseException as error:
            _failed(seam, seen, error)
            raise
        return _Pieces(seam, seen, pieces)

    return stream_raw_predict


def _stream_async(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    def stream_raw_predict(client: Any, *args: Any, **kwargs: Any) -> Any:
        seen = _begin(seam, client, "streamRawPredict", args, kwargs) if seam.runs else None
        if seen is None:
            return call(client, *args, **kwargs)
        return _awaited(seam, seen, lambda: call(client, *args, **kwargs))

    return stream_raw_predict


async def _awaited(seam: Seam, seen: "Watch", ask: Callable[[], Any]) -> Any:
    try:
        _ask(seen)
        return _Pieces(seam, seen, await ask())
    except BaseException as error:
        _failed(seam, seen, error)
        raise


class _Pieces:
    """Stands for a stream: its pieces are looked at as they pass, and all else is the stream's own."""

    def __init__(self, seam: Seam, seen: "Watch", pieces: Any) -> None:
        self._seam, self._pieces = seam, pieces
        self._seen: Watch | None = seen
        self._has_begun = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pieces, name)

    def __iter__(self) -> "_Pieces":
        self._iterator = iter(self._pieces)
        return self

    def __next__(self) -> Any:
        iterator = self.__dict__.get("_iterator", self._pieces)
        try:
            piece = next(iterator)
        except BaseException as error:
            self._over(error)
            raise
        if (data := self._read(piece)) is not None and self._seen is not None:
            self._seen.fed(data)
        return piece

    def __aiter__(self) -> "_Pieces":
        self._iterator = self._pieces.__aiter__()
        return self

    async def __anext__(self) -> Any:
        try:
            piece = await self._iterator.__anext__()
        except BaseException as error:
            self._over(error)
            raise
        if (data := self._read(piece)) is not None and self._seen is not None:
            await self._seen.fed_async(data)
        return piece

    def __del__(self) -> None:
        if (seen := self.__dict__.get("_seen")) is not None:
            seen.dropped()

    def _read(self, piece: Any) -> bytes | None:
        """The bytes of a piece, once the watch waits for them."""
        if self._seen is None:
            return None
        try:
            from pytest_claude_budget.intercept.plain_http import Got

            if not self._has_begun:
                self._has_begun = True
                kind = str(piece.content_type) or "text/event-stream"
                if self._seen.answered(Got(200, (("content-type", kind),))) is None:
                    self._seen = None
                    return None
            return bytes(piece.data)
        except Exception as error:
            self._seam.watchers().fault("stream", error)
            return None

    def _over(self, error: BaseException) -> None:
        seen, self._seen = self._seen, None
        if seen is None:
            return
        if isinstance(error, StopIteration | StopAsyncIteration):
            seen.ended(complete=True)
        elif self._has_begun:
            seen.dropped()
        else:
            _failed(self._seam, seen, error)


def _begin(seam: Seam, client: Any, verb: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> "Watch | None":
    try:
        request = argument(args, kwargs, 0, "request")
        endpoint, body = kwargs.get("endpoint"), kwargs.get("http_body")
        if request is not None:
            told = (
                request if isinstance(request, dict) else {"endpoint": request.endpoint, "http_body": request.http_body}
            )
            endpoint, body = endpoint or told.get("endpoint"), body or told.get("http_body")
        path = f"/v1/{endpoint}:{verb}"
        if "grpc" not in str(client.transport.kind) or not has_sign(path):
            return None
        from pytest_claude_budget.intercept.over_grpc import OverGrpc
        from pytest_claude_budget.intercept.plain_http import Asked, url_of

        data = body.get("data") if isinstance(body, dict) else getattr(body, "data", None)
        asked = Asked("POST", url_of(f"https://{client.transport.host}{path}"), (), data)
        return seam.watchers().begin(OverGrpc(client), asked)
    except Exception as error:
        seam.watchers().fault("request", error)
        return None


def _ask(seen: "Watch") -> None:
    """Ask whether it may leave, as there is no other place on its way. Raises what refuses."""
    if (ask := seen.inside.ask) is not None:
        ask()


def _got(seam: Seam, seen: "Watch", answer: Any) -> Any:
    from pytest_claude_budget.intercept.plain_http import Got

    try:
        return Got(200, _JSON, bytes(answer.data))
    except Exception as error:
        seam.watchers().fault("answer", error)
        seen.dropped()
        return None


def _answered(seam: Seam, seen: "Watch", answer: Any) -> bool:
    """Tell of a whole answer; True where bytes are still to come."""
    got = _got(seam, seen, answer)
    return got is not None and seen.answered(got) is not None


def _failed(seam: Seam, seen: "Watch", error: BaseException) -> None:
    from pytest_claude_budget.intercept.plain_http import Got

    try:
        code = getattr(error, "code", None)
        if isinstance(code, int) and int(code) not in _NO_ANSWER:
            seen.answered(Got(int(code), (), str(error).encode("utf-8", "replace")))
        else:
            seen.raised(error, asynchronous=False)
    except Exception as fault:
        seam.watchers().fault("error", fault)
