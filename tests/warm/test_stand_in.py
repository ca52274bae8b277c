"""A fork of a warm parent is, for its program and for who started it, the interpreter that it stands in for."""

import os
import signal
import subprocess
from collections.abc import Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import pytest

from tests.architecture import PURE
from tests.warm import pure
from tests.warm.interpreters import COLD, Interpreters
from tests.warm.known import code_kept


@pytest.fixture(params=["warm", "cold"])
def python(request: pytest.FixtureRequest, interpreters: Interpreters) -> tuple[str, ...]:
    """All of this is so of an interpreter that starts; then it must be so of one that does not."""
    return interpreters.warm() if request.param == "warm" else COLD


def ran(python: Sequence[str], *arguments: str, **how: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*python, *arguments], capture_output=True, text=True, check=False, **how)


def test_streams_folder_environment_arguments_and_status_are_its_own(python: Sequence[str], tmp_path: Path) -> None:
    program = (
        "import os, sys; print(sys.stdin.read(), os.getcwd(), os.environ, sys.argv, sys.path[0], __name__, sep='|');"
        "print('loud', file=sys.stderr); sys.exit(7)"
    )
    ended = ran(python, "-c", program, "a", "b c", cwd=tmp_path, env={"ONE": "1"}, input="heard")
    heard, folder, environ, *rest = ended.stdout.rstrip("\n").split("|")
    assert ("heard", str(tmp_path), ["['-c', 'a', 'b c']", "", "__main__"]) == (heard, folder, rest)
    assert "'ONE': '1'" in environ
    assert "PATH" not in environ
    assert (7, "loud\n") == (ended.returncode, ended.stderr)


def test_a_module_is_found_in_its_folder_and_on_the_path(python: Sequence[str], tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "one.py").write_text("import sys, two; print(sys.argv, two.__file__)", "utf-8")
    (tmp_path / "two.py").write_text("", "utf-8")
    ended = ran(python, "-m", "one", "x", cwd=tmp_path / "here", env={"PYTHONPATH": str(tmp_path)})
    assert f"[{str(tmp_path / 'here' / 'one.py')!r}, 'x'] {tmp_path / 'two.py'}\n" == ended.stdout, ended.stderr


def test_what_is_left_for_the_end_is_done_at_the_end(python: Sequence[str]) -> None:
    program = (
        "import atexit, threading; atexit.register(print, 'at exit'); main = threading.current_thread();"
        "threading.Thread(target=lambda: (main.join(), print('a thread'))).start(); print('the program')"
    )
    assert "the program\na thread\nat exit\n" == ran(python, "-c", program).stdout


@pytest.mark.parametrize(
    ("left", "status", "said"),
    [("0", 0, ""), ("None", 0, ""), ("3", 3, ""), ("True", 1, ""), ("-1", 255, ""), ("'so it is'", 1, "so it is\n")],
)
def test_its_status_is_what_it_left_with(python: Sequence[str], left: str, status: int, said: str) -> None:
    """What it printed is there, too, and what is to be done at the end is done before."""
    ended = ran(python, "-c", f"import atexit, sys; atexit.register(print, 'at exit'); print('here'); sys.exit({left})")
    assert (status, "here\nat exit\n", said) == (ended.returncode, ended.stdout, ended.stderr)


def test_an_output_that_nobody_reads_is_an_error(python: Sequence[str]) -> None:
    """As Python ends where it cannot write what was printed: it says so."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [*python, "-c", "print('here')"]
    ended = subprocess.run(command, env={}, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (120, "BrokenPipeError: [Errno 32] Broken pipe") == (ended.returncode, ended.stderr.splitlines()[-1])


def test_an_error_is_told_and_a_signal_is_the_status(python: Sequence[str]) -> None:
    failed = ran(python, "-c", "1 / 0")
    assert (1, True) == (failed.returncode, failed.stderr.endswith("\nZeroDivisionError: division by zero\n"))
    killed = ran(python, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert -signal.SIGKILL == killed.returncode


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_who_started_it_can_end_it(python: Sequence[str], number: signal.Signals) -> None:
    """Its output ends too: nothing goes on writing."""
    program = "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); print('here', flush=True); signal.pause()"
    with subprocess.Popen([*python, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "here\n" == process.stdout.readline()
        process.send_signal(number)
        assert "" == process.stdout.read()
    assert -number == process.returncode


def test_pytest_is_there_and_nothing_of_ours_is(interpreters: Interpreters) -> None:
    """A fork imports the package under test as a user's process does. It finds a client only if that is asked for."""
    program = "import sys; print([name for name in ('_pytest.main', 'httpx2', 'pytest_claude_budget') if name in sys.modules])"
    assert "['_pytest.main']\n" == ran(interpreters.warm(), "-c", program, env={}).stdout
    assert "['_pytest.main', 'httpx2']\n" == ran(interpreters.warm(sdk=True), "-c", program, env={}).stdout


OURS = "[name for name in sys.modules if name.startswith('pytest_claude_budget.')]"


@pytest.mark.parametrize("name", ["wire.routes", "judge.report", "render.terminal"])
def test_a_module_of_ours_brings_what_it_imports_and_no_other(interpreters: Interpreters, name: str) -> None:
    """In the same order, and again once it was forgotten."""
    program = (
        f"import sys, importlib; importlib.import_module('pytest_claude_budget.{name}'); print({OURS});"
        f"first = {OURS}; [sys.modules.pop(each) for each in ['pytest_claude_budget', *first]];"
        f"importlib.import_module('pytest_claude_budget.{name}'); assert first == {OURS}"
    )
    warm, cold = (ran(command, "-c", program, env={}) for command in (interpreters.warm(), COLD))
    assert (0, cold.stdout) == (warm.returncode, warm.stdout), warm.stderr
    assert f"'pytest_claude_budget.{name}'" in warm.stdout


KEPT = """
import importlib, sys
import pure
stamps = {}
sys.meta_path.insert(0, pure.Executed(["pytest_claude_budget.wire.routes"], lambda path: stamps.get(path)))
def loaded():
    found = importlib.import_module("pytest_claude_budget.wire.routes")
    spec = found.__spec__
    for name in [name for name in sys.modules if name.startswith("pytest_claude_budget")]:
        del sys.modules[name]
    assert (found.__name__, found.__file__) == (spec.name, spec.origin)
    assert type(spec.loader).__name__ == "SourceFileLoader"
    return found
first = loaded()
assert loaded() is first
stamps[first.__file__] = "another"
assert loaded() is not first
"""


def test_a_module_is_executed_once_until_its_file_changes() -> None:
    ended = ran(COLD, "-c", KEPT, env={"PYTHONPATH": str(Path(__file__).parent)})
    assert 0 == ended.returncode, ended.stderr


def test_only_what_is_pure_is_executed_once() -> None:
    assert PURE == set(pure.PURE)


def test_a_process_of_a_run_is_measured_for_it(interpreters: Interpreters, tmp_path: Path) -> None:
    """What the package's `.pth` file does at a start is done in a fork."""
    program = "import sys; print('pytest_claude_budget.measure.child' in sys.modules)"
    environ = {**os.environ, "CLAUDE_BUDGET_LEDGER": str(tmp_path / "run.sqlite3")}
    assert "True\n" == ran(interpreters.warm(), "-c", program, env=environ).stdout


@pytest.mark.parametrize(("name", "value"), [("PYTHONHASHSEED", "7"), ("PYTHONWARNINGS", "error")])
def test_a_setting_that_only_a_start_can_heed_makes_one(interpreters: Interpreters, name: str, value: str) -> None:
    """Then the stand-in becomes an interpreter itself."""
    program = "import sys; print('_pytest.main' in sys.modules)"
    assert "False\n" == ran(interpreters.warm(), "-c", program, env={name: value}).stdout


def test_the_code_of_a_module_is_kept_until_its_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "one.py"
    file.write_text("a = 1", "utf-8")
    loader = SourceFileLoader("one", str(file))
    get_code = code_kept([("one", str(file))])
    code = get_code(loader, "one")
    assert code is not None
    assert get_code(loader, "one") is code
    file.write_text("a, b = 1, 2", "utf-8")
    assert ("a", "b") == getattr(get_code(loader, "one"), "co_names", ())
