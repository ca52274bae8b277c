"""Counts that contradict the protocol or the answer itself: written by who knows nothing, and never believed."""

from typing import Any

import pytest

from pytest_claude_budget.calls.call import Answer, Status, Usage
from pytest_claude_budget.wire.messages import answer_of
from pytest_claude_budget.wire.stream_bodies import StreamBody
from tests.wire.answers import BLOCK_END, STOP, Json, block, delta, event, exchange, message, read, start, text, usage

NOTHING = "the answer's usage counts nothing at all"
NO_OUTPUT = "the answer has content and its usage counts no output"
NO_PROMPT = "the answer's usage counts no token of the prompt"
ZEROS: Json = {"input_tokens": 0, "output_tokens": 0}
STARTED = {"input_tokens": 5_000, "cache_read_input_tokens": 30_000, "cache_creation_input_tokens": 2_000}
TOOL = {"type": "tool_use", "id": "toolu_1", "name": "now", "input": {}}


def of_stream(*events: bytes, complete: bool = True) -> Answer:
    own, items = read(StreamBody(exchange()), [b"".join(events)], complete=complete)
    assert own is not None
    assert items == []
    return own


def of_json(counts: Json, **fields: Any) -> Answer:
    return answer_of(message(usage=counts, **fields), exchange())


def test_counts_that_fall_to_zero_are_no_counts() -> None:
    """They are cumulative: the start's 5,000 + 2,000 + 30,000 hold."""
    zeros = dict.fromkeys(STARTED, 0)
    answer = of_stream(
        start(usage={**STARTED, "output_tokens": 1}), block(), text("Hi"), delta(output_tokens=200, **zeros)
    )
    assert (answer.status, answer.usage) == (
        Status.MEASURED,
        Usage(
            input_tokens=5_000,
            cache_creation_5m_input_tokens=2_000,
            cache_read_input_tokens=30_000,
            output_tokens=200,
        ),
    )


def test_output_that_falls_is_what_it_was() -> None:
    """Said by two deltas; that of message_start is a placeholder and no count."""
    assert (
        of_stream(start(), text("Hi"), delta(None, output_tokens=200), delta(output_tokens=0)).usage.output_tokens
        == 200
    )
    placeholder = start(usage=usage(output_tokens=90))
    assert of_stream(placeholder, text("Hi"), delta(output_tokens=45)).usage.output_tokens == 45


def test_counts_inside_of_counts_do_not_fall_either() -> None:
    """Searches, and the split of the cache writes."""
    split = {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}
    first = usage(cache_creation_input_tokens=30, cache_creation=split, server_tool_use={"web_search_requests": 3})
    zeros = {
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "server_tool_use": {"web_search_requests": 0, "web_fetch_requests": 1},
    }
    answer = of_stream(start(usage=first), text("Hi"), delta(output_tokens=45, **zeros))
    assert answer.usage == Usage(
        input_tokens=120,
        cache_creation_5m_input_tokens=10,
        cache_creation_1h_input_tokens=20,
        output_tokens=45,
        web_search_requests=3,
        web_fetch_requests=1,
    )


def test_another_model_counts_anew() -> None:
    """After a fallback block the counts are those of the model that serves, by its own tokenizer."""
    fallback = block(type="fallback", to={"model": "claude-haiku-4-5"})
    answer = of_stream(start(), fallback, text("Hi"), delta(output_tokens=45, input_tokens=100), STOP)
    assert (answer.model, answer.usage) == ("claude-haiku-4-5", Usage(input_tokens=100, output_tokens=45))


@pytest.mark.parametrize("count", [-1, "0", 0.5, True, float("nan")])
@pytest.mark.parametrize("name", ["input_tokens", "output_tokens"])
def test_what_is_no_count_is_not_hidden_by_one(count: object, name: str) -> None:
    """The start's own count does not stand in for it."""
    answer = of_stream(start(), text("Hi"), delta(**{"output_tokens": 45, name: count}), STOP)
    assert (answer.status, answer.reason) == (Status.UNMEASURED, f"usage.{name} is not a whole number from zero up")


def test_zeros_to_the_end_are_not_known() -> None:
    """Never $0: neither in a stream nor in JSON, with content or without."""
    assert (
        of_stream(start(usage=ZEROS), block(), text("x" * 350), BLOCK_END, delta(**ZEROS), STOP).status
        is Status.UNMEASURED
    )
    for answer in (of_stream(start(usage=ZEROS), delta(**ZEROS), STOP), of_json(ZEROS), of_json(ZEROS, content=[])):
        assert (answer.status, answer.reason, answer.usage) == (Status.UNMEASURED, NOTHING, Usage())


def test_text_without_output_is_a_lower_bound() -> None:
    """The 350 characters that a stream has shown are 100 tokens; JSON leaves the output at nothing."""
    answer = of_stream(start(), block(), text("x" * 350), BLOCK_END, delta(output_tokens=0), STOP)
    assert (answer.status, answer.reason) == (Status.AT_LEAST, NO_OUTPUT)
    assert answer.usage == Usage(input_tokens=120, output_tokens=100)
    answer = of_json(usage(output_tokens=0))
    assert (answer.status, answer.reason, answer.usage) == (Status.AT_LEAST, NO_OUTPUT, Usage(input_tokens=120))


@pytest.mark.parametrize(
    "content",
    [
        TOOL,
        {"type": "thinking", "thinking": "Hm"},
        {"type": "redacted_thinking", "data": "x"},
        {"type": "server_tool_use"},
    ],
)
def test_tool_use_and_thinking_are_output_too(content: Json) -> None:
    """Though no text comes with a tool that takes nothing."""
    assert of_json(usage(output_tokens=0), content=[content]).reason == NO_OUTPUT
    if content["type"] != "thinking":
        answer = of_stream(start(), block(**content), BLOCK_END, delta("tool_use", output_tokens=0), STOP)
        assert (answer.status, answer.reason) == (Status.AT_LEAST, NO_OUTPUT)
    else:
        piece = event("content_block_delta", {"delta": {"type": "thinking_delta", "thinking": "Hm, well"}})
        assert of_stream(start(), piece, delta(output_tokens=0), STOP).reason == NO_OUTPUT


def test_an_answer_without_content_may_have_no_output() -> None:
    """Cache pre-warming with `max_tokens: 0`, and an empty block of text."""
    warmed = usage(output_tokens=0, cache_creation_input_tokens=9, cache_creation={"ephemeral_5m_input_tokens": 9})
    for content in ([], [{"type": "text", "text": ""}], None):
        answer = of_json(warmed, content=content, stop_reason="max_tokens")
        assert (answer.status, answer.usage.cache_creation_5m_input_tokens) == (Status.MEASURED, 9)
    answer = of_stream(start(), block(), BLOCK_END, delta("max_tokens", output_tokens=0), STOP)
    assert (answer.status, answer.usage) == (Status.MEASURED, Usage(input_tokens=120))


def test_a_prompt_of_no_tokens_is_a_lower_bound() -> None:
    """There is none; one that was read from a cache has no fresh ones."""
    answer = of_json(usage(input_tokens=0))
    assert (answer.status, answer.reason, answer.usage) == (Status.AT_LEAST, NO_PROMPT, Usage(output_tokens=45))
    assert of_json(usage(input_tokens=0, cache_read_input_tokens=5)).status is Status.MEASURED


def test_zeros_beside_iterations_and_refusals_are_what_they_say() -> None:
    """Compaction leaves the top level so; a refusal's counts are informational."""
    compacted = {**ZEROS, "iterations": [{"type": "compaction", "input_tokens": 9}]}
    assert of_json(compacted).status is Status.MEASURED
    refused = of_json(ZEROS, content=[], stop_reason="refusal")
    assert (refused.status, refused.notes) == (Status.MEASURED, ("refused before any output: not billed",))
    assert of_json(usage(output_tokens=0), stop_reason="refusal").status is Status.MEASURED


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"audio_input_tokens": 7}, "audio_input_tokens"),
        ({"audio_input_tokens": "7"}, "audio_input_tokens"),
        ({"cache_creation": {"ephemeral_24h_input_tokens": 7}}, "cache_creation.ephemeral_24h_input_tokens"),
        ({"output_tokens_details": {"thinking_tokens": 9, "audio_tokens": 7}}, "output_tokens_details.audio_tokens"),
        ({"server_tool_use": {"web_search_requests": 0, "page_tokens": 7}}, "server_tool_use.page_tokens"),
        ({"media": {"video": {"frame_tokens": 7}}}, "media.video.frame_tokens"),
        ({"iterations": [{"type": "message", "input_tokens": 1, "audio_input_tokens": 7}]}, "audio_input_tokens"),
        ({"odd name_tokens": 7}, "'odd name_tokens'"),
    ],
)
def test_a_count_that_nobody_knows_leaves_a_lower_bound(more: Json, named: str) -> None:
    """What is known is counted, and the field is named."""
    answer = of_json(usage(**more))
    assert (answer.status, answer.reason) == (Status.AT_LEAST, f"usage.{named} is not known here and may be billed")
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (120, 45)
    assert of_stream(start(), text("Hi"), delta(output_tokens=45, **more), STOP).reason == answer.reason


@pytest.mark.parametrize(
    "more",
    [
        {"audio_input_tokens": 0},
        {"audio_input_tokens": None},
        {"output_tokens_details": {"thinking_tokens": 9}},
        {"output_tokens_details": None},
        {"total_tokens": 165, "prompt_tokens": 120, "completion_tokens": 45},
        {"prompt_tokens_details": {"cached_tokens": 7}, "completion_tokens_details": {"reasoning_tokens": 7}},
        {"fallback_credit": {"status": {"type": "redeemed"}}},
        {"service_level": "gold", "cost": 7, "tokens": 7},
    ],
)
def test_what_is_known_or_says_nothing_changes_nothing(more: Json) -> None:
    """Breakdowns of a count, sums that gateways put beside it, zeros."""
    assert of_json(usage(**more)) == of_json(usage())


def test_a_stream_that_is_whole_and_lacks_a_count_keeps_its_reason() -> None:
    """A cut and a gap are told both."""
    answer = of_stream(start(usage=usage(moon_tokens=1)), block(), text("x" * 350), complete=False)
    gap = "usage.moon_tokens is not known here and may be billed"
    assert (answer.status, answer.reason) == (Status.AT_LEAST, f"the stream was not read to its end; {gap}")
