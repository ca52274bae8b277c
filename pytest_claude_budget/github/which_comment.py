"""Which comment of a pull request is ours, and what is to become of it. Decided here; `github` only does it.

A comment of ours begins with a marker, a line that no reader sees. Only a body that our own token's user wrote is ever
read for one, so that nobody else can hand us a comment to overwrite.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.github.comment_mode import Mode

LONGEST = 65_500
"""Characters of a body; GitHub refuses more than 65,536."""
LONGEST_TITLE = 100

_STILL = frozenset({"unchanged", "deselected", "skipped", "not_reached", "not_requested"})

TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,49}", re.ASCII)
_MARKER = re.compile(
    rf"<!-- pytest-claude-budget tag=({TAG.pattern}) run=([1-9]\d{{0,19}}) attempt=([1-9]\d{{0,5}}) -->(?:\r?\n|\Z)",
    re.ASCII,
)


@value_class(frozen=True, kw_only=True, slots=True, order=True)
class RunKey:
    """A workflow run. Later ones are greater: GitHub counts run ids up, and attempts within a run."""

    run: int
    attempt: int = 1


@value_class(frozen=True, kw_only=True, slots=True)
class Marker:
    """Whose comment it is, and of which run."""

    tag: str
    """Tells the budgets of one repository apart."""
    key: RunKey

    def __str__(self) -> str:
        return f"<!-- pytest-claude-budget tag={self.tag} run={self.key.run} attempt={self.key.attempt} -->"


def marker_of(body: str) -> Marker | None:
    """The marker that a body begins with, to the letter as we write it; nothing further down counts."""
    found = _MARKER.match(body)
    if found is None:
        return None
    tag, run, attempt = found.groups()
    return Marker(tag=tag, key=RunKey(run=int(run), attempt=int(attempt)))


@value_class(frozen=True, kw_only=True, slots=True)
class Comment:
    """A comment that our own token's user wrote, whatever it says."""

    id: int
    node_id: str
    body: str
    url: str


@value_class(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What a run has to say."""

    marker: Marker
    text: str
    """Markdown without the marker."""
    short: str
    """Stands in for a text that is too long for a comment."""
    mode: Mode = Mode.UPDATE
    worth_a_first: bool = True
    """False where nothing changed: then only a comment that is there already is brought up to date."""

    @property
    def body(self) -> str:
        """The comment as it is posted."""
        whole = f"{self.marker}\n{self.text}"
        return whole if len(whole) <= LONGEST else self.short_body

    @property
    def short_body(self) -> str:
        """The comment where GitHub refuses the whole one."""
        return f"{self.marker}\n{self.short}"


class Act(Enum):
    """What to do."""

    KEEP = "keep"
    CREATE = "create"
    UPDATE = "update"


@value_class(frozen=True, kw_only=True, slots=True)
class Decision:
    """What to do, and with which comments."""

    act: Act
    reason: str
    """Why, in words for the log."""
    comment: Comment | None = None
    """The one to update, or the one that stays as it is."""
    hide: tuple[Comment, ...] = ()


def decide(written: Sequence[Comment], wanted: Wanted) -> Decision:
    """What becomes of the comments of our own token's user. Asked again after any failure, it does not post twice."""
    if wanted.mode is Mode.OFF:
        return Decision(act=Act.KEEP, reason="comments are off")
    ours = _tagged(written, wanted.marker.tag)
    key, last = ours[-1] if ours else (None, None)
    if key is not None and key > wanted.marker.key:
        return Decision(act=Act.KEEP, reason="a newer run has reported already", comment=last)
    earlier = tuple(comment for _, comment in ours[:-1])
    if last is not None and _said(last.body) in {_said(wanted.body), _said(wanted.short_body)}:
        # Where this very run has posted and failed to hide what was there before, that is left to do.
        again = wanted.mode is Mode.HIDE_AND_NEW and key == wanted.marker.key
        hide = earlier if again or wanted.mode is Mode.UPDATE else ()
        return Decision(act=Act.KEEP, reason="the comment says so already", comment=last, hide=hide)
    if last is None and not wanted.worth_a_first:
        return Decision(act=Act.KEEP, reason="nothing changed, so there is nothing to say")
    if last is not None and (wanted.mode is Mode.UPDATE or key == wanted.marker.key):
        hide = earlier if wanted.mode is Mode.UPDATE else ()
        reason = "the comment of an earlier run is brought up to date"
        return Decision(act=Act.UPDATE, reason=reason, comment=last, hide=hide)
    hide = tuple(comment for _, comment in ours) if wanted.mode is Mode.HIDE_AND_NEW else ()
    return Decision(act=Act.CREATE, reason="a new comment", hide=hide)


def left_over(written: Sequence[Comment], wanted: Wanted) -> tuple[Comment, ...]:
    """What to fold away after a post: where two runs posted at once, the newer run's comment stays."""
    ours = _tagged(written, wanted.marker.tag) if wanted.mode is Mode.UPDATE else []
    return tuple(comment for _, comment in ours[:-1])


def _tagged(written: Iterable[Comment], tag: str) -> list[tuple[RunKey, Comment]]:
    """Those of this tag, the newest run's last."""
    marked = [(marker_of(comment.body), comment) for comment in written]
    ours = [(marker.key, comment) for marker, comment in marked if marker is not None and marker.tag == tag]
    return sorted(ours, key=lambda pair: (pair[0], pair[1].id))


def _said(body: str) -> str:
    """What a reader sees: the marker names the run, so it is no part of it."""
    return _MARKER.sub("", body, count=1).replace("\r\n", "\n").strip()


def worth_a_first(document: Mapping[str, Any]) -> bool:
    """Whether a report tells of anything: a change against its baseline, or a verdict that is not plainly good."""
    comparison = document["comparison"]
    if document["verdict"]["outcome"] not in {"within", "unjudged"} or comparison is None or document["stale"]:
        return True
    exempt = {row["owner"] for row in document.get("exempt") or ()}  # of those nobody ever knows what moved
    owners = [owner for owner in comparison["owners"] if owner["status"] != "not_known" or owner["owner"] not in exempt]
    moved = any(owner["status"] not in _STILL and not owner["noise"] for owner in owners)
    return moved or Decimal(comparison["judged"]) != 0
