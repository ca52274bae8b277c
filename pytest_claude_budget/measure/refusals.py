"""What was refused to leave, for whom, and the words for it."""

import json

from pytest_claude_budget.base.errors import Problem

_WAYS = (
    "answer it by a cassette or a double (one run with --claude-budget-live=allow records it); or mark the test"
    " @pytest.mark.claude_budget(live=True); or allow all, by live_calls: allow in the budget file or"
    " --claude-budget-live=allow"
)
_SIMULATED = "; a host that bills nothing is named under origins: simulated"


class Refusal:
    """One refusal."""

    __slots__ = ("is_heard", "kind", "owner", "phase", "text")

    def __init__(self, owner: str, kind: str, phase: str, text: str) -> None:
        self.owner = owner
        self.kind = kind
        """`test`, `fixture` or `outside`."""
        self.phase = phase
        self.text = text
        """All that is said of it."""
        self.is_heard = False
        """Its owner has failed by it."""


def denied(owner: tuple[str, str, str], by: str, what: str, host: str, *, sent: bool = False) -> Refusal:
    """Nothing may leave: `by` is what says so, `what` what would have, or has where it is `sent`."""
    to = f" was about to leave for {host}" if host else ""
    end = "it could not be held back" if sent else "nothing was sent"
    text = Problem(
        slug="live-call",
        where=owner[0],
        what=f"{what}{to}, and live calls are denied by {by}: {end}",
        hint=_WAYS + _SIMULATED,
    )
    return Refusal(*owner, str(text))


def line_of(refusal: Refusal) -> bytes:
    """A refusal as a line of a file."""
    return json.dumps([refusal.owner, refusal.kind, refusal.phase, refusal.text]).encode() + b"\n"


def lines_from(written: bytes) -> tuple[list[Refusal], int]:
    """The refusals of all whole lines, and how many bytes those are."""
    whole = written[: written.rfind(b"\n") + 1]
    found = []
    for line in whole.splitlines():
        owner, kind, phase, text = map(str, json.loads(line))
        found.append(Refusal(owner, kind, phase, text))
    return found, len(whole)
