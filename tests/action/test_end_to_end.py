"""The action itself, `action.yml` and all, on a real runner: from a workflow to comment, summary, annotations and status.

A call of the suite costs 1,000 * $3 + 200 * $15 a million = $0.003 + $0.003 = $0.006. The base makes two: $0.012.
"""

from pathlib import Path

import pytest

from tests.action.act import Runner
from tests.action.github_double import REPOSITORY, RUN, Double
from tests.action.project import ACTION, BUDGET, Project, pull_request, start, workflow

pytestmark = [pytest.mark.slow]
RUN_TESTS = {"run": "python -m pytest -q"}
PLACE = ".github/workflows/test.yml"


def changed(project: Project, double: Double, calls: int = 3, *, lock: bool = False) -> None:
    """A pull request that asks more often: test_refund makes 3 calls, so four in all cost $0.024."""
    project.suite(calls)
    if lock:
        project.lock()
    project.commit("Ask more often")
    project.merged()
    double.add_pull(7, project.git("rev-parse", "topic"))


def test_a_pull_request_gets_one_comment_a_summary_annotations_outputs_and_a_status(
    bare_runner: Runner, double: Double, tmp_path: Path
) -> None:
    project = start(tmp_path / "desk", workflow(RUN_TESTS))
    changed(project, double)
    ran = bare_runner.run(project.folder, "pull_request", pull_request(project), PLACE)
    assert 1 == ran.status
    names = ("verdict", "cost", "cost-before", "change", "change-percent", "spent", "projected-monthly")
    assert ["over", "0.024", "0.012", "0.012", "100", "0", ""] == [ran.outputs[name] for name in names]
    (comment,) = double.comments
    assert comment["html_url"] == ran.outputs["comment-url"]
    assert comment["body"].startswith(
        f"<!-- pytest-claude-budget tag=default run={RUN} attempt=1 -->\n### Claude cost: "
    )
    assert "+$0.012 per run (+100%) to $0.024, over the limit of +10%" in comment["body"]
    assert "`test_refund`: **makes 3 calls (was 1)" in comment["body"]
    assert "+$0.012 per run (+100%) to $0.024, over the limit of +10%" in ran.summary
    assert "`test_greeting`" in ran.summary
    (annotation,) = ran.annotations("error")
    assert ("claude-budget.yml", "8") == annotation[1:]
    assert "t0ken" not in ran.printed


def test_the_second_run_updates_the_comment_and_a_good_one_leaves_no_first(
    runner: Runner, double: Double, tmp_path: Path
) -> None:
    project = start(tmp_path / "desk", workflow(RUN_TESTS))
    project.write("README.md", "A desk.\n")
    project.commit("Say what it is")
    project.merged()
    double.add_pull(7, project.git("rev-parse", "topic"))
    ran = runner.run(project.folder, "pull_request", pull_request(project), PLACE)
    assert (0, "within", "") == (ran.status, ran.outputs["verdict"], ran.outputs["comment-url"])
    assert [] == double.comments
    red = double.add_comment("<!-- pytest-claude-budget tag=default run=3 attempt=1 -->\nover")
    ran = runner.run(project.folder, "pull_request", pull_request(project), PLACE)
    assert red["html_url"] == ran.outputs["comment-url"]
    assert "unchanged at $0.012 per run" in red["body"]


def test_a_lock_file_that_is_committed_with_the_change_accepts_it_and_its_owner_is_named(
    runner: Runner, double: Double, tmp_path: Path
) -> None:
    project = start(tmp_path / "desk", workflow(RUN_TESTS))
    project.git("checkout", "--quiet", "main")
    project.write(".github/CODEOWNERS", "* @octo/devs\n/claude-budget.lock.json @octo/finops\n")
    project.commit("Say who owns what")
    project.git("checkout", "--quiet", "-B", "topic")
    project.write(".github/CODEOWNERS", "* @mallory\n")
    changed(project, double, lock=True)
    ran = runner.run(project.folder, "pull_request", pull_request(project), PLACE)
    assert 0 == ran.status, ran.log
    (comment,) = double.comments
    assert "**Accepted by `claude-budget.lock.json` of this change:**" in comment["body"]
    assert "owned by `octo/finops`" in comment["body"]
    assert "mallory" not in comment["body"]


REFUSED = """
import httpx

def test_live():
    body = {"model": "claude-sonnet-4-6", "max_tokens": 300, "messages": []}
    httpx.post("http://127.0.0.1:9/v1/messages", json=body)
"""


def test_what_a_label_accepts_leaves_the_job_green_and_a_test_that_failed_or_was_refused_leaves_it_red(
    runner: Runner, double: Double, tmp_path: Path
) -> None:
    """The most that the call could cost is more than 300 * $15 a million = $0.0045; no label accepts what a cap has refused."""
    project = start(tmp_path / "desk", workflow({**RUN_TESTS, "accept-label": "claude-cost-accepted"}))
    changed(project, double)
    double.add_pull(7, project.git("rev-parse", "topic"), labels=("claude-cost-accepted",))
    ran = runner.run(project.folder, "pull_request", pull_request(project), PLACE)
    assert (0, "within") == (ran.status, ran.outputs["verdict"]), ran.log
    project.write("tests/test_broken.py", "def test_broken():\n    assert False\n")
    ran = runner.run(project.folder, "pull_request", pull_request(project), PLACE)
    assert 1 == ran.status
    project.write("tests/test_broken.py", REFUSED)
    project.write("claude-budget.yml", f"{BUDGET}loopback: live\nhard_cap: 0.004\n")
    ran = runner.run(project.folder, "pull_request", pull_request(project), PLACE)
    assert (1, "over", "0") == (ran.status, ran.outputs["verdict"], ran.outputs["spent"])
    ended = "the cap of $0.004 refused calls of 1 test"
    assert f"### Claude cost: {ended}; " in double.comments[0]["body"]
    assert [ended] == [each[0] for each in ran.annotations("error") if "cap" in each[0]]


def test_a_shallow_checkout_fetches_the_one_commit_that_it_lacks(
    runner: Runner, double: Double, tmp_path: Path
) -> None:
    project = start(tmp_path / "origin", workflow(RUN_TESTS))
    changed(project, double)
    payload = pull_request(project)
    project.git("config", "uploadpack.allowAnySHA1InWant", "true")
    project.git("branch", "merge")
    (tmp_path / "shallow").mkdir()
    shallow = Project(folder=tmp_path / "shallow")
    shallow.git("clone", "--quiet", "--depth=1", "--branch=merge", f"file://{project.folder}", ".")
    github = f"https://github.com/{REPOSITORY}.git"
    shallow.git("remote", "set-url", "origin", github)
    (runner.home / ".gitconfig").write_text(f'[url "file://{project.folder}"]\n\tinsteadOf = {github}\n', "utf-8")
    assert "true" == shallow.git("rev-parse", "--is-shallow-repository")
    ran = runner.run(shallow.folder, "pull_request", payload, PLACE)
    assert ("over", "0.012") == (ran.outputs["verdict"], ran.outputs["cost-before"])


def test_the_base_is_run_in_a_work_tree_of_its_own(runner: Runner, double: Double, tmp_path: Path) -> None:
    project = start(tmp_path / "desk", workflow({**RUN_TESTS, "baseline": "base-run"}))
    changed(project, double)
    ran = runner.run(project.folder, "pull_request", pull_request(project), PLACE)
    assert ("over", "0.012", "0.024") == tuple(ran.outputs[name] for name in ("verdict", "cost-before", "cost"))
    assert "1" == str(len(project.git("worktree", "list").splitlines()))


def test_the_commands_quoting_and_its_exit_status_are_kept(runner: Runner, tmp_path: Path) -> None:
    command = (
        'python -m pytest -q -k "refund or greeting"\n'
        "printf '[%s]' \"a  b\" 'c $HOME \"d\"' \"${BUDGET_INPUT_RUN-gone}\" '${{ }}'; echo\n"
        "false | true\n"
    )
    project = start(
        tmp_path / "desk", workflow({"run": command.replace("${{ }}", "{{ }}"), "fail-on": "never"}, "push")
    )
    ran = runner.run(project.folder, "push", {"before": "0" * 40, "ref": "refs/heads/topic"}, PLACE)
    assert '[a  b][c $HOME "d"][gone][{{ }}]' in ran.log
    assert (1, "within") == (ran.status, ran.outputs["verdict"])
    assert "failure" == ran.result(ACTION)
