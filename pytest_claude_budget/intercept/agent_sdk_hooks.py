"""Hooks the transport of `claude_agent_sdk`, which starts Claude Code and reads what it says: a second source where no gateway counts.

A turn begins where a message of the user's is written, which says who pays, and ends with Claude Code's own result. Where the program
asks comes from the canary, which sees it start (`measure/noticed.py`): what a gateway of ours stands before is counted there.
"""

import functools
from collections.abc import AsyncIterator
from contextlib import suppress
from contextvars import ContextVar
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytest_claude_budget.intercept.patches import callable_of, owner_of
from pytest_claude_budget.intercept.seam import Run, Seam

if TYPE_CHECKING:
    from pytest_claude_budget.intercept.agent_sdk_turns import Turns

_TURNS = "_claude_budget_turns"
_USER = ('"type": "user"', '"type":"user"')


class Start:
    """A program that the SDK is about to start."""

    base_url: str | None = None
    """Whom it asks, once it was seen to start."""


STARTING: ContextVar[Start | None] = ContextVar("claude_budget_agent_sdk", default=None)
"""What the SDK starts at this moment. Module state: the canary looks here."""


def hook_module(module: ModuleType, run: Run) -> Seam:
    """Let a run watch all transports of `claude_agent_sdk`."""
    transports: Any = module.SubprocessCLITransport
    seam: Seam | None = owner_of(transports.__dict__["connect"])
    if seam is None:

        def put(seam: Seam) -> None:
            seam.patches.put(transports, "connect", functools.partial(_connect, seam))
            seam.patches.put(transports, "write", functools.partial(_write, seam))
            seam.patches.put(transports, "read_messages", functools.partial(_read, seam))

        seam = Seam(put)
    seam.add(run)
    return seam


def _connect(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    async def connect(transport: Any, *args: Any, **kwargs: Any) -> Any:
        if not seam.runs or _turns(transport) is not None:
            return await call(transport, *args, **kwargs)
        start = Start()
        token = STARTING.set(start)
        try:
            return await call(transport, *args, **kwargs)
        finally:
            with suppress(ValueError):  # a coroutine may be closed in another context than it began in
                STARTING.reset(token)
            if start.base_url is not None:
                _begin(seam, transport, start.base_url)

    return connect


def _begin(seam: Seam, transport: Any, base_url: str) -> None:
    try:
        from pytest_claude_budget.intercept.agent_sdk_turns import Turns

        setattr(transport, _TURNS, Turns(seam.watchers(), base_url, getattr(transport, "_options", None)))
    except Exception as error:
        seam.watchers().fault("request", error)


def _write(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    async def write(transport: Any, data: Any, *args: Any, **kwargs: Any) -> Any:
        turns = _turns(transport)
        if seam.runs and turns is not None and isinstance(data, str) and any(sign in data for sign in _USER):
            await turns.ask()
        return await call(transport, data, *args, **kwargs)

    return write


def _read(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    def read_messages(transport: Any, *args: Any, **kwargs: Any) -> Any:
        messages, turns = call(transport, *args, **kwargs), _turns(transport)
        return messages if turns is None or not seam.runs else _heard(messages, turns)

    return read_messages


async def _heard(messages: Any, turns: "Turns") -> AsyncIterator[Any]:
    try:
        async for message in messages:
            if isinstance(message, dict) and message.get("type") == "result":
                await turns.answer(message)
            yield message
    finally:
        close = getattr(messages, "aclose", None)
        if close is not None:
            await close()


def _turns(transport: Any) -> "Turns | None":
    return getattr(transport, "__dict__", {}).get(_TURNS)
