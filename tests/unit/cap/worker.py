"""A process of a run with a cap, for tests that start it, hold it up and kill it: `python -m tests.unit.cap.worker WHAT …`."""

import os
import random
import sys
import time
from pathlib import Path

from pytest_claude_budget.cap.account_table import AccountTable
from pytest_claude_budget.cap.mapped_cap import MappedCap
from pytest_claude_budget.cap.postgres_cap import PostgresCap
from pytest_claude_budget.cap.store import Cap, Claim, Refused, UnavailableError, Unit

RUN = Claim(account="run", amount=700, most=10_000)
CALLS = Claim(account="run calls", unit=Unit.CALLS, amount=1, most=100)
COST = 300


class Pausing:
    """Words of the table that stop at one of the writes, counted from 0: then a line is printed, and nothing more happens."""

    def __init__(self, words: memoryview, at: int) -> None:
        self._words, self._left = words, at

    def __getitem__(self, word: int) -> int:
        return self._words[word]

    def __setitem__(self, word: int, value: int) -> None:
        if self._left == 0:
            tell_and_wait()
        self._left -= 1
        self._words[word] = value

    def release(self) -> None:
        self._words.release()


def tell_and_wait() -> None:
    print("paused", flush=True)
    time.sleep(600)


def table_of(cap: MappedCap) -> AccountTable:
    table = cap._table
    assert table is not None
    return table


def stop_at_write(path: str, at: str) -> None:
    """Reserve, "send" and settle, but for being held up at a write of it all."""
    cap = MappedCap(Path(path))
    table = table_of(cap)
    table.words = Pausing(table.words, int(at))  # type: ignore[assignment]
    reservation = cap.reserve([RUN, CALLS])
    assert not isinstance(reservation, Refused)
    print("sent", flush=True)
    cap.settle(reservation, cost=COST)
    tell_and_wait()


def go_on_in_a_cut_file(path: str, what: str) -> None:
    """Print what is told of a file that is cut between two calls."""
    cap = MappedCap(Path(path))
    reservation = cap.reserve([RUN])
    assert not isinstance(reservation, Refused)
    os.truncate(path, 0)
    try:
        if what == "reserve":
            cap.reserve([RUN])
        elif what == "settle":
            cap.settle(reservation, cost=COST)
        else:
            cap.charged("run")
    except UnavailableError as error:
        print(error)
    cap.close()


def stop_with_a_child(path: str) -> None:
    """Be held up with the lock taken, while a child that was forked before lives on."""
    cap = MappedCap(Path(path))
    assert not isinstance(cap.reserve([RUN]), Refused)
    child = os.fork()
    if child == 0:
        time.sleep(600)
    print(child, flush=True)
    table = table_of(cap)
    table.words = Pausing(table.words, 0)  # type: ignore[assignment]
    cap.reserve([RUN])


def share_with_children(path: str, children: str, each: str) -> None:
    """Fork with the cap open; every child and this process claims 1 many times."""
    cap = MappedCap(Path(path))
    pids = []
    for _ in range(int(children)):
        pid = os.fork()
        if pid == 0:
            claim_ones(cap, int(each))
            os._exit(0)
        pids.append(pid)
    claim_ones(cap, int(each))
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * len(pids)


def claim_ones(cap: Cap, count: int) -> None:
    claim = Claim(account="run", amount=2, most=1 << 40)
    for _ in range(count):
        reservation = cap.reserve([claim])
        assert not isinstance(reservation, Refused)
        cap.settle(reservation, cost=1)


def opened(where: str, run: str = "run") -> Cap:
    """A cap by its file, or by the URL of its database."""
    return PostgresCap(where, run) if "://" in where else MappedCap(Path(where))


def settle_in_a_child(where: str, run: str) -> None:
    """Have a forked child settle what its parent has reserved, and one of its own; then the parent settles what is its."""
    cap = opened(where, run)
    shared, kept = cap.reserve([RUN]), cap.reserve([RUN])
    assert not isinstance(shared, Refused)
    assert not isinstance(kept, Refused)
    child = os.fork()
    if child == 0:
        cap.settle(shared, cost=1)
        claim_ones(cap, 1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    print(cap.charged("run"), flush=True)
    cap.settle(shared, cost=2)
    print(cap.charged("run"), flush=True)


def fork_and_go_on(url: str) -> None:
    """Claim before a fork, in the child, and in the parent after it."""
    cap = PostgresCap(url, "forked")
    claim_ones(cap, 1)
    child = os.fork()
    if child == 0:
        claim_ones(cap, 2)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    claim_ones(cap, 4)


def spend(path: str, seed: str, calls: str, most: str) -> None:
    """Make calls of noisy cost, each within its bound, and print what each came to before it is settled."""
    cap, noise = opened(path), random.Random(int(seed))
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(int(calls)):
        bound = noise.randrange(2_000, 10_000)
        claim = Claim(account="run", amount=bound, most=int(most))
        reservation = cap.reserve([claim])
        if isinstance(reservation, Refused):
            continue
        cost = noise.randrange(0, bound + 1)
        sys.stdout.write(f"{cost}\n")
        sys.stdout.flush()
        time.sleep(0)
        cap.settle(reservation, cost=cost)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
