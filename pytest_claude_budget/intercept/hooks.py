"""Hooks `Client.send` and `AsyncClient.send`: public, one call an attempt, above cassettes, below every SDK shape.

A class is wrapped once, however many runs watch it and by whatever name its module goes.
"""

import functools
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import ModuleType
from typing import Any

from pytest_claude_budget.intercept.arrived import arrived
from pytest_claude_budget.intercept.passage import AROUND, leave
from pytest_claude_budget.intercept.sink import Sink
from pytest_claude_budget.intercept.taps import async_tap, sync_tap
from pytest_claude_budget.intercept.watch import Watch, watch
from pytest_claude_budget.wire.requests import Fingerprints

_MARK = "__claude_budget_hooks__"


class Hooks:
    """The hooks of one module, shared by all sinks that watch it."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.sinks: tuple[Sink, ...] = ()
        self._prints = Fingerprints()
        self._originals: list[tuple[Any, str, Any, Any]] = []
        self._sync_tap, self._async_tap = sync_tap(module), async_tap(module)

    def wrap(self) -> None:
        """Put the hooks in."""
        for cls, make in ((self.module.Client, self._sync), (self.module.AsyncClient, self._async)):
            original = cls.__dict__["send"]
            hook = make(original)
            setattr(hook, _MARK, self)
            self._originals.append((cls, "send", original, hook))
            cls.send = hook

    def unwrap(self) -> None:
        """Take the hooks out, unless somebody has wrapped them since: then they only pass calls on."""
        for cls, name, original, hook in self._originals:
            if cls.__dict__.get(name) is hook:
                setattr(cls, name, original)
        self._originals.clear()

    def _led_on(self, client: Any, response: Any) -> Watch | None:
        """Watch an answer that redirects brought from Claude to a request that had gone elsewhere."""
        try:
            last = response._request if response.history else None
        except Exception:  # somebody's own idea of a response
            return None
        return None if last is None else watch(self.module, client, last, self.sinks, self._prints)

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
            seen = watch(self.module, client, last, self.sinks, self._prints)
            if seen is not None:
                seen.raised(error, asynchronous=asynchronous)

    def _sync(self, original: Any) -> Any:
        @functools.wraps(original)
        def send(client: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            seen = watch(self.module, client, request, self.sinks, self._prints) if self.sinks else None
            if seen is None:
                try:
                    response = original(client, request, *args, **kwargs)
                except BaseException as error:
                    self._failed_on(client, request, error, asynchronous=False)
                    raise
                if not self.sinks or (seen := self._led_on(client, response)) is None:
                    return response
            else:
                around = AROUND.set(seen.inside)
                try:
                    response = original(client, request, *args, **kwargs)
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
        @functools.wraps(original)
        async def send(client: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            seen = watch(self.module, client, request, self.sinks, self._prints) if self.sinks else None
            if seen is None:
                try:
                    response = await original(client, request, *args, **kwargs)
                except BaseException as error:
                    self._failed_on(client, request, error, asynchronous=True)
                    raise
                if not self.sinks or (seen := self._led_on(client, response)) is None:
                    return response
            else:
                around = AROUND.set(seen.inside)
                try:
                    response = await original(client, request, *args, **kwargs)
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


def hook_module(module: ModuleType, sink: Sink) -> None:
    """Let a sink watch all clients of a module, also those that exist already."""
    hooks = getattr(module.Client.__dict__["send"], _MARK, None)
    if hooks is None:
        hooks = Hooks(module)
        hooks.wrap()
    if sink not in hooks.sinks:
        hooks.sinks = (*hooks.sinks, sink)


def unhook_modules(sink: Sink, names: Sequence[str]) -> None:
    """Let a sink watch no more; the last one to go takes the hooks out."""
    for name in names:
        module = sys.modules.get(name)
        with suppress(AttributeError, KeyError):
            hooks = getattr(module.Client.__dict__["send"], _MARK, None)  # type: ignore[union-attr]  # suppressed
            if hooks is not None:
                hooks.sinks = tuple(other for other in hooks.sinks if other is not sink)
                if not hooks.sinks:
                    hooks.unwrap()
