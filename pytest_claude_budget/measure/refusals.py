"""What was refused to leave, for whom, and the words for it."""

import json

from pytest_claude_budget.base.errors import Problem

_WAYS = (
    "answer it by a cassette or a double (one run with --claude-budget-live=allow records it); or mark the test"
    " @pytest.mark.claude_budget(live=True); or allow all, by live_calls: allow in the budget file or"
    " --claude-budget-live=allow"
)
_SIMULATED = "; a host that bills nothing is named under origins: simulated"


UNHELD = "the cap, which cannot be held here,"
"""What refuses a call where nobody knows how much of the cap is left, as its user knows it."""
UNBOUNDED = "the cap, without a bound for them,"
"""The same where the most that a call can cost is not known."""


class Refusal:
    """One refusal."""

    __slots__ = ("by", "ended", "is_heard", "kind", "owner", "phase", "text")

    def __init__(self, owner: str, kind: str, phase: str, text: str, ended: str = "") -> None:
        self.owner = owner
        self.kind = kind
        """`test`, `fixture` or `outside`."""
        self.phase = phase
        self.text = text
        """All that is said of it."""
        self.ended = ended
        """What had no room for it, such as `the cap of $5.00`; empty where live calls are denied."""
        self.by = ""
        """The worker that tells its tests of it, and hands it over at its end if it has one; empty for other processes."""
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


def no_cap(owner: tuple[str, str, str], why: str) -> Refusal:
    """Nobody knows how much of the cap is left."""
    text = Problem(
        slug="no-cap",
        where=owner[0],
        what=f"a call to Claude was not sent: the cap of the run cannot be held here ({why})",
        hint="see that the budget file and the run's files in .pytest_cache are left alone, and that its database, if it has one,"
        " can be reached; or run without the cap",
    )
    return Refusal(*owner, str(text), UNHELD)


def no_more_calls(owner: tuple[str, str, str], most: int, where: str, model: str | None) -> Refusal:
    """A part of a test has no room for another live call."""
    text = Problem(
        slug="over-cap",
        where=where,
        what=f"a call to Claude ({model or 'of an unknown model'}) was not sent: claude_budget.limit(max_calls={most}) has no room for it",
        hint="make fewer calls inside, or raise max_calls",
    )
    return Refusal(*owner, str(text))


def line_of(refusal: Refusal) -> bytes:
    """A refusal as a line of a file."""
    return (
        json.dumps([refusal.owner, refusal.kind, refusal.phase, refusal.text, refusal.ended, refusal.by]).encode()
        + b"\n"
    )


def lines_from(written: bytes) -> tuple[list[Refusal], int]:
    """The refusals of all whole lines, and how many bytes those are."""
    whole = written[: written.rfind(b"\n") + 1]
    found = []
    for line in whole.splitlines():
        owner, kind, phase, text, ended, by = map(str, json.loads(line))
        found.append(Refusal(owner, kind, phase, text, ended))
        found[-1].by = by
    return found, len(whole)
