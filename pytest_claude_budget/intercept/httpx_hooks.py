"""Hooks `Client.send` and `AsyncClient.send` of httpx and httpx2: public, one call an attempt, above cassettes, below every SDK shape."""

import functools
from types import ModuleType
from typing import Any

from pytest_claude_budget.intercept.carrier import OverHttpx
from pytest_claude_budget.intercept.exchange import Watch
from pytest_claude_budget.intercept.failed_response import arrived
from pytest_claude_budget.intercept.in_process_gateway import AROUND, Inside, leave
from pytest_claude_budget.intercept.live_or_simulated import ask_ahead, own_transports
from pytest_claude_budget.intercept.other_threads import hand
from pytest_claude_budget.intercept.patches import Patches, callable_of, owner_of
from pytest_claude_budget.intercept.reached_network import look, look_no_more
from pytest_claude_budget.intercept.response_streams import async_tap, sync_tap
from pytest_claude_budget.intercept.runs_that_watch import Watchers
from pytest_claude_budget.intercept.sending import Sending
from pytest_claude_budget.intercept.sink import Sink

_PUT_BACK = "{} was put back to what it was before the run: calls since then may be missing"


class Hooks:
    """The hooks of one module, shared by all sinks that watch it."""

    owns_patches = True

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.watchers = Watchers()
        self._patches = Patches(self)
        self._own_transports = own_transports(module)
        self._sync_tap, self._async_tap = sync_tap(module), async_tap(module)

    def add(self, sink: Sink) -> None:
        """Let one more sink watch."""
        self.wrap()
        self.watchers.add(sink)

    def remove(self, sink: Sink) -> None:
        """Let a sink watch no more; the last one to go takes the hooks out."""
        self.watchers.remove(sink)
        if not self.watchers.sinks:
            self.unwrap()
            look_no_more()

    def settle(self, sink: Sink) -> None:
        """The run of a sink ends: tell it what is known by now of each exchange that goes on, and nothing more after that."""
        self.watchers.settle(sink)

    def wrap(self) -> None:
        """Put the hooks in, where calls do not come by them already."""
        self._patches.put(self.module.Client, "send", self._sync)
        self._patches.put(self.module.AsyncClient, "send", self._async)

    def unwrap(self) -> None:
        """Take the hooks out. One that somebody has wrapped since may have to stay: then it only passes calls on."""
        self._patches.take_out()

    def check(self) -> None:
        """Put a hook in anew that somebody has thrown out, who had wrapped the class earlier and unwraps it now."""
        if (name := self._patches.put_back()) is not None:
            self.watchers.missed(_PUT_BACK.format(name))

    def _begin(self, client: Any, request: Any, *, ahead: bool = True) -> Watch | None:
        """Begin to watch an exchange; None where it is not with Claude."""
        try:
            carrier = OverHttpx(self.module, client, request.url)
        except Exception as error:
            self.watchers.fault("request", error)
            return None
        seen = self.watchers.begin(carrier, request)
        if seen is not None and ahead:
            self._look_ahead(carrier, request, seen.inside)
        return seen

    def _look_ahead(self, carrier: OverHttpx, request: Any, inside: Inside) -> None:
        """Where somebody's own code sends, look for what that reaches, and be found on threads of its own."""
        try:
            if type(carrier.client._transport_for_url(request.url)) in self._own_transports:
                inside.by_known = True
            else:
                look(inside)
                hand(inside, carrier, request)
        except Exception as error:
            self.watchers.fault("request", error)

    def _led_on(self, client: Any, response: Any) -> Watch | None:
        """Watch an answer that redirects brought from Claude to a request that had gone elsewhere."""
        if not self.watchers.sinks:
            return None
        try:
            last = response._request if response.history else None
        except Exception:  # somebody's own idea of a response
            return None
        return None if last is None else self._begin(client, last, ahead=False)

    def _failed(self, seen: Watch | None, sent: tuple[Any, Any], error: BaseException, *, asynchronous: bool) -> None:
        """Record what brought no answer, or one over which a hook raised; also where only redirects led to Claude."""
        if seen is None and self.watchers.sinks:
            try:
                answer = arrived(self.module, error)
                last = getattr(error if answer is None else answer, "_request", None)
            except Exception as fault:
                self.watchers.fault("redirect", fault)
                return
            client, request = sent
            if last is not None and last is not request:
                seen = self._begin(client, last, ahead=False)
        if seen is not None:
            seen.raised(error, asynchronous=asynchronous)

    def _sync(self, original: Any) -> Any:
        call = callable_of(original)

        @functools.wraps(original)
        def send(client: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            seen = self._begin(client, request) if self.watchers.sinks else None
            sending = Sending(client, request) if seen is None else AROUND.set(seen.inside)
            try:
                if seen is not None and seen.inside.ask is not None:
                    ask_ahead(self.module, client, request, seen.inside)
                response = call(client, request, *args, **kwargs)
            except BaseException as error:
                self._failed(seen, (client, request), error, asynchronous=False)
                raise
            finally:
                sending.over() if isinstance(sending, Sending) else leave(sending)
            if seen is None:
                seen = self._led_on(client, response)
            if seen is not None and seen.answered(response) is not None:
                response.stream = self._sync_tap(response.stream, seen)
            return response

        return send

    def _async(self, original: Any) -> Any:
        call = callable_of(original)

        @functools.wraps(original)
        async def send(client: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            seen = self._begin(client, request) if self.watchers.sinks else None
            sending = Sending(client, request) if seen is None else AROUND.set(seen.inside)
            try:
                if seen is not None and seen.inside.ask is not None:
                    ask_ahead(self.module, client, request, seen.inside)
                response = await call(client, request, *args, **kwargs)
            except BaseException as error:
                self._failed(seen, (client, request), error, asynchronous=True)
                raise
            finally:
                sending.over() if isinstance(sending, Sending) else leave(sending)
            if seen is None:
                seen = self._led_on(client, response)
            if seen is None:
                return response
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
    hooks: Hooks | None = owner_of(module.Client.__dict__["send"])
    if hooks is None:
        hooks = Hooks(module)
    hooks.add(sink)
    return hooks
