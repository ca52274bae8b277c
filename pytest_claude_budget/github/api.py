"""What the action asks of GitHub's API and tells it: pull requests, comments, labels, artifacts.

Every failure is one ApiFailureError with words for the user. No answer is trusted to be small, quick or repeatable: pages are
read to the last, and what was perhaps done already is left to the caller to look at again.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.github.connection import PER_PAGE, Connection, client_of, failures, repository_from
from pytest_claude_budget.github.failures import ApiFailureError, odd_answer
from pytest_claude_budget.github.which_comment import Comment

if TYPE_CHECKING:
    from github import Github
    from github.Repository import Repository

ACTIONS_BOT = "github-actions[bot]"
_TOO_MANY_RUNS = 50
_MOST_PAGES = 20
_MERGED = (
    "fragment merged on Commit { associatedPullRequests(first: 20) "
    "{ nodes { number merged baseRefName headRefOid labels(first: 100) { nodes { name } } } } }"
)
_LABELS = (
    "query($owner: String!, $name: String!, $after: String) { repository(owner: $owner, name: $name) "
    "{ labels(first: 100, after: $after) { nodes { name } pageInfo { hasNextPage endCursor } } } }"
)


@value_class(frozen=True, kw_only=True, slots=True)
class PullRequest:
    """A pull request as it is now, which may be later than the event that started us."""

    number: int
    head_sha: str
    labels: frozenset[str] = frozenset()


class GitHub:
    """One repository, seen through one token."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @cached_property
    def _client(self) -> "Github":
        # on first use: the library's import is most of what a run without comment costs
        return client_of(self._connection)

    @cached_property
    def _repository(self) -> "Repository":
        return self._client.get_repo(self._connection.repository)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def pull_request(self, number: int) -> PullRequest:
        """Ask how a pull request stands now."""
        with failures("the pull request"):
            pull = self._get(f"/repos/{self._connection.repository}/pulls/{number}", {})
            labels = frozenset(label["name"] for label in pull["labels"])
            return PullRequest(number=number, head_sha=pull["head"]["sha"], labels=labels)

    def own_comments(self, number: int) -> list[Comment]:
        """Every comment of the pull request that our own token's user wrote, from all pages."""
        viewer = self.viewer()
        with failures("the comments"):
            return [
                Comment(id=comment.id, node_id=comment.node_id, body=comment.body or "", url=comment.html_url)
                for comment in self._repository.get_issue(number).get_comments()
                if getattr(comment.user, "login", None) == viewer  # None once an account is gone
            ]

    def viewer(self) -> str:
        """The login of our own token's user. GraphQL tells it of every kind of token; REST does not of an app's."""
        try:
            with failures("the token's user"):
                login: str = self._graphql("query { viewer { login } }", {})["viewer"]["login"]
                return login
        except ApiFailureError as failure:
            if failure.again or failure.status not in {400, 403, 404}:
                raise
            return ACTIONS_BOT

    def create_comment(self, number: int, body: str) -> str:
        """Post a comment; returns its address. Never repeated here, since it may have been posted all the same."""
        with failures("a new comment"):
            return self._repository.get_issue(number).create_comment(body).html_url

    def update_comment(self, comment: Comment, body: str) -> None:
        """Replace the text of a comment."""
        with failures("the comment"):
            url = f"/repos/{self._connection.repository}/issues/comments/{comment.id}"
            self._client.requester.requestJsonAndCheck("PATCH", url, input={"body": body})

    def hide_comment(self, comment: Comment) -> None:
        """Fold a comment away as outdated."""
        with failures("an old comment"):
            mutation = (
                "mutation($id: ID!) { minimizeComment(input: {subjectId: $id, classifier: OUTDATED}) "
                "{ minimizedComment { isMinimized } } }"
            )
            self._graphql(mutation, {"id": comment.node_id})

    def hidden(self, comments: Sequence[Comment]) -> frozenset[str]:
        """The node ids of those that are folded away, by us or by a person."""
        with failures("old comments"):
            query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on IssueComment { id isMinimized } } }"
            nodes = self._graphql(query, {"ids": [comment.node_id for comment in comments[:PER_PAGE]]})["nodes"]
            return frozenset(node["id"] for node in nodes if node and node.get("isMinimized"))

    def open_pull_request(self, head: str, sha: str) -> PullRequest | None:
        """Find the open pull request of a branch, `owner:branch`, if its newest commit is still that one."""
        with failures("the pull requests"):
            query = {"state": "open", "head": head, "per_page": PER_PAGE}
            for pull in self._get(f"/repos/{self._connection.repository}/pulls", query):
                if (pull["head"]["label"], pull["head"]["sha"]) == (head, sha):
                    return PullRequest(number=int(pull["number"]), head_sha=sha)
        return None

    def merged_with(self, commits: Sequence[str], branch: str) -> list[PullRequest] | None:
        """The pull requests that brought commits to a branch; None where one came without, or where they are too many to ask."""
        if len(commits) > PER_PAGE:
            return None
        with failures("the pull requests of the commits"):
            parts = " ".join(f'c{at}: object(oid: "{sha}") {{ ...merged }}' for at, sha in enumerate(commits))
            found = self._of_repository(
                f"query($owner: String!, $name: String!) {{ repository(owner: $owner, name: $name) {{ {parts} }} }} {_MERGED}"
            )
            pulls: dict[int, PullRequest] = {}
            for commit in found.values():
                merged = [
                    each
                    for each in commit["associatedPullRequests"]["nodes"]
                    if each["merged"] and each["baseRefName"] == branch
                ]
                if not merged:
                    return None
                for each in merged:
                    labels = frozenset(label["name"] for label in each["labels"]["nodes"])
                    pulls[each["number"]] = PullRequest(
                        number=each["number"], head_sha=each["headRefOid"], labels=labels
                    )
            return [pulls[number] for number in sorted(pulls)]

    def label_names(self) -> list[str]:
        """Every label of the repository."""
        names: list[str] = []
        with failures("the labels"):
            after: str | None = None
            for _page in range(_MOST_PAGES):
                page = self._of_repository(_LABELS, after=after)["labels"]
                names += [label["name"] for label in page["nodes"]]
                after = page["pageInfo"]["endCursor"]
                if not page["pageInfo"]["hasNextPage"]:
                    break
        return names

    def _of_repository(self, query: str, **variables: Any) -> Any:
        owner, _, name = self._connection.repository.partition("/")
        return self._graphql(query, {"owner": owner, "name": name, **variables})["repository"]

    def report_archives(self, workflow: str, branch: str, artifact: str) -> Iterator[str]:
        """Addresses of the artifact of that name, of the workflow's good runs of that branch, the newest first.

        Runs of forks are left out: the head branch of a fork's pull request may have any name, the base's among them.
        """
        with failures("the runs of the base branch"):
            path = f"/repos/{self._connection.repository}/actions"
            query = {"branch": branch, "status": "success", "per_page": _TOO_MANY_RUNS}
            runs = self._get(f"{path}/workflows/{quote(workflow, safe='')}/runs", query)["workflow_runs"]
            for run in runs:
                if _is_of_base(run, self._connection.repository, branch):
                    found = self._get(f"{path}/runs/{int(run['id'])}/artifacts", {"name": artifact})["artifacts"]
                    whole = [each for each in found if each["name"] == artifact and not each["expired"]]
                    yield from (f"{path}/artifacts/{int(each['id'])}/zip" for each in whole)

    def download(self, path: str, most: int) -> bytes:
        """Fetch an archive of at most `most` bytes. The token is not shown to the store that the API sends us to."""
        import requests

        with failures("the artifact"):
            headers, _ = self._client.requester.requestJsonAndCheck("GET", path)
            place = headers.get("location", "")
            if not place.startswith("https://") and not self._connection.api_url.startswith("http://"):
                raise ApiFailureError(odd_answer("the artifact", "it is not kept behind https"), status=200)
            with requests.get(place, timeout=self._connection.patience.timeout, stream=True) as answer:
                answer.raise_for_status()
                data = bytearray()
                for piece in answer.iter_content(65_536):
                    data += piece
                    if len(data) > most:
                        raise ApiFailureError(
                            odd_answer("the artifact", f"it is larger than {most:,} bytes"), status=200
                        )
                return bytes(data)

    def _get(self, path: str, query: Mapping[str, Any]) -> Any:
        return self._client.requester.requestJsonAndCheck("GET", path, parameters=dict(query))[1]

    def _graphql(self, query: str, variables: dict[str, Any]) -> Any:
        return self._client.requester.graphql_query(query, variables)[1]["data"]


def github_from(environ: Mapping[str, str], token: str, repository: str | None) -> GitHub | None:
    """The repository and the API that the environment names; None without a token. Raises InputError."""
    if not token:
        return None
    api_url = environ.get("GITHUB_API_URL") or "https://api.github.com"
    return GitHub(Connection(api_url=api_url, repository=repository_from(environ, repository), token=token))


def _is_of_base(run: Mapping[str, Any], repository: str, branch: str) -> bool:
    home = (run.get("head_repository") or {}).get("full_name")
    return bool(home == repository and run["head_branch"] == branch and not run["event"].startswith("pull_request"))
