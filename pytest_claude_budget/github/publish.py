"""Posts a comment once, however often the API fails on the way."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.github.comment_mode import Mode
from pytest_claude_budget.github.failures import ApiFailureError
from pytest_claude_budget.github.which_comment import Act, Comment, Decision, Wanted, decide, left_over

ROUNDS = 4
_LONGEST_WAIT = 60


class Conversation(Protocol):
    """What posting needs of the API."""

    def own_comments(self, number: int) -> Sequence[Comment]:
        """Every comment that our own token's user wrote."""

    def create_comment(self, number: int, body: str) -> str:
        """Post a comment; returns its address."""

    def update_comment(self, comment: Comment, body: str) -> None:
        """Replace the text of a comment."""

    def hidden(self, comments: Sequence[Comment]) -> frozenset[str]:
        """The node ids of those that are folded away already."""

    def hide_comment(self, comment: Comment) -> None:
        """Fold a comment away."""


@value_class(frozen=True, kw_only=True, slots=True)
class Published:
    """What came of it."""

    url: str
    """The address of our comment, empty where there is none."""
    reason: str


def publish(conversation: Conversation, number: int, wanted: Wanted, pause: Callable[[float], None]) -> Published:
    """Bring our comment up to date; raises ApiFailureError when the API does not come to itself.

    Each round looks first at what is there, so that a comment whose answer was lost is found and not posted twice.
    """
    for round_ in range(1, ROUNDS + 1):
        try:
            return _once(conversation, number, wanted)
        except ApiFailureError as failure:
            if round_ == ROUNDS or not (failure.again or failure.too_long):
                raise
            if failure.too_long:
                if wanted.text == wanted.short:
                    raise
                wanted = replace(wanted, text=wanted.short)
                continue
            pause(min(2**round_ if failure.wait is None else failure.wait, _LONGEST_WAIT))
    raise AssertionError("the last round returns or raises")


def _once(conversation: Conversation, number: int, wanted: Wanted) -> Published:
    decision = decide(conversation.own_comments(number), wanted)
    url, created = _act(conversation, number, wanted, decision)
    # Another run may have posted since we looked. Of two, the one that looks last sees both comments, and folds one away;
    # or it sees that an older run, which had looked before us, has written over what we wrote.
    written = conversation.own_comments(number) if created or decision.act is Act.UPDATE else ()
    hide = left_over(written, wanted) if created else ()
    if not created and written and (over := decide(written, wanted)).act is Act.UPDATE:
        _act(conversation, number, wanted, over)
    try:
        _hide(conversation, (*decision.hide, *(each for each in hide if each not in decision.hide)))
    except ApiFailureError as failure:
        if failure.again or wanted.mode is not Mode.UPDATE:
            raise
        # What was asked for is done: our comment is there and says what it should.
        return Published(url=url, reason=f"{decision.reason}; an older one could not be folded away")
    return Published(url=url, reason=decision.reason)


def _act(conversation: Conversation, number: int, wanted: Wanted, decision: Decision) -> tuple[str, bool]:
    """The address of the comment, and whether it is a new one."""
    if decision.act is Act.CREATE:
        return conversation.create_comment(number, wanted.body), True
    if decision.comment is None:
        return "", False
    if decision.act is Act.UPDATE:
        try:
            conversation.update_comment(decision.comment, wanted.body)
        except ApiFailureError as failure:
            if not failure.gone:
                raise
            return conversation.create_comment(number, wanted.body), True  # somebody deleted it since we looked
    return decision.comment.url, False


def _hide(conversation: Conversation, comments: Sequence[Comment]) -> None:
    """Fold comments away, but for those that are so already: a person may have said why."""
    hidden = conversation.hidden(comments) if comments else frozenset()
    for comment in comments:
        if comment.node_id not in hidden:
            conversation.hide_comment(comment)
