"""Processes of `worker.py`, and many of them that begin at the same time."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[3]


def worker(*arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.unit.cap.worker", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def line_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@contextmanager
def crowd(where: object, calls: int, most: int, count: int = 8) -> Iterator[list["subprocess.Popen[str]"]]:
    """Processes that make calls in a cap, all of them from now on."""
    started = [worker("spend", where, seed, calls, most) for seed in range(count)]
    try:
        assert [line_of(each) for each in started] == ["ready"] * count
        for each in started:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        yield started
    finally:
        for each in started:
            each.kill()
            each.communicate()


def told_though_some_are_killed(where: object, calls: int, most: int, killed: int = 2) -> int:
    """What calls of a crowd came to by their own words; some processes end after their first."""
    with crowd(where, calls, most) as running:
        told = 0
        for each in running[:killed]:
            told += int(line_of(each) or 0)  # nothing where the others were so quick that none was left for it
            each.kill()
        return told + sum(int(line) for each in running for line in each.communicate()[0].splitlines())
