"""One measured call as advice looks at it: a tuple in the order of the ledger's columns, since a run may have 100,000 of them."""

from typing import NamedTuple


class Seen(NamedTuple):
    """What the ledger has of a call that was measured in full, is billed by its own counts, and was in no batch."""

    at: float
    """Seconds since 1970, UTC, when it was sent."""
    process: str
    owner: str
    owner_kind: str
    phase: str
    feature: str | None
    tier: str | None
    case: str | None
    origin: str
    model: str | None
    requested_model: str | None
    regional: int
    speed: str | None
    inference_geo: str | None
    service_tier: str | None
    stop_reason: str | None
    facts: str | None
    called: str | None
    input_tokens: int
    cache_creation_5m_input_tokens: int
    cache_creation_1h_input_tokens: int
    cache_read_input_tokens: int
    output_tokens: int
    web_search_requests: int
    request: str | None


ASKED, COUNTED = Seen._fields[8:18], Seen._fields[18:24]
"""The fields that many calls share beside their payer, and the counts."""
