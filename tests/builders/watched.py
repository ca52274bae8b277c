"""HTTP clients under watch, without a run around them: what a sink is told, exchange by exchange."""

import asyncio
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import httpx
import httpx2

from pytest_claude_budget.calls.call import Answer, Origin
from pytest_claude_budget.calls.host_rules import HostRules
from pytest_claude_budget.intercept.httpx_hooks import hook_module

MODULES = (httpx, httpx2)
MODEL = "claude-haiku-4-5"
URL = "https://gateway.example/v1/messages"
ASKED = {"model": MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}


class Told:
    """The sink: the newest state of each exchange, in the order in which they began."""

    home, run = 0, "run-1.sqlite3"

    def __init__(self) -> None:
        self.hosts = HostRules()
        self._ids = itertools.count()
        self._states: dict[int, Answer] = {}
        self.origins: dict[int, Origin] = {}
        self.origins_of_items: list[Origin] = []
        self.faults: list[Exception] = []

    @property
    def answers(self) -> list[Answer]:
        """One for each exchange that said anything."""
        return [self._states[key] for key in sorted(self._states)]

    def open(self, retry: int, above: int = 1) -> int:  # of the protocol
        return next(self._ids)

    def write(self, ticket: Any, origin: Origin, own: Answer | None, items: Sequence[Answer]) -> None:
        self.origins_of_items += [origin] * len(items)
        if own is not None:
            self._states[ticket] = own
            self.origins[ticket] = origin
        for item in items:
            number = next(self._ids)
            self._states[number], self.origins[number] = item, origin

    post = settle = write

    def may_own(self, thread: int) -> bool:
        return True

    def missed(self, reason: str) -> None:
        raise AssertionError(reason)

    async def write_async(self, ticket: Any, origin: Origin, own: Answer | None, items: Sequence[Answer]) -> None:
        self.write(ticket, origin, own, items)

    def fault(self, stage: str, error: Exception) -> None:
        self.faults.append(error)


@contextmanager
def watched() -> Iterator[Told]:
    """Watch both clients' classes; whoever watches these tests themselves looks away."""
    told = Told()
    hooked = [hook_module(module, told) for module in MODULES]
    others = [hooks.watchers.sinks for hooks in hooked]
    try:
        for hooks in hooked:
            hooks.watchers.sinks = (told,)
        yield told
    finally:
        for hooks, sinks in zip(hooked, others, strict=True):
            hooks.watchers.sinks = sinks
            hooks.remove(told)
    assert told.faults == []


@contextmanager
def watched_by(hook: Callable[[Any, Any], Any], module: Any) -> Iterator[Told]:
    """Watch the classes of one module by its seam; whoever watches these tests themselves looks away."""
    with watched_by_all({hook: module}) as told:
        yield told


@contextmanager
def watched_by_all(hooks: Mapping[Callable[[Any, Any], Any], Any]) -> Iterator[Told]:
    """The same of several modules, each by its own."""
    told = Told()
    run = SimpleNamespace(sink=lambda: told)
    seams = [hook(module, run) for hook, module in hooks.items()]
    others = [seam.watchers().sinks for seam in seams]
    try:
        for seam in seams:
            seam.watchers().sinks = (told,)
        yield told
    finally:
        for seam, sinks in zip(seams, others, strict=True):
            seam.watchers().sinks = sinks
            seam.remove(run)
    assert told.faults == []


def message(input_tokens: int = 1_000, output_tokens: int = 100, model: str = MODEL) -> dict[str, Any]:
    usage = {"input_tokens": input_tokens, "output_tokens": output_tokens}
    return {"type": "message", "model": model, "content": [], "stop_reason": "end_turn", "usage": usage}


def send(module: Any, respond: Callable[[Any], Any], *, asynchronous: bool, **how: Any) -> Any:
    """One exchange over a mock transport; `hook` becomes a response event hook, what is left describes the request."""
    hook, request = how.pop("hook", None), {"method": "POST", "url": URL, "json": ASKED, **how}
    transport = module.MockTransport(respond)
    if not asynchronous:
        hooks = {"response": [hook]} if hook else {}
        with module.Client(transport=transport, event_hooks=hooks) as client:
            return client.request(**request)

    async def answered(response: Any) -> None:
        if hook.__name__ == "read_first":
            await response.aread()
        hook(response)

    async def work() -> Any:
        hooks = {"response": [answered]} if hook else {}
        async with module.AsyncClient(transport=transport, event_hooks=hooks) as client:
            return await client.request(**request)

    return asyncio.run(work())


def sse(*events: tuple[str, dict[str, Any]]) -> bytes:
    return b"".join(f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode() for name, data in events)
