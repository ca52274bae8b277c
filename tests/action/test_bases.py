"""Which commit a run is compared with, whatever the event and the checkout; and what is said where that cannot be had.

A call costs $0.006. The base makes two, $0.012; the merge that is checked out makes four, $0.024.
"""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.github.checkout import Checkout, git_environ
from tests.action.act import Runner
from tests.action.github_double import REPOSITORY, Double
from tests.action.job import Job, Result
from tests.action.project import Project, pull_request, start, workflow

REPORT = "claude-budget-report.json"


@pytest.fixture(scope="module")
def twice_merged(measured: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two merges in one push: a test asks three times, with a lock file that accepts it; then somebody writes a file.

    HEAD's first parent has the dear test and its lock file already. To copy, not to change.
    """
    folder = tmp_path_factory.mktemp("pushed") / "desk"
    shutil.copytree(measured.folder, folder, symlinks=True)
    project = replace(measured, folder=folder)
    project.git("checkout", "--quiet", "topic")
    project.lock()
    project.commit("Accept it")
    project.git("checkout", "--quiet", "-b", "docs", "main")
    project.write("NOTES.md", "Notes.\n")
    project.commit("Write notes")
    project.git("checkout", "--quiet", "-B", "trunk", "main")
    project.git("merge", "--quiet", "--no-ff", "--message", "Merge topic", "topic")
    project.git("merge", "--quiet", "--no-ff", "--message", "Merge docs", "docs")
    return project


@pytest.fixture
def pushed(twice_merged: Project, tmp_path: Path) -> Project:
    """A copy of it for one test."""
    shutil.copytree(twice_merged.folder, tmp_path / "pushed", symlinks=True)
    return replace(twice_merged, folder=tmp_path / "pushed")


def shallow(project: Project, folder: Path, branch: str) -> Project:
    """What a runner has of a branch: its newest commit, and an origin that gives any commit it is asked for."""
    project.git("config", "uploadpack.allowAnySHA1InWant", "true")
    folder.mkdir()
    found = Project(folder=folder)
    found.git("clone", "--quiet", "--depth=1", f"--branch={branch}", f"file://{project.folder}", ".")
    return found


def push(project: Project, before: str, **more: Any) -> dict[str, Any]:
    """The payload of a push to the trunk."""
    return {"before": before, "after": project.git("rev-parse", "HEAD"), "ref": "refs/heads/trunk", **more}


def empty(project: Project, message: str) -> str:
    """A commit that changes nothing."""
    project.git("commit", "--quiet", "--allow-empty", "--message", message)
    return project.git("rev-parse", "HEAD")


def run(job: Job, project: Project, payload: dict[str, Any], event: str = "push", **inputs: str) -> Result:
    """The step on what is checked out, whose suite has run."""
    return job(event, payload, workspace=project.folder, sha=project.git("rev-parse", "HEAD"), **inputs)


def test_a_push_is_compared_with_what_was_there_before_it(job: Job, pushed: Project) -> None:
    """Not with HEAD's first parent, whose lock file would show this as unchanged; it accepts this."""
    done = run(job, pushed, push(pushed, pushed.git("rev-parse", "main")))
    assert (0, "0.012", "0.024") == (done.status, done.outputs["cost-before"], done.outputs["cost"])


def test_a_group_of_the_merge_queue_is_compared_with_its_base(job: Job, pushed: Project) -> None:
    """A group may have several pull requests, too."""
    group = {"merge_group": {"base_sha": pushed.git("rev-parse", "main"), "base_ref": "refs/heads/trunk"}}
    done = run(job, pushed, group, "merge_group")
    assert (0, "0.012") == (done.status, done.outputs["cost-before"])


def test_a_shallow_checkout_fetches_what_was_there_before_the_push(job: Job, pushed: Project, tmp_path: Path) -> None:
    """That one commit, and no more."""
    clone = shallow(pushed, tmp_path / "clone", "trunk")
    clone.write(REPORT, (pushed.folder / REPORT).read_text("utf-8"))
    done = run(job, clone, push(clone, pushed.git("rev-parse", "main")))
    assert (0, "0.012") == (done.status, done.outputs["cost-before"])
    assert "2" == clone.git("rev-list", "--all", "--count", pushed.git("rev-parse", "main"))


@pytest.mark.parametrize("event", ["push", "schedule", "workflow_dispatch"])
def test_where_nothing_was_before_the_commits_own_lock_file_is_compared_with_and_that_is_said(
    job: Job, pushed: Project, event: str
) -> None:
    """A new branch, a tag, a nightly run."""
    done = run(job, pushed, push(pushed, "0" * 40) if event == "push" else {}, event)
    assert (0, "0.024") == (done.status, done.outputs["cost-before"])
    assert "Compared with the lock file of this commit itself: " in done.summary
    assert ("before this push there was no such branch or tag" in done.summary) == (event == "push")


def test_what_a_forced_push_replaced_is_compared_with_where_it_can_be_had(
    job: Job, pushed: Project, tmp_path: Path
) -> None:
    """The server still has it; this checkout does not."""
    pushed.git("checkout", "--quiet", "-B", "old", "main")
    old = empty(pushed, "Replaced")
    pushed.git("checkout", "--quiet", "trunk")
    clone = shallow(pushed, tmp_path / "clone", "trunk")
    clone.write(REPORT, (pushed.folder / REPORT).read_text("utf-8"))
    done = run(job, clone, push(clone, old, forced=True))
    assert (0, "0.012") == (done.status, done.outputs["cost-before"])


def test_what_a_forced_push_replaced_and_nobody_has_any_more_is_not_compared_and_that_is_said(
    job: Job, pushed: Project, tmp_path: Path
) -> None:
    """It is neither a first run nor a fault."""
    clone = shallow(pushed, tmp_path / "clone", "trunk")
    clone.write(REPORT, (pushed.folder / REPORT).read_text("utf-8"))
    done = run(job, clone, push(clone, "f" * 40, forced=True))
    assert (0, "") == (done.status, done.outputs["cost-before"])
    assert "**Not compared:** what was there before, `ffffffffffff`, was replaced by a forced push" in done.summary


@pytest.mark.parametrize("forced", [False, True])
def test_a_push_whose_server_does_not_answer_is_not_judged(job: Job, pushed: Project, forced: bool) -> None:
    """Nobody can say then that it is gone."""
    pushed.git("remote", "set-url", "origin", "file:///nowhere/at/all")
    done = run(job, pushed, push(pushed, "f" * 40, forced=forced))
    assert 2 == done.status
    assert "[git-failed]" in done.commands("error")[0]


@pytest.mark.parametrize("baseline", ["lock", "base-run"])
def test_a_base_that_cannot_be_had_is_not_taken_for_none(
    job: Job, desk: Project, double: Double, baseline: str
) -> None:
    """The branch alone is checked out, and the base is nowhere."""
    payload = pull_request(desk)
    payload["pull_request"]["base"]["sha"] = "f" * 40
    desk.git("checkout", "--quiet", "topic")
    desk.git("remote", "set-url", "origin", "file:///nowhere/at/all")
    double.add_pull(7, payload["pull_request"]["head"]["sha"])
    done = run(job, desk, payload, "pull_request", baseline=baseline, run="true", report=REPORT)
    assert 2 == done.status
    assert "git fetch failed, and says: " in done.commands("error")[0]
    assert "nowhere" in done.commands("error")[0]
    assert 1 == len(done.commands("error"))
    body = double.comments[0]["body"]
    assert "### Claude cost: $0.024 per run, not compared; the check fails\n" in body
    assert "**Not compared:** git fetch failed" in body
    assert "repository exists. Set fetch-depth: 0 at `actions/checkout`, so that the base is there." in body
    assert "--claude-budget-update" not in body + done.log
    assert "on_incomplete" not in done.log
    assert "hint: set fetch-depth: 0 at actions/checkout" in " ".join(done.log.split())
    assert "No baseline" not in body


def test_a_checkout_that_is_no_repository_is_not_judged(job: Job, desk: Project, double: Double) -> None:
    """As where a job unpacks an archive. Without a comparison it needs none."""
    payload, sha = pull_request(desk), desk.git("rev-parse", "HEAD")
    double.add_pull(7, payload["pull_request"]["head"]["sha"])
    (desk.folder / ".git").rename(desk.folder / "not-git")
    done = job("pull_request", payload, workspace=desk.folder, sha=sha)
    assert 2 == done.status
    assert "[git-failed]" in done.commands("error")[0]
    assert 0 == job("pull_request", payload, workspace=desk.folder, sha=sha, baseline="none").status


def test_a_shallow_branch_is_deepened_until_it_meets_its_base(
    job: Job, desk: Project, double: Double, tmp_path: Path
) -> None:
    """The base has moved on, and accepted more: the branch left it before, where it cost $0.012."""
    desk.git("checkout", "--quiet", "--force", "main")
    desk.suite(5)
    desk.lock()
    desk.commit("Accept more")
    payload = pull_request(desk)
    clone = shallow(desk, tmp_path / "clone", "topic")
    clone.write(REPORT, (desk.folder / REPORT).read_text("utf-8"))
    double.add_pull(7, payload["pull_request"]["head"]["sha"])
    done = run(job, clone, payload, "pull_request")
    assert (1, "0.012") == (done.status, done.outputs["cost-before"])


def test_a_branch_that_never_left_its_base_is_not_judged(job: Job, desk: Project, double: Double) -> None:
    """No commit is in both."""
    desk.git("checkout", "--quiet", "--orphan", "alone")
    desk.commit("Begin anew")
    payload = pull_request(desk)
    double.add_pull(7, payload["pull_request"]["head"]["sha"])
    done = run(job, desk, payload, "pull_request")
    assert 2 == done.status
    assert "[no-merge-base]" in done.commands("error")[0]


@pytest.mark.parametrize("complete", [True, False])
def test_a_complete_clone_stays_complete(pushed: Project, tmp_path: Path, complete: bool) -> None:
    """Fetching one commit of it by `--depth=1` would cut off the history of all."""
    (tmp_path / "clone").mkdir()
    clone = Project(folder=tmp_path / "clone")
    if complete:
        clone.git("clone", "--quiet", "--branch=trunk", "--single-branch", f"file://{pushed.folder}", ".")
    else:
        clone = shallow(pushed, tmp_path / "shallow", "trunk")
    before = clone.git("rev-list", "--count", "HEAD")
    pushed.git("checkout", "--quiet", "main")
    later = empty(pushed, "Later")
    pushed.git("config", "uploadpack.allowAnySHA1InWant", "true")
    environ = git_environ(os.environ, "file://", "")
    assert later == Checkout(folder=clone.folder, environ=environ).have(later)
    assert ("false" if complete else "true", before) == (
        clone.git("rev-parse", "--is-shallow-repository"),
        clone.git("rev-list", "--count", "HEAD"),
    )


def test_a_work_tree_that_cannot_be_made_is_a_fault(desk: Project, tmp_path: Path) -> None:
    """And not a base that has no suite."""
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").write_text("x", "utf-8")
    checkout = Checkout(folder=desk.folder, environ=git_environ(os.environ, "file://", ""))
    with pytest.raises(InputError, match="git worktree failed"), checkout.worktree("main", tmp_path / "taken"):
        raise AssertionError("there is none")


@pytest.mark.slow
def test_a_push_of_two_merges_on_a_runner(runner: Runner, tmp_path: Path) -> None:
    """A shallow checkout, the action itself, and a run of the suite: the first merge is not lost behind the second."""
    project = start(tmp_path / "origin", workflow({"run": "python -m pytest -q"}, "push"))
    project.suite(3)
    project.lock()
    project.commit("Ask more often")
    project.git("checkout", "--quiet", "-b", "docs", "main")
    project.write("NOTES.md", "Notes.\n")
    project.commit("Write notes")
    before = project.git("rev-parse", "main")
    project.git("checkout", "--quiet", "main")
    for branch in ("topic", "docs"):
        project.git("merge", "--quiet", "--no-ff", "--message", f"Merge {branch}", branch)
    clone = shallow(project, tmp_path / "clone", "main")
    github = f"https://github.com/{REPOSITORY}.git"
    clone.git("remote", "set-url", "origin", github)
    (runner.home / ".gitconfig").write_text(f'[url "file://{project.folder}"]\n\tinsteadOf = {github}\n', "utf-8")
    payload = {"before": before, "after": clone.git("rev-parse", "HEAD"), "ref": "refs/heads/main"}
    ran = runner.run(clone.folder, "push", payload, ".github/workflows/test.yml")
    assert ("within", "0.012", "0.024") == tuple(ran.outputs[name] for name in ("verdict", "cost-before", "cost"))
