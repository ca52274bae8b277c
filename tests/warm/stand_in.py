"""Stands in for `python`: `stand_in.py SOCKET -m pytest …` is run by a fork of the warm parent that listens there.

Passes on its arguments, environment, folder and standard streams, and ends as the fork ends. What a fork cannot do like an
interpreter that starts, an interpreter does: then this process becomes one.

A program, and not for import. It starts without `site`, and with the modules of C behind `signal` and `socket`: their enumerations, and the
patterns of `json`, would take more time than all else here.
"""

import _signal as signal
import _socket as socket
import marshal
import os
import sys

UNDERSTOOD = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONUNBUFFERED")
"""The settings of Python that a fork can take over; it cannot be given the others after its start."""


def main(address: str, arguments: list[str]) -> int:
    """The wait status of the fork; never returns where an interpreter has to do."""
    settings = {name for name in os.environ if name.startswith("PYTHON")}
    measured_coverage = any(name.startswith("COVERAGE_PROCESS") for name in os.environ)
    options = arguments[: 1 + (arguments[:1] == ["-u"])]
    if measured_coverage or not settings.issubset(UNDERSTOOD) or options[-1:] not in (["-m"], ["-c"]):
        os.execv(sys.executable, [sys.executable, *arguments])
    folder = os.getcwd()  # noqa: PTH109  # the import of pathlib would take half as long as all of this
    request = {"arguments": arguments, "environ": dict(os.environ), "folder": folder}
    parent = socket.socket(socket.AF_UNIX)
    parent.connect(address)
    streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    parent.sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
    parent.sendall(marshal.dumps(request))
    with open(parent.detach(), "rb") as lines:  # noqa: PTH123  # the same
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
