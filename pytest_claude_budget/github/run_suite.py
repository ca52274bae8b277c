"""The user's own command, run as the runner itself would run it: by bash, to the letter, in the user's environment."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from pytest_claude_budget.github.inputs import PREFIX

_OURS = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE")


def run_suite(command: str, folder: Path, environ: Mapping[str, str], report: Path | None) -> int:
    """Run a command in a folder; returns its exit status. Neither our token nor our step's files are shown to it.

    `report` is where pytest is asked to write; None where the command says so itself.
    """
    script = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command]
    environ = suite_environ(environ, report)
    return subprocess.run(script, cwd=folder, env=environ, check=False).returncode  # noqa: S603  # the workflow's own command


def suite_environ(environ: Mapping[str, str], report: Path | None) -> dict[str, str]:
    """The environment without what is our step's alone."""
    shown = {name: value for name, value in environ.items() if not name.startswith(PREFIX) and name not in _OURS}
    if report is not None:
        shown["PYTEST_ADDOPTS"] = f"{shown.get('PYTEST_ADDOPTS', '')} --claude-budget-report=json:{report}".strip()
    return shown
