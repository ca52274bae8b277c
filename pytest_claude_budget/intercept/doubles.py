"""Answers that stand-ins give before a request comes to a hook further down: `responses` or a mounted adapter for requests, pook for urllib3.

Where a hook further down sees the request, the exchange is its own, with each try. Only what none has seen is told here, once
the answer is there.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pytest_claude_budget.intercept.in_process_gateway import AROUND, Inside, leave
from pytest_claude_budget.intercept.other_threads import Handed
from pytest_claude_budget.intercept.over_sockets import OverSockets
from pytest_claude_budget.intercept.plain_http import Asked, Got
from pytest_claude_budget.intercept.reached_network import look, reached_nothing

if TYPE_CHECKING:
    from pytest_claude_budget.intercept.runs_that_watch import Watchers

_PASSES_ON = "requests_mock"
"""Raises errors of its own where it has no answer, and another takes the request."""


class Above:
    """One exchange, seen from above."""

    def __init__(
        self, watchers: "Watchers", client: object, ask: Callable[[], Asked], read: Callable[[Any], Got]
    ) -> None:
        self._watchers, self._client = watchers, client
        self._ask, self._read = ask, read
        """Make the request and the answer, where they are needed."""
        self._inside = Inside()

    def around(self, call: Callable[[], Any]) -> Any:
        """Call, and tell what came of it where no hook further down has seen it. Raises what the call raises."""
        look(self._inside)
        asked = self._asked()
        handed = None if asked is None else Handed(self._inside, asked)
        token = AROUND.set(self._inside)
        try:
            response = call()
        except BaseException as error:
            leave(token)
            if handed is not None:
                handed.over()
            if type(error).__module__.partition(".")[0] != _PASSES_ON:
                self._tell(
                    getattr(error, "response", None), error
                )  # a hook of requests raises over an answer that came
            raise
        leave(token)
        if handed is not None:
            handed.over()
        self._tell(response)
        return response

    def _asked(self) -> Asked | None:
        try:
            return self._ask()
        except Exception as fault:
            self._watchers.fault("request", fault)
            return None

    def _tell(self, response: Any, error: BaseException | None = None) -> None:
        try:
            if not self._inside.asked:
                carrier = OverSockets(self._client, simulated=reached_nothing(self._inside))
                seen = self._watchers.begin(carrier, self._ask())
                if seen is not None and response is None and error is not None:
                    seen.raised(error, asynchronous=False)
                elif seen is not None and seen.answered(self._read(response)) is not None:
                    seen.dropped()  # a stream of somebody's own
        except Exception as fault:
            self._watchers.fault("answer", fault)
        self._inside.close()


def is_inside() -> bool:
    """Does an exchange that is watched go on around this moment? Then this is a part of it.

    A task that began in one may live longer, in a context that still has it.
    """
    around = AROUND.get()
    return around is not None and around.answers is not None
