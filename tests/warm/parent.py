"""An interpreter that has imported what sub-sessions import, and forks for each of them: `parent.py SOCKET MODULE …`.

A sub-session takes a quarter of a second to import pytest, and two seconds to import the SDK; a fork finds both there. It has
imported nothing of the package under test: each fork does, from the code that is there by then.
Ends when its standard input ends, so with the process that started it.

A program, and not for import: it gives pytest's modules a mark that they would not have elsewhere.
"""

import atexit
import contextlib
import importlib
import importlib.metadata
import io
import marshal
import os
import runpy
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import known  # of this folder, which a program has in its path
import pure

ROOT = Path(__file__).parents[2]
AT_START = ROOT / "pytest_claude_budget_child.pth"
"""What an interpreter runs of us before all else."""
STAND_IN = [sys.executable, "-I", "-S", str(Path(__file__).with_name("stand_in.py"))]


def load(modules: Sequence[str], address: str) -> None:
    """Import them, once and for all forks."""
    for name in modules:
        importlib.import_module(name)
    entry_points = importlib.metadata.entry_points(group="pytest11")
    plugins = {each.value.partition(".")[0].partition(":")[0] for each in entry_points} & sys.modules.keys()
    own = [f"_pytest.{name}" for name in importlib.import_module("_pytest.config").default_plugins]
    for name in own:
        importlib.import_module(name)
    for name in (*plugins, *own):
        module = sys.modules[name]  # else pytest would warn that it is too late to rewrite its assertions
        module.__doc__ = f"{module.__doc__ or ''}\nPYTEST_DONT_REWRITE"
        known.show_hooks_and_fixtures(module)
    gateways: Any = importlib.import_module("execnet.gateway_io")
    gateways.popen_args = lambda spec: [*STAND_IN, address, "-u", "-c", gateways.popen_bootstrapline]
    ours = [name for name in sys.modules if name.partition(".")[0] == "pytest_claude_budget"]
    if ours or threading.active_count() > 1:
        sys.exit(f"a warm parent has no thread and nothing of the package under test, but: {ours}")
    names = known.know_all(become)
    known.pass_by(names)
    sys.meta_path.insert(0, pure.Executed(names, known.stamp))
    known.freeze()


class Parent:
    """Forks for whoever asks, and tells them how the fork ended."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._asking: dict[int, socket.socket] = {}
        """By the process that does what they ask."""
        self._bell, bell = os.pipe()
        for end in (self._bell, bell):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(bell, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector = selectors.DefaultSelector()
        for source in (0, self._bell, listener):
            self._selector.register(source, selectors.EVENT_READ)

    def serve(self) -> Callable[[], None] | None:
        """What a fork is to run; None in the parent itself, at its end."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj == 0:
                    return None
                if key.fileobj is self._listener:
                    work = self._fork(self._listener.accept()[0])
                    if work is not None:
                        return work
                elif key.fileobj == self._bell:
                    self._tell_ends()
                else:
                    os.kill(key.data, signal.SIGKILL)  # its stand-in was killed
                    self._selector.unregister(key.fileobj)

    def _fork(self, asking: socket.socket) -> Callable[[], None] | None:
        _, streams, _, _ = socket.recv_fds(asking, 1, 3)
        with asking.makefile("rb") as sent:
            request = marshal.load(sent)  # of our own stand-in
        child = os.fork()
        if not child:
            self._forget(asking)
            return lambda: become(request, streams)
        for stream in streams:
            os.close(stream)
        self._asking[child] = asking
        self._selector.register(asking, selectors.EVENT_READ, data=child)
        asking.sendall(b"%d\n" % child)
        return None

    def _forget(self, asking: socket.socket) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._selector.close()
        for each in (asking, self._listener, *self._asking.values()):
            each.close()

    def _tell_ends(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._bell, 1_000)
        while True:
            try:
                ended, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not ended:
                return
            asking = self._asking.pop(ended)
            with contextlib.suppress(OSError, KeyError):
                asking.sendall(b"%d\n" % status)
                self._selector.unregister(asking)
            asking.close()


def become(request: dict[str, Any], streams: Sequence[int]) -> None:
    """Be a new interpreter as far as its program can see."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environ"])
    time.tzset()
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    arguments = request["arguments"]
    unbuffered = arguments[0] == "-u"
    if unbuffered or os.environ.get("PYTHONUNBUFFERED"):
        raw = io.FileIO(1, "w", closefd=False)
        sys.stdout = sys.__stdout__ = io.TextIOWrapper(raw, sys.stdout.encoding, sys.stdout.errors, write_through=True)
    kind, program, *rest = arguments[unbuffered:]
    first = request["folder"] if kind == "-m" else ""
    before = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:1] = [first, *before]  # in place of this program's own folder
    main = sys.modules["__main__"] = ModuleType("__main__")
    vars(main).update(__builtins__=__builtins__, __annotations__={})
    sys.argv = [kind, *rest]
    exec(AT_START.read_text("utf-8"), {})
    if kind == "-m":
        runpy._run_module_as_main(program)  # type: ignore[attr-defined]
    else:
        exec(compile(program, "<string>", "exec"), vars(main))


def end(program: Callable[[], None]) -> None:
    """Run it, and end as Python does, but for taking all to pieces that the parent has imported: a third of a sub-session with the SDK.

    What its modules hold is not deleted; wait for threads, what is left for the end, and the output are Python's. It sees to errors itself.
    """
    status: object = None
    try:
        program()
    except SystemExit as asked:
        status = asked.code
    if status is None or isinstance(status, int):
        with contextlib.suppress(BaseException):  # which the end that follows meets again, and tells of
            threading._shutdown()  # type: ignore[attr-defined]
            atexit._run_exitfuncs()
            for stream in (sys.stdout, sys.stderr):
                if stream is not None and not stream.closed:
                    stream.flush()
            os._exit((status or 0) & 0xFF)
    sys.exit(status)  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.dont_write_bytecode = False
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[1])
        listener.listen()
        load(sys.argv[2:], sys.argv[1])
        print("ready", flush=True)
        work = Parent(listener).serve()
    if work is not None:
        end(work)
