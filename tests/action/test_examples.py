"""Each example workflow, as it stands, from start to end on a real runner. Actions of others are stood in for."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.action.act import ROOT, Ran, Runner
from tests.action.github_double import RUN, Double
from tests.action.project import ACTION, BUDGET, Project, pull_request, start

pytestmark = [pytest.mark.slow]
EXAMPLES = ROOT / "examples" / "workflows"
PLACE = ".github/workflows/test.yml"
UPLOAD = """\
name: upload
description: Keeps files where download finds them.
inputs:
  name: {description: name}
  path: {description: paths, one a line}
  retention-days: {description: unused}
runs:
  using: composite
  steps:
    - shell: bash
      env: {NAME: "${{ inputs.name }}", PATHS: "${{ inputs.path }}"}
      run: |
        mkdir -p "$STAND_IN_ARTIFACTS/$NAME"
        while read -r path; do if [ -n "$path" ]; then cp $path "$STAND_IN_ARTIFACTS/$NAME/"; fi; done <<< "$PATHS"
"""
DOWNLOAD = """\
name: download
description: Finds what upload kept.
inputs:
  name: {description: name, default: ""}
  pattern: {description: names, default: ""}
  path: {description: where to}
  merge-multiple: {description: unused}
  run-id: {description: unused}
  github-token: {description: unused}
runs:
  using: composite
  steps:
    - shell: bash
      env: {NAME: "${{ inputs.name }}${{ inputs.pattern }}", TARGET: "${{ inputs.path }}"}
      run: mkdir -p "$TARGET" && cp "$STAND_IN_ARTIFACTS"/$NAME/* "$TARGET/"
"""
SETUP = """\
name: setup
description: The Python that is there.
inputs:
  python-version: {description: unused}
runs:
  using: composite
  steps: [{shell: bash, run: python --version}]
"""


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    folder = tmp_path / "artifacts"
    folder.mkdir()
    return folder


@pytest.fixture
def standing(runner: Runner, tmp_path: Path, artifacts: Path) -> Runner:
    """A runner with stand-ins for every action of others that the examples use, at the commits that they are pinned to."""
    stand_ins = dict(runner.stand_ins)
    for name, text in {"upload-artifact": UPLOAD, "download-artifact": DOWNLOAD, "setup-python": SETUP}.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "action.yml").write_text(text, "utf-8")
        stand_ins |= {f"actions/{name}@{pin}": folder for pin in pins(f"actions/{name}")}
    return replace(runner, stand_ins=stand_ins, environ={**runner.environ, "STAND_IN_ARTIFACTS": str(artifacts)})


def pins(action: str) -> set[str]:
    texts = [path.read_text("utf-8") for path in EXAMPLES.glob("*.yml")]
    return {pin for text in texts for pin in re.findall(rf"{action}@([0-9a-f]{{40}}) # v", text)}


def project_of(example: str, folder: Path) -> Project:
    project = start(folder, (EXAMPLES / f"{example}.yml").read_text("utf-8"))
    project.write("requirements.txt", "")
    return project


def changed(project: Project, double: Double) -> None:
    project.suite(3)
    project.commit("Ask more often")
    project.merged()
    double.add_pull(7, project.git("rev-parse", "topic"))


def test_minimal(standing: Runner, double: Double, tmp_path: Path) -> None:
    project = project_of("minimal", tmp_path / "desk")
    changed(project, double)
    ran = standing.run(project.folder, "pull_request", pull_request(project), PLACE)
    assert 1 == ran.status
    assert "+$0.012 per run (+100%) to $0.024, over the limit of +10%" in double.comments[0]["body"]


def test_a_fork_gets_its_comment_from_the_second_workflow(
    standing: Runner, double: Double, tmp_path: Path, artifacts: Path
) -> None:
    project = project_of("with-forks", tmp_path / "desk")
    changed(project, double)
    first = standing.run(project.folder, "pull_request", pull_request(project, fork=True), PLACE)
    assert 1 == first.status
    assert "over" == json.loads((artifacts / "claude-budget" / "report.json").read_text("utf-8"))["verdict"]["outcome"]
    assert ({"GET"}, []) == (set(double.methods("/repos/")), first.annotations("warning"))
    assert "over the limit" in first.summary
    assert "examples/workflows/comment-from-fork.yml" in first.log
    head = project.git("rev-parse", "topic")
    base = project_of("comment-from-fork", tmp_path / "base")
    base.commit("The default branch")
    double.add_pull(7, head, label="mallory:topic")
    second = standing.run(base.folder, "workflow_run", finished(head), PLACE)
    assert 0 == second.status, second.log
    (comment,) = double.comments
    assert comment["body"].startswith(f"<!-- pytest-claude-budget tag=default run={RUN} attempt=1 -->\n")
    assert "+$0.012 per run (+100%) to $0.024, over the limit of +10%" in comment["body"]


def finished(head: str) -> dict[str, Any]:
    home = {"full_name": "mallory/helpdesk", "owner": {"login": "mallory"}}
    run = {"id": RUN, "run_attempt": 1, "head_sha": head, "head_branch": "topic", "event": "pull_request"}
    return {"action": "completed", "workflow_run": run | {"head_repository": home}}


def test_matrix(standing: Runner, double: Double, tmp_path: Path, artifacts: Path) -> None:
    project = project_of("matrix", tmp_path / "desk")
    changed(project, double)
    one = {"PYTEST_XDIST_AUTO_NUM_WORKERS": "1"}  # as on a machine of one core
    ran = standing.run(project.folder, "pull_request", pull_request(project), PLACE, **one)
    assert {"claude-cost-refund", "claude-cost-greeting"} == {path.name for path in artifacts.iterdir()}, ran.log
    assert ("0.024", "over") == (ran.outputs["cost"], ran.outputs["verdict"])
    assert 1 == len(double.comments)


def test_nightly(standing: Runner, double: Double, tmp_path: Path, artifacts: Path) -> None:
    project = project_of("nightly", tmp_path / "desk")
    ran = standing.run(project.folder, "schedule", {"schedule": "17 3 * * *"}, PLACE)
    assert (0, "0.012", "0") == (ran.status, ran.outputs["cost"], ran.outputs["change"]), ran.log
    assert {"claude-budget.lock.json", "report.json"} == {
        path.name for path in (artifacts / "claude-budget-of-the-night").iterdir()
    }
    assert [] == double.asked


def test_monorepo(standing: Runner, release: Path, double: Double, tmp_path: Path) -> None:
    """Its second step uses the environment that its first one has made."""
    standing = replace(standing, stand_ins={**standing.stand_ins, ACTION: release})
    project = project_of("monorepo", tmp_path / "desk")
    project.git("checkout", "--quiet", "main")
    for name in ("desk", "search"):
        folder = f"services/{name}"
        project.write(f"{folder}/claude-budget.yml", BUDGET)
        project.write(f"{folder}/pytest.ini", "[pytest]\ntestpaths = tests\naddopts = -p no:randomly\n")
        project.suite(1, folder)
        project.lock(folder)
    project.commit("Two services")
    project.git("checkout", "--quiet", "-B", "topic")
    project.suite(3, "services/search")
    project.commit("Search asks more often")
    project.merged()
    double.add_pull(7, project.git("rev-parse", "topic"))
    ran = standing.run(project.folder, "pull_request", pull_request(project), PLACE)
    assert 1 == ran.status
    (comment,) = double.comments
    assert comment["body"].startswith("<!-- pytest-claude-budget tag=search ")
    assert "\n**Search**\n" in comment["body"]
    assert [("services/search/claude-budget.yml", "8")] == [each[1:] for each in ran.annotations("error")]


@pytest.mark.parametrize("event", ["merge_group", "push"])
def test_merge_group(standing: Runner, double: Double, tmp_path: Path, artifacts: Path, event: str) -> None:
    project = project_of("merge-group", tmp_path / "desk")
    project.git("rm", "--quiet", "claude-budget.lock.json")
    project.commit("Compare with artifacts")
    base = project.git("rev-parse", "main")
    payloads: Mapping[str, Mapping[str, Any]] = {
        "merge_group": {
            "merge_group": {"base_sha": base, "base_ref": "refs/heads/main", "head_ref": "refs/heads/queue"}
        },
        "push": {"before": base, "ref": "refs/heads/main"},
    }
    ran: Ran = standing.run(project.folder, event, payloads[event], PLACE)
    assert (0, "0.012", "") == (ran.status, ran.outputs["cost"], ran.outputs["cost-before"])
    assert "has an artifact named claude-budget" in ran.summary
    assert [] == double.comments
    assert (event == "push") is (artifacts / "claude-budget").exists()
