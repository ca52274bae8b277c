"""Did an exchange reach a remote host? When in doubt it did: money is never hidden."""

from functools import lru_cache
from typing import Any

from pytest_claude_budget.usage import Origin

_NEVER_SENT = frozenset(
    (
        "ConnectError",
        "ConnectTimeout",
        "PoolTimeout",
        "WriteError",
        "WriteTimeout",
        "ProxyError",
        "UnsupportedProtocol",
        "LocalProtocolError",
        "InvalidURL",
        "TooManyRedirects",
        "CookieConflict",
    )
)
_OWN_TRANSPORTS = ("HTTPTransport", "AsyncHTTPTransport", "MockTransport", "ASGITransport", "WSGITransport")
_MOCK_TRANSPORTS = ("MockTransport", "ASGITransport", "WSGITransport")
_WIRE_MODULES = ("httpcore", "httpcore2", "aiohttp", "anyio", "asyncio", "ssl", "h11", "h2")


def origin_of(module: Any, client: Any, url: Any, extensions: Any) -> Origin:
    """Tell where an answer came from.

    The clients' own transports mark a real exchange; what they bring without the mark was replayed or made up.
    Other transports mark nothing, so their answers count as live.
    """
    if is_loopback(url.host):
        return Origin.SIMULATED
    if "network_stream" in extensions:
        return Origin.LIVE
    transport = client._transport_for_url(url)
    return Origin.SIMULATED if isinstance(transport, _classes(module, _OWN_TRANSPORTS)) else Origin.LIVE


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Is this an address of this very machine?"""
    host = host.strip("[]").lower()
    return host == "localhost" or host.endswith(".localhost") or host.startswith("127.") or host == "::1"


def is_made_up(module: Any, client: Any, url: Any) -> bool:
    """Is the transport one that reaches nothing beyond this process?"""
    return isinstance(client._transport_for_url(url), _classes(module, _MOCK_TRANSPORTS))


@lru_cache(maxsize=8)
def _classes(module: Any, names: tuple[str, ...]) -> tuple[type, ...]:
    return tuple(getattr(module, name) for name in names if hasattr(module, name))


def may_have_been_billed(error: BaseException, *, made_up: bool) -> bool:
    """Could Anthropic have answered an exchange that ended in this error?

    Not when the request never left whole, and not when a test raised the error itself: an error of the wire has
    one of the wire's own behind it.
    """
    names = {cls.__name__ for cls in type(error).__mro__}
    if names & _NEVER_SENT:
        return False
    if "DecodingError" in names:
        return True  # an answer came, and its bytes are damaged
    if isinstance(error, Exception):
        return bool(names & {"TimeoutException", "TransportError"}) and has_wire_cause(error)
    return not made_up


def has_wire_cause(error: BaseException) -> bool:
    """Did the network raise this, rather than a test double?"""
    cause = error.__cause__ or error.__context__
    if cause is None:
        return False
    return isinstance(cause, (OSError, TimeoutError)) or type(cause).__module__.split(".")[0] in _WIRE_MODULES
