"""Who sends at this moment: a pool or a session that a client of httpx sends by is hooked too, and the client counts.

An exchange of httpx may lead elsewhere than it was asked to: by redirects. So what a client sends by is known by the object itself.
Whoever has sent over httpx has loaded what this loads in a call.
"""

from collections.abc import Iterable
from contextvars import ContextVar, Token
from typing import Any

_DEEPEST = 6
"""Transports around transports."""


class Sending:
    """A client of httpx, and what it sends. Empty once that is over: connections keep a context for long."""

    __slots__ = ("_around", "_token", "client", "request")

    def __init__(self, client: Any, request: Any, around: "Token[Any] | None" = None) -> None:
        self.client, self.request, self._around = client, request, around
        self._token: Token[Sending | None] = SENDING.set(self)

    def over(self) -> None:
        """The client has its answer. A coroutine may be closed in another context than it began in: nothing is set there."""
        self.client = self.request = None
        around, self._around = self._around, None
        try:
            if around is not None:
                around.var.reset(around)
            SENDING.reset(self._token)
        except ValueError:
            pass


SENDING: ContextVar[Sending | None] = ContextVar("claude_budget_sending", default=None)


def is_sent_by_a_client(means: object) -> bool:
    """Is this pool or session what a client of httpx, which sends at this moment, sends by?

    Not where an application of this process answers the client: what that asks by the same pool is another exchange.
    """
    sending = SENDING.get()
    if sending is None or (client := sending.client) is None:
        return False
    try:
        if getattr(client._transport, "_pool", None) is means:
            return True
        from pytest_claude_budget.intercept.in_process_gateway import is_in_process

        return not is_in_process(client, sending.request.url) and _holds(
            (client._transport, *client._mounts.values()), means
        )
    except Exception:  # somebody's own idea of a client
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
