"""Answers in OpenAI's form: whose prompt tokens hold what, and what becomes of counts that contradict each other."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_budget.calls.call import Answer, Status, Usage, counts_of
from pytest_claude_budget.wire.answer_headers import Headers
from pytest_claude_budget.wire.messages import of_translated, read_answer, requested_model
from pytest_claude_budget.wire.openai_usage import DIFFER, ON_TOP, SMALL, SUM, as_message
from pytest_claude_budget.wire.requests import Fingerprints
from pytest_claude_budget.wire.routes import Kind
from tests.wire.answers import Json, body, exchange

MODEL = "anthropic/claude-sonnet-4.5"
EMPTY = {"role": "assistant", "content": None}


def completion(usage: object, *, model: object = MODEL, said: str | None = "Hello", **fields: object) -> Json:
    """An answer of chat completions, with this usage."""
    choice = {"index": 0, "message": {**EMPTY, "content": said}, "finish_reason": "stop"}
    return {"id": "gen-1", "object": "chat.completion", "model": model, "choices": [choice], "usage": usage, **fields}


def response(usage: object, **fields: object) -> Json:
    """An answer of the responses API, with this usage."""
    output = [{"type": "message", "content": [{"type": "output_text", "text": "Hello"}]}]
    return {
        "id": "resp_1",
        "object": "response",
        "model": MODEL,
        "status": "completed",
        "error": None,
        "output": output,
        "usage": usage,
        **fields,
    }


def read(value: object, kind: Kind = Kind.COMPATIBLE, **route: object) -> Answer:
    answer = read_answer(body(value), exchange(kind, **route))
    assert answer is not None
    return answer


def of(**usage: Any) -> Answer:
    return read(completion(usage))


def test_an_answer_of_chat_completions_is_measured() -> None:
    """With Anthropic's names for the counts, and the model that answered."""
    assert of(prompt_tokens=120, completion_tokens=45, total_tokens=165) == Answer(
        status=Status.MEASURED,
        endpoint="openai_compatible",
        model=MODEL,
        usage=Usage(input_tokens=120, output_tokens=45),
        http_status=200,
    )


def test_an_answer_of_the_responses_api_is_measured() -> None:
    """Its input holds what was cached: 1,000 - 600 - 100 = 300 are fresh."""
    details = {"cached_tokens": 600, "cache_write_tokens": 100}
    usage = {
        "input_tokens": 1_000,
        "input_tokens_details": details,
        "output_tokens": 45,
        "output_tokens_details": {"reasoning_tokens": 40},
        "total_tokens": 1_045,
    }
    answer = read(response(usage))
    assert (answer.status, answer.endpoint, answer.model) == (Status.MEASURED, "openai_compatible", MODEL)
    assert answer.usage == Usage(
        input_tokens=300, cache_read_input_tokens=600, cache_creation_5m_input_tokens=100, output_tokens=45
    )


OPENROUTER = {
    "prompt_tokens": 10_339,
    "completion_tokens": 60,
    "total_tokens": 10_399,
    "cost": 0.0123,
    "is_byok": False,
    "prompt_tokens_details": {"cached_tokens": 10_000, "cache_write_tokens": 318, "audio_tokens": 0, "video_tokens": 0},
    "cost_details": {"upstream_inference_cost": None},
    "completion_tokens_details": {"reasoning_tokens": 10, "image_tokens": 0},
}
LITELLM = {
    "prompt_tokens": 98_805,
    "completion_tokens": 5_120,
    "total_tokens": 103_925,
    "prompt_tokens_details": {
        "cached_tokens": 66_360,
        "cache_creation_tokens": 32_435,
        "text_tokens": 10,
        "audio_tokens": None,
        "cache_creation_token_details": {"ephemeral_5m_input_tokens": 32_000, "ephemeral_1h_input_tokens": 435},
    },
    "cache_read_input_tokens": 66_360,
    "cache_creation_input_tokens": 32_435,
    "completion_tokens_details": {"reasoning_tokens": 1_710, "text_tokens": 3_410},
    "service_tier": "standard",
    "inference_geo": "us",
    "speed": None,
    "iterations": None,
}
PORTKEY = {
    "prompt_tokens": 21,
    "completion_tokens": 60,
    "total_tokens": 10_399,
    "cache_read_input_tokens": 10_000,
    "cache_creation_input_tokens": 318,
}
ENVOY = {
    "prompt_tokens": 10_339,
    "completion_tokens": 60,
    "total_tokens": 10_399,
    "prompt_tokens_details": {"cached_tokens": 10_000, "cached_write_tokens": 318},
}


@pytest.mark.parametrize("usage", [OPENROUTER, PORTKEY, ENVOY])
def test_each_gateways_way_of_writing_one_call_counts_the_same(usage: Json) -> None:
    """10,339 tokens of prompt: 10,000 read, 318 written, 21 fresh. Portkey's prompt is the 21, as its total shows."""
    answer = of(**usage)
    assert (answer.status, answer.reason) == (Status.MEASURED, None)
    assert answer.notes == ("cache writes without a stated lifetime priced at the 5-minute rate",)
    assert answer.usage == Usage(
        input_tokens=21, cache_read_input_tokens=10_000, cache_creation_5m_input_tokens=318, output_tokens=60
    )


def test_litellm_states_each_count_twice_and_splits_the_writes() -> None:
    """98,805 - 66,360 - 32,435 = 10 are fresh; what Anthropic says of geo and tier comes through."""
    answer = of(**LITELLM)
    assert answer.status is Status.MEASURED
    assert answer.usage == Usage(
        input_tokens=10,
        cache_read_input_tokens=66_360,
        cache_creation_5m_input_tokens=32_000,
        cache_creation_1h_input_tokens=435,
        output_tokens=5_120,
    )
    assert (answer.inference_geo, answer.service_tier, answer.speed, answer.batch) == ("us", "standard", None, False)


def test_writes_without_a_split_are_of_the_lifetime_that_the_request_asks_for() -> None:
    """Its breakpoints stand in the parts of a message, as Anthropic's do."""
    part = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    asked = body({"model": MODEL, "messages": [{"role": "system", "content": [part]}]})
    print_, *_ = Fingerprints().of_messages(asked)
    of_it = exchange(Kind.COMPATIBLE)._replace(request=print_)
    answer = read_answer(body(completion(OPENROUTER)), of_it)
    assert answer is not None
    assert (answer.usage.cache_creation_1h_input_tokens, answer.usage.cache_creation_5m_input_tokens) == (318, 0)


@pytest.mark.parametrize(
    ("total", "input_tokens"),
    [
        (1_010, 300),  # 1,000 + 10: all cached tokens are inside
        (1_710, 1_000),  # 1,000 + 10 + 600 + 100: none is
        (1_110, 400),  # 1,000 + 10 + 100: the writes are not
        (1_610, 900),  # 1,000 + 10 + 600: the reads are not
        (None, 300),  # OpenAI's own rule
        (0, 300),
    ],
)
def test_the_stated_total_tells_what_a_prompt_holds(total: int | None, input_tokens: int) -> None:
    """Of 1,000 tokens of prompt beside 600 read and 100 written."""
    details = {"cached_tokens": 600, "cache_write_tokens": 100}
    answer = of(prompt_tokens=1_000, completion_tokens=10, total_tokens=total, prompt_tokens_details=details)
    assert (answer.status, answer.usage.input_tokens) == (Status.MEASURED, input_tokens)
    assert (answer.usage.cache_read_input_tokens, answer.usage.cache_creation_5m_input_tokens) == (600, 100)


@pytest.mark.parametrize(
    ("usage", "reason"),
    [
        ({"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 205}, SUM),
        ({"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 104}, SUM),
        ({"prompt_tokens": 100, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 101}}, SMALL),
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 5,
                "total_tokens": 105,
                "cache_creation_input_tokens": 60,
                "cache_read_input_tokens": 60,
            },
            SMALL,
        ),
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 5,
                "cache_read_input_tokens": 60,
                "prompt_tokens_details": {"cached_tokens": 50},
            },
            DIFFER.format("reads"),
        ),
        (
            {"prompt_tokens": 100, "completion_tokens": 5, "tool_tokens": 7},
            "usage.tool_tokens is not known here and may be billed",
        ),
        (
            {"prompt_tokens": 100, "completion_tokens": 5, "prompt_tokens_details": {"cache_storage_tokens": 7}},
            "usage.cache_storage_tokens is not known here and may be billed",
        ),
        (
            {"prompt_tokens": 100, "completion_tokens": 5, "iterations": [{"type": "compaction", "input_tokens": 5}]},
            ON_TOP,
        ),
        ({"prompt_tokens": 100}, "the answer's usage has no output_tokens"),
        ({"completion_tokens": 5}, "the answer's usage has no input_tokens"),
        ({"prompt_tokens": 100, "completion_tokens": 0}, "the answer has content and its usage counts no output"),
    ],
)
def test_counts_that_contradict_each_other_are_a_lower_bound(usage: Json, reason: str) -> None:
    """And no count is ever negative."""
    answer = of(**usage)
    assert (answer.status, answer.reason) == (Status.AT_LEAST, reason)
    assert answer.usage.input_tokens >= 0


NAMES = st.sampled_from(
    (
        *("prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens", "cached_tokens"),
        *("prompt_tokens_details", "input_tokens_details", "cache_write_tokens", "cache_read_input_tokens"),
        *("cache_creation", "cache_creation_token_details", "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"),
        *("iterations", "type", "server_tool_use", "web_search_requests", "service_tier", "speed", "cost", "is_byok"),
        *("cost_details", "upstream_inference_cost", "other_tokens", "cache_other_tokens"),
    )
)


@pytest.mark.parametrize(
    ("usage", "reason"),
    [
        (None, "the answer states no usage"),
        (
            {"prompt_tokens": None, "completion_tokens": None},
            "the answer's usage has neither input_tokens nor output_tokens",
        ),
        ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, "the answer's usage counts nothing at all"),
        ({"prompt_tokens": -1, "completion_tokens": 5}, "usage.prompt_tokens is not a whole number from zero up"),
        ({"prompt_tokens": 5.5, "completion_tokens": 5}, "usage.prompt_tokens is not a whole number from zero up"),
        ({"prompt_tokens": 5, "completion_tokens": "5"}, "usage.completion_tokens is not a whole number from zero up"),
        (
            {"prompt_tokens": 5, "completion_tokens": 5, "prompt_tokens_details": 7},
            "usage.prompt_tokens_details is not an object",
        ),
        (
            {"prompt_tokens": 5, "completion_tokens": 5, "cache_read_input_tokens": True},
            "usage.cache_read_input_tokens is not a whole number from zero up",
        ),
    ],
)
def test_usage_that_cannot_be_read_is_unmeasured(usage: object, reason: str) -> None:
    """Absent is not zero."""
    answer = read(completion(usage))
    assert (answer.status, answer.reason, answer.model) == (Status.UNMEASURED, reason, MODEL)
    assert answer.endpoint == "openai_compatible"


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 10**13)
    | st.floats()
    | st.sampled_from([Decimal("12.0"), Decimal("1e99999999"), Decimal("1e-99999999"), Decimal("NaN"), "7", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(NAMES, ANYTHING, max_size=8), st.booleans())
def test_whatever_a_usage_says_it_is_read_or_refused(usage: Json, chat: bool) -> None:
    """Nothing raises, and no count is negative or grows beyond what was stated."""
    value = completion({"prompt_tokens": 100, **usage}) if chat else response({"input_tokens": 100, **usage})
    translated = as_message(value)
    assert translated is not None
    answer = of_translated(translated, exchange(Kind.COMPATIBLE))
    assert min(counts_of(answer.usage)) >= 0
    assert answer.status in (Status.MEASURED, Status.AT_LEAST, Status.UNMEASURED)
    assert answer.reason is not None or answer.status is Status.MEASURED


def test_what_was_asked_for_in_a_search_is_counted() -> None:
    """LiteLLM passes Anthropic's own object on, or a number among the prompt's details."""
    for more in (
        {"server_tool_use": {"web_search_requests": 3}},
        {"prompt_tokens_details": {"web_search_requests": 3}},
    ):
        answer = of(prompt_tokens=100, completion_tokens=5, **more)
        assert (answer.status, answer.usage.web_search_requests) == (Status.MEASURED, 3)


def test_what_litellm_sums_up_of_compaction_and_advice_is_priced_apart() -> None:
    """220 of prompt: 100 were compacted and 100 another model's, as its entries say; 17 of output: 10 and 2."""
    entries = [
        {"type": "compaction", "input_tokens": 100, "output_tokens": 10},
        {"type": "advisor_message", "model": "claude-opus-5", "input_tokens": 100, "output_tokens": 2},
        {"type": "message", "input_tokens": 15, "cache_read_input_tokens": 5, "output_tokens": 5},
    ]
    said = {"prompt_tokens": 220, "completion_tokens": 17, "total_tokens": 237, "cache_read_input_tokens": 5}
    answer = of(**said, iterations=entries)
    assert (answer.status, answer.reason) == (Status.MEASURED, None)
    assert answer.usage == Usage(input_tokens=15, cache_read_input_tokens=5, output_tokens=5)
    assert [
        (each.kind, each.model, each.usage.prompt_tokens, each.usage.output_tokens) for each in answer.iterations
    ] == [
        ("compaction", None, 100, 10),
        ("advisor_message", "claude-opus-5", 100, 2),
    ]
    written = [{**entries[0], "cache_creation_input_tokens": 7}, entries[2]]
    for other in ([entries[0], entries[2]], written, [*entries, 7]):
        assert of(**said, iterations=other).reason == ON_TOP
    assert of(**said, iterations=[entries[2]]).iterations == ()


def test_several_choices_are_inside_of_the_counts() -> None:
    """Nothing is multiplied."""
    value = completion({"prompt_tokens": 100, "completion_tokens": 30})
    answer = read({**value, "choices": [value["choices"]] * 3, "service_tier": "default"})
    assert (answer.usage.output_tokens, answer.service_tier) == (30, None)


def test_a_refusal_without_output_is_not_billed() -> None:
    """Where a gateway passes Anthropic's word on; OpenAI's `content_filter` does not say whose it was."""
    for reason, tokens in (("refusal", 0), ("content_filter", 100)):
        choice = {"message": EMPTY, "finish_reason": reason}
        answer = read(completion({"prompt_tokens": 100, "completion_tokens": 0}, choices=[choice]))
        assert (answer.status, answer.usage.input_tokens) == (Status.MEASURED, tokens)


def test_an_error_with_status_200_is_a_failed_try() -> None:
    """OpenRouter answers so where the provider fails after it was asked."""
    answer = read({"error": {"code": 502, "message": "Provider returned error"}, "user_id": "u"})
    assert (answer.status, answer.reason) == (Status.FAILED, "an error inside an answer with status 200")


def test_an_answer_that_names_no_model_has_the_requests() -> None:
    """Or, before that, the one that its path names."""
    usage = {"prompt_tokens": 100, "completion_tokens": 5}
    assert read(completion(usage, model=None)).model == "claude-requested"
    assert read(completion(usage, model=""), model="claude-haiku", evident=True).model == "claude-haiku"


PLAIN = {"prompt_tokens": 100, "completion_tokens": 5}


@pytest.mark.parametrize(
    ("stated", "dollars"),
    [
        ("0.0123", "0.0123"),
        ("1.755e-05", "0.00001755"),
        ("0", "0"),
        ("0.1234567890123456789012345", "0.1234567890123456789012345"),
        ("3", "3"),
        ('"0.25"', "0.25"),
        ("-0.5", None),
        ("1e400", None),
        ("1e-31", None),
        ("1e99999999999999999999", None),
        ('"free"', None),
        ("true", None),
        ("null", None),
        ("{}", None),
    ],
)
def test_what_a_gateway_says_it_charges_is_kept_to_the_last_digit(stated: str, dollars: str | None) -> None:
    """Beside the counts, which stay what they are."""
    data = body(completion({**PLAIN, "cost": "?"})).replace(b'"?"', stated.encode())
    answer = read_answer(data, exchange(Kind.COMPATIBLE))
    assert answer is not None
    assert (answer.status, answer.usage.input_tokens) == (Status.MEASURED, 100)
    assert answer.stated_cost == (None if dollars is None else Decimal(dollars))
    assert dollars is None or f"{answer.stated_cost:f}" == dollars


def test_with_a_key_of_ones_own_a_gateways_fee_and_the_providers_charge_are_stated() -> None:
    """OpenRouter: 0.0005 + 0.01."""
    details = {"upstream_inference_cost": 0.01}
    assert of(**PLAIN, cost=0.0005, is_byok=True, cost_details=details).stated_cost == Decimal("0.0105")
    assert of(**PLAIN, cost=0.0005, is_byok=False, cost_details=details).stated_cost == Decimal("0.0005")
    assert of(**PLAIN, cost=0.0005, is_byok=True).stated_cost == Decimal("0.0005")


@pytest.mark.parametrize(
    ("header", "dollars"), [("1.755e-05", "0.00001755"), ("0.0", None), ("None", None), ("", None)]
)
def test_a_header_may_say_what_is_charged(header: str, dollars: str | None) -> None:
    """LiteLLM's; what the answer itself says wins, and zero is what a stream's says."""
    told = exchange(Kind.COMPATIBLE)._replace(headers=Headers(charged=header))
    answer = read_answer(body(completion(PLAIN)), told)
    assert answer is not None
    assert answer.stated_cost == (None if dollars is None else Decimal(dollars))
    answer = read_answer(body(completion({**PLAIN, "cost": 0.5})), told)
    assert answer is not None
    assert answer.stated_cost == Decimal("0.5")


def test_an_answer_of_a_router_counts_where_it_names_claude() -> None:
    """`openrouter/auto` was asked for."""
    usage = {"prompt_tokens": 100, "completion_tokens": 5}
    auto = exchange(Kind.GUESS, requested="openrouter/auto", unnamed=True)
    answer = read_answer(body(completion(usage)), auto)
    assert answer is not None
    assert (answer.status, answer.model, answer.usage.input_tokens) == (Status.MEASURED, MODEL, 100)
    assert read_answer(body(completion(usage, model="openai/gpt-5")), auto) is None
    assert read_answer(body(completion(None)), auto) is None


def test_an_answer_of_anthropics_form_on_such_a_route_is_read_as_that() -> None:
    """Databricks and others serve a model under a path of their own."""
    usage = {"input_tokens": 7, "cache_read_input_tokens": 90, "output_tokens": 3}
    answer = read({"type": "message", "model": "claude-opus-5", "content": [], "usage": usage})
    assert (answer.status, answer.endpoint) == (Status.MEASURED, "messages")
    assert answer.usage == Usage(input_tokens=7, cache_read_input_tokens=90, output_tokens=3)


@pytest.mark.parametrize(
    "value", [None, [], "x", 7, {}, {"usage": {"input_tokens": 5}}, {"object": "list"}, {"object": 7}]
)
def test_what_has_another_form_is_not_brought_to_anthropics(value: object) -> None:
    """It is left to who reads the others."""
    assert as_message(value) is None


def test_a_requests_model_is_read_whatever_else_it_holds() -> None:
    """Of either API."""
    assert requested_model(body({"model": MODEL, "input": "Hi"})) == MODEL
