"""What carries an exchange of urllib3 or `http.client`, and what their requests look like to `Watch`."""

from pytest_claude_budget.intercept.plain_http import Plain

NEVER_SENT = frozenset(
    (
        "ConnectTimeoutError",
        "NewConnectionError",
        "EmptyPoolError",
        "ProxyError",
        "HostChangedError",
        "LocationValueError",
        "SSLCertVerificationError",
        "CertificateError",
        "ConnectionRefusedError",
        "gaierror",
        "ImproperConnectionState",
    )
)
_OF_THE_WIRE = ("urllib3", "http", "requests")


class OverSockets(Plain):
    """One exchange of urllib3 or `http.client`. For each method, see `Carrier`."""

    __slots__ = ("is_sent",)

    def __init__(self, client: object, *, simulated: bool = False) -> None:
        self.client, self._never_sent, self.simulated = client, NEVER_SENT, simulated
        self.is_sent = True
        """False as long as the request has surely not left whole."""

    def from_wire(self, error: BaseException) -> bool:
        """Did the network raise this, rather than a test double?"""
        return not self.simulated and _is_of_wire(error)

    def may_have_been_billed(self, error: BaseException) -> bool:
        """Could Anthropic have answered? Not when the request never left whole, nor where something else than a network failed."""
        if not self.is_sent or (isinstance(error, Exception) and not _is_of_wire(error)):
            return False
        return super().may_have_been_billed(error)


def _is_of_wire(error: BaseException) -> bool:
    return isinstance(error, OSError) or any(
        cls.__module__.partition(".")[0] in _OF_THE_WIRE for cls in type(error).__mro__
    )
