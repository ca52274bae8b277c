"""The action beyond the tests: its own environment, and the verdict with a comment that a small GitHub on loopback takes."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from bench.children import LONGEST_SECONDS, ROOT
from bench.figures import Figure, Line, shown
from tests.action.github_double import Double
from tests.action.job import given_to_a_step
from tests.action.project import Project, pull_request, start, workflow

RUNS = 5
LIMIT_SECONDS = 5.0
SYSTEM_PATH = "/usr/bin:/bin"


def figure() -> Figure:
    """Measure."""
    double = Double()
    try:
        with tempfile.TemporaryDirectory() as made:
            desk = _desk(Path(made))
            lines = [line for uv in (True, False) for line in _lines(desk, double, Path(made), uv=uv)]
    finally:
        double.close()
    how = f"environment, verdict and a first comment, without the tests; median of {RUNS} jobs"
    return Figure(title="Action", how=how, lines=lines)


def _desk(folder: Path) -> Project:
    """A pull request's merge, whose suite has run."""
    project = start(folder / "desk", workflow({}))
    project.suite(3)
    project.commit("Ask more often")
    project.merged()
    project.measure("claude-budget-report.json")
    return project


def _lines(desk: Project, double: Double, folder: Path, *, uv: bool) -> list[Line]:
    runner = "with uv on the runner" if uv else "without uv on the runner"
    path = f"{_tools(folder)}:{SYSTEM_PATH}" if uv else SYSTEM_PATH
    caches = {name: str(folder / f"empty-{runner}-{name}") for name in ("PIP_CACHE_DIR", "UV_CACHE_DIR")}
    cold = _job(desk, double, {"PATH": path, **caches})
    _job(desk, double, {"PATH": path})  # fills the caches
    warm = median(_job(desk, double, {"PATH": path}) for _ in range(RUNS))
    return [_line(f"{runner}, warm caches", warm, LIMIT_SECONDS), _line(f"{runner}, empty caches, one job", cold)]


def _tools(folder: Path) -> Path:
    """A folder with uv and nothing else."""
    tools = folder / "tools"
    if not tools.exists():
        tools.mkdir()
        (tools / "uv").symlink_to(Path(sys.executable).parent / "uv")
    return tools


def _line(what: str, seconds: float, limit: float | None = None) -> Line:
    return Line(
        what=f"{what}, wall time",
        measured=shown(seconds),
        limit="" if limit is None else shown(limit),
        met=None if limit is None else seconds <= limit,
        numbers={"seconds": seconds},
    )


def _job(desk: Project, double: Double, runner: Mapping[str, str]) -> float:
    """Both steps of a job on a new runner; returns the seconds that they took."""
    double.reset()
    payload = pull_request(desk)
    double.add_pull(7, payload["pull_request"]["head"]["sha"])
    with tempfile.TemporaryDirectory() as made:
        temp = Path(made)
        environ = _environ(desk, double, temp, payload) | runner
        began = time.perf_counter()
        _step([sys.executable, "-I", str(ROOT / "action" / "environment.py")], desk, environ, expected=0)
        python = (temp / "output").read_text("utf-8").strip().removeprefix("python=")
        _step([python, "-I", "-m", "pytest_claude_budget", "action"], desk, environ, expected=1)
        taken = time.perf_counter() - began
    if len(double.comments) != 1:
        raise SystemExit(f"expected one comment, got {len(double.comments)}")
    return taken


def _environ(desk: Project, double: Double, temp: Path, payload: Mapping[str, Any]) -> dict[str, str]:
    """What GitHub gives a step, beside what the machine needs to reach its package index."""
    ours = ("BUDGET_", "CLAUDE", "GITHUB_", "PYTEST", "PYTHON", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    (temp / "temp").mkdir()
    checkout = {"GITHUB_SHA": desk.git("rev-parse", "HEAD"), "GITHUB_WORKSPACE": str(desk.folder)}
    return kept | given_to_a_step(temp, double, "pull_request", payload) | checkout


def _step(command: list[str], desk: Project, environ: Mapping[str, str], *, expected: int) -> None:
    ended = subprocess.run(
        command, cwd=desk.folder, env=environ, capture_output=True, check=False, timeout=LONGEST_SECONDS
    )
    if ended.returncode != expected:
        raise SystemExit((ended.stdout + ended.stderr).decode("utf-8", "replace"))
