"""Did an exchange reach a remote host? When in doubt it did: money is never hidden."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pytest_claude_budget.calls.call import Origin
from pytest_claude_budget.intercept.in_process_gateway import Inside, is_in_process
from pytest_claude_budget.intercept.reached_network import reached_nothing
from pytest_claude_budget.intercept.signs_of_network import (
    aiohttp_answer,
    has_known_ends,
    is_feigned,
    is_over_aiohttp,
    was_never_started,
)
from pytest_claude_budget.intercept.sink import Held

if TYPE_CHECKING:
    from pytest_claude_budget.intercept.carrier import Carrier

_LIVE, _SIMULATED = Origin.LIVE, Origin.SIMULATED

NEVER_SENT = frozenset(
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
"""Errors of httpx and httpcore after which no request had left whole."""
_OWN_TRANSPORTS = ("HTTPTransport", "AsyncHTTPTransport", "MockTransport", "ASGITransport", "WSGITransport")
_MOCK_TRANSPORTS = ("MockTransport", "ASGITransport", "WSGITransport")
_REAL_SIGNS = frozenset(("request-id", "x-litellm-response-cost", b"request-id", b"x-litellm-response-cost"))
_RATE_LIMITS = frozenset(("anthropic-ratelimit-", b"anthropic-ratelimit-"))
"""How such names begin."""
_BEGIN = len("anthropic-ratelimit-")
_BEGINS_A_LIMIT = "\nanthropic-ratelimit-"
"""Where names stand line by line."""
_WIRE_MODULES = ("httpcore", "httpcore2", "aiohttp", "anyio", "asyncio", "ssl", "h11", "h2")


def own_transports(module: Any) -> tuple[type, ...]:
    """Give a client's own transports: each of their exchanges with a network is marked."""
    return _classes(module, _OWN_TRANSPORTS)


def ask_ahead(module: Any, client: Any, request: Any, inside: Inside) -> None:
    """Ask whether an exchange may leave, where no place on its way to the network would. Raises what refuses."""
    transport = client._transport_for_url(request.url)
    if isinstance(transport, _classes(module, _MOCK_TRANSPORTS)) or is_in_process(client, request.url):
        inside.ask = None  # what an application asks in its turn is an exchange of its own
        return
    known = own_transports(module)
    if not (type(transport) in known or is_over_aiohttp(transport) or has_known_ends(transport, known)):
        inside.ask()


def was_replayed(module: Any, client: Any, url: Any, response: Any, inside: Inside) -> bool:
    """Is it certain that no network brought an answer: it was played again, made up, or taken from a cache?

    The answer itself tells, by the socket under it. Where it does not, its transport does; and of a transport that is
    not the client's own, what was seen to reach a network while it answered.
    """
    if (stream := response.extensions.get("network_stream")) is not None:
        return is_feigned(stream)
    stream = response.stream
    if type(getattr(stream, "_stream", None)) is not module.ByteStream:  # bytes in memory have no other answer below
        carried = aiohttp_answer(stream)
        if carried is not None:
            return was_never_started(carried)
    if inside.by_known:
        return True
    transport = client._transport_for_url(url)
    known = own_transports(module)
    if type(transport) in known or isinstance(transport, _classes(module, _MOCK_TRANSPORTS)):
        return True
    return reached_nothing(inside) and has_known_ends(transport, known)


def is_made_up(module: Any, client: Any, url: Any) -> bool:
    """Is the transport one that reaches nothing beyond this process?"""
    return isinstance(client._transport_for_url(url), _classes(module, _MOCK_TRANSPORTS))


@lru_cache(maxsize=8)
def _classes(module: Any, names: tuple[str, ...]) -> tuple[type, ...]:
    return tuple(getattr(module, name) for name in names if hasattr(module, name))


def located(
    held: Sequence[Held], carrier: "Carrier", url: Any, response: Any, inside: Inside
) -> tuple[list[Held], bool]:
    """Say for each sink where an answer came from: by its budget's word on the host, else by what the answer shows.

    Second, whether something on this machine that nobody spoke of may bill.
    """
    found: list[Held] = []
    replayed, may_bill = None, False
    for sink, ticket, _ in held:
        origin, assumed = sink.hosts.of(url)
        if origin is not _SIMULATED:
            if replayed is None:
                replayed = carrier.was_replayed(response, inside)
            origin = _SIMULATED if replayed else _LIVE
        elif assumed and looks_real(response):
            may_bill = not carrier.was_replayed(response, inside)
        found.append((sink, ticket, origin))
    return found, may_bill


def settled(held: Sequence[Held], url: Any, *, simulated: bool) -> list[Held]:
    """Say the same of an exchange that brought no answer."""
    seen = _SIMULATED if simulated else _LIVE
    return [(sink, ticket, _SIMULATED if sink.hosts.of(url)[0] is _SIMULATED else seen) for sink, ticket, _ in held]


def looks_real(response: Any) -> bool:
    """Has an answer headers that the real API or a proxy in front of it sends, and a double seldom?"""
    headers = response.headers
    if (named := getattr(headers, "named", None)) is not None:
        return _are_real(tuple(named()))
    raw = getattr(headers, "raw", None)
    for name in headers if raw is None else [pair[0] for pair in raw]:
        lower = name.lower()
        if lower in _REAL_SIGNS or lower[:_BEGIN] in _RATE_LIMITS:
            return True
    return False


@lru_cache(maxsize=256)
def _are_real(names: tuple[str, ...]) -> bool:
    """The same of names in lower case. A server sends the same ones again and again."""
    return not _REAL_SIGNS.isdisjoint(names) or _BEGINS_A_LIMIT in "\n".join(("", *names))


def may_have_been_billed(error: BaseException, *, made_up: bool) -> bool:
    """Could Anthropic have answered an exchange that ended in this error?

    Not when the request never left whole, and not when a test raised the error itself: an error of the wire has
    one of the wire's own behind it.
    """
    names = {cls.__name__ for cls in type(error).__mro__}
    if names & NEVER_SENT:
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
