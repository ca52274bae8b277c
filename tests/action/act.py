"""Runs a workflow on `act`, a real runner, as host jobs: no container engine, and no address but loopback's."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SECONDS = 240
INSTALLED = ("action.yml", "action", "pytest_claude_budget", "schemas")
"""What GitHub's runner fetches of us and the action uses."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What a run left behind."""

    status: int
    lines: list[Mapping[str, Any]]
    printed: str

    @property
    def log(self) -> str:
        return "".join(str(line.get("msg", "")) for line in self.lines)

    @property
    def outputs(self) -> dict[str, str]:
        """Of the action, not of its inner steps."""
        said = [line for line in self.lines if line.get("command") == "set-output"]
        return {line["name"]: line["arg"] for line in said if len(line["stepID"]) == 1}

    @property
    def summary(self) -> str:
        return "".join(
            line["content"] for line in self.lines if line.get("command") == "summary" and len(line["stepID"]) > 1
        )

    def annotations(self, level: str) -> list[tuple[str, str | None, str | None]]:
        """Text, file and line."""
        said = [line for line in self.lines if line.get("command") == level]
        return [(line["arg"], line["kvPairs"].get("file"), line["kvPairs"].get("line")) for line in said]

    def result(self, step: str) -> str | None:
        """`success` or `failure` of the step of that name."""
        main = [line for line in self.lines if line.get("stage") == "Main" and line.get("step") == step]
        results = [line["stepResult"] for line in main if "stepResult" in line]
        return results[-1] if results else None


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Where runs happen."""

    home: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    stand_ins: Mapping[str, Path] = field(default_factory=dict)
    """`owner/name@ref` to the folder that stands in for it."""

    def run(self, folder: Path, event: str, payload: Mapping[str, Any], workflow: str, **environ: str) -> Ran:
        """Run a workflow of the git repository in a folder."""
        given = self.home / "event.json"
        given.write_text(json.dumps(payload), "utf-8")
        command = [str(BIN / "act"), event, "--json", "--platform", "ubuntu-latest=-self-hosted", "--no-cache-server"]
        command += ["--action-offline-mode", "--eventpath", str(given), "--workflows", workflow]
        command += [word for name, path in self.stand_ins.items() for word in ("--local-repository", f"{name}={path}")]
        for name, value in {**self.environ, **environ}.items():
            command += ["--env", f"{name}={value}"]
        inherited = {name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "UV_", "SSL_", "LANG"))}
        outside = {**inherited, "HOME": str(self.home), "PATH": f"{BIN}:{os.environ['PATH']}"}
        outside["UV_CACHE_DIR"] = os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv"))
        ended = subprocess.run(
            [*command, "--secret", "GITHUB_TOKEN=t0ken"],
            cwd=folder,
            env=outside,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        lines = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
        return Ran(status=ended.returncode, lines=lines, printed=ended.stdout + ended.stderr)


def installed_action(folder: Path) -> Path:
    """A copy of what a release has, without what tests and tools leave around it."""
    for name in INSTALLED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    return folder


GIVE_PYTHON = """\
import os

with open(os.environ["GITHUB_OUTPUT"], "a", encoding="utf-8") as output:
    output.write("python={python}\\n")
"""


def with_environment(folder: Path) -> Path:
    """The action as it is once its environment is made: in place of making one in each job, it hands out one for all of them."""
    with (folder / "making").open("w") as making:
        fcntl.flock(making, fcntl.LOCK_EX)  # workers have one together
        ready = folder / "ready"
        if not (ready / "action.yml").exists():
            (folder / "made").mkdir()
            made = installed_action(folder / "made")
            output = folder / "output"
            environ = {**os.environ, "RUNNER_TEMP": str(folder), "GITHUB_OUTPUT": str(output)}
            environ["PATH"] = f"{BIN}:{os.environ['PATH']}"
            subprocess.run([sys.executable, "-I", str(made / "action" / "environment.py")], env=environ, check=True)
            python = output.read_text("utf-8").splitlines()[-1].removeprefix("python=")
            (ready / "action").mkdir(parents=True)
            (ready / "action" / "environment.py").write_text(GIVE_PYTHON.format(python=python), "utf-8")
            shutil.copy(made / "action.yml", ready)
    return ready
