"""Outputs, annotations, events and CODEOWNERS: values from values."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_claude_budget.github import runner
from pytest_claude_budget.github.annotations import MOST_ANNOTATIONS, annotations_of, located, outputs_of
from pytest_claude_budget.github.checkout import git_environ
from pytest_claude_budget.github.codeowners import owners_of
from pytest_claude_budget.github.event import event_from
from pytest_claude_budget.github.page import acceptance, comment_text, summary_text
from pytest_claude_budget.github.run_suite import suite_environ
from pytest_claude_budget.github.which_comment import LONGEST
from tests.action.hostile import hostile, said_everywhere
from tests.builders.tries import tries
from tests.golden.scenes import SCENES
from tests.golden.scenes import document as scene


def breach(name: str, value: str | int, maximum: str | int, where: str = "claude-budget.yml:4") -> dict[str, Any]:
    text = f"{name} is over"
    return {"name": name, "value": value, "maximum": maximum, "where": where, "text": text, "scope": "test"}


def judged(*breaches: dict[str, Any], warnings: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    owners = [{"owner": f"t{number}", "place": f"tests/test_a.py:{number}"} for number in range(1, 20)]
    verdict = {"outcome": "over", "breaches": list(breaches), "warnings": list(warnings), "incomplete": []}
    return {"verdict": verdict, "by_owner": owners}


def test_a_breach_is_shown_at_its_test_and_at_its_limit() -> None:
    found = annotations_of(judged(breach("t3", "0.30", "0.10")), ".")
    assert [("tests/test_a.py", 3), ("claude-budget.yml", 4)] == [(each.file, each.line) for each in found]


def test_the_largest_come_first_whatever_they_count_and_ten_in_all() -> None:
    """Three times the limit, then twice, then half as much again; what is new has no percentage and is more than any."""
    breaches = [
        breach("t1", "0.15", "0.10"),
        breach("t2", 6, 2),
        breach("t4", "new", "10%"),
        breach("t3", "20%", "10%"),
    ]
    found = annotations_of(judged(*breaches), ".")
    assert ["t4 is over", "t2 is over", "t3 is over", "t1 is over"] == list(dict.fromkeys(each.text for each in found))
    many = [breach(f"t{number}", number, 1) for number in range(1, 20)]
    assert MOST_ANNOTATIONS == len(annotations_of(judged(*many), "."))


def test_a_breach_is_shown_at_the_line_of_the_product_that_moved_it() -> None:
    """Once for each line: what else is over because of it is shown at its test. A file of tests is none of the product."""
    reply = {"file": "helpdesk/replies.py", "function": "Desk.reply", "line": 42, "change": "0.027", "owners": 3}
    in_test = {"file": "tests/conftest.py", "function": "corpus", "line": 3, "change": "0.02", "owners": 1}
    gone = {"file": "helpdesk/old.py", "function": "old", "line": None, "change": "0.01", "owners": 1}
    document = judged(*(breach(f"t{number}", 9 - number, 1) for number in (1, 2, 3, 4)))
    run = {**breach("", "38%", "15%", "claude-budget.yml:9"), "scope": "run", "measure": "max_increase"}
    owners = [{"owner": f"t{at}", "site": site} for at, site in enumerate((reply, reply, in_test, gone), 1)]
    document["comparison"] = {"by_site": [in_test, reply, gone], "owners": owners}
    found = [(each.file, each.line, each.text) for each in annotations_of(document, "api")]
    assert [
        ("api/helpdesk/replies.py", 42, "Desk.reply(): +$0.027 in 3 tests; t1 is over"),
        ("api/claude-budget.yml", 4, "t1 is over"),
        ("api/tests/test_a.py", 2, "t2 is over"),
        ("api/tests/test_a.py", 3, "t3 is over"),
        ("api/tests/test_a.py", 4, "t4 is over"),
    ] == [each for each in found if each[0] != "api/claude-budget.yml" or "t1" in each[2]]
    document["verdict"]["breaches"] = [run]
    assert [("helpdesk/replies.py", 42), ("claude-budget.yml", 9)] == [
        (each.file, each.line) for each in annotations_of(document, ".")
    ]


def test_errors_come_before_warnings() -> None:
    found = annotations_of(judged(breach("t1", 2, 1), warnings=(breach("t2", 900, 1000),)), ".")
    assert ["error", "error", "warning", "warning"] == [each.level for each in found]


@pytest.mark.parametrize(
    ("place", "folder", "expected"),
    [
        ("tests/test_a.py:7", ".", ("tests/test_a.py", 7)),
        ("tests\\test_a.py:7", "api", ("api/tests/test_a.py", 7)),
        ("claude-budget.yml:4:15", ".", ("claude-budget.yml", 4)),
        ("/etc/passwd:1", ".", (None, None)),
        ("C:\\x.py:1", ".", (None, None)),
        ("../x.py:1", ".", (None, None)),
        ("../claude-budget.yml:4:15", "api", ("claude-budget.yml", 4)),
        ("a/../../x.py:1", ".", (None, None)),
        ("tests/test_a.py", ".", (None, None)),
        ("tests/test_a.py:0", ".", (None, None)),
        ("a\n::error::b.py:1", ".", (None, None)),
        ("", ".", (None, None)),
    ],
)
def test_a_place_is_a_line_of_a_file_of_the_repository_or_none(
    place: str, folder: str, expected: tuple[str | None, int | None]
) -> None:
    assert expected == located(place, folder)


@given(text=hostile)
@settings(max_examples=tries(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_of_a_stranger_is_a_command_of_the_log(
    verdict: str, text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    found = annotations_of(said_everywhere(verdict, text), ".")
    runner.annotate(found)
    runner.log(f"comment: {text}")
    lines = capfd.readouterr().out.splitlines()
    assert len(found) == sum(line.startswith(("::error ", "::warning ")) for line in lines)
    assert len(found) + 1 == len(lines)
    assert lines[-1].startswith("comment: ")


def test_names_of_a_megabyte_fit_into_a_comment(verdict: str) -> None:
    page = comment_text(said_everywhere(verdict, "a`|<" * 250_000), "", [])
    assert len(page) <= LONGEST


def test_a_month_is_the_sum_of_the_features_at_average_volume() -> None:
    """0.1 + 0.2 is 0.3 in dollars; where one is not known, neither is the sum."""
    rows = [("a", "average", "0.1"), ("a", "heavy", "9"), ("b", "average", "0.2")]
    document = {
        "verdict": {"outcome": "within"},
        "totals": {"cost": "1", "spent": "0"},
        "comparison": None,
        "projection": [{"feature": name, "scenario": scenario, "after": after} for name, scenario, after in rows],
    }
    outputs = outputs_of(document)
    assert ("0.3", "", "within") == (outputs["projected-monthly"], outputs["change"], outputs["verdict"])
    for unknown in ({"after": None}, {"after": "0.4", "at_least": True}):
        row = {"feature": "c", "scenario": "average", **unknown}
        assert outputs_of({**document, "projection": [*document["projection"], row]})["projected-monthly"] == ""


def test_a_change_that_is_not_known_is_no_output() -> None:
    """Neither 0 nor a saving: a job that reads it would take either for good news."""
    comparison = {"before": "0.006", "change": "0", "change_percent": "-100", "at_least": True}
    document = {"verdict": {"outcome": "incomplete"}, "totals": {"cost": "0", "spent": "0"}, "projection": []}
    outputs = outputs_of({**document, "comparison": comparison})
    assert ("0.006", "", "") == (outputs["cost-before"], outputs["change"], outputs["change-percent"])


def test_a_lock_file_that_is_out_of_date_is_said_once_beside_what_was_accepted() -> None:
    """With the one command that mends it."""
    report = {**scene("accepted"), "stale": ["tests/test_support.py::test_refund"]}
    page = comment_text(report, "", [acceptance(report, ())])
    assert page.count("pytest --claude-budget-update") == 1
    assert "**Stale lock:**" not in page
    assert "The lock file is still to be brought up to date: run `pytest --claude-budget-update`" in page


@pytest.mark.parametrize("accepted", [None, "the label ok"])
@pytest.mark.parametrize("name", SCENES)
def test_a_page_says_once_how_an_update_is_made_and_once_who_accepted(name: str, accepted: str | None) -> None:
    """Where the lock file is stale, "To accept" and its relatives tell how it is mended."""
    report = {**scene(name), "stale": ["tests/test_support.py::test_refund"]}
    report["accepted"] = accepted or report.get("accepted")
    for page_of in (comment_text, summary_text):
        page = page_of(report, "", [acceptance(report, ["@octo/finops"])])
        assert page.count("pytest --claude-budget-update") <= 1
        assert page.count("**Accepted by ") + page.count("**Accepted:**") <= 1
        assert page.count("the check passes without") + page.count("**Stale lock:**") <= 1


@pytest.mark.parametrize("name", ["over", "up"])
def test_a_test_without_calls_is_accepted_by_the_update_that_is_advised_already(name: str) -> None:
    """Beside "To accept", and where the lock file is out of date."""
    report, silent = scene(name), scene("silent")
    quiet = [row for row in silent["comparison"]["owners"] if row["status"] == "without_calls"]
    report["comparison"]["owners"] = [*report["comparison"]["owners"], *quiet]
    page = comment_text(report, "", [])
    assert "**No longer call Claude**" in page
    assert "if that is intended, the update accepts it too." in page
    assert page.count("pytest --claude-budget-update") == 1


def test_an_accepted_increase_below_all_limits_is_told_with_its_amount() -> None:
    """No limit is there to say by whom: $0.0588 became $0.0813."""
    report = scene("accepted")
    report["verdict"] = {**report["verdict"], "warnings": []}
    assert acceptance(report, ()) == "**Accepted:** +$0.0225 per run, by label claude-cost-accepted."


def test_a_lock_file_is_not_to_be_updated_while_a_test_fails() -> None:
    """The update would be refused."""
    report = {**scene("failed"), "stale": ["tests/test_triage.py::test_triage[german]"]}
    page = comment_text(report, "", [])
    assert "make `tests/test_support.py::test_refund` pass. Then, if you like, run `pytest" in page
    assert page.count("pytest --claude-budget-update") == 1


CODEOWNERS = """\
# who may accept what
*                        @octo/devs dev@example.test
*.lock.json              @octo/locks
/api/                    @octo/api
docs/*                   @octo/docs
/claude-budget.lock.json @octo/finops  # costs
/free/
/my\\ app/               @octo/my-app
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("claude-budget.lock.json", ["octo/finops"]),
        ("web/claude-budget.lock.json", ["octo/locks"]),
        ("api/claude-budget.lock.json", ["octo/api"]),
        ("docs/a.md", ["octo/docs"]),
        ("docs/deep/a.md", ["octo/devs", "dev@example.test"]),
        ("src/a.py", ["octo/devs", "dev@example.test"]),
        ("free/a.py", []),
        ("my app/claude-budget.lock.json", ["octo/my-app"]),
        ("my/claude-budget.lock.json", ["octo/locks"]),
    ],
)
def test_the_last_line_that_fits_names_the_owners(path: str, owners: list[str]) -> None:
    assert owners == owners_of(path, CODEOWNERS)


def test_nobody_owns_what_no_line_names() -> None:
    assert [] == owners_of("a", "")


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert ["octo/all"] == owners_of("a", "\ufeff* @octo/all")


def test_a_pull_request_whose_fork_was_deleted_is_still_a_forks() -> None:
    pull = {"number": 7, "head": {"sha": "a" * 40, "repo": None}, "base": {"sha": "b" * 40}, "labels": []}
    environ = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REPOSITORY": "octo/helpdesk"}
    assert event_from(environ, {"pull_request": pull}).fork


@given(st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.text(max_size=5) | st.lists(st.none())))
def test_an_event_of_no_known_shape_has_no_facts_and_no_traceback(payload: dict[str, Any]) -> None:
    event = event_from({"GITHUB_EVENT_NAME": "push"}, payload)
    assert (None, "", False) == (event.pull_request, event.head_sha, event.fork)


def test_the_suite_sees_neither_our_token_nor_our_steps_files() -> None:
    ours = {"BUDGET_INPUT_GITHUB_TOKEN": "t0ken", "GITHUB_OUTPUT": "/o", "GITHUB_STEP_SUMMARY": "/s"}
    assert {"PATH": "/bin"} == suite_environ(ours | {"PATH": "/bin"}, None)


def test_the_token_reaches_git_by_its_environment_and_only_for_an_encrypted_server() -> None:
    before = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.pager", "GIT_CONFIG_VALUE_0": "cat"}
    environ = git_environ(before, "https://github.test", "t0ken")
    keys = ["core.pager", "safe.directory", "http.https://github.test/.extraheader"]
    assert ("3", keys) == (environ["GIT_CONFIG_COUNT"], [environ[f"GIT_CONFIG_KEY_{index}"] for index in range(3)])
    assert "1" == git_environ({}, "http://github.test", "t0ken")["GIT_CONFIG_COUNT"]
