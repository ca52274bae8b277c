"""The action's flow, case by case, in this process. The suite makes four calls of $0.006, where the base made two."""

import io
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.action.github_double import Double, Fault
from tests.action.job import Job
from tests.action.project import Project, pull_request

REPORT = "claude-budget-report.json"
BAD_VERSION = "::error title=Claude cost,file=claude-budget.yml,line=1::claude-budget.yml:1:10: version: expected the number 1, got 9"


def on_pull_request(job: Job, desk: Project, double: Double, **inputs: str) -> Any:
    payload = pull_request(desk)
    if 7 not in double.pulls:
        double.add_pull(7, payload["pull_request"]["head"]["sha"])
    return job("pull_request", payload, workspace=desk.folder, sha=desk.git("rev-parse", "HEAD"), **inputs)


# Verdict and status


@pytest.mark.parametrize(("fail_on", "status"), [("over", 1), ("incomplete", 1), ("never", 0), ("", 1)])
def test_over_fails_unless_it_is_told_not_to(
    job: Job, desk: Project, double: Double, fail_on: str, status: int
) -> None:
    done = on_pull_request(job, desk, double, fail_on=fail_on)
    assert (status, "over") == (done.status, done.outputs["verdict"])


@pytest.mark.parametrize(("fail_on", "status"), [("over", 0), ("incomplete", 3), ("never", 0)])
def test_incomplete_fails_where_it_is_told_to(
    job: Job, desk: Project, double: Double, fail_on: str, status: int
) -> None:
    report = json.loads((desk.folder / REPORT).read_text("utf-8"))
    report["faults"] = ["the ledger could not be read"]
    desk.write(REPORT, json.dumps(report))
    desk.write("claude-budget.yml", "version: 1\n")
    done = on_pull_request(job, desk, double, fail_on=fail_on)
    assert (status, "incomplete") == (done.status, done.outputs["verdict"])
    assert ["::error title=Claude cost%3A not known in full::the ledger could not be read"] == done.commands("error")


def test_a_run_without_a_report_says_how_to_get_one(job: Job, desk: Project, double: Double) -> None:
    (desk.folder / REPORT).unlink()
    done = on_pull_request(job, desk, double)
    assert 2 == done.status
    (said,) = done.commands("error")
    assert "[no-report]" in said


def test_wrong_inputs_are_told_all_at_once(job: Job, desk: Project, double: Double) -> None:
    inputs = {"baseline": "main", "comment": "often", "fail_on": "always", "tag": "a b", "working_directory": "../x"}
    done = on_pull_request(job, desk, double, **inputs)
    assert 2 == done.status
    assert 5 == len(done.commands("error"))
    assert all("[bad-input]" in said for said in done.commands("error"))


def test_a_bad_budget_is_a_failure_even_where_nothing_else_is(job: Job, desk: Project, double: Double) -> None:
    desk.write("claude-budget.yml", "version: 9\n")
    done = on_pull_request(job, desk, double, fail_on="never")
    assert 2 == done.status
    assert [BAD_VERSION] == [said.partition("%0A")[0] for said in done.commands("error")]


def test_a_bad_budget_that_left_no_report_is_told_and_not_the_missing_report(
    job: Job, desk: Project, double: Double
) -> None:
    """With a bad budget pytest ends before it starts."""
    desk.write("claude-budget.yml", "version: 9\n")
    (desk.folder / REPORT).unlink()
    done = on_pull_request(job, desk, double)
    assert 2 == done.status
    assert [BAD_VERSION] == [said.partition("%0A")[0] for said in done.commands("error")]


def test_a_working_directory_that_is_not_there_is_an_error(job: Job, desk: Project, double: Double) -> None:
    done = on_pull_request(job, desk, double, working_directory="nowhere")
    assert 2 == done.status
    assert "input working-directory: expected a folder of the checkout, got 'nowhere'" in done.commands("error")[0]


def test_a_run_that_left_its_verdict_to_the_action_and_whose_report_is_not_there_fails(
    job: Job, desk: Project, double: Double
) -> None:
    """Of two runs of pytest under `run:`, the first was over, and the second's report has replaced its own."""
    folder = desk.folder.parent / "runner" / "temp" / "claude-budget-default"
    folder.mkdir(parents=True)
    report = json.loads((desk.folder / REPORT).read_text("utf-8"))
    (folder / "run.json").write_text(json.dumps(report), "utf-8")
    (folder / "judged-later").write_text(f"{report['run']['ids'][0]}\n", "utf-8")
    assert 0 == on_pull_request(job, desk, double, run="pytest", fail_on="never").status
    (folder / "judged-later").write_text("run-20261128-1-other\n", "utf-8")
    done = on_pull_request(job, desk, double, run="pytest", fail_on="never")
    assert 2 == done.status
    assert "1 run under run: failed by cost, and no report that is judged here is of it" in done.commands("error")[0]


@pytest.mark.parametrize("options", [("-x",), ("--maxfail=1", "--deselect=tests/test_desk.py::test_greeting")])
def test_a_run_that_came_to_no_end_turns_no_red_comment_green(
    job: Job, desk: Project, double: Double, options: tuple[str, ...]
) -> None:
    """Nothing of the suite was collected: a red comment of an earlier run is brought up to date, and red it stays."""
    double.add_comment("<!-- pytest-claude-budget tag=default run=3 attempt=1 -->\n### Claude cost: over")
    desk.write("tests/test_desk.py", "import nothing_of_that_name\n")
    (desk.folder / REPORT).unlink()
    desk.measure(REPORT, *options)
    done = on_pull_request(job, desk, double)
    assert (3, "incomplete", "") == (done.status, done.outputs["verdict"], done.outputs["change"])
    (comment,) = double.comments
    assert "### Claude cost: not known" in comment["body"]
    assert "within" not in comment["body"]


# Reports


def test_shards_are_added_up(job: Job, desk: Project, double: Double) -> None:
    desk.measure("claude-budget-report-1.json", "-k", "refund")
    desk.measure("claude-budget-report-2.json", "-k", "greeting")
    done = on_pull_request(job, desk, double, report="claude-budget-report-[12].json")
    assert ("0.024", "over") == (done.outputs["cost"], done.outputs["verdict"])
    assert "a part of the suite" not in done.summary


def test_the_same_shard_twice_is_refused(job: Job, desk: Project, double: Double) -> None:
    desk.write("claude-budget-report-2.json", (desk.folder / REPORT).read_text("utf-8"))
    done = on_pull_request(job, desk, double, report="claude-budget-report*.json")
    assert 2 == done.status
    assert "[duplicate-shard]" in done.commands("error")[0]


def test_a_project_below_the_top_has_paths_of_its_own(job: Job, desk: Project, double: Double) -> None:
    top = desk.folder / "top"
    top.mkdir()
    desk.git("checkout", "--quiet", "topic")
    files = ("tests", "claude-budget.yml", "claude-budget.lock.json", "pytest.ini", REPORT)
    for name in files:
        (desk.folder / name).rename(top / name)
    done = on_pull_request(job, desk, double, working_directory="top")
    assert "**No baseline:** there is no `top/claude-budget.lock.json` at the base" in done.summary
    desk.write("top/claude-budget.yml", "version: 1\nlimits:\n  - {scope: test, max_calls: 2}\n")
    done = on_pull_request(job, desk, double, working_directory="top")
    assert [
        "::error title=Claude cost%3A over a limit,file=top/tests/test_desk.py,line=18::",
        "::error title=Claude cost%3A over a limit,file=top/claude-budget.yml,line=3::",
    ] == [said[: said.index("::", 2) + 2] for said in done.commands("error")]


def below(desk: Project, *names: str) -> None:
    """Put the suite into a folder."""
    (desk.folder / "api").mkdir()
    for name in ("tests", "claude-budget.yml", "claude-budget.lock.json", "pytest.ini", *names):
        (desk.folder / name).rename(desk.folder / "api" / name)


@pytest.mark.parametrize("budget_at_the_top", [False, True])
def test_a_suite_in_a_folder_is_not_judged_from_the_top_without_its_budget(
    job: Job, desk: Project, double: Double, budget_at_the_top: bool
) -> None:
    """Its own verdict was over, and from the top it was unjudged and green."""
    below(desk)
    if budget_at_the_top:
        desk.write("claude-budget.yml", "version: 1\nlimits:\n  - {scope: run, max_cost: 9.00}\n")
    done = on_pull_request(job, desk, double, fail_on="never")
    assert 2 == done.status
    (said,) = done.commands("error")
    assert "set working-directory: api" in said
    assert "[other-folder]" in said
    done = on_pull_request(job, desk, double, budget="api/claude-budget.yml", baseline="none")
    assert (0, "within") == (done.status, done.outputs["verdict"])  # somebody has said by what it is judged


def test_a_comment_has_paths_of_the_repository(job: Job, desk: Project, double: Double) -> None:
    below(desk, REPORT)
    desk.write("api/claude-budget.yml", "version: 1\nlimits:\n  - {scope: test, max_calls: 2}\n")
    on_pull_request(job, desk, double, working_directory="api", comment="new")
    assert "`api/claude-budget.yml:3`" in double.comments[0]["body"]
    assert "`api/tests/test_desk.py:18`" in double.comments[0]["body"]


def test_a_checkout_below_the_workspace_is_compared_and_annotated_by_its_own_top(
    job: Job, desk: Project, double: Double, tmp_path: Path
) -> None:
    payload = pull_request(desk)
    double.add_pull(7, payload["pull_request"]["head"]["sha"])
    sha = desk.git("rev-parse", "HEAD")
    done = job("pull_request", payload, workspace=desk.folder.parent, sha=sha, working_directory=desk.folder.name)
    assert ("over", "0.012") == (done.outputs["verdict"], done.outputs["cost-before"])
    assert "file=claude-budget.yml,line=8" in done.commands("error")[0]


# Baselines


def test_a_base_without_a_lock_file_is_said_in_words_and_passes(job: Job, desk: Project, double: Double) -> None:
    desk.git("checkout", "--quiet", "main")
    desk.git("rm", "--quiet", "claude-budget.lock.json")
    desk.commit("No lock file yet")
    desk.merged()
    done = on_pull_request(job, desk, double)
    assert (0, "within", "") == (done.status, done.outputs["verdict"], done.outputs["cost-before"])
    assert "**No baseline:** there is no `claude-budget.lock.json` at the base, " in double.comments[0]["body"]


def test_the_base_is_what_was_merged_and_not_what_an_older_event_says(job: Job, desk: Project, double: Double) -> None:
    """The base has meanwhile accepted three calls of test_greeting too: 4 * $0.006, and the merge costs 6 * $0.006."""
    old = pull_request(desk)
    desk.git("checkout", "--quiet", "--force", "main")
    text = (desk.folder / "tests" / "test_desk.py").read_text("utf-8")
    desk.write("tests/test_desk.py", text.replace("ask(1)\n", "ask(3)\n", 2).replace("ask(3)\n", "ask(1)\n", 1))
    desk.lock()
    desk.commit("Greet more often")
    desk.merged()
    desk.measure(REPORT)
    double.add_pull(7, old["pull_request"]["head"]["sha"])
    done = job("pull_request", old, workspace=desk.folder, sha=desk.git("rev-parse", "HEAD"))
    assert ("0.024", "0.036") == (done.outputs["cost-before"], done.outputs["cost"])


def test_the_heads_own_lock_file_is_not_the_baseline(job: Job, desk: Project, double: Double) -> None:
    """A branch whose lock file claims far more than it costs does not hide what it costs more than the base."""
    lock = (desk.folder / "claude-budget.lock.json").read_text("utf-8")
    desk.write("claude-budget.lock.json", lock.replace("1000", "900000"))
    done = on_pull_request(job, desk, double)
    assert ("over", "0.012") == (done.outputs["verdict"], done.outputs["cost-before"])
    assert "**Stale lock:**" in double.comments[0]["body"]


@pytest.mark.parametrize(
    ("event", "payload", "before"),
    [
        ("push", {"before": "main"}, "0.012"),
        ("push", {"before": "0" * 40}, "0.012"),
        ("merge_group", {"merge_group": {"base_sha": "main", "base_ref": "refs/heads/main"}}, "0.012"),
        ("schedule", {}, "0.012"),
        ("workflow_dispatch", {}, "0.012"),
    ],
)
def test_every_event_has_its_baseline_and_none_but_a_pull_request_a_comment(
    job: Job, desk: Project, double: Double, event: str, payload: dict[str, Any], before: str
) -> None:
    text = json.dumps(payload).replace('"main"', f'"{desk.git("rev-parse", "main")}"')
    done = job(event, json.loads(text), workspace=desk.folder, sha=desk.git("rev-parse", "HEAD"))
    assert (1, before) == (done.status, done.outputs["cost-before"])
    assert [] == double.asked


def packed(report: Path, name: str = "report.json") -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.write(report, name)
    return data.getvalue()


def test_the_baseline_may_be_the_artifact_of_the_base_branchs_last_good_run(
    job: Job, desk: Project, double: Double
) -> None:
    desk.suite(2)
    desk.measure("base.json")
    double.add_run(12)
    double.add_artifact(12, "claude-budget", packed(desk.folder / "base.json"))
    done = on_pull_request(job, desk, double, baseline="artifact")
    assert ("0.018", "0.024") == (done.outputs["cost-before"], done.outputs["cost"])


@pytest.mark.parametrize("content", [b"no archive", b"", None])
def test_an_artifact_that_is_none_is_no_baseline(
    job: Job, desk: Project, double: Double, content: bytes | None
) -> None:
    double.add_run(12)
    if content is not None:
        double.add_artifact(12, "claude-budget", content)
    done = on_pull_request(job, desk, double, baseline="artifact")
    assert (0, "") == (done.status, done.outputs["cost-before"])
    assert "**No baseline:** no good run of `test.yml` on main has an artifact named claude-budget." in done.summary


def test_a_base_run_that_fails_is_said_in_words(job: Job, desk: Project, double: Double) -> None:
    """And nobody calls the run within: the budget limits increases. One without such limits it is judged by in full."""
    done = on_pull_request(job, desk, double, baseline="base-run", run="exit 3", report=REPORT)
    assert (3, "incomplete", "") == (done.status, done.outputs["verdict"], done.outputs["cost-before"])
    assert "### Claude cost: $0.024 per run, not compared; the check fails\n" in done.summary
    assert "**Not compared:** the run on the base gave no report" in done.summary
    assert "--claude-budget-update" not in done.summary
    (said,) = done.commands("error")
    assert said.startswith("::error title=Claude cost%3A not compared::the run on the base gave no report")
    desk.write("claude-budget.yml", "version: 1\nlimits:\n  - {scope: run, max_cost: 1.00}\n")
    done = on_pull_request(job, desk, double, baseline="base-run", run="exit 3", report=REPORT)
    assert (0, "within") == (done.status, done.outputs["verdict"])
    assert "### Claude cost: $0.024 per run, not compared, within budget\n" in done.summary


def test_a_base_run_is_not_missed_where_the_base_has_no_budget_yet(job: Job, desk: Project, double: Double) -> None:
    """The change that brings the budget file: its base does not measure anything."""
    desk.git("checkout", "--quiet", "--force", "main")
    desk.git("rm", "--quiet", "claude-budget.yml")
    desk.commit("No budget yet")
    text = (desk.folder / "claude-budget.lock.json").read_text("utf-8")
    desk.merged()
    desk.write("claude-budget.yml", "version: 1\nchanges:\n  run: {max_increase: 10%}\n")
    desk.write("claude-budget.lock.json", text)
    done = on_pull_request(job, desk, double, baseline="base-run", run="exit 3", report=REPORT)
    assert (0, "within") == (done.status, done.outputs["verdict"])


def test_the_report_of_a_run_on_the_base_outlives_its_work_tree(job: Job, desk: Project, double: Double) -> None:
    """Where `report` names a file that `run` writes, there is one in the work tree, which is removed after the run."""
    copied = f"cp {desk.folder / REPORT} ."
    done = on_pull_request(job, desk, double, baseline="base-run", run=copied, report=REPORT)
    assert (0, "within", "0.024") == (done.status, done.outputs["verdict"], done.outputs["cost-before"])


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ("version: 1\nlimits:\n  - {scope: run, max_cost: 1.00}\n", "which this change lowers"),
        ("version: 1\n", "which this change adds"),
        ("", "which this change adds"),
    ],
    ids=["lowered", "added", "no budget file"],
)
def test_a_limit_that_the_change_makes_stricter_is_judged_as_new_beside_a_base_run(
    job: Job, desk: Project, double: Double, base: str, words: str
) -> None:
    """$0.024 on the base and now, and a limit of $0.02: the budget file is read at the base's commit, as of a lock file."""
    desk.git("checkout", "--quiet", "--force", "main")
    desk.write("claude-budget.yml", base)
    if not base:
        desk.git("rm", "--quiet", "--force", "claude-budget.yml")
    desk.commit("Another budget")
    desk.git("checkout", "--quiet", "--force", "topic")
    desk.merged()
    desk.write("claude-budget.yml", "version: 1\nlimits:\n  - {scope: run, max_cost: 0.02}\n")
    copied = f"cp {desk.folder / REPORT} ."
    done = on_pull_request(job, desk, double, baseline="base-run", run=copied, report=REPORT)
    assert (1, "over") == (done.status, done.outputs["verdict"])
    assert words in done.summary
    assert "already" not in done.summary


def test_an_api_that_fails_is_no_baseline_that_is_not_there(job: Job, desk: Project, double: Double) -> None:
    double.faults = [Fault(status=403, path="/actions/")] * 20
    done = on_pull_request(job, desk, double, baseline="artifact")
    assert (3, "incomplete", "") == (done.status, done.outputs["verdict"], done.outputs["change"])
    body = double.comments[0]["body"]
    assert "### Claude cost: $0.024 per run, not compared; the check fails\n" in body
    assert "**Not compared:** earlier runs could not be asked for" in body
    assert "actions: read" in body
    assert "No baseline" not in body


def test_without_a_baseline_only_the_budget_judges(job: Job, desk: Project, double: Double) -> None:
    done = on_pull_request(job, desk, double, baseline="none")
    assert (0, "within", "") == (done.status, done.outputs["verdict"], done.outputs["cost-before"])


# Accepting


def test_a_label_accepts_an_increase_where_the_workflow_says_so(job: Job, desk: Project, double: Double) -> None:
    double.add_pull(7, desk.git("rev-parse", "topic"), labels=("claude-cost-accepted",))
    assert 1 == on_pull_request(job, desk, double).status
    done = on_pull_request(job, desk, double, accept_label="claude-cost-accepted")
    assert 0 == done.status
    assert "**Accepted by the label claude-cost-accepted:**" in double.comments[0]["body"]


def test_the_label_is_read_anew_and_not_from_an_old_event(job: Job, desk: Project, double: Double) -> None:
    payload = pull_request(desk, labels=("claude-cost-accepted",))
    double.add_pull(7, payload["pull_request"]["head"]["sha"])
    sha = desk.git("rev-parse", "HEAD")
    done = job("pull_request", payload, workspace=desk.folder, sha=sha, accept_label="claude-cost-accepted")
    assert 1 == done.status


@pytest.fixture(scope="module")
def base_artifact(measured: Project, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The report of a run on the base, as its run on the main branch keeps it."""
    folder = tmp_path_factory.mktemp("base") / "desk"
    shutil.copytree(measured.folder, folder, symlinks=True)
    project = replace(measured, folder=folder)
    project.git("checkout", "--quiet", "main")
    project.measure("base.json")
    return packed(folder / "base.json")


@pytest.fixture
def keeping(double: Double, base_artifact: bytes) -> Double:
    """The double, which has that artifact."""
    double.add_run(12)
    double.add_artifact(12, "claude-budget", base_artifact)
    return double


@pytest.fixture(scope="module")
def accepted(measured: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The merge of a change that brings its lock file. To copy, not to change."""
    folder = tmp_path_factory.mktemp("accepted") / "desk"
    shutil.copytree(measured.folder, folder, symlinks=True)
    project = replace(measured, folder=folder)
    project.git("checkout", "--quiet", "topic")
    project.lock()
    project.commit("Accept what it costs")
    project.merged()
    return project


@pytest.fixture
def with_its_lock(accepted: Project, tmp_path: Path) -> Project:
    """A copy of it for one test."""
    shutil.copytree(accepted.folder, tmp_path / "copy", symlinks=True)
    return replace(accepted, folder=tmp_path / "copy")


@pytest.mark.parametrize("baseline", ["lock", "artifact"])
@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("push", {"before": "main"}),
        ("merge_group", {"merge_group": {"base_sha": "main", "base_ref": "refs/heads/main"}}),
    ],
)
def test_what_the_lock_file_accepts_is_accepted_in_the_queue_and_after_the_merge(
    job: Job, with_its_lock: Project, keeping: Double, event: str, payload: dict[str, Any], baseline: str
) -> None:
    """Two calls of $0.006 became four, and the change brings the lock file that says so."""
    desk = with_its_lock
    text = json.dumps(payload).replace('"main"', f'"{desk.git("rev-parse", "main")}"')
    sha = desk.git("rev-parse", "HEAD")
    done = job(event, json.loads(text), workspace=desk.folder, sha=sha, baseline=baseline)
    assert (0, "0.012", "0.024") == (done.status, done.outputs["cost-before"], done.outputs["cost"])
    assert "**Accepted by `claude-budget.lock.json` of this change:**" in done.summary


LABEL = "claude-cost-accepted"


def merged(double: Double, number: int, sha: str, *labels: str) -> None:
    """A pull request that was merged to main, and a commit that came with it."""
    double.add_pull(number, "a" * 40, labels=labels)
    double.pulls[number]["merged"] = True
    double.pulls[number]["base"]["ref"] = "main"
    double.came_with.setdefault(sha, []).append(number)


@pytest.mark.parametrize(("labels", "status"), [((LABEL,), 0), (("Claude-Cost-Accepted",), 0), (("bug",), 1)])
def test_what_a_label_accepts_is_accepted_in_the_queue(
    job: Job, desk: Project, double: Double, labels: tuple[str, ...], status: int
) -> None:
    double.add_pull(7, "a" * 40, labels=labels)
    head_ref = f"refs/heads/gh-readonly-queue/main/pr-7-{'b' * 40}"
    group = {"base_sha": desk.git("rev-parse", "main"), "base_ref": "refs/heads/main", "head_ref": head_ref}
    sha = desk.git("rev-parse", "HEAD")
    done = job("merge_group", {"merge_group": group}, workspace=desk.folder, sha=sha, accept_label=LABEL)
    assert status == done.status
    said = "**Accepted by the label claude-cost-accepted of pull request 7:**"
    assert (said in done.summary) == (status == 0)


@pytest.mark.parametrize("baseline", ["lock", "artifact"])
def test_what_a_label_accepts_is_accepted_by_the_push_that_merges_it(
    job: Job, desk: Project, keeping: Double, baseline: str
) -> None:
    """With the artifact of the main branch too: a red run would leave none, and stay red."""
    sha = desk.merged()
    merged(keeping, 7, sha, LABEL)
    payload = {"before": desk.git("rev-parse", "main"), "commits": [{"id": sha}]}
    done = job("push", payload, workspace=desk.folder, sha=sha, baseline=baseline, accept_label=LABEL)
    assert (0, "0.012", "0.024") == (done.status, done.outputs["cost-before"], done.outputs["cost"])


def test_a_push_is_accepted_only_where_all_that_it_brings_has_the_label(
    job: Job, desk: Project, double: Double
) -> None:
    sha, other = desk.git("rev-parse", "HEAD"), "c" * 40
    payload = {"before": desk.git("rev-parse", "main"), "commits": [{"id": sha}, {"id": other}]}
    merged(double, 7, sha, LABEL)
    merged(double, 8, other)
    assert 1 == job("push", payload, workspace=desk.folder, sha=sha, accept_label=LABEL).status
    double.came_with[other] = []  # pushed by hand
    assert 1 == job("push", payload, workspace=desk.folder, sha=sha, accept_label=LABEL).status
    merged(double, 9, other, LABEL)
    assert 0 == job("push", payload, workspace=desk.folder, sha=sha, accept_label=LABEL).status
    double.pulls[9]["merged"] = False  # an open one that has the commit too
    assert 1 == job("push", payload, workspace=desk.folder, sha=sha, accept_label=LABEL).status


def test_a_push_whose_pull_requests_cannot_be_asked_for_stays_red_and_says_why(
    job: Job, desk: Project, double: Double
) -> None:
    sha = desk.git("rev-parse", "HEAD")
    double.faults = [Fault(status=404, path="graphql")]
    payload = {"before": desk.git("rev-parse", "main"), "commits": [{"id": sha}]}
    done = job("push", payload, workspace=desk.folder, sha=sha, accept_label=LABEL)
    assert 1 == done.status
    assert "GitHub, the pull requests of the commits" in done.commands("warning")[0]


def test_a_label_that_the_repository_has_not_is_told_with_the_one_that_is_meant(
    job: Job, desk: Project, double: Double
) -> None:
    double.labels = [*(f"area-{number}" for number in range(100)), LABEL]
    done = on_pull_request(job, desk, double, accept_label="claude-cost-acepted")
    assert 1 == done.status
    (said,) = done.commands("warning")
    assert "input accept-label: this repository has no label 'claude-cost-acepted'" in said
    assert "did you mean 'claude-cost-accepted'?" in said
    assert [] == on_pull_request(job, desk, double, accept_label="Claude-Cost-Accepted").commands("warning")


def test_a_lock_file_that_the_run_itself_writes_accepts_nothing(job: Job, desk: Project, double: Double) -> None:
    """`run: pytest --claude-budget-update` would else accept every change by itself."""
    desk.lock()
    done = on_pull_request(job, desk, double)
    assert (1, "over") == (done.status, done.outputs["verdict"])
    assert "**Accepted" not in done.summary


# The comment


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_whatever_the_api_does_summary_and_status_stand_with_one_warning(
    job: Job, desk: Project, double: Double, status: int
) -> None:
    double.faults = [Fault(status=status)] * 100
    done = on_pull_request(job, desk, double)
    assert (1, "over", "") == (done.status, done.outputs["verdict"], done.outputs["comment-url"])
    assert "over the limit" in done.summary
    assert 1 == len(done.commands("warning"))


def test_a_comment_that_may_not_be_written_is_one_warning_too(job: Job, desk: Project, double: Double) -> None:
    double.faults = [Fault(status=403, method="POST", path="comments")]
    done = on_pull_request(job, desk, double)
    assert 1 == done.status
    (said,) = done.commands("warning")
    assert "permissions: pull-requests: write" in said


def test_a_run_whose_commit_is_no_longer_the_newest_leaves_the_comment_alone(
    job: Job, desk: Project, double: Double
) -> None:
    double.add_pull(7, "f" * 40)
    on_pull_request(job, desk, double)
    assert [] == double.comments


def test_comments_can_be_off(job: Job, desk: Project, double: Double) -> None:
    on_pull_request(job, desk, double, comment="off")
    assert [] == double.comments


def test_without_a_token_everything_else_is_done(job: Job, desk: Project, double: Double) -> None:
    done = on_pull_request(job, desk, double, github_token="")
    assert ([], 1, "over") == (double.asked, done.status, done.outputs["verdict"])
