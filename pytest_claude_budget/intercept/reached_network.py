"""Did anything reach the network while one exchange went on? Asked only where a transport is one that nobody knows.

A transport may answer by itself or by another one inside of it, and its answer need not tell. So the places where every
exchange with the network passes are watched for as long as such transports are in use: the pools of httpcore, the
answers of aiohttp and of Python's own client. What is seen in no known exchange may belong to any of them.
"""

import functools
import sys
from collections.abc import Mapping
from typing import Any

from pytest_claude_budget.intercept.in_process_gateway import AROUND, Inside
from pytest_claude_budget.intercept.signs_of_network import is_feigned_socket

_MARK = "__claude_budget_reached__"
_PASSAGES = (
    ("httpcore", "ConnectionPool", "handle_request"),
    ("httpcore", "AsyncConnectionPool", "handle_async_request"),
    ("httpcore2", "ConnectionPool", "handle_request"),
    ("httpcore2", "AsyncConnectionPool", "handle_async_request"),
    ("http.client", "HTTPConnection", "getresponse"),
    ("urllib3.connection", "HTTPConnection", "getresponse"),
    ("aiohttp", "ClientResponse", "start"),
)
_OVER_HTTP_CLIENT = "urllib3.connection"
"""Its class has the real one of `http.client` below it, also while a recorder stands in the place of both."""
_UNSEEN = ("curl_cffi", "pycurl", "niquests", "urllib3_future", "grpc", "awscrt")
"""Ways to the network that none of the places above sees: where one is loaded, nothing is known."""


class _Elsewhere:
    """What was seen outside of every known exchange. Module state: classes are hooked once for all runs of the process."""

    def __init__(self) -> None:
        self.count = 0
        self.hooked: list[tuple[type, str, Any, Any]] = []
        self.placed: list[tuple[Mapping[str, Any], str, Any]] = []
        """What the hooked classes have in them, name and hook: looked at for each exchange."""
        self.modules = 0
        """How many were loaded when all of them were hooked."""
        self.is_blind = False
        """Was there a way to the network among those that none of the hooks sees?"""

    def is_whole(self) -> bool:
        """Is nothing loaded since, and every hook in its place?"""
        if not self.hooked or self.modules != len(sys.modules):
            return False
        for members, name, hook in self.placed:  # noqa: SIM110  # all() takes twice as long
            if members.get(name) is not hook:
                return False
        return True


_ELSEWHERE = _Elsewhere()


def look(inside: Inside, unused: str = "") -> None:
    """Begin to look for what an exchange reaches; it surely does not use the way to the network that is named."""
    if not _ELSEWHERE.is_whole():
        _hook_all()
    inside.reached = _ELSEWHERE.is_blind and _is_blind(unused)
    inside.elsewhere = _ELSEWHERE.count


def reached_nothing(inside: Inside, unused: str = "") -> bool:
    """Is it certain that nothing was reached since the look began?"""
    if inside.reached is not False or inside.elsewhere != _ELSEWHERE.count:
        return False
    if not _ELSEWHERE.is_whole() and _hook_all():
        return False  # a hook that is new was not there all the time
    return not _is_blind(unused)


def look_no_more() -> None:
    """Leave every class as it was found, unless somebody has wrapped it since."""
    for cls, name, original, hook in reversed(_ELSEWHERE.hooked):
        if vars(cls).get(name) is hook:
            setattr(cls, name, original)
    _ELSEWHERE.hooked.clear()
    _ELSEWHERE.placed.clear()


def _is_blind(unused: str) -> bool:
    return any(name in sys.modules and name != unused for name in _UNSEEN)


def _hook_all() -> bool:
    """Hook what is loaded and not hooked; True where there was anything."""
    hooked = False
    for module, owner, name in _PASSAGES:
        cls: Any = getattr(sys.modules.get(module), owner, None)
        if module == _OVER_HTTP_CLIENT and cls is not None:
            cls = next((each for each in cls.__mro__ if each.__module__ == "http.client"), None)
        original = None if cls is None else vars(cls).get(name)
        if original is None or getattr(original, _MARK, False):
            continue
        hook = _hook(original, name)
        _ELSEWHERE.hooked.append((cls, name, original, hook))
        _ELSEWHERE.placed.append((vars(cls), name, hook))
        setattr(cls, name, hook)
        hooked = True
    _ELSEWHERE.modules, _ELSEWHERE.is_blind = len(sys.modules), _is_blind("")
    return hooked


def _hook(original: Any, name: str) -> Any:
    """Parameters keep their names: mocks of these classes pass them by name."""
    hook: Any
    if name == "handle_request":

        @functools.wraps(original)
        def hook(self: Any, request: Any) -> Any:
            with _Noting() as noting:
                noting.response = original(self, request)
            return noting.response

    elif name == "handle_async_request":

        @functools.wraps(original)
        async def hook(self: Any, request: Any) -> Any:
            with _Noting() as noting:
                noting.response = await original(self, request)
            return noting.response

    elif name == "start":

        @functools.wraps(original)
        async def hook(self: Any, connection: Any) -> Any:
            _note()
            return await original(self, connection)

    else:

        @functools.wraps(original)
        def hook(self: Any) -> Any:
            if not is_feigned_socket(getattr(self, "sock", None)):
                _note()
            return original(self)

    setattr(hook, _MARK, True)
    return hook


class _Noting:
    """Around one exchange of a pool: an answer without the network's mark was made up by a mock within the pool."""

    response: Any = None

    def __enter__(self) -> "_Noting":
        return self

    def __exit__(self, *_error: object) -> None:
        extensions = getattr(self.response, "extensions", None)
        if not isinstance(extensions, dict) or extensions.get("network_stream") is not None:
            _note()


def _note() -> None:
    inside = AROUND.get()
    if inside is None:
        _ELSEWHERE.count += 1
    else:
        inside.reached = True
