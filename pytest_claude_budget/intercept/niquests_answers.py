"""Answers of urllib3-future, the fork of urllib3 that niquests rides on and that takes urllib3's place where it is installed.

It has neither `http.client` nor its file; every way to read takes its bytes from `_read` of one answer, without chunks and with
their coding. Answers that share a connection come later, by another way (`ResponsePromise`): those are told as missed.
"""

import functools
from contextlib import suppress
from typing import Any

from pytest_claude_budget.intercept.exchange import Watch
from pytest_claude_budget.intercept.plain_http import Got
from pytest_claude_budget.intercept.whole_json import Looks, looks_of

PROMISED = (
    "a call over niquests shared its connection with others (multiplexed=True), and its answer comes by a way that is not watched:"
    " leave multiplexed out while tests run"
)
_LOOKS = "_claude_budget_looks"


def take_low(answer: Any, seen: Watch, got: Got) -> None:
    """Take an answer whose body is still to pass, and look on as it does."""
    looks = looks_of(seen, got, has_body=not answer.closed)
    if looks is not None:
        answer.__dict__[_LOOKS] = looks
        cls: Any = type(answer)
        answer.__class__ = _seen(cls)


def take_low_async(answer: Any, seen: Watch) -> None:
    """The same of an answer that a coroutine reads."""
    if answer.closed:  # it has no body
        seen.dropped()
        return
    answer.__dict__[_LOOKS] = seen
    cls: Any = type(answer)
    answer.__class__ = _seen_async(cls)


def is_promise(response: Any) -> bool:
    """Is the answer still to come, by a way of its own?"""
    return not hasattr(response, "status")


@functools.lru_cache(maxsize=8)
def _seen(of: Any) -> Any:
    """The same class with somebody who looks on: no reference of an answer to itself."""

    class Seen(of):  # type: ignore[misc]  # known at run time only
        def _read(self, *args: Any, **kwargs: Any) -> Any:
            data = super()._read(*args, **kwargs)
            _passed(self, data)
            return data

        def close(self) -> Any:
            _left(self)
            return super().close()

        def __del__(self) -> None:
            _left(self)

    Seen.__name__, Seen.__qualname__, Seen.__module__ = of.__name__, of.__qualname__, of.__module__
    return Seen


@functools.lru_cache(maxsize=8)
def _seen_async(of: Any) -> Any:
    class Seen(of):  # type: ignore[misc]  # as above
        async def _read(self, *args: Any, **kwargs: Any) -> Any:
            data = await super()._read(*args, **kwargs)
            seen = self.__dict__.get(_LOOKS)
            if seen is not None and data and not seen.passes(data):
                await seen.fed_async(data)
            if seen is not None and self.closed:
                del self.__dict__[_LOOKS]
                seen.dropped() if self.length else await seen.ended_async()
            return data

        def close(self) -> Any:
            _left(self)
            return super().close()

        def __del__(self) -> None:
            _left(self)

    Seen.__name__, Seen.__qualname__, Seen.__module__ = of.__name__, of.__qualname__, of.__module__
    return Seen


def _passed(answer: Any, data: bytes) -> None:
    looks: Looks | None = answer.__dict__.get(_LOOKS)
    if looks is None:
        return
    if data and not looks.passes(data):
        looks.fed(data)
    if answer.closed:
        del answer.__dict__[_LOOKS]
        looks.ended(complete=not answer.length)


def _left(answer: Any) -> None:
    """The reader goes away; perhaps in the garbage collector."""
    with suppress(AttributeError):  # not whole
        looks: Looks | None = answer.__dict__.pop(_LOOKS, None)
        if looks is not None:
            looks.dropped()
