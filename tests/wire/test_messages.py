"""What one JSON answer used, and what becomes of one that cannot be understood."""

import json

import pytest

from pytest_claude_budget.calls.call import Answer, Iteration, Status, Usage
from pytest_claude_budget.calls.failure import Failure
from pytest_claude_budget.wire.answer_headers import Headers
from pytest_claude_budget.wire.messages import LONGEST_MODEL, answer_of, failed, read_answer, requested_model
from pytest_claude_budget.wire.routes import Kind
from tests.wire.answers import MODEL, Json, body, exchange, message, usage

DEEP = b"[" * 200_000
BEDROCK = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
PROFILE = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/x1"


def of(**counts: object) -> Answer:
    """The answer to a message with this usage."""
    answer = read_answer(body(message(usage=usage(**counts))), exchange())
    assert answer is not None
    return answer


def of_body(data: bytes, kind: Kind = Kind.MESSAGES) -> Answer:
    answer = read_answer(data, exchange(kind))
    assert answer is not None
    return answer


def test_an_answer_is_measured() -> None:
    """With what the API says of it, and the model that answered."""
    assert of_body(body(message())) == Answer(
        status=Status.MEASURED,
        endpoint="messages",
        model=MODEL,
        usage=Usage(input_tokens=120, output_tokens=45),
        inference_geo="not_available",
        service_tier="standard",
        http_status=200,
        stop_reason="end_turn",
    )


def test_every_count_has_its_place() -> None:
    """Each with a value of its own, so that none can stand in for another."""
    answer = of(
        input_tokens=1,
        cache_creation_input_tokens=2 + 4,
        cache_creation={"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 4},
        cache_read_input_tokens=8,
        output_tokens=16,
        output_tokens_details={"thinking_tokens": 9},
        server_tool_use={"web_search_requests": 32, "web_fetch_requests": 64, "code_execution_requests": 128},
        fallback_credit={"status": {"type": "redeemed"}},
    )
    assert answer.usage == Usage(
        input_tokens=1,
        cache_creation_5m_input_tokens=2,
        cache_creation_1h_input_tokens=4,
        cache_read_input_tokens=8,
        output_tokens=16,
        web_search_requests=32,
        web_fetch_requests=64,
        code_execution_requests=128,
    )
    assert (answer.status, answer.notes) == (Status.MEASURED, ())


FIVE = "cache writes without a stated lifetime priced at the 5-minute rate"
HOUR = "cache writes beyond the stated split priced at the 1-hour rate"


@pytest.mark.parametrize(
    ("total", "split", "five", "hour", "notes"),
    [
        (30, {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}, 10, 20, ()),
        (30, None, 30, 0, (FIVE,)),
        (30, {}, 30, 0, (FIVE,)),
        (30, {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}, 30, 0, (FIVE,)),
        (30, {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 0}, 30, 0, (FIVE,)),
        (30, {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 5}, 25, 5, (FIVE,)),
        (30, {"ephemeral_5m_input_tokens": None, "ephemeral_1h_input_tokens": 20}, 0, 30, (HOUR,)),
        (10, {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}, 10, 20, ()),
        (None, {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}, 10, 20, ()),
        (0, {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}, 0, 0, ()),
        (None, None, 0, 0, ()),
    ],
)
def test_cache_writes_have_a_lifetime(
    total: int | None, split: Json | None, five: int, hour: int, notes: tuple[str, ...]
) -> None:
    """By the split where it is stated; what it leaves over is assumed, and said to be."""
    answer = of(cache_creation_input_tokens=total, cache_creation=split)
    assert answer.usage.cache_creation_5m_input_tokens == five
    assert answer.usage.cache_creation_1h_input_tokens == hour
    assert answer.notes == notes


COUNTS = ["input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"]
NO_COUNTS = ["12", -1, 1.5, True, [], {}, 10**12 + 1, 10**40, float("inf"), float("nan"), -0.5]


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("value", NO_COUNTS)
def test_what_is_no_count_makes_the_answer_unmeasured(name: str, value: object) -> None:
    """Never near enough, never nothing."""
    answer = of(**{name: value})
    assert answer.status is Status.UNMEASURED
    assert answer.reason == f"usage.{name} is not a whole number from zero up"
    assert (answer.usage, answer.model) == (Usage(), MODEL)


@pytest.mark.parametrize(
    "wrong",
    [
        {"cache_creation": {"ephemeral_5m_input_tokens": "1"}},
        {"cache_creation": {"ephemeral_1h_input_tokens": -1}},
        {"cache_creation": 5},
        {"cache_creation": []},
        {"server_tool_use": {"web_search_requests": True}},
        {"server_tool_use": {"web_fetch_requests": "x"}},
        {"server_tool_use": {"code_execution_requests": -3}},
        {"server_tool_use": "x"},
        {"iterations": {}},
        {"iterations": "x"},
        {"iterations": [5]},
        {"iterations": [{"type": "message", "input_tokens": "5"}]},
        {"service_tier": 5},
        {"speed": ["fast"]},
        {"inference_geo": {}},
    ],
)
def test_a_part_of_usage_that_cannot_be_read_makes_all_of_it_unmeasured(wrong: Json) -> None:
    """A sum with an unknown part is no sum."""
    answer = of(**wrong)
    assert (answer.status, answer.usage, answer.iterations) == (Status.UNMEASURED, Usage(), ())
    assert answer.reason is not None
    assert "usage." in answer.reason


@pytest.mark.parametrize(("value", "count"), [(12.0, 12), (0, 0), (10**12, 10**12), (-0.0, 0)])
def test_a_whole_number_is_a_count_however_it_is_spelled(value: object, count: int) -> None:
    """Some gateways write 12.0."""
    answer = of(cache_read_input_tokens=value)
    assert (answer.status, answer.usage.cache_read_input_tokens) == (Status.MEASURED, count)
    assert type(answer.usage.cache_read_input_tokens) is int


@pytest.mark.parametrize("said", [None, {}, [], "x", 5])
def test_an_answer_without_usage_is_unmeasured(said: object) -> None:
    """Absent is not zero."""
    answer = of_body(body(message(usage=said)))
    assert answer == Answer(
        status=Status.UNMEASURED,
        endpoint="messages",
        model=MODEL,
        requested_model="claude-requested",
        http_status=200,
        reason="the answer states no usage",
    )


def test_one_count_without_the_other_is_a_lower_bound() -> None:
    """What is there is counted."""
    without_output, without_input = of(output_tokens=None), of(input_tokens=None)
    assert (without_output.status, without_output.reason) == (
        Status.AT_LEAST,
        "the answer's usage has no output_tokens",
    )
    assert without_output.usage == Usage(input_tokens=120)
    assert (without_input.status, without_input.reason) == (Status.AT_LEAST, "the answer's usage has no input_tokens")
    assert without_input.usage == Usage(output_tokens=45)


def test_usage_of_another_api_is_unmeasured() -> None:
    """OpenAI's names on Anthropic's route: a gateway that does not translate."""
    answer = of_body(body(message(usage={"prompt_tokens": 5, "completion_tokens": 6})))
    assert answer.status is Status.UNMEASURED
    assert answer.reason == "the answer's usage has neither input_tokens nor output_tokens"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html><body>502</body></html>",
        b"{",
        b'{"usage": }',
        b"\xff\xfe\x00",
        b'{"model":"\xff"}',
        b"null",
        DEEP,
        b'{"a":' * 200_000,
        b'{"usage":{"input_tokens":' + b"9" * 5_000 + b"}}",
    ],
    ids=[
        "empty",
        "HTML",
        "cut",
        "broken",
        "UTF-16 mark",
        "no UTF-8",
        "null",
        "deep list",
        "deep object",
        "huge number",
    ],
)
def test_what_is_not_json_is_unmeasured(data: bytes) -> None:
    """Nothing raises: not at depth, not at length."""
    answer = of_body(data)
    assert (answer.status, answer.reason) == (Status.UNMEASURED, "the answer is not JSON")
    assert answer.model == "claude-requested"


@pytest.mark.parametrize("data", [b"[]", b'"x"', b"5", b"true", b"[{}]"])
def test_json_that_is_no_object_is_unmeasured(data: bytes) -> None:
    """Not the shape of a message."""
    assert (of_body(data).status, of_body(data).reason) == (Status.UNMEASURED, "the answer is not a JSON object")


@pytest.mark.parametrize(
    "value",
    [
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        {"error": {"message": "no such model"}},
        {"error": "rate limited"},
    ],
)
def test_an_error_with_status_200_is_a_failed_try(value: Json) -> None:
    """Gateways do that; it was not billed."""
    answer = of_body(body(value))
    assert (answer.status, answer.reason) == (Status.FAILED, "an error inside an answer with status 200")


def test_an_error_beside_usage_is_a_message() -> None:
    """What states usage was billed."""
    assert of_body(body(message(error={"message": "a warning of the gateway"}))) == of_body(body(message()))


@pytest.mark.parametrize("nothing", [None, "", {}, False])
def test_an_empty_error_beside_a_message_is_no_error(nothing: object) -> None:
    """A gateway's `"error": null` does not make a billed answer free, not even one without usage."""
    assert of_body(body(message(error=nothing))).status is Status.MEASURED
    assert of_body(body(message(error=nothing, usage=None))).status is Status.UNMEASURED
    without = {name: value for name, value in message(error=nothing).items() if name != "usage"}
    assert of_body(body(without)).status is Status.UNMEASURED


@pytest.mark.parametrize("content", [[], None])
def test_a_refusal_before_any_output_is_not_billed(content: object) -> None:
    """Its usage is informational."""
    refused = message(stop_reason="refusal", content=content, usage=usage(output_tokens=0))
    answer = of_body(body(refused))
    assert (answer.status, answer.usage) == (Status.MEASURED, Usage())
    assert answer.notes == ("refused before any output: not billed",)


@pytest.mark.parametrize(
    ("changed", "billed"),
    [
        ({"usage": usage(output_tokens=1)}, Usage(input_tokens=120, output_tokens=1)),
        ({"content": [{"type": "text", "text": "I"}]}, Usage(input_tokens=120)),
        ({"stop_reason": "max_tokens"}, Usage(input_tokens=120)),
    ],
)
def test_every_other_refusal_is_billed(changed: Json, billed: Usage) -> None:
    """With output, with content; and an answer without output that is no refusal (cache pre-warming)."""
    refused = message(**{"stop_reason": "refusal", "content": [], "usage": usage(output_tokens=0), **changed})
    assert (of_body(body(refused)).usage, of_body(body(refused)).notes) == (billed, ())


@pytest.mark.parametrize("tier", ["standard", "priority", "batch", "flex", None, ""])
def test_the_service_tier_is_kept(tier: str | None) -> None:
    """And only `batch` says that the answer is of a batch."""
    answer = of(service_tier=tier)
    assert (answer.service_tier, answer.batch) == (tier or None, tier == "batch")


@pytest.mark.parametrize("speed", ["standard", "fast", "warp", None])
def test_the_speed_is_what_the_answer_says(speed: str | None) -> None:
    """What was billed, not what was asked for."""
    assert of(speed=speed).speed == speed


@pytest.mark.parametrize("geo", ["us", "global", "not_available", None])
def test_the_geo_is_what_the_answer_says(geo: str | None) -> None:
    """Only `us` costs more, which is the price's business."""
    assert of(inference_geo=geo).inference_geo == geo


def test_iterations_keep_their_kinds_models_and_counts() -> None:
    """Unknown kinds too: what becomes of them is decided where they are priced."""
    entries = [
        {"type": "message", "model": "claude-opus-5", "input_tokens": 1, "output_tokens": 2},
        {"type": "compaction", "input_tokens": 3, "output_tokens": 4, "cache_creation_input_tokens": 5},
        {"type": "hologram", "input_tokens": 6, "output_tokens": 7},
        {"input_tokens": 8, "output_tokens": 9, "model": 5},
    ]
    answer = of(iterations=entries)
    assert answer.iterations == (
        Iteration(kind="message", model="claude-opus-5", usage=Usage(input_tokens=1, output_tokens=2)),
        Iteration(
            kind="compaction",
            model=None,
            usage=Usage(input_tokens=3, output_tokens=4, cache_creation_5m_input_tokens=5),
        ),
        Iteration(kind="hologram", model=None, usage=Usage(input_tokens=6, output_tokens=7)),
        Iteration(kind="without a type", model=None, usage=Usage(input_tokens=8, output_tokens=9)),
    )
    assert answer.usage == Usage(input_tokens=120, output_tokens=45)
    assert answer.requested_model == "claude-requested"
    assert answer.notes == (FIVE,)


def test_the_top_level_may_be_zero_with_all_tokens_in_iterations() -> None:
    """Compaction leaves it so: that is measured, not missing."""
    answer = of(input_tokens=0, output_tokens=0, iterations=[{"type": "compaction", "input_tokens": 9}])
    assert (answer.status, answer.usage) == (Status.MEASURED, Usage())
    assert answer.iterations == (Iteration(kind="compaction", model=None, usage=Usage(input_tokens=9)),)


@pytest.mark.parametrize("model", [None, "", 5, []])
def test_the_request_names_the_model_where_the_answer_does_not(model: object) -> None:
    """The id that was asked for."""
    answer = of_body(body(message(model=model)))
    assert (answer.status, answer.model, answer.requested_model) == (
        Status.MEASURED,
        "claude-requested",
        "claude-requested",
    )


def test_a_model_that_nobody_names_is_none() -> None:
    """Unpriced, then; never a neighbour."""
    answer = read_answer(body(message(model=None)), exchange(requested=None))
    assert answer is not None
    assert (answer.status, answer.model) == (Status.MEASURED, None)


def test_the_answers_model_goes_before_the_requests() -> None:
    """An alias in the request, a dated id in the answer; the request is not even read."""
    answer = of_body(body(message()))
    assert (answer.model, answer.requested_model) == (MODEL, None)


def test_a_model_id_is_bounded() -> None:
    """What a server sends is not kept at any length."""
    assert of_body(body(message(model="m" * 5_000))).model == "m" * LONGEST_MODEL


@pytest.mark.parametrize("in_url", [BEDROCK, PROFILE, "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-x"])
def test_bedrocks_url_names_the_model_and_the_region(in_url: str) -> None:
    """The body says `claude-sonnet-4-5-20250929`, without the prefix that costs 10%."""
    answer = read_answer(body(message()), exchange(model=in_url, requested=None))
    assert answer is not None
    assert answer.model == in_url


def test_vertexs_body_names_the_model_and_its_url_the_region() -> None:
    """Without a model in the body, the one of the URL."""
    on_vertex = exchange(model="claude-sonnet-4-5@20250929", regional=True, requested=None)
    named, unnamed = read_answer(body(message()), on_vertex), read_answer(body(message(model=None)), on_vertex)
    assert named is not None
    assert unnamed is not None
    assert (named.model, named.regional) == (MODEL, True)
    unread = read_answer(b"", on_vertex)
    assert unread is not None
    assert (unread.model, unread.regional) == ("claude-sonnet-4-5@20250929", True)
    assert (unnamed.model, unnamed.requested_model) == ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5@20250929")


@pytest.mark.parametrize("data", [b'{"input_tokens":14}', b"", b"<html>", DEEP])
def test_a_token_count_is_free(data: bytes) -> None:
    """Whatever it says."""
    assert of_body(data, Kind.COUNT_TOKENS) == Answer(status=Status.FREE, endpoint="count_tokens", http_status=200)


def test_a_created_batch_is_known_by_its_id() -> None:
    """Free by itself: its results are billed."""
    created = {"id": "msgbatch_013Zva2CMHLNnXjNJJKqJ2EF", "type": "message_batch", "processing_status": "in_progress"}
    assert of_body(body(created), Kind.BATCH_CREATE) == Answer(
        status=Status.FREE,
        endpoint="batch_create",
        batch=True,
        batch_id="msgbatch_013Zva2CMHLNnXjNJJKqJ2EF",
        http_status=200,
    )


@pytest.mark.parametrize("value", [{}, {"id": None}, {"id": 5}])
def test_a_batch_without_an_id_is_unmeasured(value: Json) -> None:
    """It will be billed, and its results cannot be found again."""
    answer = of_body(body(value), Kind.BATCH_CREATE)
    assert (answer.status, answer.endpoint) == (Status.UNMEASURED, "batch_create")
    assert answer.reason == "a batch was created and its id cannot be read"


def test_a_batch_whose_answer_is_not_json_is_unmeasured() -> None:
    """As any other answer."""
    assert of_body(b"<html>", Kind.BATCH_CREATE).status is Status.UNMEASURED


@pytest.mark.parametrize(
    "value",
    [
        {"id": "chatcmpl-1", "object": "chat.completion", "usage": {"prompt_tokens": 1}},
        {"type": "message", "usage": None},
        {"type": "message"},
        {"type": "completion", "usage": {}},
        {"type": "error", "error": {}},
        [],
        None,
    ],
)
def test_a_guess_that_is_no_message_was_not_with_claude(value: object) -> None:
    """Nothing is recorded for somebody else's API."""
    assert read_answer(body(value), exchange(Kind.GUESS)) is None


def test_a_guess_that_is_a_message_is_measured() -> None:
    """The answer proves what the path did not."""
    assert of_body(body(message()), Kind.GUESS) == of_body(body(message()))


@pytest.mark.parametrize(
    ("data", "model"),
    [
        (b'{"model":"claude-opus-5","max_tokens":1}', "claude-opus-5"),
        (b'{"tools":[{"model":"x"}]}', None),
        (b'{"model":null}', None),
        (b'{"model":5}', None),
        (b'["model"]', None),
        (b'{"model":', None),
        (b'{"a":1}', None),
        (b"", None),
        (None, None),
        (b'{"model":' + DEEP, None),
        (b'{"model":"\xff"}', None),
    ],
)
def test_a_request_names_its_model_or_none(data: bytes | None, model: str | None) -> None:
    """And never raises."""
    assert requested_model(data) == model


def test_a_requested_model_is_bounded() -> None:
    """As one of an answer."""
    assert requested_model(json.dumps({"model": "m" * 5_000}).encode()) == "m" * LONGEST_MODEL


def test_a_failed_try_uses_nothing() -> None:
    """It is recorded with the model that was asked for."""
    assert failed(exchange(), "HTTP status 529", Failure.OVERLOADED) == Answer(
        status=Status.FAILED,
        endpoint="messages",
        model="claude-requested",
        requested_model="claude-requested",
        http_status=200,
        reason="HTTP status 529",
        failure=Failure.OVERLOADED,
    )


def test_notes_are_said_once() -> None:
    """Also where top level and iterations assume the same."""
    entries = [{"type": "message", "input_tokens": 1, "cache_creation_input_tokens": 5}] * 3
    fields = message(usage=usage(cache_creation_input_tokens=5, cache_creation=None, iterations=entries))
    assert answer_of(fields, exchange()).notes == (FIVE,)


COMPLETION = {"type": "completion", "completion": " Hi", "stop_reason": "stop_sequence", "stop": None}


def of_headers(*counts: str | None, answer: Json = COMPLETION) -> Answer:
    told = exchange(model="anthropic.claude-v2:1")._replace(headers=Headers(None, *counts))
    found = read_answer(body(answer), told)
    assert found is not None
    return found


def test_bedrocks_headers_count_a_text_completion() -> None:
    """Whose answer states no usage."""
    answer = of_headers("12", "5")
    assert (answer.status, answer.reason, answer.model) == (Status.MEASURED, None, "anthropic.claude-v2:1")
    assert answer.usage == Usage(input_tokens=12, output_tokens=5)
    assert of_headers("12", "0").status is Status.AT_LEAST
    assert of_headers("12", "5", answer=message()).usage == Usage(input_tokens=120, output_tokens=45)


@pytest.mark.parametrize("counts", [(), ("12", None), (None, "5"), ("-1", "5"), ("x", "5"), ("9" * 13, "5"), ("", "5")])
def test_headers_that_do_not_count_leave_an_answer_without_usage_unmeasured(counts: tuple[str | None, ...]) -> None:
    """Absent is not zero."""
    answer = of_headers(*counts)
    assert (answer.status, answer.reason) == (Status.UNMEASURED, "the answer states no usage")


def test_what_an_answer_says_stands_in_its_own_field() -> None:
    """Each of another value: no two fields can have changed places."""
    counts = {
        "input_tokens": 1,
        "cache_creation_input_tokens": 5,
        "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 3},
        "cache_read_input_tokens": 4,
        "output_tokens": 5,
        "server_tool_use": {"web_search_requests": 6, "web_fetch_requests": 7, "code_execution_requests": 8},
        "service_tier": "priority",
        "speed": "fast",
        "inference_geo": "us",
    }
    asked = exchange(Kind.BATCH_RESULTS, regional=True, batch_id="msgbatch_1", requested="claude-asked")
    asked = asked._replace(request='{"messages":"a:1"}', asks_for_more=True)
    answer = answer_of({"model": "claude-answered", "usage": counts}, asked, "item")
    assert answer == Answer(
        status=Status.MEASURED,
        endpoint="batch_result",
        model="claude-answered",
        requested_model="claude-asked",
        usage=Usage(
            input_tokens=1,
            cache_creation_5m_input_tokens=2,
            cache_creation_1h_input_tokens=3,
            cache_read_input_tokens=4,
            output_tokens=5,
            web_search_requests=6,
            web_fetch_requests=7,
            code_execution_requests=8,
        ),
        batch=True,
        speed="fast",
        inference_geo="us",
        service_tier="priority",
        regional=True,
        batch_id="msgbatch_1",
        item_id="item",
        http_status=200,
        request='{"messages":"a:1"}',
    )
