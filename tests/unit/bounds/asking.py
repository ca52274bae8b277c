"""Requests as clients send them, and their bounds at the packaged rates of one day."""

import json
from datetime import date
from typing import Any

from pytest_claude_budget.bounds.bound import NO_ASSUMPTIONS, bound
from pytest_claude_budget.bounds.values import Assumptions, Bound, Request, Unbounded
from pytest_claude_budget.files.rates_file import packaged_rates
from pytest_claude_budget.wire.routes import route

DAY = date(2026, 11, 28)
HAIKU = "claude-haiku-4-5"
"""$1 in, $5 out; a window of 200,000; no premium of regions."""
SONNET = "claude-sonnet-4-6"
"""$3 in, $15 out; a window of 1,000,000; 10% more where an account or an endpoint is of a region."""
MESSAGES = "/v1/messages"


def asking(path: str, value: object, betas: str = "", assumptions: Assumptions = NO_ASSUMPTIONS) -> Bound | Unbounded:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    found = route("POST", path, body, from_sdk="anthropic" in betas or path == MESSAGES)
    assert found is not None
    return bound(Request(route=found, body=body, betas=betas), packaged_rates(), DAY, assumptions)


def bounded(path: str, value: object, betas: str = "", assumptions: Assumptions = NO_ASSUMPTIONS) -> Bound:
    made = asking(path, value, betas, assumptions)
    assert isinstance(made, Bound), made
    return made


def unbounded(path: str, value: object, betas: str = "") -> Unbounded:
    made = asking(path, value, betas)
    assert isinstance(made, Unbounded), made
    return made


def question(text: str = "Hi", model: str = HAIKU, **others: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    return {"model": model, "max_tokens": 1000, "messages": messages, **others}


def counts(made: Bound) -> dict[str, int]:
    return {line.label: line.count for line in made.lines}
