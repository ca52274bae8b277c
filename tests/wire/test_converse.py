"""Answers of Amazon Bedrock's Converse, and what its headers and guardrails say of all answers."""

from datetime import date
from decimal import Decimal

import pytest

from pytest_claude_budget.calls.call import Answer, Status, Usage
from pytest_claude_budget.files.read_write import load_rates_document
from pytest_claude_budget.pricing.price import price
from pytest_claude_budget.pricing.rates import parse_rates
from pytest_claude_budget.wire.answer_headers import NO_HEADERS, TELLING, Headers
from pytest_claude_budget.wire.messages import Exchange, read_answer
from pytest_claude_budget.wire.requests import Fingerprints
from pytest_claude_budget.wire.routes import Kind
from tests.wire.answers import Json, body, exchange, message, usage

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
GLOBAL = "global.anthropic.claude-sonnet-4-5-20250929-v1:0"
ROUTER = "arn:aws:bedrock:us-east-1:123456789012:prompt-router/x1"
TABLE, TODAY = parse_rates(load_rates_document()), date(2026, 11, 24)


def conversed(content: object = ({"text": "Hello"},), **fields: object) -> Json:
    """An answer of Converse."""
    return {
        "metrics": {"latencyMs": 551},
        "output": {"message": {"content": content, "role": "assistant"}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 1_000, "outputTokens": 200, "serverToolUsage": {}, "totalTokens": 1_200},
        **fields,
    }


def counted(**counts: object) -> Json:
    """A usage with these fields on top."""
    return {"inputTokens": 1_000, "outputTokens": 200, **counts}


def of(value: object, model: str = MODEL, asked: Exchange | None = None, *, opaque: bool = False) -> Answer:
    asked = asked or exchange(Kind.CONVERSE, model=model, requested=None, opaque=opaque)
    answer = read_answer(body(value), asked)
    assert answer is not None
    return answer


def dollars(answer: Answer) -> Decimal | None:
    return price(answer, TODAY, TABLE).amount


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        # Sonnet 4.5: 1,000 x 3 + 200 x 15 = 6,000 millionths; a tenth more wherever the profile is not the global one
        (GLOBAL, "0.006"),
        (MODEL, "0.0066"),
        ("eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "0.0066"),
        ("apac.anthropic.claude-sonnet-4-5-20250929-v1:0", "0.0066"),
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", "0.0066"),
        (f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{GLOBAL}", "0.006"),
        (f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{MODEL}", "0.0066"),
    ],
)
def test_the_profile_in_the_path_decides_the_premium(model: str, expected: str) -> None:
    """By its geography; the answer names no model."""
    answer = of(conversed(), model)
    assert (answer.status, answer.endpoint, answer.model) == (Status.MEASURED, "converse", model)
    assert answer.usage == Usage(input_tokens=1_000, output_tokens=200)
    assert dollars(answer) == Decimal(expected)


def test_a_profile_of_ones_own_says_no_model() -> None:
    """The user's aliases must."""
    answer = of(conversed(), "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/x1")
    assert answer.status is Status.MEASURED
    assert dollars(answer) is None


def test_cache_writes_are_counted_by_their_lifetime() -> None:
    """1,000 x 3 + 400 x 3.75 + 600 x 6 + 5,000 x 0.30 + 200 x 15 = 12,600 millionths: $0.0126."""
    details = [{"ttl": "1h", "inputTokens": 600}, {"ttl": "5m", "inputTokens": 400}]
    told = counted(cacheReadInputTokens=5_000, cacheWriteInputTokens=1_000, cacheDetails=details)
    answer = of(conversed(usage=told), GLOBAL)
    assert answer.usage == Usage(
        input_tokens=1_000,
        cache_creation_5m_input_tokens=400,
        cache_creation_1h_input_tokens=600,
        cache_read_input_tokens=5_000,
        output_tokens=200,
    )
    assert dollars(answer) == Decimal("0.0126")


def asking(*ttls: str) -> Exchange:
    """An exchange whose request has cache points with these lifetimes; empty for the default one."""
    points = [{"cachePoint": {"type": "default", **({"ttl": ttl} if ttl else {})}} for ttl in ttls]
    system = [part for point in points for part in ({"text": "Be brief."}, point)]
    request = body({"messages": [{"role": "user", "content": [{"text": "Hi"}]}], "system": system})
    return exchange(Kind.CONVERSE, model=GLOBAL, requested=None)._replace(request=Fingerprints().of_converse(request))


@pytest.mark.parametrize(
    ("ttls", "five", "hour", "status"),
    [
        (("1h",), 0, 1_000, Status.MEASURED),
        (("5m",), 1_000, 0, Status.MEASURED),
        (("",), 1_000, 0, Status.MEASURED),
        ((), 1_000, 0, Status.MEASURED),
        (("1h", "5m"), 1_000, 0, Status.AT_LEAST),
    ],
)
def test_cache_writes_that_are_not_split_have_the_lifetime_that_was_asked_for(
    ttls: tuple[str, ...], five: int, hour: int, status: Status
) -> None:
    """By the request's cache points; where those differ it is a lower bound."""
    answer = of(conversed(usage=counted(cacheWriteInputTokens=1_000)), asked=asking(*ttls))
    assert answer.status is status
    assert answer.usage.cache_creation_5m_input_tokens == five
    assert answer.usage.cache_creation_1h_input_tokens == hour


def test_the_older_names_of_the_cache_count_where_the_newer_are_missing() -> None:
    """And never besides them."""
    both = counted(cacheReadInputTokens=7, cacheReadInputTokenCount=7)
    older = counted(cacheReadInputTokenCount=7)
    assert of(conversed(usage=both)).usage == of(conversed(usage=older)).usage
    assert of(conversed(usage=older)).usage.cache_read_input_tokens == 7


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"imageTokens": 3}, "imageTokens"),
        ({"cacheHolographicInputTokens": 3}, "cacheHolographicInputTokens"),
        ({"serverToolUsage": {"webSearchRequests": 2}}, "serverToolUsage.webSearchRequests"),
        ({"cacheWriteInputTokens": 3, "cacheDetails": [{"ttl": "24h", "inputTokens": 3}]}, "cacheDetails of ttl 24h"),
    ],
)
def test_a_count_that_is_not_known_makes_the_others_a_lower_bound(more: Json, name: str) -> None:
    """It may be billed; a zero is not."""
    answer = of(conversed(usage=counted(**more)))
    assert (answer.status, answer.reason) == (
        Status.AT_LEAST,
        f"usage.{name} is not known here and may be billed",
    )
    assert of(conversed(usage=counted(imageTokens=0, serverToolUsage={"x": 0}))).status is Status.MEASURED


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (conversed(usage=None), "the answer states no usage"),
        (conversed(usage={}), "the answer states no usage"),
        (conversed(usage={"totalTokens": 9}), "the answer states no usage"),
        (conversed(usage={"inputTokens": 0, "outputTokens": 0}), "the answer's usage counts nothing at all"),
        (conversed(usage=counted(inputTokens=-1)), "usage.input_tokens is not a whole number from zero up"),
        (conversed(usage=counted(cacheDetails=7)), "usage.cache_creation is not an object"),
        (conversed(usage=counted(cacheDetails=["x"])), "usage.cache_creation is not an object"),
        ([], "the answer is not a JSON object"),
    ],
)
def test_an_answer_without_counts_is_unmeasured(value: object, reason: str) -> None:
    """Never free."""
    answer = of(value)
    assert (answer.status, answer.reason, answer.model, answer.endpoint) == (
        Status.UNMEASURED,
        reason,
        MODEL,
        "converse",
    )


@pytest.mark.parametrize("block", [{"text": "Hi"}, {"toolUse": {"input": {}}}, {"reasoningContent": {}}])
def test_an_answer_with_content_and_no_output_counted_is_a_lower_bound(block: Json) -> None:
    """As of Anthropic's own; an empty text took none."""
    none = {"inputTokens": 9, "outputTokens": 0}
    assert of(conversed([block], usage=none)).status is Status.AT_LEAST
    assert of(conversed([{"text": ""}], usage=none)).status is Status.MEASURED


def test_a_prompt_that_a_guardrail_blocks_reaches_no_model() -> None:
    """Nothing is counted, and that is so; what the guardrail costs is said not to be in it."""
    nothing = {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}
    answer = of(conversed(stopReason="guardrail_intervened", usage=nothing))
    assert (answer.status, answer.usage) == (Status.MEASURED, Usage())
    assert answer.notes == ("a guardrail answered: AWS bills it apart, and it is not priced here",)
    invoked = message(usage={"input_tokens": 0, "output_tokens": 0}, **{"amazon-bedrock-guardrailAction": "INTERVENED"})
    plain = exchange(model=MODEL, requested=None)
    assert of(invoked, asked=plain).status is Status.MEASURED
    assert of(message(usage={"input_tokens": 0, "output_tokens": 0}), asked=plain).status is Status.UNMEASURED


def test_an_answer_that_a_guardrail_blocks_was_made() -> None:
    """The model's tokens are billed: 1,000 x 3 + 200 x 15 = 6,000 millionths."""
    answer = of(conversed(stopReason="guardrail_intervened"), GLOBAL)
    assert dollars(answer) == Decimal("0.006")


def test_a_prompt_router_tells_which_model_it_chose() -> None:
    """The ARN in the path names none; another maker's model is no cost of Claude."""
    claude = f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{MODEL}"
    answer = of(conversed(trace={"promptRouter": {"invokedModelId": claude}}), ROUTER, opaque=True)
    assert (answer.status, answer.model) == (Status.MEASURED, claude)
    assert dollars(answer) == Decimal("0.0066")
    other = conversed(trace={"promptRouter": {"invokedModelId": "meta.llama3-1-70b-instruct-v1:0"}})
    assert of(other, ROUTER, opaque=True).status is Status.FREE
    untold = of(conversed(), ROUTER, opaque=True)
    assert (untold.status, untold.model, dollars(untold)) == (Status.MEASURED, ROUTER, None)


@pytest.mark.parametrize(
    ("tier", "expected"),
    [("default", "standard"), ("flex", "flex"), ("priority", "priority"), ("reserved", "reserved")],
)
def test_the_service_tier_is_kept(tier: str, expected: str) -> None:
    """Bedrock's `default` is the one that rates are listed for."""
    assert of(conversed(serviceTier={"type": tier})).service_tier == expected
    asked = exchange(model=MODEL, requested=None)._replace(headers=Headers(service_tier=tier))
    assert of(message(), asked=asked).service_tier == expected


def test_an_answer_at_optimized_latency_has_no_price() -> None:
    """It has rates of its own, which are not known: never priced as the standard one."""
    for latency, speed in (("standard", None), ("optimized", "latency-optimized")):
        answer = of(conversed(performanceConfig={"latency": latency}))
        asked = exchange(model=MODEL, requested=None)._replace(headers=Headers(latency=latency))
        assert answer.speed == of(message(), asked=asked).speed == speed
        assert (dollars(answer) is None) == (speed is not None)


COUNTED = Headers(input_tokens="1000", output_tokens="200", cache_read_input_tokens="5000")


def test_headers_count_for_a_body_that_states_no_usage() -> None:
    """As a text completion's: 1,000 x 3 + 5,000 x 0.30 + 200 x 15 = 7,500 millionths."""
    asked = exchange(model=GLOBAL, requested=None)._replace(headers=COUNTED)
    answer = of({"completion": " Hello", "stop_reason": "stop_sequence"}, asked=asked)
    assert answer.usage == Usage(input_tokens=1_000, cache_read_input_tokens=5_000, output_tokens=200)
    assert dollars(answer) == Decimal("0.0075")


def test_a_body_that_states_its_usage_needs_no_headers() -> None:
    """Only it tells the lifetimes of cache writes."""
    asked = exchange(model=GLOBAL, requested=None)._replace(headers=COUNTED)
    assert of(message(usage=usage(input_tokens=7)), asked=asked).usage.input_tokens == 7


@pytest.mark.parametrize("said", ["", "x", "-1", "1.5", "９", "1" * 13])
def test_a_header_of_the_cache_that_is_no_count_says_nothing(said: str) -> None:
    """Never a number that nobody said."""
    assert COUNTED._replace(cache_read_input_tokens=said).usage() == {"input_tokens": 1_000, "output_tokens": 200}
    assert NO_HEADERS.usage() is None


@pytest.mark.parametrize("absent", [None, ""])
def test_headers_that_are_not_there_say_nothing(absent: str | None) -> None:
    """Some clients give None for those, and some an empty text."""
    nothing = Headers(*[absent] * len(TELLING))
    assert nothing.usage() is None
    assert nothing.conditions() == {}
