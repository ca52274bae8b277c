"""Stands in for `python`: `stand_in.py SOCKET -m pytest …` is run by a fork of the warm parent that listens there.

Passes on its arguments, environment, folder and standard streams, and ends as the fork ends. What a fork cannot do like an
interpreter that starts, an interpreter does: then this process becomes one.

It starts without `site`, and with the modules of C behind `signal` and `socket`: their enumerations, and the
patterns of `json`, would take more time than all else here.
"""

import _signal as signal
import _socket as socket
import marshal
import os
import sys

UNDERSTOOD = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONUNBUFFERED")
"""The settings of Python that a fork can take over; it cannot be given the others after its start."""


def can(environ: dict[str, str], arguments: list[str]) -> bool:
    """Whether a fork can do what an interpreter does with these."""
    settings = {name for name in environ if name.startswith("PYTHON")}
    measured_coverage = any(name.startswith("COVERAGE_PROCESS") for name in environ)
    options = arguments[: 1 + (arguments[:1] == ["-u"])]
    return not measured_coverage and settings.issubset(UNDERSTOOD) and options[-1:] in (["-m"], ["-c"])


def ask(address: str, request: dict[str, object], streams: tuple[int, ...]) -> int:
    """Ask for a fork. What comes back has a line with its process and, once that has ended, one with its wait status.

    It is killed where nobody reads any more.
    """
    parent = socket.socket(socket.AF_UNIX)
    parent.connect(address)
    numbers = b"".join(number.to_bytes(4, sys.byteorder) for number in streams)
    parent.sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, numbers)])
    parent.sendall(marshal.dumps(request))
    return parent.detach()


def main(address: str, arguments: list[str]) -> int:
    """The wait status of the fork; never returns where an interpreter has to do."""
    environ = dict(os.environ)
    if not can(environ, arguments):
        os.execv(sys.executable, [sys.executable, *arguments])
    folder = os.getcwd()  # noqa: PTH109  # the import of pathlib would take half as long as all of this
    request = {"arguments": arguments, "environ": environ, "folder": folder}
    with open(ask(address, request, (0, 1, 2)), "rb") as lines:
        child = int(lines.readline())
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, _frame: os.kill(child, number))
        return int(lines.readline())


if __name__ == "__main__":
    status = main(sys.argv[1], sys.argv[2:])
    if os.WIFSIGNALED(status):
        ended_by = os.WTERMSIG(status)
        signal.signal(ended_by, signal.SIG_DFL) if ended_by not in (signal.SIGKILL, signal.SIGSTOP) else None
        os.kill(os.getpid(), ended_by)
    os._exit(os.waitstatus_to_exitcode(status))
