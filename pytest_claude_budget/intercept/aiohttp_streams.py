"""aiohttp's streams, looked at as bytes come in: the stream itself stays, and so do its bytes and their borders.

An object of aiohttp's stream has no room for a watch and no place to be wrapped. So it becomes one of a class derived from its own,
and the watch waits among the callbacks for its end.
"""

from functools import lru_cache
from typing import Any

from pytest_claude_budget.intercept.exchange import Watch


class _Tap:
    """Knows its watch, never the stream or the response, so it keeps nothing alive."""

    __slots__ = ("watch",)

    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def __call__(self) -> None:
        """Called among the callbacks for the end, which `feed_eof` has told already."""


def look_on(content: Any, watch: Watch) -> None:
    """Show a watch what is here of a stream, and then what comes. Nobody has read anything yet."""
    try:
        for piece in content._buffer:
            watch.fed(bytes(piece))
        if content.is_eof():
            watch.ended(complete=True)
        elif content.exception() is not None:
            watch.dropped()
        else:
            content._eof_callbacks.insert(0, _Tap(watch))
            content.__class__ = _looking(content.__class__)
    except Exception as error:
        watch.failed("stream", error)


@lru_cache(maxsize=16)
def _looking(cls: Any) -> type:
    """Make the class of the streams of one class that are looked at."""

    class Looking(cls):  # type: ignore[misc]  # the class is known at run time only
        __slots__ = ()

        def feed_data(self, data: Any, *args: Any, **kwargs: Any) -> Any:
            watch = _watch_of(self)
            if watch is not None and not watch.passes(piece := bytes(data)):
                watch.fed(piece)
            return super().feed_data(data, *args, **kwargs)

        def feed_eof(self) -> None:
            watch = _watch_of(self)
            self.__class__ = cls
            if watch is not None:
                watch.ended(complete=True)
            self.feed_eof()

        def set_exception(self, *args: Any, **kwargs: Any) -> None:
            watch = _watch_of(self)
            self.__class__ = cls
            if watch is not None:
                watch.dropped()
            self.set_exception(*args, **kwargs)

    Looking.__name__, Looking.__qualname__, Looking.__module__ = cls.__name__, cls.__qualname__, cls.__module__
    return Looking


def _watch_of(content: Any) -> Watch | None:
    for each in content._eof_callbacks:
        if type(each) is _Tap:
            return each.watch
    return None
