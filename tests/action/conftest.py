"""The double, empty for each test."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.action.act import Runner, installed_action, with_environment
from tests.action.github_double import REPOSITORY, RUN, Double
from tests.action.job import Job, job_of
from tests.action.project import ACTION, Project, start, workflow
from tests.aside import ASIDE, without
from tests.warm.interpreters import Interpreters


@pytest.fixture(scope="session")
def serving() -> Iterator[Double]:
    """One server for all tests."""
    double = Double()
    yield double
    double.close()


@pytest.fixture
def double(serving: Double) -> Double:
    serving.reset()
    return serving


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What GitHub would fetch of the action."""
    return installed_action(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The action with its environment, one for all workers."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "action-environment"
    folder.mkdir(exist_ok=True)
    return with_environment(folder)


@pytest.fixture
def runner(ready: Path, double: Double, tmp_path: Path) -> Runner:
    """A runner whose API is the double. Jobs need not make the action's environment."""
    home = tmp_path / "home"
    home.mkdir()
    environ = {"GITHUB_API_URL": double.url, "GITHUB_RUN_ID": str(RUN), "GITHUB_RUN_ATTEMPT": "1"}
    environ |= {"GITHUB_WORKFLOW_REF": f"{REPOSITORY}/.github/workflows/test.yml@refs/heads/main"}
    environ |= {"PYTEST_ADDOPTS": without(*ASIDE)}
    return Runner(home=home, environ=environ, stand_ins={ACTION: ready})


@pytest.fixture
def bare_runner(runner: Runner, release: Path) -> Runner:
    """The same, whose jobs have all of the action to do."""
    return replace(runner, stand_ins={ACTION: release})


@pytest.fixture
def job(tmp_path: Path, double: Double, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Job:
    """The action in this process."""
    folder = tmp_path / "runner"
    folder.mkdir()
    return job_of(folder, double, monkeypatch, capfd)


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory, interpreters: Interpreters) -> Project:
    """A user's repository on its merge, whose suite has run there: four calls, where the base has two. To copy, not to change."""
    project = start(tmp_path_factory.mktemp("measured") / "desk", workflow({}), interpreters.warm())
    project.suite(3)
    project.commit("Ask more often")
    project.merged()
    project.measure("claude-budget-report.json")
    return project


@pytest.fixture
def desk(measured: Project, tmp_path: Path) -> Project:
    """A copy of it for one test."""
    shutil.copytree(measured.folder, tmp_path / "copy", symlinks=True)
    return replace(measured, folder=tmp_path / "copy")


@pytest.fixture(scope="session")
def verdict(measured: Project, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A judged report, as a fork's run uploads it."""
    target = tmp_path_factory.mktemp("verdict") / "report.json"
    command = [sys.executable, "-m", "pytest_claude_budget", "gate", "claude-budget-report.json"]
    command += ["--baseline", "git:main", "--output", f"json:{target}"]
    environ = {**os.environ, "CLAUDE_BUDGET_LEDGER": ""}
    subprocess.run(command, cwd=measured.folder, env=environ, check=False, capture_output=True)
    return target.read_text("utf-8")
