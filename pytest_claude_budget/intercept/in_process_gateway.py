"""Exchanges inside of exchanges: a gateway in this very process that asks Claude for what it was asked.

The same answer is then seen twice and billed once. It is known by what it says: the same model and the same counts
as what was seen inside. Whatever differs counts by itself, so that no money hides behind another's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import replace
from typing import Any

from pytest_claude_budget.calls.alike import Alike
from pytest_claude_budget.calls.call import Answer, Status, Usage, summed
from pytest_claude_budget.calls.model_ids import normalise
from pytest_claude_budget.wire.said import Said

PASSED_ON = "passed on by a gateway in this process: counted as the call that the gateway made"
_IN_PROCESS = frozenset(("ASGITransport", "WSGITransport", "MockTransport", "_TestClientTransport"))
"""Transports that reach an application in this process; the last is Starlette's."""
_APPLICATIONS = _IN_PROCESS - {"MockTransport"}
"""Those behind which the suite's own application stands; a mock stands for somebody else."""
_CREATION = "batch_create"


class Inside:
    """What is seen while one exchange goes on, in its own context. Small: connections keep a context for long."""

    __slots__ = ("answers", "ask", "asked", "by_known", "elsewhere", "handed", "of", "reached")

    def __init__(self, of: tuple[Any, Any, Any] | None = None) -> None:
        self.of = of
        """Carrier, request and who watches, as long as the client sends.

        Who wraps a hook and hides it is hooked once more, and the client that carries this exchange is hooked too.
        """
        self.reached: bool | None = None
        """Did this exchange reach the network? None where nobody looks."""
        self.asked = False
        """A hook further down has looked at a request since."""
        self.by_known = False
        """Its transport is one of the client's own, as was seen before it was sent."""
        self.handed: Any = None
        """Where another thread finds it (`intercept/other_threads.py`), as long as the client sends by somebody's own code."""
        self.ask: Any = None
        """What is to be asked before this leaves (`guard.Ask`); None where nobody is to be asked."""
        self.elsewhere = 0
        """What had been seen outside of every exchange when the look began."""
        self.answers: dict[object, Answer] | None = {}
        """The newest state of each; None once the exchange is over."""

    def tell(self, exchange: object, answer: Answer) -> None:
        """Take the newest state of an exchange inside, as long as the one around it goes on."""
        if self.answers is not None:
            self.answers[exchange] = answer

    @contextmanager
    def around(self) -> Iterator[None]:
        """Be what goes on around this moment."""
        token = AROUND.set(self)
        try:
            yield
        finally:
            leave(token)

    def close(self) -> None:
        """Take no more: tasks that the exchange began may live on in its context."""
        self.answers = self.of = self.ask = None
        if self.handed is not None:
            self.handed.over()

    def has(self, answer: Answer) -> bool:
        """Is this answer one that was seen inside, or all of those together?"""
        seen = [each for each in (self.answers or {}).values() if each.status is answer.status]
        if answer.endpoint == _CREATION and answer.batch_id is not None:
            return any(each.endpoint == _CREATION and each.batch_id == answer.batch_id for each in seen)
        if answer.status is Status.FAILED:
            return any(each.http_status == answer.http_status for each in seen)
        if answer.status is not Status.MEASURED:
            return False
        usages = [each.usage for each in seen if _are_one(each.model, answer.model)]
        return answer.usage in usages or (bool(usages) and answer.usage == summed(usages))


def _are_one(model: str | None, other: str | None) -> bool:
    """Do two spellings name one model? A gateway may have one of its own."""
    if model is None or other is None or model == other:
        return model == other
    return normalise(model) == normalise(other)


AROUND: ContextVar[Inside | None] = ContextVar("claude_budget_exchange", default=None)
"""The exchange that goes on around this moment."""


def leave(token: Token[Inside | None]) -> None:
    """The exchange is over. A coroutine may be closed in another context than it began in."""
    try:
        AROUND.reset(token)
    except ValueError:
        """Nothing is set in that other context."""


def is_in_process(client: Any, url: Any) -> bool:
    """Does the transport reach nothing but an application in this process?"""
    return any(cls.__name__ in _IN_PROCESS for cls in type(client._transport_for_url(url)).__mro__)


def is_application(client: Any, url: Any) -> bool:
    """Does an application of this process answer, rather than a double of somebody else's server?"""
    return any(cls.__name__ in _APPLICATIONS for cls in type(client._transport_for_url(url)).__mro__)


def passed_on(answer: Answer) -> Answer:
    """The answer of an exchange whose money is counted inside of it; a batch that was passed on is no other batch."""
    batch_id = None if answer.endpoint == _CREATION else answer.batch_id
    return replace(answer, status=Status.FREE, usage=Usage(), iterations=(), notes=(PASSED_ON,), batch_id=batch_id)


def placed(said: Said, inside: Inside, outer: Inside | None, *, relays: bool) -> Said:
    """Tell the exchange around of what this one said; where this one `relays`, leave the money with the one inside of it."""

    def of(exchange: object, answer: Answer) -> Answer:
        if outer is not None:
            outer.tell(exchange, answer)
        return passed_on(answer) if relays and inside.has(answer) else answer

    own = None if said.own is None else of(inside, said.own)
    items = [
        each if isinstance(each, Alike) or each.batch_id is not None else of(object(), each) for each in said.items
    ]
    return Said(own=own, items=items)
