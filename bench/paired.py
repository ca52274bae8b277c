"""Long work in fresh processes, by turns without us and with us: time and peak of memory."""

import gc
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bench.children import child, peak_bytes
from bench.figures import Line, compared, held

LIMIT_BYTES = 5_000_000
_MB = 1_000_000


def runs(module: str, shape: str, pairs: int) -> list[tuple[Any, Any]]:
    """Run pairs of processes, each pair the other way round than the one before."""
    found = []
    for at in range(pairs):
        order = ("nobody", "ours") if at % 2 == 0 else ("ours", "nobody")
        taken = {name: child(module, shape, name) for name in order}
        found.append((taken["nobody"], taken["ours"]))
    return found


def lines(what: str, pairs: Sequence[tuple[Any, Any]], *, ratio: float | None) -> list[Line]:
    """Wall time, CPU time and memory. The CPU time is what other work on the machine moves least."""
    wall = compared([(one["wall"], other["wall"]) for one, other in pairs])
    cpu = compared([(one["cpu"], other["cpu"]) for one, other in pairs])
    without = median(one["peak"] for one, _ in pairs)
    more = median(other["peak"] - one["peak"] for one, other in pairs)
    limited = ratio is not None
    memory = Line(
        what=f"{what}, peak of memory",
        measured=f"{without / _MB:.1f} MB without us, {more / _MB:+.1f} MB with us",
        limit=f"{LIMIT_BYTES / _MB:.0f} MB" if limited else "",
        met=more <= LIMIT_BYTES if limited else None,
        numbers={"without_bytes": without, "added_bytes": more},
    )
    return [held(f"{what}, wall time", wall, ratio=ratio), held(f"{what}, CPU time", cpu, ratio=ratio), memory]


def one_run(name: str, work: Callable[[], None], rows: int) -> str:
    """Do the work once with one who looks on; returns what the parent process reads.

    `rows` is how many the ledger must have: a figure of work that was not done would be worth nothing. What
    OpenTelemetry adds is told by its time only.
    """
    import pytest  # noqa: F401  # is there in every suite, watched or not: its memory is not ours

    from bench.watchers import Ours, watcher

    with tempfile.TemporaryDirectory() as made:
        looking = watcher(name, Path(made))
        looking.start()
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        taken = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "peak": peak_bytes()}
        looking.stop()
        if isinstance(looking, Ours) and looking.stored() != rows:
            raise SystemExit(f"expected {rows} rows in the ledger, got {looking.stored()}")
    return json.dumps(taken)
