"""Notices what no hook sees: a connection to Claude, or a program that asks Claude, outside of every exchange that is measured.

An audit hook, since nothing else passes all of them. It cannot be removed, so it is installed once a process and does nothing
where no run goes on. Light: every pytest run on the machine loads it, and whatever looks closer is loaded by the first event.
"""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_claude_budget.measure.run import Run

_EVENTS = frozenset(
    (
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.connect",
        "http.client.connect",
        "subprocess.Popen",
        "os.exec",
        "os.posix_spawn",
        "os.spawn",
        "os.system",
        "pytest_claude_budget.curl",
    )
)
_FAULT = ("", "fault")
_WATCHED: "list[Mapping[str, Run]]" = []
"""The runs that go on, once the hook is installed."""


def watch(runs: "Mapping[str, Run]") -> None:
    """Notice from here on, whenever there are runs."""
    if not _WATCHED:
        _WATCHED.append(runs)
        sys.addaudithook(_hook)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    """Never raises: what it raises would be raised by the user's own call."""
    if event not in _EVENTS:
        return
    runs = tuple(_WATCHED[0].values())
    if not runs:
        return
    try:
        from pytest_claude_budget.measure.noticed import notice

        notice(runs, event, arguments, sys._getframe(1))
    except Exception as error:
        for run in runs:
            if _FAULT not in run.unseen:  # one is enough: there may be as many as connections
                run.unseen.add(_FAULT)
                run.fault("canary", error)
