"""Long work without us and with us: its time by turns in one process, its peak of memory in fresh ones."""

import gc
import json
import time
from collections.abc import Callable, Iterator
from itertools import islice
from statistics import median
from typing import Any

from bench.children import child, peak_bytes
from bench.figures import Compared, Line, compared, held

LIMIT_BYTES = 5_000_000
SLICE = 1_000
"""Parts that are read from one before the other has its turn: what else the machine does moves both alike."""
MEMORY_PAIRS = 2
_MB = 1_000_000

Open = Callable[[], Iterator[object]]


def lines(module: str, shape: str, what: str, *, ratio: float, peer: bool = False) -> list[Line]:
    """Wall time, CPU time and memory; `peer` adds what OpenTelemetry takes in our place."""
    times = child(module, "time", shape, "ours")
    found = [
        held(f"{what}, wall time", _median(times), ratio=ratio),
        held(f"{what}, CPU time", _sum(times), ratio=ratio),
        _memory(module, shape, what),
    ]
    if peer:
        found.append(
            held(f"{what}, CPU time, OpenTelemetry in our place", _sum(child(module, "time", shape, "telemetry")))
        )
    return found


def _median(times: Any) -> Compared:
    """Of all, as far as the median slice goes: slices that others of the machine have cut into do not count."""
    slices = compared([(one[0], other[0]) for one, other in times])
    return Compared(without=slices.without * len(times), added=slices.added * len(times))


def _sum(times: Any) -> Compared:
    without, with_it = (sum(pair[at][1] for pair in times) for at in (0, 1))
    return Compared(without=without, added=with_it - without)


def _memory(module: str, shape: str, what: str) -> Line:
    pairs = [[child(module, "memory", shape, name) for name in ("nobody", "ours")] for _ in range(MEMORY_PAIRS)]
    without, more = median(one for one, _ in pairs), median(other - one for one, other in pairs)
    return Line(
        what=f"{what}, peak of memory",
        measured=f"{without / _MB:.1f} MB without us, {more / _MB:+.1f} MB with us",
        limit=f"{LIMIT_BYTES / _MB:.0f} MB",
        met=more <= LIMIT_BYTES,
        numbers={"without_bytes": without, "added_bytes": more},
    )


def work(kind: str, name: str, begin: Open, parts: int, rows: int) -> str:
    """Do in this process what `lines` asks for: `time` or `memory`. `begin` starts to read so many parts.

    `rows` is how many the ledger must have in the end: a figure of work that was not done would be worth nothing.
    """
    import pytest  # noqa: F401  # is there in every suite, watched or not: its memory is not ours

    from bench.watchers import Ours, watcher

    looking = watcher(name)
    measure = _by_turns if kind == "time" else _peak
    counted, result = measure(begin, looking)
    if isinstance(looking, Ours) and looking.stored() != rows:
        raise SystemExit(f"expected {rows} rows in the ledger, got {looking.stored()}")
    if counted != parts:
        raise SystemExit(f"expected {parts} parts, got {counted}")
    return json.dumps(result)


def _peak(begin: Open, looking: Any) -> tuple[int, int]:
    looking.start()
    counted = sum(1 for _ in begin())
    looking.stop()
    return counted, peak_bytes()


def _by_turns(begin: Open, looking: Any) -> tuple[int, list[list[tuple[float, float]]]]:
    """Read two at once, one watched and one not; returns wall and CPU seconds of each slice, in pairs."""
    alone = begin()
    first = next(alone)  # the exchange has begun, and nobody looks on
    looking.start()
    watched = begin()
    assert type(next(watched)) is type(first)
    counted, taken = 1, []
    gc.collect()
    gc.freeze()
    while True:
        pair = []
        for each in (alone, watched):
            wall, cpu = time.perf_counter(), time.process_time()
            read = sum(1 for _ in islice(each, SLICE))
            pair.append((time.perf_counter() - wall, time.process_time() - cpu))
        counted += read
        taken.append(pair)
        if read < SLICE:
            looking.stop()
            return counted, taken
