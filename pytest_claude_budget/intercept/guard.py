"""What is asked before an exchange leaves this machine: may it? A run's guard stands behind this; nothing here knows of tests or money.

The hook of a client knows that an exchange is Claude's, and not yet whether a cassette or a double answers it. The place behind those
(`intercept/passages.py`) knows that the network is next. So the hook lays down what is to be asked, and that place asks it.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.claude_hosts import Place
from pytest_claude_budget.calls.origin import Origin
from pytest_claude_budget.intercept.http_fields import request_body, told
from pytest_claude_budget.intercept.sink import Held, Sink, Ticket
from pytest_claude_budget.wire.messages import requested_model
from pytest_claude_budget.wire.routes import Route


@value_class(frozen=True, kw_only=True, slots=True)
class Leaving:
    """A request to Claude that is about to leave."""

    url: Any
    route: Route
    body: bytes | None
    """None where it is a stream that only the client may read."""
    betas: str
    """The header `anthropic-beta`."""
    model: str | None
    """As the request names it."""


class Guard(Protocol):
    """Holds the line of one run. Its refusals are of its own kind, and no Exception: clients try each of those again."""

    def ask(self, ticket: Ticket, leaving: Leaving) -> None:
        """Return where it may leave, raise where not."""

    def ask_ahead(self, ticket: Ticket, leaving: Leaving) -> None:
        """The same before there is a connection, of what is asked once more when there is one."""

    def led_on(self, ticket: Ticket) -> None:
        """What left brought a redirect, which bills nothing; where it leads to is asked anew. Must not raise."""

    def ask_of_host(self, place: Place) -> None:
        """The same of a request that is no exchange of those that are watched, such as one for a list of models."""

    def ask_of_unseen(self, ticket: Ticket, what: str) -> None:
        """The same of what nobody measures: a connection with Claude, or a program that asks it."""


GUARDS: "dict[Sink, Guard]" = {}
"""The guards that are in force, each by its run's sink. Module state: as long as it is empty, no exchange pays for it."""


class Ask:
    """What is to be asked before one exchange leaves."""

    __slots__ = ("_leaving", "_of", "_url", "is_asked", "is_refused")

    def __init__(self, of: Sequence[tuple[Guard, Sink, Ticket]], request: Any, route: Route) -> None:
        self._of = of
        self._url = request.url
        self._leaving: tuple[Any, Route] | Leaving = (request, route)
        self.is_asked = False
        self.is_refused = False
        """Nothing was sent, and there is nothing to count."""

    def __call__(self, place: Place | None = None, *, ahead: bool = False) -> None:
        """Ask, where a connection leads to `place`, once; a refusal stays one. Raises what refuses."""
        if self.is_asked and not self.is_refused:
            return  # a later place on the way of the same exchange
        asked = [each for each in self._of if not self._is_simulated(each[1], place)]
        for guard, _, ticket in asked:
            try:
                (guard.ask_ahead if ahead else guard.ask)(ticket, self._what())
            except BaseException:
                self.is_asked = self.is_refused = True
                raise
        self.is_asked = bool(asked) and not ahead

    def led_on(self) -> None:
        """The answer is a redirect, and nothing will be stored of it. Never raises."""
        for guard, _, ticket in self._of:
            guard.led_on(ticket)

    def _is_simulated(self, sink: Sink, place: Place | None) -> bool:
        """Does neither the URL nor what it led to bill, by what the budget says of hosts? A proxy may stand between them."""
        if sink.hosts.of(self._url)[0] is not Origin.SIMULATED:
            return False
        return place is None or sink.hosts.of(place)[0] is Origin.SIMULATED

    def _what(self) -> Leaving:
        if not isinstance(self._leaving, Leaving):
            request, route = self._leaving
            body = request_body(request)
            model = route.model or requested_model(body)
            betas = told(request)[1]
            self._leaving = Leaving(url=request.url, route=route, body=body, betas=betas, model=model)
        return self._leaving


def ask_of(held: Sequence[Held], request: Any, route: Route) -> Ask | None:
    """What is to be asked before this leaves; None where nobody is to be asked, or only its answer can tell that it is Claude's."""
    if route.unnamed:
        return None
    of = [(GUARDS[sink], sink, ticket) for sink, ticket, _ in held if sink in GUARDS]
    return Ask(of, request, route) if of else None
