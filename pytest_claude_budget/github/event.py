"""What started the workflow, from GitHub's own payload: facts that no pull request's author can write."""

import re
from collections.abc import Mapping
from typing import Any

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.github.which_comment import RunKey

_NO_COMMIT = "0" * 40
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_QUEUED = re.compile(r"refs/heads/gh-readonly-queue/.+/pr-([1-9]\d{0,8})-[0-9a-f]+", re.ASCII)
"""A branch of the merge queue. Nobody else may write there."""


@value_class(frozen=True, kw_only=True, slots=True)
class ForeignRun:
    """The run that a `workflow_run` event tells of."""

    key: RunKey
    head_sha: str
    head: str
    """`owner:branch`."""
    repository: str
    event: str


@value_class(frozen=True, kw_only=True, slots=True)
class Event:
    """Who runs, for whom, and what it is to be compared with."""

    name: str
    repository: str
    key: RunKey
    sha: str
    """The commit that is checked out by default; of a pull request, its merge with the base."""
    pull_request: int | None = None
    head_sha: str = ""
    base_sha: str = ""
    """The base as the event knows it, empty where there is none: of a push, the commit that was there before it."""
    forced: bool = False
    """A push that replaced what was there before."""
    base_branch: str = ""
    fork: bool = False
    labels: frozenset[str] = frozenset()
    queued: int | None = None
    """The pull request whose turn it is in the merge queue."""
    commits: tuple[str, ...] = ()
    """What a push brings, as the event lists it."""
    foreign: ForeignRun | None = None
    workflow: str = ""
    """File name of the workflow."""

    @property
    def compares_with_itself(self) -> bool:
        """Nothing is merged: the newest committed baseline is the one that holds."""
        return not self.base_sha

    @property
    def base_is_exact(self) -> bool:
        """Is `base_sha` what was there before? One push, or one group of a merge queue, may bring several merges."""
        return self.name in ("push", "merge_group")

    @property
    def is_of_a_merge(self) -> bool:
        """Does `sha` name the merge of a pull request? `pull_request_target` runs on the base itself."""
        return self.pull_request is not None and self.name != "pull_request_target"

    @property
    def why_no_base(self) -> str:
        """Why there is nothing that was before, for a person."""
        if self.name == "push":
            return "before this push there was no such branch or tag"
        return f"{self.name or 'a run like this'} has no commit that was before"


def event_from(environ: Mapping[str, str], payload: Mapping[str, Any]) -> Event:
    """Read the runner's variables and the event's payload. What is missing is left empty, never made up."""
    name = environ.get("GITHUB_EVENT_NAME", "")
    repository = environ.get("GITHUB_REPOSITORY", "")
    pull = _mapping(payload, "pull_request") if name.startswith("pull_request") else {}
    return Event(
        name=name,
        repository=repository,
        key=RunKey(run=_number(environ, "GITHUB_RUN_ID"), attempt=_number(environ, "GITHUB_RUN_ATTEMPT")),
        sha=environ.get("GITHUB_SHA", ""),
        pull_request=int(pull["number"]) if pull else None,
        head_sha=_sha(_mapping(pull, "head").get("sha")),
        base_sha=_base(name, payload),
        base_branch=_base_branch(environ, payload),
        forced=name == "push" and payload.get("forced") is True,
        # A head whose repository was deleted is nobody's of ours.
        fork=bool(pull) and _mapping(_mapping(pull, "head"), "repo").get("full_name") != repository,
        labels=frozenset(str(label["name"]) for label in pull.get("labels") or ()),
        queued=_queued(_mapping(payload, "merge_group")) if name == "merge_group" else None,
        commits=_commits(payload) if name == "push" else (),
        foreign=_foreign(_mapping(payload, "workflow_run")) if name == "workflow_run" else None,
        workflow=_workflow(environ.get("GITHUB_WORKFLOW_REF", "")),
    )


def _base(name: str, payload: Mapping[str, Any]) -> str:
    if name.startswith("pull_request"):
        return _sha(_mapping(_mapping(payload, "pull_request"), "base").get("sha"))
    if name == "merge_group":
        return _sha(_mapping(payload, "merge_group").get("base_sha"))
    return _sha(payload.get("before")) if name == "push" else ""


def _base_branch(environ: Mapping[str, str], payload: Mapping[str, Any]) -> str:
    """The branch that a change goes to; else the one that runs."""
    queue = str(_mapping(payload, "merge_group").get("base_ref", "")).removeprefix("refs/heads/")
    return environ.get("GITHUB_BASE_REF", "") or queue or environ.get("GITHUB_REF_NAME", "")


def _queued(group: Mapping[str, Any]) -> int | None:
    found = _QUEUED.fullmatch(str(group.get("head_ref", "")))
    return int(found.group(1)) if found else None


def _commits(payload: Mapping[str, Any]) -> tuple[str, ...]:
    listed = payload.get("commits")
    found = [_sha(each.get("id")) for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    return tuple(filter(None, found))


def _foreign(run: Mapping[str, Any]) -> ForeignRun:
    home = _mapping(run, "head_repository")
    return ForeignRun(
        key=RunKey(run=int(run["id"]), attempt=int(run["run_attempt"])),
        head_sha=_sha(run["head_sha"]),
        head=f"{_mapping(home, 'owner').get('login', '')}:{run['head_branch']}",
        repository=str(home.get("full_name", "")),
        event=str(run["event"]),
    )


def _workflow(ref: str) -> str:
    """`owner/name/.github/workflows/test.yml@refs/heads/main` is `test.yml`."""
    return ref.partition("@")[0].rpartition("/")[2]


def _sha(value: object) -> str:
    return value if isinstance(value, str) and _SHA.fullmatch(value) and value != _NO_COMMIT else ""


def _number(environ: Mapping[str, str], name: str) -> int:
    text = environ.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 20 and int(text) else 1


def _mapping(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}
