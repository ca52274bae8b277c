"""What an answer and a transport show of themselves: is there a socket that was used, or surely none?

Nothing is known by its name but the mocks that httpcore itself offers. What cannot be read is no evidence.
"""

import inspect
import sys
from _socket import socket as real_socket
from collections.abc import Iterator
from functools import lru_cache
from types import ModuleType
from typing import Any

from pytest_claude_budget.calls.host_rules import plain_host

_DEEPEST = 6
"""Wrappers around a stream, or around a transport."""
_MOST = 60
"""Objects that are looked at for one transport."""
_SENDS = ("handle_request", "handle_async_request")
_OVER_AIOHTTP = "httpx_aiohttp"
"""The package of httpx's transport over aiohttp; the anthropic SDK holds a copy of it below its own name."""


def is_feigned(stream: Any) -> bool:
    """Is this network stream surely none: one of httpcore's mocks, or a socket that no kernel knows the peer of?"""
    try:
        socket = stream.get_extra_info("socket")
        if isinstance(socket, real_socket):
            return False
        core = sys.modules.get(type(stream).__module__.partition(".")[0])
        mocks = tuple(filter(None, (getattr(core, name, None) for name in ("MockStream", "AsyncMockStream"))))
        return isinstance(stream, mocks) or _was_never_used(socket)
    except Exception:
        return False


def is_feigned_socket(socket: Any) -> bool:
    """Is what stands in a socket's place surely none?"""
    try:
        return not isinstance(socket, real_socket) and _was_never_used(socket)
    except Exception:
        return False


def is_feigned_transport(connection: Any) -> bool:
    """The same of a connection of aiohttp's."""
    try:
        socket = connection.transport.get_extra_info("socket")
        return not isinstance(getattr(socket, "_sock", None), real_socket) and _was_never_used(socket)
    except Exception:
        return False


def aiohttp_answer(stream: Any) -> Any:
    """The answer of aiohttp that an answer's stream reads from; None where there is none."""
    aiohttp = sys.modules.get("aiohttp")
    answer = None if aiohttp is None else getattr(aiohttp, "ClientResponse", None)
    if answer is None:
        return None
    for each in _layers(stream):
        for value in held_by(each):
            if isinstance(value, answer):
                return value
    return None


def was_never_started(answer: Any) -> bool:
    """Did no connection ever bring this answer of aiohttp?

    `start` alone gives an answer its connection's protocol, and leaves it there when the connection goes back.
    """
    try:
        if not _keeps_protocol(type(answer).start):
            return False  # another aiohttp, which does it in another way
        protocol = getattr(answer, "_protocol", None)
        if protocol is None:
            return True
        transport = protocol.transport
        if transport is None:
            return False
        socket = transport.get_extra_info("socket")
        return not isinstance(getattr(socket, "_sock", None), real_socket) and _was_never_used(socket)
    except Exception:
        return False


@lru_cache(maxsize=8)
def _keeps_protocol(start: Any) -> bool:
    return "_protocol" in inspect.unwrap(start).__code__.co_names


def body_in_memory(module: ModuleType, response: Any) -> bytes | None:
    """The raw body of an answer that is streamed from memory; None where it is still to come.

    Mocks and recorders keep a body as bytes, and reading them changes nothing.
    """
    try:
        for each in _layers(response.stream, own=module.__name__):
            if type(each) is module.ByteStream:
                return b"".join(each)
        if response.extensions.get("network_stream") is not None:
            return None
        body = getattr(aiohttp_answer(response.stream), "_body", None)
        return body if isinstance(body, bytes) else None
    except Exception:
        return None


def is_over_aiohttp(transport: Any) -> bool:
    """Is a transport, of whatever package, written over aiohttp? It may open its session with its first request only."""
    if (aiohttp := sys.modules.get("aiohttp")) is None:
        return False
    for cls in type(transport).__mro__:
        written = vars(sys.modules.get(cls.__module__, aiohttp))
        if written is not vars(aiohttp) and any(value is aiohttp for value in written.values()):
            return True
    return False


def has_known_ends(transport: Any, known: tuple[type, ...]) -> bool:
    """Is all that a transport passes requests on to, at the end, one of the client's own or aiohttp's transports?"""
    try:
        return _ends_of(transport, known)
    except Exception:
        return False


def _ends_of(transport: Any, known: tuple[type, ...]) -> bool:
    ends, left = [], [(transport, 0)]
    seen: set[int] = set()
    while left:
        each, depth = left.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if len(seen) > _MOST or depth > _DEEPEST:
            return False
        if isinstance(each, known) or _OVER_AIOHTTP in type(each).__module__.split("."):
            ends.append(each)
            continue
        inner = [part for part in held_by(each) if is_transport(part)]
        if not inner and is_transport(each, clients=False):
            return False
        left += [(part, depth + 1) for part in inner]
    return bool(ends)


def is_transport(value: Any, *, clients: bool = True) -> bool:
    """Does this send requests of httpx on: a transport, a pool, or a client where those count?"""
    cls = type(value)
    if any(callable(getattr(cls, name, None)) for name in _SENDS):
        return True
    return clients and hasattr(cls, "_transport_for_url")


def _was_never_used(socket: Any) -> bool:
    """Does something in a socket's place, which names its peer as no kernel would, surely not send?

    It keeps the entry that answered for it, as mocket's does, or all sockets in it are open and were never given a port.
    """
    host = socket.getpeername()[0]
    if not isinstance(host, str) or _is_address(host):
        return False
    layers = list(_layers(socket))
    if any(getattr(each, "_entry", None) is not None for each in layers):
        return True
    sockets = [part for each in layers for part in held_by(each) if isinstance(part, real_socket)]
    return bool(sockets) and all(each.getsockname()[1] == 0 for each in sockets)


def _is_address(host: str) -> bool:
    from ipaddress import ip_address  # every HTTP client has it

    try:
        ip_address(plain_host(host))
    except ValueError:
        return False
    return True


def _layers(value: Any, own: str | None = None) -> Iterator[Any]:
    """A stream or socket and those that it wraps, one inside of the other; `own` keeps to one package's wrappers."""
    depth = 0
    while value is not None and depth < _DEEPEST:
        yield value
        if own is not None and type(value).__module__.partition(".")[0] != own:
            return
        value = next((part for part in held_by(value) if _wraps(part)), None)
        depth += 1


def _wraps(part: Any) -> bool:
    cls = type(part)
    streams = hasattr(cls, "__iter__") or hasattr(cls, "__aiter__")
    return (streams and hasattr(part, "__dict__")) or hasattr(cls, "getpeername")


def held_by(value: Any) -> Iterator[Any]:
    """What an object holds, lists and mappings of it opened."""
    held = list(getattr(value, "__dict__", {}).values())
    held += [getattr(value, name, None) for name in getattr(type(value), "__slots__", ()) if name != "__dict__"]
    for part in held:
        if isinstance(part, list | tuple | set):
            yield from part
        elif isinstance(part, dict):
            yield from part.values()
        else:
            yield part
