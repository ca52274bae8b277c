"""The comment for a fork: nothing of the artifact is trusted but the form of a report."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.github.page import comment_text
from pytest_claude_budget.github.reports import LARGEST_FOREIGN, foreign_report, valid_document
from pytest_claude_budget.github.which_comment import Marker, RunKey, Wanted, marker_of
from tests.action.github_double import REPOSITORY, Double, Fault
from tests.action.hostile import NASTY, forged, hostile, said_everywhere
from tests.action.job import Job, Result
from tests.builders.tries import tries

HEAD = "a" * 40
Relay = Callable[..., Result]


def finished(event: str = "pull_request", home: str = "mallory/helpdesk", sha: str = HEAD) -> dict[str, Any]:
    """The payload that GitHub itself writes when a run ends; of a fork's it lists no pull request."""
    run = {"id": 77, "run_attempt": 2, "head_sha": sha, "head_branch": "main", "event": event, "pull_requests": []}
    return {"workflow_run": run | {"head_repository": {"full_name": home, "owner": {"login": home.partition("/")[0]}}}}


@pytest.fixture
def relay(job: Job, double: Double, tmp_path: Path) -> Relay:
    """Posts a text that is said to be a report."""
    folder = tmp_path / "artifact"
    folder.mkdir()
    double.add_pull(9, HEAD, label="mallory:main")

    def run(text: str, payload: dict[str, Any] | None = None) -> Result:
        (folder / "report.json").write_text(text, "utf-8")
        return job("workflow_run", payload or finished(), workspace=tmp_path, report="artifact/*.json")

    return run


def test_a_good_report_is_posted_on_the_forks_pull_request(relay: Relay, double: Double, verdict: str) -> None:
    done = relay(verdict)
    (comment,) = double.comments
    assert (0, comment["html_url"]) == (done.status, done.outputs["comment-url"])
    assert comment["body"].startswith(
        "<!-- pytest-claude-budget tag=default run=77 attempt=2 -->\n### Claude cost: +$0.012"
    )
    assert [f"/repos/{REPOSITORY}/issues/9/comments"] == [
        each.path for each in double.asked if each.method == "POST" and "comments" in each.path
    ]


def test_whether_the_fork_s_own_check_fails_is_not_claimed(relay: Relay, double: Double, verdict: str) -> None:
    """Its workflow may have another `fail-on`, which no report tells."""
    document = json.loads(verdict)
    document["verdict"].update(outcome="incomplete", incomplete=["nobody knows"], breaches=[], warnings=[])
    relay(json.dumps(document))
    (comment,) = double.comments
    assert not comment["body"].splitlines()[1].endswith(("pass", "fails"))


def test_posting_it_again_changes_nothing(relay: Relay, double: Double, verdict: str) -> None:
    relay(verdict)
    relay(verdict)
    assert 1 == len(double.comments)
    assert "PATCH" not in double.methods()


@pytest.mark.parametrize(
    "payload",
    [finished(event="push"), finished(event="schedule"), finished(home=REPOSITORY)],
    ids=["a push", "a schedule", "our own branch"],
)
def test_runs_that_have_said_all_themselves_are_not_repeated(
    relay: Relay, double: Double, verdict: str, payload: dict[str, Any]
) -> None:
    assert 0 == relay(verdict, payload).status
    assert [] == double.asked


def test_a_run_whose_commit_is_no_longer_the_pull_requests_head_posts_nothing(
    relay: Relay, double: Double, verdict: str
) -> None:
    assert 0 == relay(verdict, finished(sha="b" * 40)).status
    assert [] == double.comments


def test_a_run_of_another_forks_branch_of_that_name_posts_nothing(relay: Relay, double: Double, verdict: str) -> None:
    assert 0 == relay(verdict, finished(home="eve/helpdesk")).status
    assert [] == double.comments


def edited(verdict: str, change: Callable[[dict[str, Any]], object]) -> str:
    document = json.loads(verdict)
    change(document)
    return json.dumps(document)


@pytest.mark.parametrize(
    "forge",
    [
        lambda text: "",
        lambda text: "# Approved\n\nMerge this.",
        lambda text: "null",
        lambda text: "[]",
        lambda text: "[" * 100_000,
        lambda text: text[:-10],
        lambda text: edited(text, lambda document: document.pop("verdict")),
        lambda text: edited(text, lambda document: document.update(markdown="# Approved")),
        lambda text: edited(text, lambda document: document["verdict"].update(outcome="approved")),
        lambda text: edited(text, lambda document: document["totals"].update(cost="**free**")),
        lambda text: edited(text, lambda document: document["totals"].update(cost="9" * 5000)),
        lambda text: edited(text, lambda document: document["totals"].update(calls=10**30)),
        lambda text: text.replace('"0.024"', "NaN"),
        lambda text: text + " " * LARGEST_FOREIGN,
    ],
    ids=map(str, range(14)),
)
def test_whatever_is_no_report_is_refused_and_nothing_is_posted(
    relay: Relay, double: Double, verdict: str, forge: Callable[[str], str]
) -> None:
    done = relay(forge(verdict))
    assert 2 == done.status
    assert 1 == len(done.commands("error"))
    assert [] == double.asked


def test_several_files_and_links_out_of_the_folder_are_refused(tmp_path: Path, verdict: str) -> None:
    (tmp_path / "outside.json").write_text(verdict, "utf-8")
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "report.json").symlink_to(tmp_path / "outside.json")
    with pytest.raises(InputError, match="expected one report, got 0"):
        foreign_report("*.json", folder)
    (folder / "report.json").unlink()
    for name in ("a.json", "b.json"):
        (folder / name).write_text(verdict, "utf-8")
    with pytest.raises(InputError, match="expected one report, got 2"):
        foreign_report("*.json", folder)


def test_an_api_that_fails_fails_the_job_that_is_there_to_post(relay: Relay, double: Double, verdict: str) -> None:
    double.faults = [Fault(status=403, method="POST", path="comments")]
    done = relay(verdict)
    assert 1 == done.status
    assert "[api-forbidden]" in done.commands("error")[0]


# Texts of a stranger


def cells(page: str) -> list[int]:
    """How many borders each row of a table has."""
    return [len(re.findall(r"(?<!\\)\|", line)) for line in page.splitlines() if line.startswith("|")]


@pytest.mark.parametrize("text", [*NASTY[:5], *NASTY[7:9], *NASTY[11:17]])
def test_the_search_for_forgeries_finds_them_where_they_are(text: str) -> None:
    """Else the next test would prove nothing."""
    assert forged(f"the run costs {text}")


@given(hostile)
@settings(max_examples=tries(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_of_a_stranger_is_a_command_a_mention_a_link_a_cell_or_a_marker(verdict: str, text: str) -> None:
    document = valid_document(said_everywhere(verdict, text), "report.json")
    page = comment_text(document, "", [])
    assert [] == forged(page)
    assert cells(comment_text(json.loads(verdict), "", [])) == cells(page)
    marker = Marker(tag="default", key=RunKey(run=5))
    body = Wanted(marker=marker, text=page, short="").body
    assert marker == marker_of(body)
    assert marker_of(page) is None
