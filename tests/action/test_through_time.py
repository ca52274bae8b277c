"""A history in the job's summary, where the checkout has one."""

from pathlib import Path

from pytest_claude_budget.record.lock_text import lock_text
from pytest_claude_budget.record.record import LOCK_FILE
from tests.action.github_double import Double
from tests.action.job import Job, Result
from tests.action.project import Project, pull_request
from tests.builders.records import record
from tests.unit.cli.test_gate_and_compare import costing

TITLE = "**Cost of a run through time:** "


def judged(job: Job, project: Project, double: Double) -> Result:
    payload = pull_request(project)
    double.add_pull(7, payload["pull_request"]["head"]["sha"])
    return job("pull_request", payload, workspace=project.folder, sha=project.git("rev-parse", "HEAD"))


def accepted(desk: Project, *cents: int) -> list[str]:
    """The base's lock file at so many versions on top of its first, then merged; gives their short names."""
    desk.git("checkout", "--quiet", "main")
    commits = [desk.git("rev-parse", "--short", "HEAD")]
    for number, amount in enumerate(cents):
        desk.write(LOCK_FILE, lock_text(record(costing("a.py::t", amount))))
        desk.commit(f"Accept <b>{number}</b> @all")
        commits.append(desk.git("rev-parse", "--short", "HEAD"))
    desk.git("checkout", "--quiet", "topic")
    desk.git("rebase", "--quiet", "main")
    desk.merged()
    return commits


def test_the_summary_has_a_chart_of_the_lock_file_s_versions(job: Job, desk: Project, double: Double) -> None:
    """Two calls of $0.006 at first, then $0.10 and $0.25: +733%, +150%. The comment has none of it."""
    commits = accepted(desk, 10, 25)
    done = judged(job, desk, double)
    page = done.summary[done.summary.index(TITLE) :]
    assert page.startswith(f"{TITLE}3 versions of `{LOCK_FILE}`, all at the rates as of ")
    labels = ", ".join(f'"{each}"' for each in commits)
    assert f"x-axis [{labels}]" in page
    assert "bar [0.012, 0.1, 0.25]" in page
    assert "| `" + commits[2] + "` | $0.25 | +150% | Accept `<b>1</b> @all` |" in page
    assert "through time" not in double.comments[0]["body"]


def test_of_many_versions_the_newest_are_told_with_their_changes(job: Job, desk: Project, double: Double) -> None:
    """Of 15 versions 12 are shown; the oldest of them has its change from one that is not."""
    commits = accepted(desk, *range(1, 15))
    page = judged(job, desk, double).summary.partition(TITLE)[2]
    assert page.startswith("the newest 12 versions of ")
    rows = [line for line in page.splitlines() if line.startswith("| 20")]
    assert (12, f"`{commits[-1]}`", f"`{commits[3]}`") == (len(rows), rows[0].split(" | ")[1], rows[-1].split(" | ")[1])
    assert "| $0.03 | +50% |" in rows[-1]
    assert f'x-axis ["{commits[3]}", ' in page


def test_one_version_is_no_history(job: Job, desk: Project, double: Double) -> None:
    assert TITLE not in judged(job, desk, double).summary


def test_a_shallow_checkout_says_so_in_the_log_and_fetches_nothing_for_it(
    job: Job, desk: Project, double: Double, tmp_path: Path
) -> None:
    accepted(desk, 10, 25)
    payload = pull_request(desk)
    desk.git("branch", "merge")
    clone = Project(folder=tmp_path / "clone")
    clone.folder.mkdir()
    clone.git("clone", "--quiet", "--depth=1", "--branch=merge", f"file://{desk.folder}", ".")
    clone.write("claude-budget-report.json", (desk.folder / "claude-budget-report.json").read_text("utf-8"))
    double.add_pull(7, payload["pull_request"]["head"]["sha"])
    done = job("pull_request", payload, workspace=clone.folder, sha=clone.git("rev-parse", "HEAD"))
    assert TITLE not in done.summary
    assert "no history in the summary: the checkout is shallow" in done.log
    assert "true" == clone.git("rev-parse", "--is-shallow-repository")
