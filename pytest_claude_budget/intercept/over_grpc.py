"""The carrier of an exchange over gRPC, whose connections are none of Python's."""

from pytest_claude_budget.intercept.plain_http import Plain

_OF_THE_WIRE = ("google", "grpc")
"""Packages whose errors tell of an exchange; others never let it leave."""


class OverGrpc(Plain):
    """One exchange of Google's client. For each method, see `Carrier`."""

    __slots__ = ()

    def __init__(self, client: object) -> None:
        super().__init__(client, frozenset())

    def from_wire(self, error: BaseException) -> bool:
        """Did the network raise this, rather than a test double?"""
        return not isinstance(error, Exception) or type(error).__module__.partition(".")[0] in _OF_THE_WIRE

    def may_have_been_billed(self, error: BaseException) -> bool:
        """Could Anthropic have answered? Not where something else than the exchange failed."""
        return self.from_wire(error)
