"""What carries an exchange: one client's signs of a network, behind names that all clients share.

`Watch` reads every exchange by these and by a request and an answer of httpx's shape; a client of another shape hands over
`Asked` and `Got` (`intercept/plain_http.py`).
"""

from typing import Any, Protocol

from pytest_claude_budget.intercept.failed_response import arrived
from pytest_claude_budget.intercept.in_process_gateway import Inside, is_application, is_in_process
from pytest_claude_budget.intercept.live_or_simulated import (
    has_wire_cause,
    is_made_up,
    may_have_been_billed,
    was_replayed,
)
from pytest_claude_budget.intercept.signs_of_network import body_in_memory


class Carrier(Protocol):
    """One exchange's client. May raise: whoever asks makes a fault of it."""

    client: Any
    """Who sends: the same client and request twice are one exchange that is hooked in two places."""

    def led_to(self, of: Any) -> Any:
        """The URL that redirects led to, by an answer or by the error that came instead; None where it is the request's own."""

    def was_replayed(self, response: Any, inside: Inside) -> bool:
        """Is it certain that no network brought this answer?"""

    def is_made_up(self) -> bool:
        """Does whatever answers reach nothing beyond this process?"""

    def is_in_process(self) -> bool:
        """Does an application of this process answer, or a mock?"""

    def is_application(self) -> bool:
        """Does an application of this process answer, rather than a double of somebody else's server?"""

    def body_in_memory(self, response: Any) -> bytes | None:
        """The raw body of an answer that is streamed from memory; None where it is still to come."""

    def arrived(self, error: BaseException) -> Any:
        """The answer that had come before the exchange failed; None where there was none."""

    def from_wire(self, error: BaseException) -> bool:
        """Did the network raise this, rather than a test double?"""

    def may_have_been_billed(self, error: BaseException) -> bool:
        """Could Anthropic have answered an exchange that ended in this error?"""


class OverHttpx:
    """An exchange of httpx or httpx2. For each method, see `Carrier`."""

    __slots__ = ("_module", "_url", "client")

    def __init__(self, module: Any, client: Any, url: Any) -> None:
        self._module, self.client, self._url = module, client, url

    def led_to(self, of: Any) -> Any:
        """The URL that redirects led to. What is asked after this is asked of it."""
        last = getattr(of, "_request", None)
        if last is None:
            return None
        self._url = last.url
        return self._url

    def was_replayed(self, response: Any, inside: Inside) -> bool:
        """Is it certain that no network brought this answer?"""
        return was_replayed(self._module, self.client, self._url, response, inside)

    def is_made_up(self) -> bool:
        """Does whatever answers reach nothing beyond this process?"""
        return is_made_up(self._module, self.client, self._url)

    def is_in_process(self) -> bool:
        """Does an application of this process answer, or a mock?"""
        return is_in_process(self.client, self._url)

    def is_application(self) -> bool:
        """Does an application of this process answer, rather than a double of somebody else's server?"""
        return is_application(self.client, self._url)

    def body_in_memory(self, response: Any) -> bytes | None:
        """The raw body of an answer that is streamed from memory; None where it is still to come."""
        return body_in_memory(self._module, response)

    def arrived(self, error: BaseException) -> Any:
        """The answer that had come before the exchange failed; None where there was none."""
        response = arrived(self._module, error)
        return response if response is not None and (response.is_success or response.is_error) else None

    def from_wire(self, error: BaseException) -> bool:
        """Did the network raise this, rather than a test double?"""
        return has_wire_cause(error)

    def may_have_been_billed(self, error: BaseException) -> bool:
        """Could Anthropic have answered an exchange that ended in this error?"""
        return may_have_been_billed(error, made_up=self.is_made_up())
