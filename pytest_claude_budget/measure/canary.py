"""Notices what no hook sees: a connection to Claude, or a program that asks Claude, outside of every exchange that is measured.

An audit hook, since nothing else passes all of them. It cannot be removed, so it is installed once a process and does nothing
where no run goes on. Light: every pytest run on the machine loads it, and whatever looks closer is loaded by the first event.

A process raises thousands of events that are nobody's business here, and a hook in Python takes several times as long as to raise one. So
what hears them at first is a look-up in a dictionary, in C: its keys are compared with such events alone as may be a connection
or a program, and the first of those brings the hook in, in time for the same event: hooks are called in turn, the newest last.
"""

import sys
from contextlib import suppress
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
        "os.fork",
        "os.forkpty",
    )
)
_FORKS = ("os.fork", "os.forkpty")
"""Of these nothing is noticed: a fork may ask Claude, and its test is to be known by then."""
_FAULT = ("", "fault")
_WATCHED: "list[Mapping[str, Run]]" = []
"""The runs that go on, once something is installed."""
_TO_BRING_IN: list[Any] = []
"""The hook, until it is installed."""
_LOOKED_UP: dict[str, None] = {}
"""What events are looked up in. Empty where no run goes on: an interpreter that ends has little to do for an empty dictionary, and
much for one that leads to all of this package.
"""


class _Awaited(str):
    """The name of an event that matters. It equals nothing: to be compared with it is all that such an event has to do."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        if _TO_BRING_IN:
            _bring_in()
        return False


def watch(runs: "Mapping[str, Run]") -> None:
    """Notice from here on, whenever there are runs."""
    if not _WATCHED:
        _WATCHED.append(runs)
        _TO_BRING_IN.append(_hook)
        if sys.implementation.name == "cpython":
            sys.addaudithook(_LOOKED_UP.get)
        else:
            _bring_in()
    if _TO_BRING_IN and not _LOOKED_UP:
        _LOOKED_UP.update((_Awaited(name), None) for name in _EVENTS)


def rest() -> None:
    """Wait for nothing, as long as there are no runs."""
    if _WATCHED and not _WATCHED[0]:
        _LOOKED_UP.clear()


def _bring_in() -> None:
    """Install the hook, in whichever thread comes first. Never raises, as the hook itself: others' hooks may forbid it."""
    with suppress(Exception):
        sys.addaudithook(_TO_BRING_IN.pop())


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    """Never raises: what it raises would be raised by the user's own call."""
    if event not in _EVENTS:
        return
    runs = tuple(_WATCHED[0].values())
    if not runs:
        return
    for run in runs:
        run.heed()
    if event in _FORKS:
        return
    try:
        from pytest_claude_budget.measure.noticed import notice

        notice(runs, event, arguments, sys._getframe(1))
    except Exception as error:
        for run in runs:
            if _FAULT not in run.unseen:  # one is enough: there may be as many as connections
                run.unseen.add(_FAULT)
                run.fault("canary", error)
