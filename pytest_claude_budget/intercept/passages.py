"""The places where the network is next: below cassettes, doubles and caches, and before a connection is made.

They are hooked as long as some run has a guard (`intercept/guard.py`), and never else. What stands in a socket's place, as mocket's
does, answers below them: where somebody has exchanged Python's sockets, the connection that was made tells instead.
"""

import functools
import sys
from _socket import socket as real_socket
from collections.abc import Callable
from typing import Any

from pytest_claude_budget.calls.claude_hosts import Place, is_anthropics_own
from pytest_claude_budget.intercept.guard import GUARDS
from pytest_claude_budget.intercept.in_process_gateway import AROUND
from pytest_claude_budget.intercept.runs_that_watch import of_this_thread
from pytest_claude_budget.intercept.signs_of_network import is_feigned, is_feigned_socket

_MOCKED = frozenset(("MockBackend", "AsyncMockBackend"))
"""httpcore's own doubles of a network."""
_GREEN = ("gevent.", "eventlet.")
"""Whose sockets hold one of Python's, and connect with the network."""
_HTTP_CLIENT = "http.client"


def leaves(place: Place) -> None:
    """Something is about to leave for a place: ask who is to be asked. Raises what refuses."""
    inside = AROUND.get()
    if inside is not None and inside.ask is not None:
        inside.ask(place)
    elif is_anthropics_own(place.host.rstrip(".").lower()):
        for sink in of_this_thread(tuple(GUARDS)):
            GUARDS[sink].ask_of_host(place)


def are_sockets_real() -> bool:
    """Is what makes connections Python's own, or derived from it?"""
    made = getattr(sys.modules.get("socket"), "socket", real_socket)
    return isinstance(made, type) and (issubclass(made, real_socket) or made.__module__.startswith(_GREEN))


def hook_all() -> None:
    """Hook what is loaded and not hooked. What somebody has put above a hook stays there."""
    for module, owner, name, make in _PASSAGES:
        cls = _real(module, owner)
        original = None if cls is None else vars(cls).get(name)
        if original is None or (cls, name) in _HOOKED:
            continue
        hook = functools.wraps(original)(make(original))
        _HOOKED[cls, name] = (original, hook)
        setattr(cls, name, hook)


def take_out() -> None:
    """Leave every class as it was found. A hook that somebody has wrapped since only passes calls on."""
    for (cls, name), (original, hook) in list(_HOOKED.items()):
        if vars(cls).get(name) is hook:
            setattr(cls, name, original)
            del _HOOKED[cls, name]


def _real(module: str, owner: str) -> Any:
    """A class, also while a recorder stands in its place; None where its module is not loaded."""
    cls: Any = getattr(sys.modules.get(module), owner, None)
    if cls is None or not module.endswith((_HTTP_CLIENT, "connection")):
        return cls
    below = (*cls.__mro__, *object.__subclasses__())
    return next((each for each in below if (each.__module__, each.__name__) == (module, owner)), None)


def _of_core(connection: Any, request: Any) -> Place | None:
    """Where a connection of httpcore leads; None where that is not known yet, or nowhere."""
    if not are_sockets_real() or type(getattr(connection, "_network_backend", None)).__name__ in _MOCKED:
        return None
    return _place_of_core(request)


def _place_of_core(request: Any) -> Place:
    url = request.url
    if request.method == b"CONNECT":
        host, _, port = url.target.decode("latin-1").rpartition(":")
        return Place(host.strip("[]"), int(port) if port.isdecimal() else None)
    return Place(url.host.decode("latin-1"), url.port, url.scheme.decode("latin-1"))


def _connection(original: Any) -> Any:
    def handle_request(self: Any, request: Any) -> Any:
        if GUARDS and (place := _of_core(self, request)) is not None:
            leaves(place)
        return original(self, request)

    return handle_request


def _async_connection(original: Any) -> Any:
    async def handle_async_request(self: Any, request: Any) -> Any:
        if GUARDS and (place := _of_core(self, request)) is not None:
            leaves(place)
        return await original(self, request)

    return handle_async_request


def _connected(original: Any) -> Any:
    def handle_request(self: Any, request: Any) -> Any:
        if GUARDS and not is_feigned(self._network_stream):
            leaves(_place_of_core(request))
        return original(self, request)

    return handle_request


def _async_connected(original: Any) -> Any:
    async def handle_async_request(self: Any, request: Any) -> Any:
        if GUARDS and not is_feigned(self._network_stream):
            leaves(_place_of_core(request))
        return await original(self, request)

    return handle_async_request


def _place_of(connection: Any) -> Place:
    """Where a connection of `http.client` leads: through a tunnel to its far end."""
    far = getattr(connection, "_tunnel_host", None)
    host, port = (far, connection._tunnel_port) if far else (connection.host, connection.port)
    return Place(str(host).strip("[]"), port, "https" if connection.default_port == 443 else "http")


def _connect(original: Any) -> Any:
    def connect(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not GUARDS:
            return original(self, *args, **kwargs)
        known = are_sockets_real()
        if known:
            leaves(_place_of(self))
        result = original(self, *args, **kwargs)
        if not known and not is_feigned_socket(self.sock):
            leaves(_place_of(self))
        return result

    return connect


def _endheaders(original: Any) -> Any:
    def endheaders(self: Any, *args: Any, **kwargs: Any) -> Any:
        if GUARDS and self.sock is not None and not is_feigned_socket(self.sock):
            leaves(_place_of(self))
        return original(self, *args, **kwargs)

    return endheaders


def _aiohttp_connect(original: Any) -> Any:
    async def connect(self: Any, req: Any, *args: Any, **kwargs: Any) -> Any:
        if GUARDS and are_sockets_real():
            from pytest_claude_budget.intercept.aiohttp_hooks import ask_ahead

            ask_ahead(req)
            leaves(place_of_aiohttp(req))
        return await original(self, req, *args, **kwargs)

    return connect


def place_of_aiohttp(request: Any) -> Place:
    """Where a request of aiohttp's goes."""
    url = request.url
    return Place(url.host or "", url.port, url.scheme)


_Make = Callable[[Any], Any]
_CORES = ("httpcore", "httpcore2")
_PASSAGES: tuple[tuple[str, str, str, _Make], ...] = (
    *((core, "HTTPConnection", "handle_request", _connection) for core in _CORES),
    *((core, "AsyncHTTPConnection", "handle_async_request", _async_connection) for core in _CORES),
    *((core, "HTTP11Connection", "handle_request", _connected) for core in _CORES),
    *((core, "AsyncHTTP11Connection", "handle_async_request", _async_connected) for core in _CORES),
    *((f"{core}._sync.http2", "HTTP2Connection", "handle_request", _connected) for core in _CORES),
    *((f"{core}._async.http2", "AsyncHTTP2Connection", "handle_async_request", _async_connected) for core in _CORES),
    *((f"{core}._sync.socks_proxy", "Socks5Connection", "handle_request", _connection) for core in _CORES),
    *(
        (f"{core}._async.socks_proxy", "AsyncSocks5Connection", "handle_async_request", _async_connection)
        for core in _CORES
    ),
    (_HTTP_CLIENT, "HTTPConnection", "connect", _connect),
    (_HTTP_CLIENT, "HTTPConnection", "endheaders", _endheaders),
    ("urllib3.connection", "HTTPConnection", "connect", _connect),
    ("urllib3.connection", "HTTPSConnection", "connect", _connect),
    ("aiohttp", "BaseConnector", "connect", _aiohttp_connect),
)
_HOOKED: dict[tuple[Any, str], tuple[Any, Any]] = {}
"""What is hooked: what stood there, and the hook. Module state: classes are hooked once for all runs of the process."""
