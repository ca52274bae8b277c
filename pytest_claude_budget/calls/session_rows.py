"""How the ledger holds what was seen of sessions of Managed Agents: an answer each, told apart by their endpoints."""

from pytest_claude_budget.calls.call import Answer, Call

CREATED = "session_create"
SENT = "session_send"
STATE = "session_state"
"""Sums of a session since its beginning. `item_id`: the millionths of an hour for which it ran."""
THREAD = "session_thread"
"""Sums of a thread, whose id is `item_id`."""
REQUEST = "session_request"
"""One request to a model. `item_id`: `thread/event`, without a thread where the session's own events have it."""
ENDPOINTS = frozenset((CREATED, SENT, STATE, THREAD, REQUEST))
"""In all, `batch_id` is the session's id."""

RUNNING, SEVERAL, BEGUN = "still running", "of several agents", "with first events"
"""Parts of the reason of a creation or of sums."""


def has(row: Call, part: str) -> bool:
    """Is this a part of its reason?"""
    return part in (row.answer.reason or "").split("; ")


def named(*parts: str | None) -> str | None:
    """A reason of those that are there."""
    return "; ".join(filter(None, parts)) or None


def thread_and_event(answer: Answer) -> tuple[str, str]:
    """Where a request was read, and what it is known by."""
    thread, _, event = (answer.item_id or "").rpartition("/")
    return thread, event


def microhours(answer: Answer) -> int:
    """For how long a session had run."""
    said = answer.item_id or ""
    return int(said) if said.isdecimal() else 0
