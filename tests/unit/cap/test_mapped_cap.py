"""A cap in a mapped file: kills at any point, forks, and files that are not what they should be."""

import asyncio
import errno
import fcntl
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from blockbuster import BlockingError, blockbuster_ctx
from pyfakefs.fake_filesystem_unittest import Patcher

from pytest_claude_budget.cap import mapped_cap
from pytest_claude_budget.cap.account_table import FIRST
from pytest_claude_budget.cap.mapped_cap import MappedCap
from pytest_claude_budget.cap.store import Charged, Claim, Refused, Reservation, UnavailableError
from pytest_claude_budget.ledger.outside import system
from tests.unit.cap.crowd import line_of, told_though_some_are_killed, worker
from tests.unit.cap.worker import CALLS, COST, RUN, table_of

WRITES = 12
"""Of a first reservation in two accounts, 3 for each account's slot and 1 for its figure; of its settlement, 2 for each account."""


@contextmanager
def started(*arguments: object) -> Iterator["subprocess.Popen[str]"]:
    process = worker(*arguments)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("write", range(WRITES + 1))
def test_a_kill_at_any_write_never_leaves_too_little_charged(tmp_path: Path, write: int) -> None:
    path = tmp_path / "run.cap"
    with started("stop_at_write", path, write) as process:
        first = line_of(process)
        is_sent = first == "sent"
        assert "paused" in (first, line_of(process) if is_sent else first)
        process.kill()
        process.wait()
    cap = MappedCap(path)  # which a lock of the dead would hold up for ever
    cost, calls = cap.charged("run"), cap.charged("run calls")
    assert cost.spent + cost.reserved >= (COST if is_sent else 0)
    assert calls.spent + calls.reserved >= (1 if is_sent else 0)
    assert is_sent == (write >= 8)
    if write == WRITES:
        assert (cost, calls) == (Charged(spent=COST), Charged(spent=1))
    made = cap.reserve([RUN, CALLS])
    assert isinstance(made, Reservation)
    cap.settle(made, cost=COST)
    assert (cap.charged("run").spent, cap.charged("run").reserved) == (cost.spent + COST, cost.reserved)
    cap.close()


def test_a_child_of_the_killed_does_not_keep_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "run.cap"
    with started("stop_with_a_child", path) as process:
        child = int(line_of(process))
        try:
            assert line_of(process) == "paused"
            process.kill()
            process.wait()
            cap = MappedCap(path)
            assert isinstance(cap.reserve([RUN]), Reservation)
            cap.close()
        finally:
            os.kill(child, signal.SIGKILL)


def test_forked_children_share_it(tmp_path: Path) -> None:
    """Three children and their parent, 2,000 calls each that cost 1 of their bound of 2."""
    path = tmp_path / "run.cap"
    with started("share_with_children", path, 3, 2_000) as process:
        assert process.wait() == 0
    cap = MappedCap(path)
    assert cap.charged("run") == Charged(spent=8_000)
    cap.close()


def test_eight_processes_never_pass_it_though_some_are_killed(tmp_path: Path) -> None:
    """Each tells what a call came to before it settles: what was told is at most the cap, and what is charged is at least that."""
    path, most = tmp_path / "run.cap", 1_000_000
    told = told_though_some_are_killed(path, 250, most)
    cap = MappedCap(path)
    charged = cap.charged("run")
    cap.close()
    assert told <= charged.spent + charged.reserved <= most
    assert charged.spent + charged.reserved >= most * 0.9


def test_more_accounts_than_a_table_holds(tmp_path: Path) -> None:
    one, other = MappedCap(tmp_path / "run.cap"), MappedCap(tmp_path / "run.cap")
    count = FIRST * 2
    for at in range(count):
        (one if at % 2 else other).reserve([Claim(account=f"test {at}", amount=at, most=count)])
    assert [other.charged(f"test {at}").reserved for at in range(count)] == list(range(count))
    one.close()
    other.close()


def test_a_file_that_is_removed_amid_a_run_stops_all_calls(tmp_path: Path) -> None:
    cap = MappedCap(tmp_path / "run.cap")
    made = cap.reserve([RUN])
    (tmp_path / "run.cap").unlink()
    with pytest.raises(UnavailableError, match="was removed or cut while the run goes on"):
        cap.reserve([RUN])
    assert isinstance(made, Reservation)
    cap.settle(made, cost=1)  # nobody counts there any more, and nothing breaks
    cap.close()


@pytest.mark.parametrize("reused", [False, True])
def test_files_that_are_closed_under_it_stop_all_calls(tmp_path: Path, reused: bool) -> None:
    """As a suite does that closes all that it has not opened itself; their numbers may be those of other files then."""
    cap = MappedCap(tmp_path / "run.cap")
    number = table_of(cap)._file
    os.close(number)
    if reused:
        (tmp_path / "other").write_bytes(b"\0" * 10**6)
        assert number == os.open(tmp_path / "other", os.O_RDWR)  # the lowest that is free
    with pytest.raises(UnavailableError, match="was removed or cut"):
        cap.reserve([RUN])


@pytest.mark.parametrize("what", ["reserve", "settle", "charged"])
def test_a_file_that_is_cut_kills_nobody(tmp_path: Path, what: str) -> None:
    """To read what is mapped of it no longer would end the process."""
    with started("go_on_in_a_cut_file", tmp_path / "run.cap", what) as process:
        said, _ = process.communicate()
    assert "was removed or cut while the run goes on" in said
    assert process.returncode == 0


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.cap").write_bytes(b"something else" * 100)
    with pytest.raises(UnavailableError, match="of another version of this plugin, or is none"):
        MappedCap(tmp_path / "run.cap")


@pytest.mark.parametrize(
    ("error", "works"), [(errno.EOPNOTSUPP, True), (errno.EINVAL, True), (errno.ENOSPC, False), (None, True)]
)
def test_a_file_system_that_keeps_no_room_free_is_used_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int | None, works: bool
) -> None:
    """But a disk that is full is told, since a write to it would kill the process."""

    def refuse(*_: object) -> None:
        raise OSError(error, os.strerror(error or 0))

    if error is None:
        monkeypatch.delattr(system, "posix_fallocate")
    else:
        monkeypatch.setattr(system, "posix_fallocate", refuse)
    if works:
        cap = MappedCap(tmp_path / "run.cap")
        assert isinstance(cap.reserve([RUN]), Reservation)
        cap.close()
    else:
        with pytest.raises(UnavailableError, match="the file of the cap cannot be used: No space left on device"):
            MappedCap(tmp_path / "run.cap")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="the file of the cap cannot be used: No such file or directory"):
        MappedCap(tmp_path / "none" / "run.cap")


def test_a_system_without_such_locks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped_cap, "locking", None)
    with pytest.raises(UnavailableError, match="a hard cap needs locks of files"):
        MappedCap(tmp_path / "run.cap")


def test_it_holds_up_no_event_loop(tmp_path: Path) -> None:
    """A suite that arms blockbuster fails any test that blocks its loop, as by opening a file there."""

    async def call() -> None:
        cap = MappedCap(tmp_path / "run.cap")
        made = cap.reserve([RUN])
        assert isinstance(made, Reservation)
        cap.settle(made, cost=1)
        cap.close()
        with pytest.raises(BlockingError):  # it is armed
            time.sleep(0.001)  # noqa: ASYNC251

    with blockbuster_ctx():
        asyncio.run(call())


def test_a_file_system_that_a_test_fakes_is_not_its_own(tmp_path: Path) -> None:
    with Patcher():
        cap = MappedCap(tmp_path / "run.cap")
        assert isinstance(cap.reserve([RUN]), Reservation)
        cap.close()
    assert (tmp_path / "run.cap").exists()


def test_it_can_be_used_again_after_it_was_closed(tmp_path: Path) -> None:
    cap = MappedCap(tmp_path / "run.cap")
    cap.close()
    assert not isinstance(cap.reserve([RUN]), Refused)
    cap.close()


def test_in_a_fake_file_system_a_turn_is_waited_for(tmp_path: Path) -> None:
    """pyfakefs makes `flock` do nothing, under whatever name a module has it."""
    path = tmp_path / "run.cap"
    cap, other, asked = MappedCap(path), os.open(path, os.O_RDWR), threading.Event()

    def ask() -> None:
        asked.set()
        cap.charged("run")

    thread = threading.Thread(target=ask, daemon=True)
    fcntl.flock(other, fcntl.LOCK_EX)
    with Patcher():
        thread.start()
        asked.wait()
        thread.join(0.5)
        waits = thread.is_alive()
        system.close(other)
        thread.join()
    assert waits
    cap.close()
