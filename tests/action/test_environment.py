"""The action's own environment: made from pins, beside the user's Python, once a job."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.action.act import BIN, ROOT

pytestmark = [pytest.mark.slow]
SCRIPT = ROOT / "action" / "environment.py"


def set_up(temp: Path, path: str, **environ: str) -> subprocess.CompletedProcess[str]:
    temp.mkdir(exist_ok=True)
    given = {name: value for name, value in os.environ.items() if not name.startswith(("BUDGET_", "VIRTUAL_ENV"))}
    given |= {"PATH": path, "RUNNER_TEMP": str(temp), "GITHUB_OUTPUT": str(temp / "output"), **environ}
    command = [sys.executable, "-I", str(SCRIPT)]
    return subprocess.run(command, env=given, cwd=temp, capture_output=True, text=True, check=False, timeout=300)


def python_of(temp: Path) -> Path:
    return Path((temp / "output").read_text("utf-8").splitlines()[-1].removeprefix("python="))


def with_uv(folder: Path) -> str:
    folder.mkdir()
    (folder / "uv").symlink_to(BIN / "uv")
    return f"{folder}:/usr/bin:/bin"


def test_it_holds_the_command_and_what_that_imports_and_nothing_of_the_suites(tmp_path: Path) -> None:
    path = with_uv(tmp_path / "bin")
    ended = set_up(tmp_path / "temp", path)
    assert 0 == ended.returncode, ended.stdout + ended.stderr
    python = python_of(tmp_path / "temp")
    shown = subprocess.run(
        [python, "-I", "-m", "pytest_claude_budget", "gate", "--help"], capture_output=True, text=True, check=False
    )
    assert "usage: claude-budget gate" in shown.stdout
    lacking = "import importlib.util as u; print([n for n in ('pytest', 'anthropic', 'pip') if u.find_spec(n)])"
    assert (
        "[]" == subprocess.run([python, "-I", "-c", lacking], capture_output=True, text=True, check=True).stdout.strip()
    )
    before = python.stat().st_ctime_ns
    assert 0 == set_up(tmp_path / "temp", path).returncode
    assert before == python.stat().st_ctime_ns


def test_a_runner_without_uv_gets_it_by_pip(tmp_path: Path) -> None:
    """The interpreter's own pip; the venv that these tests run in has one."""
    ended = set_up(tmp_path / "temp", "/usr/bin:/bin")
    assert 0 == ended.returncode, ended.stdout + ended.stderr
    assert (tmp_path / "temp" / "claude-budget-environment" / "tools" / "bin" / "uv").exists()


def test_a_checkout_cannot_change_what_is_installed(tmp_path: Path) -> None:
    """uv would read its settings from there."""
    temp = tmp_path / "temp"
    temp.mkdir()
    (temp / "uv.toml").write_text('index-url = "https://127.0.0.1:9/simple"\n', "utf-8")
    (temp / "sitecustomize.py").write_text("raise SystemExit('imported')\n", "utf-8")
    ended = set_up(temp, with_uv(tmp_path / "bin"), PYTHONPATH=str(temp))
    assert 0 == ended.returncode, ended.stdout + ended.stderr


def test_a_python_that_is_not_there_is_named(tmp_path: Path) -> None:
    ended = set_up(tmp_path / "temp", "/nowhere", BUDGET_INPUT_PYTHON_VERSION="3.99")
    assert 2 == ended.returncode
    assert "::error title=Claude cost::The action needs Python 3.99" in ended.stdout


def test_the_version_that_was_asked_for_is_found_in_the_runners_tool_cache(tmp_path: Path) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    own = tmp_path / "cache" / "Python" / f"{version}.7" / "x64" / "bin"
    own.mkdir(parents=True)
    (own / "python3").symlink_to(sys.executable)
    script = "import sys; sys.path.insert(0, sys.argv[1]); import environment as e; sys.executable = ''; print(e.suitable(sys.argv[2]))"
    environ = {**os.environ, "PATH": "/nowhere", "RUNNER_TOOL_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-I", "-c", script, str(SCRIPT.parent), version]
    assert (
        str(own / "python3")
        == subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout.strip()
    )
