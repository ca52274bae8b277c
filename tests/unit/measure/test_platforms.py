"""What other systems lack: macOS has no `posix_fallocate` and no `/proc`, Windows no `fcntl`, no `getuid` and several drives.

Each test takes away what that system does not have. The smoke jobs in `.github/workflows` are the real thing.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_claude_budget import plugin
from pytest_claude_budget.gateway import started
from pytest_claude_budget.ledger import journal as journals
from pytest_claude_budget.ledger import locks
from pytest_claude_budget.ledger import mapped_file as pieces
from pytest_claude_budget.ledger.journal import Journal
from pytest_claude_budget.ledger.locks import Hold, is_held
from pytest_claude_budget.ledger.outside import system
from pytest_claude_budget.ledger.paths import journals_of
from pytest_claude_budget.measure.current_owner import file_outside
from tests.unit.ledger.test_journals import calls_of, entry, faults_of


@pytest.fixture
def new_mounts() -> Iterator[None]:
    """What is known of this machine's file systems is forgotten before and after."""
    pieces._is_promising.cache_clear()
    yield
    pieces._is_promising.cache_clear()


@pytest.mark.usefixtures("new_mounts")
def test_without_a_list_of_mounts_a_journal_is_appended_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS."""
    monkeypatch.setattr(pieces, "_MOUNTS", tmp_path / "no" / "mountinfo")
    write_two(tmp_path)


def test_without_a_promise_of_room_a_journal_is_appended_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS and Windows, whatever their file system is called."""
    monkeypatch.setattr(pieces, "_is_promising", lambda device: True)
    monkeypatch.delattr(system, "posix_fallocate")
    write_two(tmp_path)


def write_two(folder: Path) -> None:
    """Two calls in a journal that holds nothing but them."""
    path = folder / "run-1.sqlite3"
    journal = Journal(path)
    journal.append([entry(1)])
    journal.append([entry(2)])
    (file,) = journals_of(path)
    assert b"\0" not in file.read_bytes()
    assert [1, 2] == [call.id for call in calls_of(path)]


def test_without_locks_nobody_says_whether_a_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows: the process id decides then."""
    monkeypatch.setattr(locks, "locking", None)
    ledger = tmp_path / "run-1.sqlite3"
    hold = Hold(ledger)
    hold.take()
    assert is_held(ledger) is None
    hold.leave()
    assert [] == list(tmp_path.iterdir())


def test_without_locks_and_mapped_memory_a_run_is_told_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows."""
    monkeypatch.setattr(journals, "locking", None)
    monkeypatch.setattr(pieces, "_is_promising", lambda device: False)
    path = tmp_path / "run-1.sqlite3"
    Journal(path).append([entry(1)])
    assert [] == faults_of(path)
    assert [1] == [call.id for call in calls_of(path)]


@pytest.mark.parametrize(("user", "name"), [(1000, "claude-budget-1000"), (None, "claude-budget-0")])
def test_a_run_without_pytest_s_cache_is_kept_in_a_folder_of_the_user(
    monkeypatch: pytest.MonkeyPatch, user: int | None, name: str
) -> None:
    """On Windows the temporary folder is the user's own."""

    def getini(_: str) -> Any:
        raise ValueError("no cache_dir: -p no:cacheprovider")

    if user is None:
        monkeypatch.delattr(os, "getuid")
    else:
        monkeypatch.setattr(os, "getuid", lambda: user)
    config: Any = SimpleNamespace(getini=getini)
    assert name == plugin._ledger_folder(config).name


def test_a_file_on_another_drive_has_no_way_from_the_rootdir(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `os.path.relpath` says on Windows."""

    def relpath(path: Any, start: Any) -> str:
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(os.path, "relpath", relpath)
    path: Any = PureWindowsPath("D:/tests/test_a.py")
    assert file_outside(path, PureWindowsPath("C:/project")) is None  # type: ignore[arg-type]  # pure ones do here


WITHOUT_LOCKS = """
import sys
sys.modules["fcntl"] = None  # its import fails
import pytest
sys.exit(pytest.main(sys.argv[1:]))
"""
ASKS = """
import httpx

def test_it():
    usage = {"input_tokens": 1000, "output_tokens": 100}
    answer = {"type": "message", "id": "msg_1", "model": "claude-haiku-4-5", "usage": usage, "content": []}
    client = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200, json=answer)))
    client.post("https://api.anthropic.com/v1/messages", json={"model": "claude-haiku-4-5", "max_tokens": 9, "messages": []})
"""


def test_where_locks_are_not_even_there_a_run_is_measured(tmp_path: Path) -> None:
    """As on Windows: 1,000 tokens at $1 and 100 at $5 a million are $0.0015."""
    (tmp_path / "test_a.py").write_text(ASKS, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    command = [sys.executable, "-c", WITHOUT_LOCKS, "-p", "claude_budget"]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "CLAUDE_BUDGET_"))}
    env |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # others cannot do without
    ended = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 call: input 1,000, output 100\ncost $0.0015 at list price" in ended.stdout


def test_a_gateway_says_that_it_cannot_start_on_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(started, "os", SimpleNamespace(name="nt", environ=os.environ))
    with pytest.raises(OSError, match="Windows hands no socket on to another process"):
        started.Started(tmp_path / "run-1.sqlite3", "", "http://127.0.0.1:9", "http://127.0.0.1:9")
