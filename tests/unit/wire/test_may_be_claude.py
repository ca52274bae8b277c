"""The quick look lets through whatever the routes would take, and little else."""

import gzip
import json
import zlib
from itertools import product

import pytest

from pytest_claude_budget.wire.may_be_claude import may_be_claude
from pytest_claude_budget.wire.routes import named_in_query, route

TARGETS = (
    "/v1/messages",
    "/v1/messages?beta=true",
    "/proxy/v1/messages/count_tokens",
    "/v1/messages/batches",
    "/v1/messages/batches/msgbatch_1/results",
    "/v1/complete",
    "/v1/chat/completions",
    "/v1/sessions/s1/events",
    "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse",
    "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aprovisioned-model%2Fx/invoke",
    "/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-opus-4-1:rawPredict",
    "/openai/deployments/Claude-Sonnet/chat/completions",
    "/serving-endpoints/my-claude/invocations",
    "/ask?model=claude-haiku-4-5",
    "/ask",
    "/",
)
BODIES = (
    {"model": "claude-sonnet-4-5", "max_tokens": 10, "messages": []},
    {"model": "Claude-Sonnet-4.5", "input": "x"},
    {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 10, "messages": []},
    {"model": "own", "max_tokens": 10, "messages": []},
    {"requests": [{"custom_id": "1", "params": {}}]},
    {"model": "gpt-5", "input": "x"},
    {},
)
PACKINGS = (lambda plain: plain, gzip.compress, zlib.compress, lambda plain: b"\n " + plain)


@pytest.mark.parametrize("from_sdk", [False, True])
def test_no_request_of_claude_is_passed_over(*, from_sdk: bool) -> None:
    """Each path with each body, plain and packed."""
    taken = 0
    for method, target, body, pack in product(("GET", "POST"), TARGETS, BODIES, PACKINGS):
        data = pack(json.dumps(body).encode())
        path, _, query = target.partition("?")
        found = route(method, path, data if method == "POST" else None, from_sdk=from_sdk)
        if found is None and query:
            found = named_in_query(query)
        if found is not None:
            taken += 1
            assert may_be_claude(method, target, data), (method, target, body)
    assert taken > len(TARGETS)


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/users/1", None),
        ("POST", "/users", b'{"name": "Ada"}'),
        ("POST", "/upload", b""),
        ("PUT", "/v1/messages", b"{}"),
        ("POST", "/form", b"name=Ada&city=London"),
    ],
)
def test_what_others_ask_is_let_go_at_once(method: str, target: str, body: bytes | None) -> None:
    """Nothing is loaded for it."""
    assert not may_be_claude(method, target, body)


def test_a_body_that_cannot_be_looked_at_may_be_anybodys() -> None:
    """A stream that only the client may read."""
    assert may_be_claude("POST", "/ask", None)
    assert not may_be_claude("GET", "/ask", None)
