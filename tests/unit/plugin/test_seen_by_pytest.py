"""What pytest and pluggy look through of us at every start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_claude_budget.plugin as entry_point
from pytest_claude_budget.plugin.following import EachTest
from pytest_claude_budget.plugin.hooks import MarkReader, RunPlugin, TestReports, bind_hooks
from pytest_claude_budget.plugin.late_start import Begun
from pytest_claude_budget.plugin.session_end import Judge
from pytest_claude_budget.plugin.workers import Controller, Worker
from tests.aside import ASIDE, without


def plain_environment() -> dict[str, str]:
    """Of no run around it, and without companions that take longer to import than all else."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CLAUDE_BUDGET_", "PYTEST_"))}
    return {**env, "PYTEST_ADDOPTS": without(*ASIDE)}


LOADED = """
import sys

def test_a():
    ours = [name for name in sys.modules if name.startswith("pytest_claude_budget.")]
    kinds = {name: type(sys.modules[name].__loader__).__module__ for name in ours}
    print("\\nrewritten:", [name for name in ours if kinds[name].startswith("_pytest")])
    assert "pytest_claude_budget.plugin.hooks" in ours
"""

WORKERS = """
def test_a(request):
    found = request.config.pluginmanager.get_plugin("claude-budget-workers")
    print("hooks:", type(found).__name__ if found else "alone")
"""


@pytest.mark.parametrize("registered", [Begun, Controller, EachTest, Judge, MarkReader, RunPlugin, TestReports, Worker])
def test_a_plugin_shows_its_hooks_and_nothing_else(registered: type) -> None:
    """Each name beside them would be looked at for hooks and for fixtures, some 30 µs each."""
    hooks = {name for name, value in vars(registered).items() if hasattr(value, "pytest_impl") or name[:7] == "pytest_"}
    assert hooks
    assert hooks == set(dir(object.__new__(registered)))


def test_a_plugin_has_its_hooks_in_itself() -> None:
    """Where pluggy finds each at once, rather than by the classes of the object."""

    class Plugin:
        """One hook."""

        def __dir__(self) -> list[str]:
            return ["pytest_unconfigure"]

        def pytest_unconfigure(self) -> None:
            """Nothing."""

    plugin = Plugin()
    bind_hooks(plugin)
    assert vars(plugin) == {"pytest_unconfigure": plugin.pytest_unconfigure}


def test_hooks_between_processes_are_for_runs_on_workers_alone(tmp_path: Path) -> None:
    """Each hook that is registered is looked at for some 50 µs at every start."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (tmp_path / "test_a.py").write_text(WORKERS, encoding="utf-8")
    env = plain_environment()
    for options, words in (((), "alone"), (("-n1",), "Worker")):
        command = [sys.executable, "-m", "pytest", "-q", "-rP", "-p", "no:cacheprovider", *options]
        ended = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=60)
        assert f"hooks: {words}" in ended.stdout


def test_the_entry_point_shows_its_hooks_and_its_fixture() -> None:
    hooks = {name for name in vars(entry_point) if name.startswith("pytest_")}
    assert {*hooks, "claude_budget"} == set(dir(entry_point))
    assert {"pytest_addoption", "pytest_configure", "pytest_load_initial_conftests"} == hooks


@pytest.mark.parametrize("asked_for", [(), ("-p", "pytest_claude_budget.plugin"), ("-p", "claude_budget")])
def test_pytest_loads_us_as_written(asked_for: tuple[str, ...], tmp_path: Path) -> None:
    """However the plugin is asked for: its asserts are none that pytest has to rewrite, at every start where no byte code is kept."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (tmp_path / "test_a.py").write_text(LOADED, encoding="utf-8")
    env = plain_environment()
    if asked_for:
        env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", *asked_for]
    ended = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stdout
    rewritten = next(line for line in ended.stdout.splitlines() if "rewritten:" in line)
    assert rewritten.endswith("rewritten: []")
