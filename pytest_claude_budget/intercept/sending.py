"""Who sends at this moment: a pool or a session that a client of httpx sends by is hooked too, and the client counts.

An exchange of httpx may lead elsewhere than it was asked to: by redirects. So what a client sends by is known by the object itself.
Whoever has sent over httpx has loaded what this loads in a call.
"""

import sys
from collections.abc import Iterable
from contextvars import ContextVar, Token
from typing import Any

_WATCHED = "pytest_claude_budget.intercept.in_process_gateway"
"""Knows the exchanges that are watched; nothing is, as long as it is not loaded."""
_DEEPEST = 6
"""Transports around transports."""


class Sending:
    """A client of httpx, and what it sends that nobody watches. Empty once that is over: connections keep a context for long."""

    __slots__ = ("_token", "client", "request")

    def __init__(self, client: Any, request: Any) -> None:
        self.client, self.request = client, request
        self._token: Token[Sending | None] | None = SENDING.set(self)

    def over(self) -> None:
        """The client has its answer. A coroutine may be closed in another context than it began in."""
        token, self.client, self.request, self._token = self._token, None, None, None
        try:
            if token is not None:
                SENDING.reset(token)
        except ValueError:
            """Nothing is set in that other context."""


SENDING: ContextVar[Sending | None] = ContextVar("claude_budget_sending", default=None)


def is_sent_by_a_client(means: object) -> bool:
    """Is this pool or session what a client of httpx, which sends at this moment, sends by?

    Not where an application of this process answers the client: what that asks by the same pool is another exchange.
    """
    if (sending := SENDING.get()) is not None and _sends_by(sending.client, sending.request, means):
        return True
    watched = sys.modules.get(_WATCHED)
    around = None if watched is None else watched.AROUND.get()
    if around is None or (of := around.of) is None:
        return False
    carrier, request, _ = of
    return _sends_by(carrier.client, request, means)


def _sends_by(client: Any, request: Any, means: object) -> bool:
    try:
        transport = None if client is None else client._transport
        if transport is None or getattr(transport, "_pool", None) is means:
            return transport is not None
        from pytest_claude_budget.intercept.in_process_gateway import is_in_process

        return not is_in_process(client, request.url) and _holds((transport, *client._mounts.values()), means)
    except Exception:  # somebody's own idea of a client, and a client of another package
        return False


def _holds(transports: Iterable[Any], means: object) -> bool:
    from pytest_claude_budget.intercept.signs_of_network import held_by, is_transport

    left = list(transports)
    for _ in range(_DEEPEST):
        held = [part for each in left if each is not None for part in held_by(each)]
        if any(part is means for part in held):
            return True
        left = [part for part in held if is_transport(part)]
    return False
