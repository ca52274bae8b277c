"""Runs work in fresh processes, so that each has a peak of memory of its own. Imports nothing heavy itself:
a process begins with the memory of the one that starts it.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LONGEST_SECONDS = 120.0


def environment(**changes: str) -> dict[str, str]:
    """What a child process sees: this package and the plugin, and nothing that a developer has set for pytest.

    Modules are compiled once: where that is turned off, all that is measured is how long it takes.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "CLAUDE_BUDGET_"))}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0", **changes}


def child(module: str, *arguments: str, seconds: float = LONGEST_SECONDS) -> Any:
    """Run `python -m bench.<module>` to its end and take the JSON that it prints."""
    command = [sys.executable, "-m", f"bench.{module}", *arguments]
    ended = subprocess.run(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, check=True, timeout=seconds)
    return json.loads(ended.stdout)


def timed(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> tuple[float, float]:
    """Run a command to its end; returns its wall time and its CPU time in seconds. What it says is heard if it fails."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    ended = subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False, timeout=LONGEST_SECONDS)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if ended.returncode != 0:
        raise SystemExit((ended.stdout + ended.stderr).decode("utf-8", "replace"))
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def peak_of(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> int:
    """The most memory in bytes that a command holds until its end."""
    started = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with status {started.returncode}")
    return used.ru_maxrss if sys.platform == "darwin" else used.ru_maxrss * 1024


def peak_bytes() -> int:
    """The most memory that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
