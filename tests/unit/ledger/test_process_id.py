"""A process knows its number without asking, and a child that was forked from it does not take itself for its parent."""

import ctypes
import mmap
import os
import sys
from collections.abc import Callable

import pytest

from pytest_claude_budget.ledger.process_id import kept_process_id, process_id

FORKS: list[Callable[[], int]] = [os.fork, ctypes.CDLL(None).fork]
"""Python's own, and one that Python hears nothing of."""


@pytest.mark.parametrize("fork", FORKS, ids=["of-python", "of-c"])
def test_a_forked_child_knows_that_it_is_another(fork: Callable[[], int]) -> None:
    assert process_id() == process_id() == os.getpid()
    told, tell = os.pipe()
    child = fork()
    if not child:
        os.write(tell, b"%d" % process_id())
        os._exit(0)
    os.close(tell)
    with os.fdopen(told, "rb") as pipe:
        said = int(pipe.read())
    os.waitpid(child, 0)
    assert (said, process_id()) == (child, os.getpid())


def test_it_is_asked_for_once() -> None:
    asked: list[int] = []
    known = kept_process_id(lambda: asked.append(1) or 7)  # type: ignore[func-returns-value]
    assert [known(), known(), len(asked)] == [7, 7, 1 if sys.platform.startswith("linux") else 2]


@pytest.mark.parametrize("heeds", ["nothing", "no such advice"])
def test_where_memory_is_not_emptied_the_system_is_asked_each_time(monkeypatch: pytest.MonkeyPatch, heeds: str) -> None:
    """An emulator that takes whatever it is advised; a system that knows nothing of it."""

    class Page(mmap.mmap):
        def madvise(self, *_: int) -> None:  # type: ignore[override]
            if heeds != "nothing":
                raise OSError(22, "Invalid argument")

    monkeypatch.setattr(mmap, "mmap", Page)
    assert kept_process_id(os.getpid) is os.getpid
