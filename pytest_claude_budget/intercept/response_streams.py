"""Streams that look on as bytes pass: the same bytes in the same pieces, nothing held.

A tap knows its stream and who looks on, never the client or the response, so it keeps nothing alive.
"""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

from pytest_claude_budget.intercept.whole_json import Looks


def sync_tap(module: ModuleType) -> type:
    """Make the tap for synchronous streams of one module."""

    class SyncTap(module.SyncByteStream):  # type: ignore[misc, name-defined]  # the module is known at run time only
        def __init__(self, inner: Any, seen: Looks) -> None:
            self._stream = inner
            self._seen = seen
            self.stream_observer = getattr(inner, "stream_observer", None)  # asked for by the SDK at every event

        def __iter__(self) -> Iterator[bytes]:
            seen = self._seen
            passes = seen.passes
            complete = False
            try:
                for piece in self._stream:
                    if not passes(piece):
                        seen.fed(piece)
                        passes = seen.passes
                    yield piece
                complete = True
            finally:
                if complete:
                    seen.ended(complete=True)
                else:  # the garbage collector may be here, in the middle of a write of this very thread
                    seen.dropped()

        def close(self) -> None:
            try:
                self._stream.close()
            finally:
                self._seen.dropped()

        def __getattr__(self, name: str) -> Any:
            return getattr(self._stream, name)

    return SyncTap


def async_tap(module: ModuleType) -> type:
    """Make the tap for asynchronous streams of one module."""

    class AsyncTap(module.AsyncByteStream):  # type: ignore[misc, name-defined]  # as above
        def __init__(self, inner: Any, seen: Looks) -> None:
            self._stream = inner
            self._seen = seen
            self.stream_observer = getattr(inner, "stream_observer", None)  # asked for by the SDK at every event

        async def __aiter__(self) -> Any:
            seen = self._seen
            passes = seen.passes
            inner = self._stream.__aiter__()
            try:
                async for piece in inner:
                    if not passes(piece):
                        await seen.fed_async(piece)
                        passes = seen.passes
                    yield piece
                await seen.ended_async()
            finally:
                seen.dropped()
                if hasattr(inner, "aclose"):
                    await inner.aclose()

        async def aclose(self) -> None:
            try:
                await self._stream.aclose()
            finally:
                self._seen.dropped()

        def __getattr__(self, name: str) -> Any:
            return getattr(self._stream, name)

    return AsyncTap
