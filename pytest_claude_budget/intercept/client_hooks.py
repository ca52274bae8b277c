"""Hooks `Client.send` and `AsyncClient.send`: public, one call an attempt, above cassettes, below every SDK shape.

A class is wrapped once, however many runs watch it and by whatever name its module goes. Others wrap it too, before us and after,
by functions and by descriptors: what stands in the class is called as Python itself would call it.
"""

import functools
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import FunctionType, ModuleType
from typing import Any
from weakref import ref

from pytest_claude_budget.intercept.exchange import Watch
from pytest_claude_budget.intercept.failed_response import arrived
from pytest_claude_budget.intercept.in_process_gateway import AROUND, leave
from pytest_claude_budget.intercept.live_or_simulated import look_ahead
from pytest_claude_budget.intercept.reached_network import look_no_more
from pytest_claude_budget.intercept.response_streams import async_tap, sync_tap
from pytest_claude_budget.intercept.sink import Sink
from pytest_claude_budget.intercept.which_exchanges import watch
from pytest_claude_budget.wire.requests import Fingerprints

_MARK = "__claude_budget_hooks__"
_PUT_BACK = "{} was put back to what it was before the run: calls since then may be missing"
_DEEPEST = 100
"""Wrappers around wrappers that are looked through; a circle of them has no end."""


class Hooks:
    """The hooks of one module, shared by all sinks that watch it."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.sinks: tuple[Sink, ...] = ()
        self._prints = Fingerprints()
        self._placed: list[tuple[Any, Any, Any]] = []
        """Class, what stood there or would stand there, and the hook that takes its place."""
        self._going_on: set[ref[Watch]] = set()
        """Exchanges whose answer has not come to its end, and some that are over."""
        self._sync_tap, self._async_tap = sync_tap(module), async_tap(module)

    def add(self, sink: Sink) -> None:
        """Let one more sink watch."""
        self.wrap()
        if sink not in self.sinks:
            self.sinks = (*self.sinks, sink)

    def remove(self, sink: Sink) -> None:
        """Let a sink watch no more; the last one to go takes the hooks out."""
        self.settle(sink)
        self.sinks = tuple(other for other in self.sinks if other is not sink)
        if not self.sinks:
            self.unwrap()
            look_no_more()

    def settle(self, sink: Sink) -> None:
        """The run of a sink ends: tell it what is known by now of each exchange that goes on, and nothing more after that."""
        for each in self._going_on.copy():  # at once, whatever other threads begin
            if (seen := each()) is not None:
                seen.give_up(sink)

    def wrap(self) -> None:
        """Put the hooks in, where calls do not come by them already."""
        for cls, make in ((self.module.Client, self._sync), (self.module.AsyncClient, self._async)):
            original = cls.__dict__["send"]
            if _hooks_in(original) is not self:
                cls.send = self._hook(cls, make, original)

    def _hook(self, cls: Any, make: Callable[[Any], Any], original: Any) -> Any:
        """Make a hook.

        Whoever unwraps `send` takes away the top and leaves what that wraps: their own wrapper must go then, and a hook
        stay. So what a hook says that it wraps is a hook around what theirs wraps.
        """
        hook = make(original)
        setattr(hook, _MARK, self)
        _, *inner = itertools.islice(_layers(original), 2)
        for below in inner:
            hook.__wrapped__ = self._hook(cls, make, below)
        self._placed.append((cls, original, hook))
        return hook

    def unwrap(self) -> None:
        """Take the hooks out. One that somebody has wrapped since may have to stay: then it only passes calls on."""
        for placed in reversed(self._placed):
            cls, original, hook = placed
            if cls.__dict__.get("send") is hook:
                cls.send = original
            else:
                _take_out(cls.__dict__.get("send"), hook, original)
        self._placed.clear()

    def check(self) -> None:
        """Put a hook in anew that somebody has thrown out, who had wrapped the class earlier and unwraps it now."""
        for cls, original, hook in self._placed:
            now = cls.__dict__.get("send")
            if now is not hook and _hooks_in(now) is None and any(now is each for each in _layers(original)):
                self._placed = [placed for placed in self._placed if placed[0] is not cls]
                self.wrap()
                for sink in self.sinks:
                    sink.missed(_PUT_BACK.format(f"{self.module.__name__}.{cls.__name__}.send"))
                return

    def _begin(self, client: Any, request: Any, *, ahead: bool = True) -> Watch | None:
        """Begin to watch an exchange for the runs that it may belong to; None where it is not with Claude."""
        sinks = self.sinks
        if len(sinks) > 1:
            sinks = _of_this_thread(sinks)
        seen = watch(self.module, client, request, sinks, self._prints)
        if seen is not None:
            if ahead and (fault := look_ahead(self.module, client, request, seen.inside)) is not None:
                for sink in sinks:
                    sink.fault("request", fault)
            self._going_on.add(ref(seen, self._going_on.discard))  # by calls of C alone, unlike a WeakSet
        return seen

    def _led_on(self, client: Any, response: Any) -> Watch | None:
        """Watch an answer that redirects brought from Claude to a request that had gone elsewhere."""
        try:
            last = response._request if response.history else None
        except Exception:  # somebody's own idea of a response
            return None
        return None if last is None else self._begin(client, last, ahead=False)

    def _failed_on(self, client: Any, request: Any, error: BaseException, *, asynchronous: bool) -> None:
        """Record what redirects led to Claude and brought no answer, or one over which a hook raised."""
        if not self.sinks:
            return
        try:
            answer = arrived(self.module, error)
            last = getattr(error if answer is None else answer, "_request", None)
        except Exception as fault:
            for sink in self.sinks:
                sink.fault("redirect", fault)
            return
        if last is not None and last is not request:
            seen = self._begin(client, last, ahead=False)
            if seen is not None:
                seen.raised(error, asynchronous=asynchronous)

    def _sync(self, original: Any) -> Any:
        call = _callable(original)

        @functools.wraps(original)
        def send(client: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            seen = self._begin(client, request) if self.sinks else None
            if seen is None:
                try:
                    response = call(client, request, *args, **kwargs)
                except BaseException as error:
                    self._failed_on(client, request, error, asynchronous=False)
                    raise
                if not self.sinks or (seen := self._led_on(client, response)) is None:
                    return response
            else:
                around = AROUND.set(seen.inside)
                try:
                    response = call(client, request, *args, **kwargs)
                except BaseException as error:
                    seen.raised(error, asynchronous=False)
                    raise
                finally:
                    leave(around)
            if seen.answered(response) is not None:
                response.stream = self._sync_tap(response.stream, seen)
            return response

        return send

    def _async(self, original: Any) -> Any:
        call = _callable(original)

        @functools.wraps(original)
        async def send(client: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            seen = self._begin(client, request) if self.sinks else None
            if seen is None:
                try:
                    response = await call(client, request, *args, **kwargs)
                except BaseException as error:
                    self._failed_on(client, request, error, asynchronous=True)
                    raise
                if not self.sinks or (seen := self._led_on(client, response)) is None:
                    return response
            else:
                around = AROUND.set(seen.inside)
                try:
                    response = await call(client, request, *args, **kwargs)
                except BaseException as error:
                    seen.raised(error, asynchronous=True)
                    raise
                finally:
                    leave(around)
            try:
                if await seen.answered_async(response) is not None:
                    response.stream = self._async_tap(response.stream, seen)
            except BaseException:
                await response.aclose()
                raise
            return response

        return send


def hook_module(module: ModuleType, sink: Sink) -> Hooks:
    """Let a sink watch all clients of a module, also those that exist already."""
    hooks = _hooks_in(module.Client.__dict__["send"])
    if hooks is None:
        hooks = Hooks(module)
    hooks.add(sink)
    return hooks


def _callable(original: Any) -> Callable[..., Any]:
    """What stands in a class, as something to call with the client first: a function as it is, a descriptor bound, all else without."""
    if type(original) is FunctionType:
        return original
    if hasattr(type(original), "__get__"):
        return lambda client, *args, **kwargs: original.__get__(client, type(client))(*args, **kwargs)
    return lambda client, *args, **kwargs: original(*args, **kwargs)


def _layers(top: Any) -> Iterator[Any]:
    """What stands in a class, and what it says that it wraps."""
    for _ in range(_DEEPEST):
        if top is None:
            return
        yield top
        top = _attribute(top, "func" if isinstance(top, functools.partialmethod) else "__wrapped__")


def _attribute(thing: Any, name: str) -> Any:
    try:
        return getattr(thing, name, None)
    except Exception:  # somebody's own idea of an attribute
        return None


def _hooks_in(top: Any) -> Hooks | None:
    """The hooks that calls of this come by. Wrappers pass the mark on; one that hides it is hooked once more."""
    for layer in _layers(top):
        found = _attribute(layer, _MARK)
        if type(found) is Hooks:
            return found
    return None


def _take_out(top: Any, hook: Any, original: Any) -> None:
    """Take a hook out from under a proxy, so that whoever takes the proxy away does not bring the hook back."""
    for layer in _layers(top):
        if any(cls.__name__ == "ObjectProxy" for cls in type(layer).__mro__):
            with suppress(Exception):  # somebody's own idea of a proxy
                if layer.__wrapped__ is hook:
                    layer.__wrapped__ = original
                    return


def _of_this_thread(sinks: tuple[Sink, ...]) -> tuple[Sink, ...]:
    """Of several runs, those that the call of this moment may belong to: all of them where that cannot be told."""
    here = threading.get_ident()
    owners = [sink for sink in sinks if sink.may_own(here)]
    return tuple(sink for sink in sinks if sink in owners or all(each.home == sink.home for each in owners))
