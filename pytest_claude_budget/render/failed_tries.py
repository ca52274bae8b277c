"""Failed tries in words: what kind of failure it was, whose, and the way out."""

from collections.abc import Mapping, Sequence

from pytest_claude_budget.calls.failure import Failure
from pytest_claude_budget.record.failed_tries import FailedTries
from pytest_claude_budget.render.terminal_text import shortened_id

_SHORTEST = 24
"""Characters of a test's id that are shown, however long the rest of the line is."""

_WORDS: Mapping[Failure, tuple[str, str]] = {
    Failure.AUTHENTICATION: ("authentication", "set a key that may use the model"),
    Failure.BILLING: ("billing", "add credit, or raise the spend limit"),
    Failure.MODEL: ("model name", "correct it, or ask for access"),
    Failure.CONTEXT_LENGTH: ("too long", "shorten the prompt, or lower max_tokens"),
    Failure.MALFORMED: ("malformed request", "see the error's message"),
    Failure.RATE_LIMIT: ("rate limit", "ask less at once, or raise the limit"),
    Failure.OVERLOADED: ("overloaded", "wait and try again"),
    Failure.SERVER: ("server error", "try again"),
    Failure.CONNECTION: ("connection", "check base URL, network and proxy"),
    Failure.OTHER: ("other", "see the test's own error"),
}


def kind_words(failure: Failure) -> str:
    """What a kind is called."""
    return _WORDS[failure][0]


def way_out(failure: Failure) -> str:
    """What to do about a kind, in a few words."""
    return _WORDS[failure][1]


def failed_tries_lines(rows: Sequence[FailedTries], width: int) -> list[str]:
    """A line for each kind, the most frequent first: `failed: 2 overloaded (test_a.py::test_one and 1 more): wait and try again`."""
    lines = []
    for failure, attempts, owners in by_kind(rows):
        more = f" and {len(owners) - 1:,} more" if len(owners) > 1 else ""
        head, tail = f"failed: {attempts:,} {kind_words(failure)} (", f"{more}): {way_out(failure)}"
        room = max(_SHORTEST, width - len(head) - len(tail))
        lines.append(f"{head}{shortened_id(owners[0], room)}{tail}")
    return lines


def by_kind(rows: Sequence[FailedTries]) -> list[tuple[Failure, int, list[str]]]:
    """Each kind with its number and its owners, those with most of them first."""
    kinds: dict[Failure, list[FailedTries]] = {}
    for row in rows:
        kinds.setdefault(row.failure, []).append(row)
    found = []
    for failure, own in kinds.items():
        own.sort(key=lambda row: (-row.attempts, row.owner))
        found.append((failure, sum(row.attempts for row in own), [row.owner for row in own]))
    return sorted(found, key=lambda kind: (-kind[1], kind[0].value))
