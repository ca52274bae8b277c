"""A user's repository: a suite that asks Claude over a mock transport, a budget and a lock file, on a base and on a change."""

import functools
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_claude_budget.record.record import LOCK_FILE
from tests.action.github_double import REPOSITORY
from tests.aside import ASIDE, without
from tests.warm.interpreters import COLD

SUITE = """
import httpx

ANSWER = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-6", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "Refunds"}], "usage": {"input_tokens": 1000, "output_tokens": 200},
}


def ask(times):
    with httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200, json=ANSWER))) as client:
        for _ in range(times):
            body = {"model": "claude-sonnet-4-6", "max_tokens": 300, "messages": [{"role": "user", "content": "Hello"}]}
            headers = {"anthropic-version": "2023-06-01"}
            client.post("https://api.anthropic.com/v1/messages", json=body, headers=headers)


def test_refund():
    ask(CALLS)


def test_greeting():
    ask(1)
"""
# A call is 1,000 * $3 + 200 * $15 a million = $0.003 + $0.003 = $0.006.
BUDGET = """\
version: 1
limits:
  - scope: run
    max_cost: 1.00
  - scope: test
    max_calls: 5
changes:
  run: {max_increase: 10%, ignore_below: 0.001}
"""


@dataclass(frozen=True, kw_only=True)
class Project:
    folder: Path
    python: tuple[str, ...] = COLD
    """What its suite is run by here; a job has its own."""

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=Dev", "-c", "user.email=dev@example.test", "-c", "commit.gpgsign=false"]
        command = ["git", "-C", str(self.folder), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def suite(self, calls: int, folder: str = ".") -> None:
        self.write(f"{folder}/tests/test_desk.py", SUITE.replace("CALLS", str(calls)))

    def lock(self, folder: str = ".") -> None:
        """Accept what the suite costs now."""
        assert 0 == self._pytest(folder, "--claude-budget-update")

    def measure(self, report: str, *options: str, folder: str = ".") -> None:
        """Run the suite for its report, whatever the verdict."""
        self._pytest(folder, f"--claude-budget-report=json:{report}", *options)

    def _pytest(self, folder: str, *options: str) -> int:
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "CLAUDE"))}
        environ["PYTEST_ADDOPTS"] = without(*ASIDE)
        command = [*self.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
        return subprocess.run(
            command, cwd=self.folder / folder, env=environ, check=False, capture_output=True
        ).returncode

    def commit(self, message: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def merged(self) -> str:
        """What GitHub checks out of a pull request: its merge with the base."""
        self.git("checkout", "--quiet", "--detach", "main")
        self.git("merge", "--quiet", "--no-ff", "--message", "Merge", "topic")
        return self.git("rev-parse", "HEAD")


def start(folder: Path, workflow: str, python: tuple[str, ...] = COLD) -> Project:
    """A base with one call a test, and a lock file that says so; then a branch for the change."""
    folder.mkdir(parents=True, exist_ok=True)
    project = Project(folder=folder, python=python)
    project.git("init", "--quiet", "--initial-branch=main")
    project.git("remote", "add", "origin", f"https://github.com/{REPOSITORY}.git")
    project.write(".github/workflows/test.yml", workflow)
    project.write(".gitignore", "__pycache__/\n.pytest_cache/\nclaude-budget-report*.json\n")
    _write_base(project)
    project.write(LOCK_FILE, _lock_of_base())
    project.commit("Base")
    project.git("checkout", "--quiet", "-b", "topic")
    return project


def _write_base(project: Project) -> None:
    project.write("claude-budget.yml", BUDGET)
    project.write("pytest.ini", "[pytest]\ntestpaths = tests\naddopts = -p no:randomly\n")
    project.suite(1)


@functools.cache
def _lock_of_base() -> str:
    """The same bytes for every base, so that one run of the suite does for all."""
    with tempfile.TemporaryDirectory() as folder:
        project = Project(folder=Path(folder))
        _write_base(project)
        project.lock()
        return (project.folder / LOCK_FILE).read_text("utf-8")


def pull_request(project: Project, *, fork: bool = False, labels: tuple[str, ...] = ()) -> dict[str, Any]:
    """The payload of a pull request's event."""
    home = "mallory/helpdesk" if fork else REPOSITORY
    return {
        "action": "synchronize",
        "number": 7,
        "pull_request": {
            "number": 7,
            "head": {"sha": project.git("rev-parse", "topic"), "ref": "topic", "repo": {"full_name": home}},
            "base": {"sha": project.git("rev-parse", "main"), "ref": "main", "repo": {"full_name": REPOSITORY}},
            "labels": [{"name": name} for name in labels],
        },
        "repository": {"full_name": REPOSITORY, "default_branch": "main"},
    }


def workflow(inputs: Mapping[str, str], events: str = "pull_request", uses: str = "") -> str:
    """A workflow with one step of ours."""
    given = "".join(f"          {name}: {json_text(value)}\n" for name, value in inputs.items())
    return f"""\
name: test
on: [{events}]
permissions:
  contents: read
  pull-requests: write
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8
      - uses: {uses or ACTION}
        id: budget
        with:
{given}"""


def json_text(value: str) -> str:
    import json

    return json.dumps(value)


ACTION = "OWNER/pytest-claude-budget@0000000000000000000000000000000000000000"
