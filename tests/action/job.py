"""A job's step without its runner: the entry of the action in this process, with the files that a runner would give it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_budget.cli import main
from tests.action.github_double import REPOSITORY, RUN, Double


@dataclass(frozen=True, kw_only=True)
class Result:
    status: int
    outputs: Mapping[str, str]
    summary: str
    log: str

    def commands(self, name: str) -> list[str]:
        return [line for line in self.log.splitlines() if line.startswith(f"::{name} ")]


Job = Callable[..., Result]


def given_to_a_step(folder: Path, double: Double, event: str, payload: Mapping[str, Any]) -> dict[str, str]:
    """The variables of a runner whose files lie in the folder, with the event's file; all but the commit and its checkout."""
    for name, text in {"event": json.dumps(payload), "output": "", "summary": ""}.items():
        (folder / name).write_text(text, "utf-8")
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": double.url,
        "GITHUB_BASE_REF": payload.get("pull_request", {}).get("base", {}).get("ref", ""),
        "GITHUB_EVENT_NAME": event,
        "GITHUB_EVENT_PATH": str(folder / "event"),
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_REF_NAME": "main",
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_RUN_ID": str(RUN),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "GITHUB_WORKFLOW_REF": f"{REPOSITORY}/.github/workflows/test.yml@refs/heads/main",
        "RUNNER_TEMP": str(folder / "temp"),
        "BUDGET_INPUT_GITHUB_TOKEN": "t0ken",
    }


def job_of(folder: Path, double: Double, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Job:
    """Runs the action in a workspace: `job(event, payload, report="…", fail_on="never")`."""

    def job(event: str, payload: Mapping[str, Any], *, workspace: Path, sha: str = "", **inputs: str) -> Result:
        environ = given_to_a_step(folder, double, event, payload) | {
            "GITHUB_SHA": sha,
            "GITHUB_WORKSPACE": str(workspace),
        }
        environ |= {f"BUDGET_INPUT_{name.upper()}": value for name, value in inputs.items()}
        capfd.readouterr()
        with monkeypatch.context() as patch:
            patch.chdir(workspace)
            for name, value in environ.items():
                patch.setenv(name, value)
            for name in ("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0"):
                patch.setenv(name, "")  # the action sets them; so they are taken back
            patch.setattr("time.sleep", lambda _seconds: None)
            status = main(["action"])
        log = capfd.readouterr().out
        outputs = outputs_of((folder / "output").read_text("utf-8"))
        return Result(status=status, outputs=outputs, summary=(folder / "summary").read_text("utf-8"), log=log)

    return job


def outputs_of(text: str) -> dict[str, str]:
    """As the runner reads them."""
    found: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, _, delimiter = line.partition("<<")
        value = []
        for each in lines:
            if each == delimiter:
                break
            value.append(each)
        found[name] = "\n".join(value)
    return found
