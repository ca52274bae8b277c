"""What a request says, by whatever route it goes."""

from pytest_claude_budget.wire.encodings import GZIP, unpacked
from pytest_claude_budget.wire.lifetimes import lifetimes_in
from pytest_claude_budget.wire.request_facts import OPEN_TEXT
from pytest_claude_budget.wire.requests import LARGEST_CANONICAL, Fingerprints, asks_for_more, of_batch
from pytest_claude_budget.wire.routes import Kind

# Python 3.11 searches an enum's class at each look.
_MESSAGES, _GUESS, _COMPATIBLE = Kind.MESSAGES, Kind.GUESS, Kind.COMPATIBLE

Read = tuple[bytes | None, str | None, bool, frozenset[str] | None, str | None]
"""The request's body, its fingerprint, whether it asks for more, lifetimes that the fingerprint does not list, and its facts."""


def read_request(body: bytes | None, kind: Kind, betas: str, prints: Fingerprints) -> Read:
    """Read a request of one kind; `betas` is its header."""
    if body is not None and body.startswith(GZIP):
        body = unpacked(body)
    if kind is _MESSAGES or kind is _GUESS or kind is _COMPATIBLE:
        print_, more, facts = prints.of_messages(body, betas)
    elif kind is Kind.CONVERSE:
        print_, more, facts = prints.of_converse(body), False, OPEN_TEXT
    else:
        print_, more, facts = of_batch(body) if kind is Kind.BATCH_CREATE else None, asks_for_more(body), None
    is_long = body is not None and len(body) > LARGEST_CANONICAL
    return body, print_, more, lifetimes_in(body) if is_long else None, facts
