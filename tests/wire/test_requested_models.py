"""What the request's model says and the answer's does not is priced: a region, fast mode, a profile."""

from datetime import date
from decimal import Decimal

import pytest

from pytest_claude_budget.files.read_write import load_rates_document
from pytest_claude_budget.pricing.price import Price, price
from pytest_claude_budget.pricing.rates import parse_rates
from pytest_claude_budget.wire.messages import Exchange, read_answer
from pytest_claude_budget.wire.requests import Fingerprints, asks_for_more
from pytest_claude_budget.wire.routes import Kind, Route
from pytest_claude_budget.wire.sse import StreamReader
from tests.wire.answers import body, event, message, usage

TODAY = date(2026, 11, 24)
TABLE = parse_rates(load_rates_document())
PROFILE = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/x1"
VERTEX = "projects/p/locations/us-east5/publishers/anthropic/models/claude-sonnet-4-5@20250929"


def asking(model: str) -> Exchange:
    """An exchange whose request names this model in its body, as the hook makes it."""
    request = body({"max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}], "model": model})
    return Exchange(
        route=Route(kind=Kind.MESSAGES),
        http_status=200,
        asked=request,
        asks_for_more=asks_for_more(request),
    )


def cost(asked: str, answered: str) -> Price:
    """1,000 tokens in, 100 out."""
    told = body(message(model=answered, usage=usage(input_tokens=1_000, output_tokens=100)))
    answer = read_answer(told, asking(asked))
    assert answer is not None
    return price(answer, TODAY, TABLE)


@pytest.mark.parametrize(
    ("asked", "answered", "dollars"),
    [
        # Sonnet 4.5: (1,000 x $3 + 100 x $15) / 1,000,000 = $0.0045; a regional endpoint is 10% more.
        ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "0.0045"),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929", "0.0045"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929", "0.00495"),
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929", "0.00495"),
        ("bedrock/eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929", "0.00495"),
        (VERTEX, "claude-sonnet-4-5-20250929", "0.00495"),
        # Opus 5: (1,000 x $5 + 100 x $25) / 1,000,000 = $0.0075; its fast mode is $10 and $50, which is $0.015.
        ("anthropic/claude-opus-5", "claude-opus-5", "0.0075"),
        ("anthropic/claude-opus-5-fast", "claude-opus-5", "0.015"),
    ],
)
def test_what_only_the_request_says_is_priced(asked: str, answered: str, dollars: str) -> None:
    """The answer names a plain model."""
    assert cost(asked, answered).amount == Decimal(dollars)


def test_an_opaque_profile_leaves_a_note() -> None:
    """The answer says which model it is, and nobody where the profile runs: $0.0045, without a premium."""
    priced = cost(PROFILE, "claude-sonnet-4-5-20250929")
    assert priced.amount == Decimal("0.0045")
    assert priced.notes == (
        "an application inference profile does not say where it runs: priced without a regional premium",
    )


def test_what_only_the_request_says_is_priced_in_a_stream_too() -> None:
    """(1,000 x $3 + 100 x $15) / 1,000,000 x 1.1 = $0.00495."""
    reader = StreamReader(asking("us.anthropic.claude-sonnet-4-5-20250929-v1:0"))
    start = message(model="claude-sonnet-4-5-20250929", usage=usage(input_tokens=1_000, output_tokens=1))
    reader.feed(event("message_start", {"type": "message_start", "message": start}))
    delta = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 100}}
    reader.feed(event("message_delta", delta))
    answer = reader.answer(ended=True)
    assert answer is not None
    assert price(answer, TODAY, TABLE).amount == Decimal("0.00495")


@pytest.mark.parametrize(
    ("request_body", "more"),
    [
        (b'{"model":"claude-opus-4-6-fast"}', True),
        (b'{"model" : "us.anthropic.claude-opus-4-6-v1"}', True),
        (b'{"model":"claude-opus-4-6","messages":["arn:aws"]}', False),
        (b'{"model":"claude-opus-4-6","system":"be quick, like model-fast or anthropic.com"}', False),
        (b'{"max_tokens":9,"messages":[{"role":"user","content":"Hi"}],"model":"claude-opus-4-6-fast"}', True),
        (b'{"max_tokens":9,"messages":[{"role":"user","content":"arn:"}],"model":"claude-opus-4-6"}', False),
        (b"", False),
        (None, False),
    ],
)
def test_only_a_model_that_tells_more_has_the_request_read(request_body: bytes | None, *, more: bool) -> None:
    """Text of the user's that looks so does not."""
    assert asks_for_more(request_body) is more
    made = Fingerprints()
    for _ in range(2):  # the second time it is remembered
        assert made.of_messages(request_body)[1] is more
