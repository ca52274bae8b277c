"""Installed but unused: what a pytest run pays that never calls Claude."""

import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path

from bench.children import environment, timed
from bench.figures import Compared, Figure, Line, compared, held

PAIRS = 20
PAIRS_BESIDES = 10
RUNS = 3
"""Of each side of a pair; the fastest counts, since whatever else the machine does only ever adds. The difference is a fiftieth of
a run, and single runs differ by a twentieth: the median of 20 pairs of single runs said anything from 0 to 7 ms.
"""
LIMIT_RATIO, LIMIT_SECONDS = 0.01, 0.003
"""One of the two; `whole_process.py` holds what is installed to the same."""
LIMIT_WITH_BUDGET = 0.010
BUDGET = "version: 1\nlimits:\n  - scope: run\n    max_cost: 2.00\n"
BARE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""No other plugin of this environment: they would make the run longer, and our part of it smaller."""


def figure() -> Figure:
    """Measure."""
    with tempfile.TemporaryDirectory() as made:
        folder, judged = Path(made, "plain"), Path(made, "judged")
        for each in (folder, judged):
            each.mkdir()
            (each / "pytest.ini").write_text("[pytest]\n")
            (each / "test_empty.py").write_text("def test_empty():\n    pass\n")
            (each / "empty_plugin.py").write_text('"""Stands where the plugin stands in the other run."""\n')
        (judged / "claude-budget.yml").write_text(BUDGET)
        ours, none = ["-p", "pytest_claude_budget.plugin"], ["-p", "empty_plugin"]
        lines = _both("pytest and nothing else", _pairs(none, ours, folder, BARE, PAIRS), limited=True)
        if any(entry.name == "claude_budget" for entry in entry_points(group="pytest11")):
            pairs = _pairs(["-p", "no:claude_budget"], [], folder, {}, PAIRS_BESIDES)
            lines += _both("as installed, beside every plugin of this environment", pairs)
        wall, cpu = _pairs(none, ours, judged, BARE, PAIRS_BESIDES)
        lines.append(held("with a budget file, wall time", wall, seconds=LIMIT_WITH_BUDGET))
        lines.append(held("with a budget file, CPU time", cpu, seconds=LIMIT_WITH_BUDGET))
    how = f"whole process, pytest of one empty test; median of {PAIRS} pairs ({PAIRS_BESIDES} where there is no limit), each side the fastest of {RUNS}"
    return Figure(title="Installed but unused", how=how, lines=lines)


def _both(what: str, found: tuple[Compared, Compared], *, limited: bool = False) -> list[Line]:
    wall, cpu = found
    if not limited:
        return [held(f"{what}, wall time", wall), held(f"{what}, CPU time", cpu)]
    return [
        held(f"{what}, wall time", wall, ratio=LIMIT_RATIO, seconds=LIMIT_SECONDS, either=True),
        held(f"{what}, CPU time", cpu, ratio=LIMIT_RATIO, seconds=LIMIT_SECONDS, either=True),
    ]


def _pairs(
    without: Sequence[str], with_us: Sequence[str], folder: Path, changes: dict[str, str], count: int
) -> tuple[Compared, Compared]:
    """Wall time and CPU time; each pair the other way round than the one before."""
    env = environment(**changes)
    env["PYTHONPATH"] += f":{folder}"
    commands = [[sys.executable, "-m", "pytest", "-q", *each] for each in (without, with_us)]
    for command in commands:
        timed(command, folder, env)  # compiles, and fills the caches
    walls, cpus = [], []
    for at in range(count):
        first, second = (0, 1) if at % 2 == 0 else (1, 0)
        taken: tuple[list[tuple[float, float]], ...] = ([], [])
        for side in (first, second) * RUNS:
            taken[side].append(timed(commands[side], folder, env))
        walls.append((min(wall for wall, _ in taken[0]), min(wall for wall, _ in taken[1])))
        cpus.append((min(cpu for _, cpu in taken[0]), min(cpu for _, cpu in taken[1])))
    return compared(walls), compared(cpus)
