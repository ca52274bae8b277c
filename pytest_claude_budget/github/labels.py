"""Does a label accept the increase? The pull request's own; in the merge queue and after the merge, that of what came in."""

from collections.abc import Sequence
from typing import Protocol

from pytest_claude_budget.base.errors import Problem
from pytest_claude_budget.base.schema_errors import suggestion
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.github.api import PullRequest
from pytest_claude_budget.github.event import Event
from pytest_claude_budget.github.failures import ApiFailureError


class Labels(Protocol):
    """What the API tells of labels."""

    def pull_request(self, number: int) -> PullRequest:
        """A pull request as it is now."""

    def merged_with(self, commits: Sequence[str], branch: str) -> Sequence[PullRequest] | None:
        """The pull requests that brought the commits to the branch; None where one of them came without."""

    def label_names(self) -> Sequence[str]:
        """Every label of the repository."""


@value_class(frozen=True, kw_only=True, slots=True)
class Answer:
    """Whether a label accepts."""

    reason: str = ""
    """For a reader, what accepts; empty where nothing does."""
    problem: Problem | None = None
    """What the user should mend or know of."""


def accepted_by(label: str, event: Event, pull: PullRequest | None, api: Labels | None) -> Answer:
    """Look for the label. `pull` is the run's own pull request as it is now, None where it could not be asked for."""
    if not label:
        return Answer()
    try:
        pulls = _pulls(event, pull, api)
        if pulls and all(_has(each.labels, label) for each in pulls):
            return Answer(reason=f"the label {label}{'' if event.pull_request else _of(pulls)}")
        return Answer(problem=None if api is None else _unknown(label, api.label_names()))
    except ApiFailureError as failure:
        return Answer(problem=None if event.pull_request else failure.problem)  # there, the comment fails by the same


def _pulls(event: Event, pull: PullRequest | None, api: Labels | None) -> Sequence[PullRequest]:
    """What the run is of; one push may bring several, and each has to be accepted."""
    if event.pull_request is not None:
        old = PullRequest(number=event.pull_request, head_sha=event.head_sha, labels=event.labels)
        return [old if pull is None else pull]
    if api is None:
        return ()
    if event.queued is not None:
        return [api.pull_request(event.queued)]
    return (api.merged_with(event.commits, event.base_branch) or ()) if event.commits else ()


def _of(pulls: Sequence[PullRequest]) -> str:
    numbers = ", ".join(str(each.number) for each in pulls[:5])
    return f" of pull request{'s' if len(pulls) > 1 else ''} {numbers}{' and more' if len(pulls) > 5 else ''}"


def _has(labels: frozenset[str], label: str) -> bool:
    """GitHub tells no labels apart by their capitals."""
    return label.casefold() in {each.casefold() for each in labels}


def _unknown(label: str, known: Sequence[str]) -> Problem | None:
    """Say that no pull request can have it, as after a typing error."""
    if _has(frozenset(known), label):
        return None
    near = suggestion(label, [each.lower() for each in known])
    hint = f"{near or 'correct it in the workflow file'}; or create the label: until then it accepts nothing"
    what = f"this repository has no label {label[:80]!r}"
    return Problem(slug="unknown-label", where="input accept-label", what=what, hint=hint)
