"""Interpreters for sub-sessions: warm ones, which have imported pytest already, and cold ones, which start as a user's do."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.warm import stand_in

HERE = Path(__file__).parent
RUNNERS = ("pytest", "_pytest.pytester", "execnet.multi")
"""Without xdist itself, which keeps a copy of `sys.path` as that is at its import."""
PACKAGES = ("anyio", "asyncio", "certifi", "idna", "sqlite3", "ssl", "yaml")
"""What HTTP clients and we ourselves import; no client, so that a sub-session still sees its client's import."""
SDK = ("anthropic",)
COLD = (sys.executable,)


class Interpreters:
    """At most two warm parents, started when they are first wanted; all end with `close`. With `cold` there are none."""

    def __init__(self, *, cold: bool = False) -> None:
        self._cold = cold
        self._folder = Path(tempfile.mkdtemp(prefix="warm-"))  # a short path: a socket's may have 107 bytes
        self._parents: dict[str, subprocess.Popen[bytes]] = {}

    def warm(self, *, sdk: bool = False) -> tuple[str, ...]:
        """The command to put before `-m pytest …`; with the SDK imported, or no client at all."""
        if self._cold:
            return COLD
        name = "sdk" if sdk else "plain"
        address = self._folder / name
        if name not in self._parents:
            self._parents[name] = _parent(address, (*RUNNERS, *PACKAGES, *(SDK if sdk else ())))
        return (sys.executable, "-I", "-S", str(HERE / "stand_in.py"), str(address))

    def close(self) -> None:
        """A parent ends when its standard input does."""
        for parent in self._parents.values():
            parent.communicate()
        shutil.rmtree(self._folder)


def run_by_a_fork(
    address: str, arguments: list[str], *, environ: dict[str, str], streams: tuple[int, int, int], seconds: float
) -> int | None:
    """Its exit status, as `subprocess` has it; with the socket that `warm` ends with, and nobody who stands in. None if it had to be killed."""
    request: dict[str, object] = {"arguments": arguments, "environ": environ, "folder": str(Path.cwd())}
    with socket.socket(fileno=stand_in.ask(address, request, streams)) as parent, parent.makefile("rb") as lines:
        parent.settimeout(seconds)
        try:
            _, status = lines.readline(), lines.readline()
        except TimeoutError:
            return None
    return os.waitstatus_to_exitcode(int(status))


def _parent(address: Path, modules: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Started like a plain interpreter: of no run around it, and with no settings of pytest's."""
    unwanted = ("CLAUDE", "COVERAGE", "COV_", "PYTEST", "PYTHON")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    command = [sys.executable, str(HERE / "parent.py"), str(address), *modules]
    parent = subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert b"ready\n" == parent.stdout.readline()
    return parent
