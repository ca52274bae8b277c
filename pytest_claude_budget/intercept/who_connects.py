"""Who opens a connection: a hooked client, whose requests are looked at, or somebody whose requests nobody sees.

The context tells, and the frames: a hook stands among those of its client. Clients that are hooked below their connections, or
connect in tasks of their own, are known by their name.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NamedTuple

_PACKAGE = Path(__file__).parent.parent
_OURS = str(_PACKAGE)
_HOOKS = tuple(str(_PACKAGE / part) for part in ("intercept", "gateway", "measure/hooked_clients.py"))
_LOOK_ON = ("reached_network.py", "agent_sdk_hooks.py")
"""Stand among the frames of what no hook sees, too."""
_STANDARD = str(Path(os.__file__).parent)
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_CONTEXTS = (
    ("pytest_claude_budget.intercept.in_process_gateway", "AROUND", "of"),
    ("pytest_claude_budget.intercept.sending", "SENDING", "client"),
)
"""Module, context variable, and what its value holds as long as a hooked client sends."""
_BELOW = {
    "aiohttp": "pytest_claude_budget.intercept.aiohttp_hooks",
    "aiohappyeyeballs": "pytest_claude_budget.intercept.aiohttp_hooks",
}
"""Packages that connect for a client whose hooks lie below its connections, and the module of those hooks."""
_PLUMBING = frozenset(("anyio", "trio", "sniffio"))


class Asking(NamedTuple):
    """Who asks, where nobody sees it."""

    library: str
    """The package that is nearest to the connection, or the standard library's module."""
    place: str
    """File and line of the user's code, else of the package's."""


def asking(frame: FrameType) -> Asking | None:
    """Who connects by this frame; None where that is a hooked client."""
    if _is_sending():
        return None
    standard, installed = "socket", None
    for each in _callers(frame):
        path, module = each.f_code.co_filename, str(each.f_globals.get("__name__", ""))
        if path.startswith(_HOOKS) and not path.endswith(_LOOK_ON):
            return None
        if path.startswith(_OURS) or _is_standard(path):
            standard = module
            continue
        if not _is_installed(path):
            return Asking(_library(installed, standard), _place(each))
        if _BELOW.get(_package(each)) in sys.modules:
            return None
        if installed is None or _package(installed) in _PLUMBING:
            installed = each
    return Asking(_library(installed, standard), "an unknown place" if installed is None else _place(installed))


def host_asked_for(frame: FrameType) -> str | None:
    """The host that asyncio was asked to connect with; None where that is not known, as below anyio, which gives it an address."""
    for each in _callers(frame):
        if each.f_code.co_name == "create_connection" and each.f_globals.get("__name__") == "asyncio.base_events":
            if each.f_back is not None and _package(each.f_back) == "anyio":
                return None
            host = each.f_locals.get("host")
            return host if isinstance(host, str) else None
    return None


def _is_sending() -> bool:
    for name, variable, holds in _CONTEXTS:
        found = getattr(sys.modules.get(name), variable, None)
        value = None if found is None else found.get()
        if getattr(value, holds, None) is not None:
            return True
    return False


def _callers(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _is_standard(path: str) -> bool:
    return path.startswith("<frozen") or (path.startswith(_STANDARD) and not _is_installed(path))


def _is_installed(path: str) -> bool:
    return any(folder in path for folder in _INSTALLED)


def _library(installed: FrameType | None, standard: str) -> str:
    """A package, else a module of the standard library as people know it."""
    if installed is not None:
        return _package(installed)
    return standard if standard.startswith(("http.", "urllib.", "xmlrpc.")) else standard.partition(".")[0]


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _place(frame: FrameType) -> str:
    """File and line, without what differs from machine to machine."""
    path = frame.f_code.co_filename
    for folder in _INSTALLED:
        path = path.rpartition(folder)[2]
    found = Path(path)
    with suppress(OSError, ValueError):  # the folder may be gone; it is elsewhere
        found = found.relative_to(Path.cwd())
    if found.is_absolute():
        found = Path(*found.parts[-2:])
    return f"{found.as_posix()}:{frame.f_lineno}"
