"""The connection to GitHub's API: where it is, who asks, how long an answer is waited for, and what becomes of a failure."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from typing import TYPE_CHECKING

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.github.failures import ApiFailureError, odd_answer, refused, unreachable

if TYPE_CHECKING:
    from github import Github
    from github.GithubRetry import GithubRetry

PER_PAGE = 100
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+", re.ASCII)


@value_class(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long and how often to try. In seconds, but for `tries`."""

    timeout: int = 10
    """For a connection, and for each silence of the server."""
    tries: int = 3
    """Repetitions of what may be repeated."""
    backoff: float = 1
    """The second wait; doubled each time."""
    longest_wait: int = 60
    """A server that asks for more is not waited for."""


@value_class(frozen=True, kw_only=True, slots=True)
class Connection:
    """Where the API is, and who asks."""

    api_url: str
    repository: str
    """`owner/name`."""
    token: str = field(repr=False)
    patience: Patience = Patience()


def repository_from(environ: Mapping[str, str], repository: str | None) -> str:
    """The repository's name. Raises InputError."""
    name = repository or environ.get("GITHUB_REPOSITORY", "")
    if not REPOSITORY.fullmatch(name):
        hint = "give it as owner/name, in GITHUB_REPOSITORY or --repository"
        what = f"expected a repository, got {name[:80]!r}"
        raise InputError(Problem(slug="bad-repository", where="GITHUB_REPOSITORY", what=what, hint=hint))
    return name


def client_of(connection: Connection) -> "Github":
    """The client library, set up for a connection. It waits and repeats as long as the connection's patience lasts."""
    from github import Auth, Github

    patience = connection.patience
    return Github(
        base_url=connection.api_url.rstrip("/"),
        auth=Auth.Token(connection.token),
        timeout=patience.timeout,
        retry=_retry(patience),
        per_page=PER_PAGE,
        user_agent="pytest-claude-budget",
        seconds_between_requests=None,
        seconds_between_writes=None,
        lazy=True,
    )


def _retry(patience: Patience) -> "GithubRetry":
    from github.GithubRetry import GithubRetry

    return GithubRetry(
        total=patience.tries,
        backoff_factor=patience.backoff,
        status_forcelist=[403, 429, *range(500, 600)],
        allowed_methods={"GET", "PATCH"},  # a POST may have been done though its answer was lost
        retry_after_max=patience.longest_wait,
        secondary_rate_wait=patience.longest_wait,
        max_rate_limit_wait=patience.longest_wait,
    )


@contextmanager
def failures(what: str) -> Iterator[None]:
    """Turn whatever the client library raises into an ApiFailureError."""
    import requests
    from github import GithubException

    try:
        yield
    except GithubException as error:
        raise refused(what, error) from None
    except requests.RequestException as error:
        raise unreachable(what, error) from None
    except (KeyError, TypeError, ValueError, AssertionError) as error:  # an answer of a shape that no API of GitHub has
        raise ApiFailureError(
            odd_answer(what, f"its answer was not understood ({type(error).__name__})"), status=200
        ) from None
