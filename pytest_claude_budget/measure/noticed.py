"""What the canary notices: which connections and programs are Claude's, and belong to no exchange that is measured.

A look-up alone asks nothing: the connection that follows it does. Looser than exact where it must be, so that no run is
called incomplete for what a hooked client does.
"""

import os
import re
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any

from pytest_claude_budget.calls.claude_hosts import Place, is_claude_host
from pytest_claude_budget.calls.host_rules import host_pattern, is_loopback, plain_host
from pytest_claude_budget.calls.origin import Origin
from pytest_claude_budget.measure.environment import GATEWAY_VARIABLE

if TYPE_CHECKING:
    from pytest_claude_budget.measure.run import Run

Runs = Sequence["Run"]

_MOST_LOOK_UPS = 1000
_NO_CLIENTS = ("socket", "asyncio", "ssl")
"""Modules that carry no request by themselves: who waits until a port is open uses them."""
_ASK_BY_A_CLIENT = "ask by a client that is seen (claude-budget clients) or name the host under origins: simulated"
_MEASURE_BY_A_GATEWAY = "measure it by a gateway, with gateway: true in the budget file"
_ASK_THE_GATEWAY = "have it ask the gateway, whose URL is in the ANTHROPIC_BASE_URL that it is started with"


class _LookUps:
    """Hosts of Claude's that were looked up and not connected with yet, and for whom. Module state, as the hook is the process's."""

    def __init__(self) -> None:
        self.by_thread: dict[int, tuple[str, object]] = {}
        self.for_loops: list[tuple[str, object]] = []
        """By threads of an event loop, which know nothing of who asked."""


_LOOK_UPS = _LookUps()


def notice(runs: Runs, event: str, arguments: tuple[Any, ...], frame: FrameType) -> None:
    """Look at one event, raised by the code of a frame. May raise."""
    if event == "socket.connect":
        _connected(runs, arguments[1], frame)
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        _looked_up(runs, arguments, frame)
    elif event == "http.client.connect":
        _tunnelled(runs, arguments[0], frame)
    elif event == "pytest_claude_budget.curl":
        _asked_by_curl(runs, arguments, _caller_of(frame))
    else:
        _started(runs, event, arguments, frame)


def _started(runs: Runs, event: str, arguments: tuple[Any, ...], frame: FrameType) -> None:
    from pytest_claude_budget.measure.started_programs import asked_by, asks_claude

    hooks: Any = sys.modules.get("pytest_claude_budget.intercept.agent_sdk_hooks")
    by_sdk = None if hooks is None or event != "subprocess.Popen" else hooks.STARTING.get()
    for run in runs:
        if (said := asks_claude(event, arguments, _bills(run))) is not None:
            _tell_of_program(run, said, frame, is_heard=by_sdk is not None)
    if by_sdk is not None:
        by_sdk.base_url = asked_by(event, arguments)


def _looked_up(runs: Runs, arguments: tuple[Any, ...], frame: FrameType) -> None:
    host = _text(arguments[0])
    port = arguments[1] if len(arguments) > 1 and isinstance(arguments[1], int) else None
    here = threading.get_ident()
    _LOOK_UPS.by_thread.pop(here, None)
    if not host or not any(_is_watched(run, Place(host, port)) for run in runs):
        return
    entry = (host, runs[0].owners.newest())
    if _is_for_a_loop(frame):
        del _LOOK_UPS.for_loops[:-_MOST_LOOK_UPS]
        _LOOK_UPS.for_loops.append(entry)
    elif len(_LOOK_UPS.by_thread) < _MOST_LOOK_UPS:
        _LOOK_UPS.by_thread[here] = entry


def _connected(runs: Runs, address: Any, frame: FrameType) -> None:
    if not isinstance(address, tuple) or len(address) < 2:
        return  # a socket of this machine's file system
    to, port = _text(address[0]), address[1] if isinstance(address[1], int) else None
    local = is_loopback(to)
    for name in (_looked_up_for_this(runs[0].owners.newest(), frame), to):
        if name is None or (local and is_claude_host(name)):
            continue
        if told := [run for run in runs if _is_watched(run, Place(name, port))]:
            _tell_of_connection(told, name, frame)
            return


def _looked_up_for_this(owner: object, frame: FrameType) -> str | None:
    """Which of the hosts that were looked up this connection is with, as far as that can be told."""
    own = _LOOK_UPS.by_thread.pop(threading.get_ident(), None)
    if own is not None and own[1] is owner:
        return own[0]
    if not _LOOK_UPS.for_loops or not _is_in_a_loop():
        return None
    from pytest_claude_budget.intercept.who_connects import host_asked_for

    said = host_asked_for(frame)
    _LOOK_UPS.for_loops[:] = [entry for entry in _LOOK_UPS.for_loops if entry[1] is owner]
    for at, (host, _) in enumerate(_LOOK_UPS.for_loops):
        if said is None or plain_host(said) == host:
            del _LOOK_UPS.for_loops[at]
            return host
    return None


def _is_for_a_loop(frame: FrameType) -> bool:
    """Does a thread look this up for an event loop: asked by nobody's code, or by the loop's own?"""
    caller = frame.f_back
    name = "" if caller is None else str(caller.f_globals.get("__name__", ""))
    return name in ("concurrent.futures.thread", "asyncio.base_events") or name.partition(".")[0] == "trio"


def _is_in_a_loop() -> bool:
    if "trio" in sys.modules:
        return True
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None


def _tunnelled(runs: Runs, connection: Any, frame: FrameType) -> None:
    """A connection through a proxy leads elsewhere than to where it connects."""
    host = getattr(connection, "_tunnel_host", None)
    if host:
        place = Place(_text(host), getattr(connection, "_tunnel_port", None))
        if told := [run for run in runs if _is_watched(run, place)]:
            _tell_of_connection(told, place.host, frame)


def _asked_by_curl(runs: Runs, arguments: tuple[Any, ...], frame: FrameType) -> None:
    """Libcurl connects by itself: of what it does, only its URLs are known (`intercept/libcurl_hooks.py`)."""
    from pytest_claude_budget.intercept.who_connects import asking
    from pytest_claude_budget.measure.started_programs import is_claude_url

    client, url, is_led = arguments
    text = bytes(url).decode("utf-8", "replace") if isinstance(url, bytes | bytearray) else str(url)
    told = [run for run in runs if is_claude_url(text, _bills(run))]
    if told and (who := asking(frame)) is not None:
        place = re.split(r"[/?#]", text.partition("//")[2] or text, maxsplit=1)[0].rpartition("@")[2]
        _report(told, f"{client} {'was led to' if is_led else 'asked'} {place} at {who.place}", is_sent=is_led)


def _caller_of(frame: FrameType) -> FrameType:
    """Who called a module's functions."""
    own = frame.f_code.co_filename
    while frame.f_back is not None and frame.f_code.co_filename == own:
        frame = frame.f_back
    return frame


def _is_watched(run: "Run", place: Place) -> bool:
    """Does Claude answer there, and is it not said to be simulated?"""
    hosts = run.hosts
    if is_claude_host(place.host):
        return hosts is None or hosts.of(place)[0] is not Origin.SIMULATED
    return hosts is not None and _is_named(hosts.origins.live, place) and hosts.of(place)[0] is Origin.LIVE


def _is_named(live: Sequence[str], place: Place) -> bool:
    """Is this one of the very hosts of `origins.live`? A pattern with a wildcard means hosts that are not Claude's too."""
    patterns = map(host_pattern, live)
    return any("*" not in each.host and each.covers(place.host, place.port) for each in patterns)


def _bills(run: "Run") -> Any:
    """Tells of a base URL whether what answers there bills, as far as its host and the budget file say."""

    def bills(url: str) -> bool:
        from urllib.parse import urlsplit

        try:
            parts = urlsplit(url if "//" in url else f"//{url}")
            place = Place(plain_host(parts.hostname or ""), parts.port, parts.scheme or "https")
        except ValueError:
            return False
        if is_loopback(place.host) and parts.path.startswith("/t/"):
            return False  # a gateway of ours
        hosts = run.hosts
        if hosts is None:
            return not is_loopback(place.host)
        return hosts.of(place)[0] is not Origin.SIMULATED

    return bills


def _tell_of_connection(runs: Runs, host: str, frame: FrameType) -> None:
    from pytest_claude_budget.intercept.who_connects import asking

    who = asking(frame)
    if who is None or (who.library in _NO_CLIENTS and not is_claude_host(host)):
        return
    _report(runs, f"{who.library} connected with {host} at {who.place}")


def _report(runs: Runs, what: str, *, is_sent: bool = False) -> None:
    for run in _of_this_moment(runs):
        _tell(run, f"{what}, which no hook sees: {_ASK_BY_A_CLIENT}", is_sent=is_sent)


def _tell_of_program(run: "Run", what: str, frame: FrameType, *, is_heard: bool) -> None:
    """Of one that an SDK is heard to have started, only who refuses it is told: what it used, it will say itself."""
    from pytest_claude_budget.intercept.who_connects import asking

    if is_heard and run.guard is None:
        return
    if (who := asking(frame)) is None:
        return
    if is_heard and run.guard is not None:
        run.guard.ask_of_unseen(run.recorder.open(0), f"{what} at {who.place}")
    else:
        way = _ASK_THE_GATEWAY if os.environ.get(GATEWAY_VARIABLE) else _MEASURE_BY_A_GATEWAY
        _tell(run, f"{what} at {who.place}, which no hook sees: {way}")


def _of_this_moment(runs: Runs) -> Runs:
    """Of several runs, those that this moment may belong to."""
    if len(runs) == 1:
        return runs
    from pytest_claude_budget.intercept.runs_that_watch import of_this_thread

    sinks = of_this_thread(tuple(run.recorder for run in runs))
    return [run for run in runs if run.recorder in sinks]


def _tell(run: "Run", reason: str, *, is_sent: bool = False) -> None:
    """An answer may have been billed that nobody saw. Once for each owner: a loop tells nothing new."""
    from pytest_claude_budget.calls.call import Answer, Status

    ticket = run.recorder.open(0)
    if (guard := run.guard) is not None:
        (guard.heard_of_unseen if is_sent else guard.ask_of_unseen)(ticket, reason)
    key = (ticket[2].owner.id, reason)
    if key not in run.unseen:
        run.unseen.add(key)
        answer = Answer(status=Status.UNMEASURED, endpoint="unseen", reason=reason)
        run.recorder.write(ticket, Origin.LIVE, answer, ())


def _text(host: Any) -> str:
    if isinstance(host, bytes | bytearray):
        host = bytes(host).decode("ascii", "replace")
    return plain_host(host) if isinstance(host, str) else ""
