"""The cap that processes share: what reserving and settling a call costs, alone and by eight processes, beside SQLite; and that it holds."""

import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.figures import Figure, Line, shown
from pytest_claude_budget.cap.mapped_cap import MappedCap
from pytest_claude_budget.cap.store import Claim, Refused

PAIRS, ROUNDS, PROCESSES = 20_000, 7, 8
PAIRS_OF_EACH = 25_000
CALLS, KILLED = 2_000, 3
PAIR_LIMIT, LEAST_PAIRS, LEAST_USED = 15e-6, 50_000, 0.9
MOST = 10**15
Pair = Callable[[], object]


def figure() -> Figure:
    """Measure."""
    how = f"reserve and settle; CPU time of {PAIRS:,} pairs, the least of {ROUNDS} turns by turns; then {PROCESSES} processes"
    with tempfile.TemporaryDirectory() as folder:
        lines = [*_alone(Path(folder)), *_together(Path(folder)), *_simulated(Path(folder))]
    return Figure(title="A cap", how=how, lines=lines)


def pair_of(path: Path, accounts: int = 1) -> Pair:
    """One call in a cap."""
    cap = MappedCap(path)
    claims = [Claim(account=f"account {at}", amount=900, most=MOST) for at in range(accounts)]

    def pair() -> None:
        reservation = cap.reserve(claims)
        assert not isinstance(reservation, Refused)
        cap.settle(reservation, cost=500)

    return pair


def sqlite_pair(path: Path) -> Pair:
    """The same in SQLite, as fast as it goes: a write-ahead log, and no waiting for the disk."""
    database = sqlite3.connect(path, isolation_level=None, timeout=60)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=OFF")
    database.execute(
        "CREATE TABLE IF NOT EXISTS cap (account TEXT PRIMARY KEY, spent INTEGER, reserved INTEGER) WITHOUT ROWID"
    )
    database.execute("INSERT OR IGNORE INTO cap VALUES ('run', 0, 0)")
    reserve = "UPDATE cap SET reserved = reserved + ? WHERE account = ? AND spent + reserved + ? <= ?"
    settle = "UPDATE cap SET spent = spent + ?, reserved = reserved - ? WHERE account = ?"

    def pair() -> None:
        assert database.execute(reserve, (900, "run", 900, MOST)).rowcount == 1
        database.execute(settle, (500, 900, "run"))

    return pair


def _alone(folder: Path) -> Iterator[Line]:
    pairs = {"ours": pair_of(folder / "one.cap"), "three": pair_of(folder / "three.cap", 3)}
    pairs["sqlite"] = sqlite_pair(folder / "cap.sqlite3")
    least = dict.fromkeys(pairs, 1.0)
    for _ in range(ROUNDS):
        for name, pair in pairs.items():
            began = time.process_time()
            for _ in range(PAIRS):
                pair()
            least[name] = min(least[name], (time.process_time() - began) / PAIRS)
    for name, what in (("ours", "one account"), ("three", "run, test and feature at once")):
        numbers = {"seconds": least[name]}
        met = least[name] <= PAIR_LIMIT
        yield Line(what=what, measured=shown(least[name]), limit=shown(PAIR_LIMIT), met=met, numbers=numbers)
    ratio = least["ours"] / least["sqlite"]
    measured, numbers = f"{ratio:.0%} of {shown(least['sqlite'])}", {"seconds": least["sqlite"], "ratio": ratio}
    yield Line(what="one account in SQLite", measured=measured, numbers=numbers)


def _together(folder: Path) -> Iterator[Line]:
    rate, sqlites = _rate("pairs", folder / "many.cap"), _rate("sqlite_pairs", folder / "many.sqlite3")
    met, limit, numbers = rate >= LEAST_PAIRS, f"{LEAST_PAIRS:,}", {"pairs": rate}
    what = f"{PROCESSES} processes at once"
    yield Line(what=what, measured=f"{rate:,.0f} pairs/s", limit=limit, least=True, met=met, numbers=numbers)
    measured, numbers = f"{rate / sqlites:.1f} times its {sqlites:,.0f} pairs/s", {"pairs": sqlites}
    yield Line(what=f"{what}, beside SQLite", measured=measured, numbers=numbers)


def _rate(role: str, path: Path) -> float:
    """Pairs a second of all processes."""
    with _workers(role, path, [()] * PROCESSES) as workers:
        _wait_for_all(workers)
        began = time.perf_counter()
        ended = [_line(worker) for worker in workers]
        seconds = time.perf_counter() - began
    assert len(set(ended)) == 1, ended
    return PROCESSES * int(ended[0]) / seconds


def _simulated(folder: Path) -> Iterator[Line]:
    """Calls of noisy cost; some processes are killed amid them. Each tells what a call came to before it settles."""
    path, most = folder / "simulated.cap", CALLS * PROCESSES * 1_000
    with _workers("calls", path, [(seed, most) for seed in range(PROCESSES)]) as workers:
        _wait_for_all(workers)
        told = 0
        for worker in workers[:KILLED]:
            told += int(_line(worker))
            worker.kill()
        told += sum(int(line) for worker in workers for line in worker.communicate()[0].split() if line != "done")
    cap = MappedCap(path)
    charged = cap.charged("run")
    cap.close()
    over = max(0, told - most)
    used = (charged.spent + charged.reserved) / most
    calls = f"{PROCESSES} processes with {CALLS:,} calls each, {KILLED} of them killed"
    yield Line(what=f"{calls}: over the cap", measured=str(over), limit="0", met=over == 0, numbers={"over": over})
    limit = f"{LEAST_USED:.0%}"
    met = used >= LEAST_USED
    yield Line(what="of the cap used", measured=f"{used:.1%}", limit=limit, least=True, met=met, numbers={"used": used})


@contextmanager
def _workers(role: str, path: Path, each: Sequence[tuple[int, ...]]) -> Iterator[list["subprocess.Popen[str]"]]:
    command = [sys.executable, "-m", "bench.cap", role, str(path)]
    started = [
        subprocess.Popen([*command, *map(str, more)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for more in each
    ]
    try:
        yield started
    finally:
        for worker in started:
            worker.kill()
            worker.communicate()


def _wait_for_all(workers: list["subprocess.Popen[str]"]) -> None:
    """Let all begin once the last has loaded."""
    for worker in workers:
        assert _line(worker) == "ready"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()


def _line(worker: "subprocess.Popen[str]") -> str:
    assert worker.stdout is not None
    return worker.stdout.readline().strip()


def _ready() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


def _run_pairs(pair: Pair, count: int) -> None:
    _ready()
    for _ in range(count):
        pair()
    print(count, flush=True)


def _run_calls(path: str, seed: str, most: str) -> None:
    cap, noise = MappedCap(Path(path)), random.Random(int(seed))
    _ready()
    for _ in range(CALLS):
        bound = noise.randrange(2_000, 20_000)
        reservation = cap.reserve([Claim(account="run", amount=bound, most=int(most))])
        if not isinstance(reservation, Refused):
            cost = min(bound, int(noise.expovariate(1 / 3_000)))
            print(cost, flush=True)
            cap.settle(reservation, cost=cost)
    print("done", flush=True)


if __name__ == "__main__":
    role, at, *more = sys.argv[1:]
    if role == "calls":
        _run_calls(at, *more)
    elif role == "pairs":
        _run_pairs(pair_of(Path(at)), PAIRS_OF_EACH)
    else:
        _run_pairs(sqlite_pair(Path(at)), PAIRS_OF_EACH // 10)
