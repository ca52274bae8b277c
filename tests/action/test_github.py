"""What we ask of GitHub, held against GitHub's own description of its API, and what we make of its answers and failures."""

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence

import pytest

from pytest_claude_budget.github.api import ACTIONS_BOT, GitHub
from pytest_claude_budget.github.comment_mode import Mode
from pytest_claude_budget.github.connection import Connection, Patience
from pytest_claude_budget.github.failures import ApiFailureError
from pytest_claude_budget.github.publish import ROUNDS, Published, publish
from pytest_claude_budget.github.which_comment import Comment, Marker, RunKey, Wanted
from tests.action.github_double import REPOSITORY, RUN, Double, Fault, component
from tests.action.node import CONTRACT, prism

TOO_LONG = component("validation-error", message="Validation Failed", documentation_url="https://example.test")
QUICK = Patience(timeout=1, tries=2, backoff=0, longest_wait=0)
SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}


def connected(url: str, repository: str = REPOSITORY) -> GitHub:
    return GitHub(Connection(api_url=url, repository=repository, token="t0ken", patience=QUICK))


def marked(run: int, text: str = "old", tag: str = "default") -> str:
    return f"{Marker(tag=tag, key=RunKey(run=run))}\n{text}"


def wanted(text: str = "new", mode: Mode = Mode.UPDATE) -> Wanted:
    return Wanted(marker=Marker(tag="default", key=RunKey(run=RUN)), text=text, short="short", mode=mode)


def post(github: GitHub, wish: Wanted | None = None) -> tuple[Published, list[float]]:
    waits: list[float] = []
    return publish(github, 7, wish or wanted(), waits.append), waits


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    """GitHub's contract alone: it refuses what we ask wrongly, and answers anything that it allows."""
    with prism("mock", str(CONTRACT)) as url:
        yield url


@pytest.fixture(scope="module")
def proxy(serving: Double) -> Iterator[str]:
    """GitHub's contract in front of the double: what we ask and what the double answers are both held to it."""
    with prism("proxy", str(CONTRACT), serving.url) as url:
        yield url


@pytest.fixture
def github(proxy: str, double: Double) -> Iterator[GitHub]:
    """Through the contract."""
    double.public_url = proxy
    client = connected(proxy)
    yield client
    client.close()


@pytest.fixture
def direct(double: Double) -> Iterator[GitHub]:
    """Without the contract between, for failures that it does not describe."""
    client = connected(double.url)
    yield client
    client.close()


# What the contract allows


def test_every_request_is_one_that_githubs_description_allows(mock: str) -> None:
    github = connected(mock)
    comment = Comment(id=5, node_id="IC_5", body="", url="")
    pull = github.pull_request(7)
    assert 7 == pull.number
    assert [] == list(github.report_archives("test.yml", "main", "claude-budget"))
    assert github.open_pull_request("octo:topic", "abc") is None
    assert github.create_comment(7, "Hello")
    github.update_comment(comment, "Hello")
    github.hide_comment(comment)
    github.close()


def test_the_contract_refuses_what_is_not_in_it(mock: str) -> None:
    """Else the test above would prove nothing."""
    github = connected(mock, "octo/helpdesk/labels")
    with pytest.raises(ApiFailureError) as failed:
        github.pull_request(7)
    assert 404 == failed.value.status


def test_an_answer_outside_of_the_contract_does_not_pass_the_proxy(github: GitHub, double: Double) -> None:
    double.add_comment("hello")["html_url"] = 5
    with pytest.raises(ApiFailureError):
        github.own_comments(7)


# One comment, that stays current


def test_without_any_comment_one_is_created(github: GitHub, double: Double) -> None:
    published, _ = post(github)
    assert [marked(RUN, "new")] == [comment["body"] for comment in double.comments]
    assert published.url == double.comments[0]["html_url"]


def test_the_one_that_is_there_is_updated_in_place(github: GitHub, double: Double) -> None:
    ours = double.add_comment(marked(400))
    published, _ = post(github)
    assert [marked(RUN, "new")] == [comment["body"] for comment in double.comments]
    assert published.url == ours["html_url"]


def test_ours_is_found_on_the_last_of_many_pages(github: GitHub, double: Double) -> None:
    for number in range(249):
        double.add_comment(f"comment {number}", login="someone")
    ours = double.add_comment(marked(400))
    post(github)
    assert 250 == len(double.comments)
    assert marked(RUN, "new") == ours["body"]
    assert 6 == double.methods("/comments").count("GET")  # looked at before and after


def test_someone_elses_comment_with_our_marker_is_not_ours(github: GitHub, double: Double) -> None:
    theirs = double.add_comment(marked(400), login="mallory")
    post(github)
    assert marked(400) == theirs["body"]
    assert 2 == len(double.comments)


def test_a_comment_whose_user_is_gone_is_nobodys(github: GitHub, double: Double) -> None:
    double.add_comment(marked(400))["user"] = None
    post(github)
    assert 2 == len(double.comments)


def test_a_newer_runs_comment_stays(github: GitHub, double: Double) -> None:
    double.add_comment(marked(RUN + 1))
    published, _ = post(github)
    assert marked(RUN + 1) == double.comments[0]["body"]
    assert "newer" in published.reason


def test_an_identical_comment_is_not_touched(github: GitHub, double: Double) -> None:
    double.add_comment(marked(400, "new"))
    post(github)
    assert {"GET", "POST"} == set(double.methods())
    assert ["POST"] == double.methods("/graphql")


def test_hide_and_new_hides_the_old_one_and_posts_another(github: GitHub, double: Double) -> None:
    old = double.add_comment(marked(400))
    post(github, wanted(mode=Mode.HIDE_AND_NEW))
    assert [old["node_id"]] == double.hidden
    assert [marked(400), marked(RUN, "new")] == [comment["body"] for comment in double.comments]


class Raced:
    """A conversation in which another run posts between our look and our post, or somebody deletes what we saw."""

    def __init__(self, github: GitHub, between: Callable[[], object]) -> None:
        self._github = github
        self._between = between

    def own_comments(self, number: int) -> list[Comment]:
        return self._github.own_comments(number)

    def hidden(self, comments: Sequence[Comment]) -> frozenset[str]:
        return self._github.hidden(comments)

    def hide_comment(self, comment: Comment) -> None:
        self._github.hide_comment(comment)

    def create_comment(self, number: int, body: str) -> str:
        self._between()
        return self._github.create_comment(number, body)

    def update_comment(self, comment: Comment, body: str) -> None:
        self._between()
        self._github.update_comment(comment, body)


@pytest.mark.parametrize(("other", "stays"), [(RUN - 1, marked(RUN, "new")), (RUN + 1, marked(RUN + 1))])
def test_of_two_runs_that_post_at_once_the_newer_ones_comment_stays(
    github: GitHub, double: Double, other: int, stays: str
) -> None:
    """Both looked before either had posted; the other is folded away, and a third run leaves it so."""
    raced = Raced(github, lambda: double.add_comment(marked(other)))
    publish(raced, 7, wanted(), lambda _: None)
    shown = [comment["body"] for comment in double.comments if comment["node_id"] not in double.hidden]
    assert ([stays], 1) == (shown, len(double.hidden))
    later = Wanted(marker=Marker(tag="default", key=RunKey(run=RUN + 2)), text="later", short="short")
    post(github, later)
    assert ([marked(RUN + 2, "later")], 1) == (
        [comment["body"] for comment in double.comments if comment["node_id"] not in double.hidden],
        len(double.hidden),
    )


class Overwritten(Raced):
    """A conversation in which another run writes over what we wrote."""

    def update_comment(self, comment: Comment, body: str) -> None:
        self._github.update_comment(comment, body)
        self._between()


@pytest.mark.parametrize(("other", "stays"), [(RUN - 1, marked(RUN, "new")), (RUN + 1, marked(RUN + 1, "theirs"))])
def test_of_two_runs_that_update_at_once_the_newer_ones_text_stays(
    github: GitHub, double: Double, other: int, stays: str
) -> None:
    """Both looked while the comment of an earlier run stood there, and the other wrote last."""
    ours = double.add_comment(marked(400))
    theirs = iter([marked(other, "theirs")])

    def write() -> None:
        ours["body"] = next(theirs, ours["body"])

    publish(Overwritten(github, write), 7, wanted(), lambda _: None)
    assert [stays] == [comment["body"] for comment in double.comments]


def test_what_else_is_ours_from_before_is_folded_away(github: GitHub, double: Double) -> None:
    """Left by runs that raced while nothing folded the others."""
    old = [double.add_comment(marked(run)) for run in (300, 301, 400)]
    post(github)
    assert [each["node_id"] for each in old[:2]] == double.hidden
    assert marked(RUN, "new") == old[2]["body"]


def test_a_comment_that_a_person_folded_is_brought_up_to_date_and_stays_folded(github: GitHub, double: Double) -> None:
    ours = double.add_comment(marked(400))
    double.hidden.append(ours["node_id"])
    post(github)
    assert (marked(RUN, "new"), [ours["node_id"]]) == (ours["body"], double.hidden)
    assert not [asked for asked in double.asked if "inimizeComment" in str(asked.body)]


def test_a_comment_that_is_deleted_between_look_and_update_is_posted_anew(github: GitHub, double: Double) -> None:
    double.add_comment(marked(400))
    published = publish(Raced(github, double.comments.clear), 7, wanted(), lambda _: None)
    assert [marked(RUN, "new")] == [comment["body"] for comment in double.comments]
    assert published.url == double.comments[0]["html_url"]


@pytest.mark.parametrize("status", [403, 422])
def test_a_locked_conversation_is_called_locked_and_not_asked_twice(
    direct: GitHub, double: Double, status: int
) -> None:
    """The text is not at fault, nor are the permissions."""
    body = {"message": "Unable to create comment because issue is locked."}
    double.faults = [Fault(status=status, method="POST", path="comments", body=body)]
    with pytest.raises(ApiFailureError, match="the conversation of the pull request is locked") as failed:
        post(direct)
    assert "api-locked" == failed.value.problem.slug
    assert 1 == double.methods("/comments").count("POST")


def test_an_app_or_a_person_finds_its_own_comment_too(github: GitHub, double: Double) -> None:
    double.viewer = "budget-bot[bot]"
    double.add_comment(marked(400), login="budget-bot[bot]")
    post(github)
    assert 1 == len(double.comments)


def test_a_token_that_may_not_ask_who_it_is_is_taken_for_the_jobs_own(direct: GitHub, double: Double) -> None:
    double.viewer = None
    assert ACTIONS_BOT == direct.viewer()


def test_the_token_is_sent_to_the_api_and_shown_nowhere(direct: GitHub, double: Double) -> None:
    direct.own_comments(7)
    assert {"token t0ken"} == {asked.authorization for asked in double.asked}
    assert "t0ken" not in repr(Connection(api_url="", repository="", token="t0ken"))


# Other questions


def test_a_pull_request_is_asked_for_its_head_and_labels(github: GitHub, double: Double) -> None:
    double.add_pull(7, "abc123", labels=("claude-cost-accepted", "docs"))
    pull = github.pull_request(7)
    assert ("abc123", {"claude-cost-accepted", "docs"}) == (pull.head_sha, pull.labels)


def test_commits_are_asked_for_the_pull_requests_that_brought_them_all_at_once(github: GitHub, double: Double) -> None:
    for number, label in ((7, "accepted"), (8, "bug")):
        double.add_pull(number, "b" * 40, labels=(label,))
        double.pulls[number]["merged"] = True
        double.pulls[number]["base"]["ref"] = "main"
    double.came_with = {"c" * 40: [8], "d" * 40: [7, 8], "e" * 40: []}
    found = github.merged_with(["c" * 40, "d" * 40], "main") or []
    assert [(7, {"accepted"}), (8, {"bug"})] == [(pull.number, pull.labels) for pull in found]
    assert ["POST"] == double.methods()
    assert github.merged_with(["d" * 40], "release") is None
    assert github.merged_with(["e" * 40], "main") is None
    assert github.merged_with(["c" * 40] * 101, "main") is None


def test_labels_are_read_from_all_pages(github: GitHub, double: Double) -> None:
    double.labels = [f"label-{number}" for number in range(201)]
    assert double.labels == github.label_names()
    assert 3 == len(double.asked)


def test_a_forks_pull_request_is_found_by_its_branch_only_while_its_head_is_the_runs(
    github: GitHub, double: Double
) -> None:
    double.add_pull(8, "abc123", label="fork:main")
    double.add_pull(9, "def456", label="octo:main")
    found = github.open_pull_request("fork:main", "abc123")
    assert found is not None
    assert 8 == found.number
    assert github.open_pull_request("fork:main", "def456") is None
    assert github.open_pull_request("mallory:main", "abc123") is None


def archive(text: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        packed.writestr("report.json", text)
    return data.getvalue()


def test_the_base_branchs_artifact_is_never_taken_from_a_forks_branch_of_that_name(
    github: GitHub, double: Double
) -> None:
    double.add_run(1)
    double.add_run(2, event="pull_request")
    double.add_run(3, home="fork/helpdesk")
    double.add_run(4, branch="topic")
    for run in (1, 2, 3, 4):
        double.add_artifact(run, "claude-budget", archive(f"run {run}"))
    found = list(github.report_archives("test.yml", "main", "claude-budget"))
    assert [f"/repos/{REPOSITORY}/actions/artifacts/70/zip"] == found


def test_an_expired_artifact_gives_way_to_an_older_one(github: GitHub, double: Double) -> None:
    double.add_run(1)
    double.add_run(2)
    double.add_artifact(2, "claude-budget", b"", expired=True)
    double.add_artifact(1, "claude-budget", archive("old"))
    assert [f"/repos/{REPOSITORY}/actions/artifacts/71/zip"] == list(
        github.report_archives("test.yml", "main", "claude-budget")
    )


def test_an_archive_is_fetched_from_the_store_without_the_token(direct: GitHub, double: Double) -> None:
    double.add_artifact(1, "claude-budget", archive("x"))
    assert archive("x")[:4] == direct.download(f"/repos/{REPOSITORY}/actions/artifacts/70/zip", most=1000)[:4]
    assert [""] == [asked.authorization for asked in double.asked if asked.path.startswith("/store")]


def test_an_archive_that_is_too_large_is_refused(direct: GitHub, double: Double) -> None:
    double.add_artifact(1, "claude-budget", b"x" * 2000)
    with pytest.raises(ApiFailureError, match="larger than 1,000 bytes"):
        direct.download(f"/repos/{REPOSITORY}/actions/artifacts/70/zip", most=1000)


# Failures


@pytest.mark.parametrize(
    ("status", "slug"), [(401, "api-bad-token"), (403, "api-forbidden"), (404, "api-not-found"), (410, "api-error")]
)
def test_a_refusal_is_told_at_once_with_what_to_do(direct: GitHub, double: Double, status: int, slug: str) -> None:
    double.faults = [Fault(status=status, method="GET")]
    with pytest.raises(ApiFailureError) as failed:
        post(direct)
    assert (slug, status) == (failed.value.problem.slug, failed.value.status)
    assert ["GET"] == double.methods("/comments")


def test_a_bad_token_is_not_taken_for_the_jobs_own(direct: GitHub, double: Double) -> None:
    double.faults = [Fault(status=401, body={"message": "Bad credentials"})]
    with pytest.raises(ApiFailureError) as failed:
        post(direct)
    assert "api-bad-token" == failed.value.problem.slug


def test_a_text_that_github_finds_too_long_is_posted_short(github: GitHub, double: Double) -> None:
    double.faults = [Fault(status=422, method="POST", path="comments", body=TOO_LONG)]
    post(github)
    assert [marked(RUN, "short")] == [comment["body"] for comment in double.comments]


def test_a_short_text_that_is_refused_too_is_a_failure(direct: GitHub, double: Double) -> None:
    double.add_comment(marked(400))
    double.faults = [Fault(status=422, method="PATCH"), Fault(status=422, method="PATCH")]
    with pytest.raises(ApiFailureError) as failed:
        post(direct)
    assert "api-rejected" == failed.value.problem.slug


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500, method="GET"),
        Fault(status=502, method="GET"),
        Fault(status=429, method="GET", headers={"Retry-After": "0"}),
        Fault(status=403, method="GET", headers={"Retry-After": "0"}),
        Fault(status=403, method="GET", body=SECONDARY),
        Fault(manner="cut", method="GET"),
    ],
    ids=["500", "502", "429", "403 with retry-after", "secondary limit", "cut"],
)
def test_what_passes_is_asked_again_and_the_comment_is_posted_once(
    direct: GitHub, double: Double, fault: Fault
) -> None:
    double.faults = [fault, fault]
    post(direct)
    assert 1 == len(double.comments)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500, path="comments", method="POST"),
        Fault(status=429, path="comments", method="POST", headers={"Retry-After": "7"}),
        Fault(status=403, path="comments", method="POST", body=SECONDARY),
        Fault(manner="cut", path="comments", method="POST"),
    ],
    ids=["500", "429", "secondary limit", "cut"],
)
def test_a_post_that_failed_is_looked_for_before_it_is_posted_again(
    direct: GitHub, double: Double, fault: Fault
) -> None:
    double.faults = [fault, fault]
    _, waits = post(direct)
    assert 1 == len(double.comments)
    assert {429: [7, 7], 403: [60, 60]}.get(fault.status, [2, 4]) == waits


def test_a_comment_that_was_posted_though_its_answer_was_lost_is_not_posted_twice(
    direct: GitHub, double: Double
) -> None:
    double.faults = [Fault(status=502, manner="after", method="POST", path="comments")]
    published, _ = post(direct)
    assert 1 == len(double.comments)
    assert published.url == double.comments[0]["html_url"]


def test_a_server_that_stays_broken_is_given_up(direct: GitHub, double: Double) -> None:
    double.faults = [Fault(status=503)] * 100
    with pytest.raises(ApiFailureError) as failed:
        post(direct)
    assert "api-error" == failed.value.problem.slug
    assert ROUNDS == len(double.asked)


def test_pages_that_stay_limited_are_given_up(direct: GitHub, double: Double) -> None:
    double.faults = [Fault(status=429, method="GET", headers={"Retry-After": "3600"})] * 100
    with pytest.raises(ApiFailureError) as failed:
        post(direct)
    assert "api-rate-limit" == failed.value.problem.slug


def test_a_server_that_hangs_is_left(direct: GitHub, double: Double) -> None:
    double.faults = [Fault(manner="hang")]
    with pytest.raises(ApiFailureError) as failed:
        direct.viewer()
    double.released.set()
    assert "api-unreachable" == failed.value.problem.slug


def test_an_address_where_nobody_listens_is_unreachable() -> None:
    github = connected("http://127.0.0.1:9")
    with pytest.raises(ApiFailureError) as failed:
        github.pull_request(7)
    assert "api-unreachable" == failed.value.problem.slug


def test_an_answer_that_is_no_json_is_a_failure_and_no_traceback(direct: GitHub, double: Double) -> None:
    double.faults = [Fault(status=200, body={"data": []}, method="POST")]
    with pytest.raises(ApiFailureError) as failed:
        direct.viewer()
    assert "api-odd-answer" == failed.value.problem.slug
