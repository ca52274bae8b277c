"""The SDK's own client for Amazon Bedrock, over httpx: every shape of answer, read exactly."""

import asyncio
from decimal import Decimal
from typing import Any

import anthropic
import httpx2
import pytest
from blockbuster import blockbuster_ctx

from pytest_claude_budget.calls.call import Answer, Origin, Status
from tests.bedrock.answers import COST, COUNTS, EVENTS, MODEL, SEEN, dollars, invoked, invoked_stream
from tests.bedrock.conftest import Bedrock, as_frames, as_json
from tests.builders.watched import watched
from tests.wire.frames import chunk, exception

ASK: dict[str, Any] = {"model": MODEL, "max_tokens": 200, "messages": [{"role": "user", "content": "Is it so?"}]}
MANTLE = "anthropic.claude-sonnet-4-5"


def client(bedrock: Bedrock, **how: Any) -> anthropic.AnthropicBedrock:
    return anthropic.AnthropicBedrock(aws_region="us-east-1", base_url=bedrock.url, max_retries=0, **how)


def async_client(bedrock: Bedrock) -> anthropic.AsyncAnthropicBedrock:
    return anthropic.AsyncAnthropicBedrock(aws_region="us-east-1", base_url=bedrock.url, max_retries=0)


def is_exact(answers: list[Answer], calls: int = 1) -> bool:
    """Was each call measured, with all its counts, at $0.01386?"""
    assert [(Status.MEASURED, COUNTS, MODEL)] * calls == [(one.status, one.usage, one.model) for one in answers]
    assert [COST] * calls == [dollars(one) for one in answers]
    return True


def test_an_answer_in_one_piece_is_exact(bedrock: Bedrock) -> None:
    bedrock.replies = [invoked()]
    with watched() as told, client(bedrock) as asking:
        assert asking.messages.create(**ASK).usage.output_tokens == 200
    assert is_exact(told.answers)
    assert [Origin.SIMULATED] == list(told.origins.values())


def test_a_stream_is_exact_by_either_way_of_reading_it(bedrock: Bedrock) -> None:
    bedrock.replies = [invoked_stream(), invoked_stream()]
    with watched() as told, client(bedrock) as asking:
        assert [event.type for event in asking.messages.create(**ASK, stream=True)][-1] == "message_stop"
        with asking.messages.stream(**ASK) as stream:
            assert stream.get_final_message().usage.output_tokens == 200
    assert is_exact(told.answers, calls=2)
    assert all(path.endswith("/invoke-with-response-stream") for path in bedrock.paths)


def test_an_asynchronous_stream_is_exact_and_touches_no_file_on_the_loop(bedrock: Bedrock) -> None:
    bedrock.replies = [invoked(), invoked_stream()]

    async def work() -> None:
        async with async_client(bedrock) as asking:
            await asking.messages.create(**ASK)  # what botocore loads at first is its own business
            with blockbuster_ctx("pytest_claude_budget"):
                async with asking.messages.stream(**ASK) as stream:
                    assert (await stream.get_final_message()).usage.output_tokens == 200

    with watched() as told:
        asyncio.run(work())
    assert is_exact(told.answers, calls=2)


def test_a_stream_that_is_left_counts_what_was_seen(bedrock: Bedrock) -> None:
    """The prompt as stated; of the output at least the one token that message_start says."""
    bedrock.replies = [invoked_stream()]
    with watched() as told, client(bedrock) as asking, asking.messages.create(**ASK, stream=True) as stream:
        assert next(iter(stream)).type == "message_start"
    [answer] = told.answers
    assert answer.usage.prompt_tokens == COUNTS.prompt_tokens


def test_throttling_in_mid_stream_is_a_lower_bound(bedrock: Bedrock) -> None:
    """39 characters at 3.5 a token are 11 tokens: (12,600 - 200 x 15 + 11 x 15) x 1.1 = 10,741.5 millionths."""
    bedrock.replies = [as_frames(*map(chunk, EVENTS[:5]), exception())]
    with (
        watched() as told,
        client(bedrock) as asking,
        pytest.raises(anthropic.APIStatusError),
    ):
        list(asking.messages.create(**ASK, stream=True))
    [answer] = told.answers
    assert (answer.status, answer.reason) == (Status.AT_LEAST, "the stream broke off with an error event")
    assert answer.notes == (f"output estimated from {SEEN} characters seen",)
    assert dollars(answer) == Decimal("0.0107415")


def test_a_connection_that_breaks_is_a_lower_bound(bedrock: Bedrock) -> None:
    bedrock.replies = [as_frames(*map(chunk, EVENTS[:5]), breaks_off=True)]
    with watched() as told, client(bedrock) as asking, pytest.raises(httpx2.RemoteProtocolError):
        list(asking.messages.create(**ASK, stream=True))
    [answer] = told.answers
    assert (answer.status, answer.usage.prompt_tokens) == (Status.AT_LEAST, COUNTS.prompt_tokens)


def test_tries_that_were_throttled_are_attempts(bedrock: Bedrock) -> None:
    """Two that brought nothing, and the answer."""
    refused = as_json({"message": "Too many requests"}, status=429, headers={"retry-after-ms": "1"})
    bedrock.replies = [refused, refused, invoked()]
    with watched() as told, client(bedrock).with_options(max_retries=2) as asking:
        asking.messages.create(**ASK)
    assert [Status.FAILED, Status.FAILED] == [one.status for one in told.answers[:2]]
    assert is_exact(told.answers[2:])


def test_mantle_is_asked_as_the_first_party_is_and_its_id_tells_the_region(bedrock: Bedrock) -> None:
    """`/v1/messages` with a model of Bedrock's in the body, whose answer names it plainly: $0.01386 with the premium."""
    bedrock.replies = [invoked()]
    with (
        watched() as told,
        anthropic.AnthropicBedrockMantle(
            aws_region="us-east-1", base_url=f"{bedrock.url}/anthropic", max_retries=0
        ) as asking,
    ):
        asking.messages.create(**{**ASK, "model": MANTLE})
    assert bedrock.paths == ["/anthropic/v1/messages"]
    [answer] = told.answers
    assert (answer.status, answer.usage, answer.requested_model) == (Status.MEASURED, COUNTS, MANTLE)
    assert dollars(answer) == COST
