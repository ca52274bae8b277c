"""Exchanges that another client may carry on a thread of its own, where no context tells of the one around it.

Such are an adapter of requests, or a transport of httpx, that hands its work to a pool of threads. Only what somebody's own code
sends is kept here, and it is known by what is asked: the same of the same host.
"""

import threading
from typing import Any

from pytest_claude_budget.intercept.carrier import Carrier
from pytest_claude_budget.intercept.http_fields import request_body
from pytest_claude_budget.intercept.in_process_gateway import Inside
from pytest_claude_budget.intercept.sink import Sink
from pytest_claude_budget.intercept.which_exchanges import is_same


class Handed:
    """One exchange that goes on, sent by somebody's own code."""

    __slots__ = ("asked", "inside", "thread")

    def __init__(self, inside: Inside, asked: Any) -> None:
        self.inside, self.asked = inside, asked
        self.thread = threading.get_ident()
        GOING_ON[self] = None

    def over(self) -> None:
        """Its client sends no more."""
        GOING_ON.pop(self, None)


GOING_ON: dict[Handed, None] = {}
"""In the order in which they began. Module state: a thread that was there before has nothing in common with who asks."""


def hand(inside: Inside, carrier: Carrier, request: Any) -> None:
    """Keep an exchange that its own client counts, until `inside.handed` is over. May raise.

    What an application of this process asks is its own, though it be the same.
    """
    if not carrier.is_in_process():
        inside.handed = Handed(inside, request)


def not_handed_over(sinks: tuple[Sink, ...], request: Any) -> tuple[Sink, ...]:
    """Those who do not count this already where it was asked, on another thread. Never raises.

    Where the exchange there is only seen from above, all of them: it hears that it was seen here.
    """
    here = threading.get_ident()
    for each in tuple(GOING_ON):
        inside, counted = each.inside, each.inside.of
        if each.thread != here and (counted is not None or not inside.asked) and _is_carried(each.asked, request):
            inside.asked = True
            return sinks if counted is None else tuple(sink for sink in sinks if sink not in counted[2])
    return sinks


def _is_carried(asked: Any, request: Any) -> bool:
    try:
        return request_body(asked) is not None and is_same(asked, request)
    except Exception:  # somebody's own idea of a request
        return False
