"""What GitHub's API did not do, in words for the user: which status means what, and what may pass."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_claude_budget.base.errors import Problem


class ApiFailureError(Exception):
    """The API did not do it. Never the user's fault alone, and never a reason to change a verdict."""

    def __init__(
        self, problem: Problem, *, status: int | None = None, wait: int | None = None, locked: bool = False
    ) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.status = status
        """The HTTP status, None where no answer came."""
        self.wait = wait
        """Seconds that the server asks to wait."""
        self.locked = locked
        """Nobody may comment, whatever the text."""

    @property
    def again(self) -> bool:
        """Whether it may pass."""
        return self.status is None or self.status == 429 or self.status >= 500 or self.wait is not None

    @property
    def too_long(self) -> bool:
        """GitHub refuses the text itself."""
        return self.status == 422 and not self.locked

    @property
    def gone(self) -> bool:
        """What was asked for is not there, or not any more."""
        return self.status == 404


def refused(what: str, error: Any) -> ApiFailureError:
    """Name what GitHub refused; `error` is the client library's, with status, headers and data."""
    headers: Mapping[str, str] = error.headers or {}
    status = int(error.status)
    after = {name.lower(): value for name, value in headers.items()}.get("retry-after", "")
    limited = after.isdecimal() or "rate limit" in str(error.data).lower()
    if status in {403, 422} and "is locked" in str(error.data).lower():
        return ApiFailureError(_locked(what, status), status=status, locked=True)
    wait = int(after) if after.isdecimal() else 60 if limited else None
    return ApiFailureError(_status_problem(what, status, limited=limited), status=status, wait=wait)


def unreachable(what: str, error: Exception) -> ApiFailureError:
    """No answer, or only errors until patience ran out."""
    gave_up = re.search(r"too many (\d{3}) error responses", str(error))
    if gave_up is not None:
        status = int(gave_up.group(1))
        return ApiFailureError(_status_problem(what, status, limited=status in {403, 429}), status=status, wait=None)
    hint = "run the job again; if it stays so, check the network and the API's address"
    problem = Problem(slug="api-unreachable", where=f"GitHub, {what}", what="the API did not answer in time", hint=hint)
    return ApiFailureError(problem)


def _locked(what: str, status: int) -> Problem:
    fault = f"the conversation of the pull request is locked (status {status})"
    hint = "unlock it to get comments; summary, annotations and status stand without one"
    return Problem(slug="api-locked", where=f"GitHub, {what}", what=fault, hint=hint)


def odd_answer(what: str, fault: str) -> Problem:
    """Say that an answer is none that the API gives."""
    hint = "run the job again; if it stays so, it is a fault of the server or of this action"
    return Problem(slug="api-odd-answer", where=f"GitHub, {what}", what=fault, hint=hint)


_BY_STATUS: Mapping[int, Sequence[str]] = {
    401: ("api-bad-token", "the token is not valid", "check github-token"),
    403: (
        "api-forbidden",
        "the token may not do that",
        "give the job `permissions: pull-requests: write`; of a fork, post from a second workflow",
    ),
    404: (
        "api-not-found",
        "there is nothing there that this token may see",
        "check the repository, and that the job has `permissions: pull-requests: write`",
    ),
    422: ("api-rejected", "GitHub does not accept it", "the text may be too long"),
}


def _status_problem(what: str, status: int, *, limited: bool) -> Problem:
    slug, fault, hint = _BY_STATUS.get(status, ("api-error", "the API failed", "run the job again later"))
    if limited:
        slug, fault, hint = "api-rate-limit", "GitHub asks us to slow down", "run the job again later"
    return Problem(slug=slug, where=f"GitHub, {what}", what=f"{fault} (status {status})", hint=hint)
