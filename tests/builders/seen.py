"""Calls as advice sees them: made of whole requests, so that their fingerprints are real ones."""

import json
from datetime import UTC, datetime
from typing import Any

from pytest_claude_budget.calls.seen import Seen
from pytest_claude_budget.wire.requests import Fingerprints

SONNET = "claude-sonnet-4-5"
"""$3 input, $3.75 and $6 cache writes, $0.30 reads, $15 output per million; caches from 1,024 tokens on."""
START = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
_PRINTS = Fingerprints()


def question(text: str) -> list[dict[str, object]]:
    return [{"role": "user", "content": text}]


def seen(asked: dict[str, Any], at: float = 0, **fields: Any) -> Seen:
    """A simulated call of test `t` to Sonnet 4.5, so many seconds after noon; `asked` is the request without its model."""
    model = fields.get("model", SONNET)
    body = json.dumps({"max_tokens": 1000, **asked, "model": model}, separators=(",", ":")).encode()
    request, _, facts = _PRINTS.of_messages(body)
    usual: dict[str, Any] = {
        **dict.fromkeys(Seen._fields),
        **dict.fromkeys((name for name in Seen._fields if name.endswith(("_tokens", "_requests"))), 0),
        "process": "main",
        "owner": "t",
        "owner_kind": "test",
        "phase": "call",
        "origin": "simulated",
        "model": model,
        "regional": 0,
        "stop_reason": "end_turn",
        "facts": facts,
        "called": None if facts is None else "",
        "request": request,
        "at": START + at,
    }
    return Seen(**usual | fields)
