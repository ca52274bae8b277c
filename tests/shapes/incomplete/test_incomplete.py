"""Answers whose cost is not known in full: never nothing, never guessed, and each with its reason."""

import gc

import anthropic
import pytest
from asking import ASK, BROKEN_OFF, async_client_of, client_of, run
from double import Double, Reply, events, json_reply, message, message_object, sse_bytes, stream, stream_of, succeeded
from features import FEATURES

TEXT = ("Nothing but the ", "truth, the whole ", "truth, and nothing", " but the truth now.")
"""70 characters, all ASCII: 20 tokens at 3.5 a token."""


READ_IN_PART = (("a", "short"), ("b", "long " * 4_000), ("c", "short"))


def a_stream(input_tokens: int, **how) -> bytes:
    return sse_bytes(events(start={"input_tokens": input_tokens, "output_tokens": 1}, text=TEXT, **how))


def test_unknown_model(double: Double) -> None:
    with client_of(double.url(message(model="claude-nova-9", input_tokens=10, output_tokens=10))) as client:
        assert "claude-nova-9" == client.messages.create(**ASK).model


def test_unknown_model_streamed(double: Double) -> None:
    reply = stream(model="our-own-model", start={"input_tokens": 11, "output_tokens": 1}, final={"output_tokens": 11})
    with client_of(double.url(reply)) as client, client.messages.stream(**ASK) as stream_:
        assert "our-own-model" == stream_.get_final_message().model


def test_answer_without_usage(double: Double) -> None:
    answer = {name: value for name, value in message_object().items() if name != "usage"}
    with client_of(double.url(json_reply(answer))) as client:
        assert "end_turn" == client.messages.create(**ASK).stop_reason


@pytest.mark.parametrize("size", [None, 1, 7], ids=["whole-events", "1", "7"])
def test_stream_breaks_off(double: Double, size: int | None) -> None:
    """However it was cut, the text that was seen is the same."""
    body = a_stream(1_701, final={"output_tokens": 400}).partition(b"event: content_block_stop")[0]
    with (
        client_of(double.url(stream_of(body, size=size, breaks_off=True))) as client,
        pytest.raises(BROKEN_OFF),
    ):
        list(client.messages.create(**ASK, stream=True))


def test_stream_breaks_off_async(double: Double) -> None:
    body = a_stream(1_702, final={"output_tokens": 400}).partition(b"event: content_block_stop")[0]

    async def work() -> None:
        async with async_client_of(double.url(stream_of(body, breaks_off=True))) as client:
            with pytest.raises(BROKEN_OFF):
                [event async for event in await client.messages.create(**ASK, stream=True)]

    run(work())


def test_stream_ends_early(double: Double) -> None:
    """The connection ends in good order, the message does not."""
    body = a_stream(1_703, final={"output_tokens": 400}).partition(b"event: message_delta")[0]
    with client_of(double.url(stream_of(body))) as client:
        assert "content_block_stop" == list(client.messages.create(**ASK, stream=True))[-1].type


def test_error_event_in_a_stream(double: Double) -> None:
    begun = a_stream(1_704, final={"output_tokens": 400}).partition(b"event: content_block_start")[0]
    failed = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
    with client_of(double.url(stream_of(begun + failed))) as client, pytest.raises(anthropic.APIStatusError):
        list(client.messages.create(**ASK, stream=True))


def test_delta_without_usage(double: Double) -> None:
    with client_of(double.url(stream_of(a_stream(1_705, final=None)))) as client:
        assert "message_stop" == list(client.messages.create(**ASK, stream=True))[-1].type


def test_stream_abandoned(double: Double) -> None:
    """The reader goes away after the first event: its counts are all that is known."""
    url = double.url(stream_of(a_stream(1_706, final={"output_tokens": 400})))
    with client_of(url) as client, client.messages.create(**ASK, stream=True) as stream_:
        assert "message_start" == next(iter(stream_)).type


def test_stream_abandoned_async(double: Double) -> None:
    url = double.url(stream_of(a_stream(1_707, final={"output_tokens": 400})))

    async def work() -> None:
        async with async_client_of(url) as client, await client.messages.create(**ASK, stream=True) as stream_:
            assert "message_start" == (await anext(aiter(stream_))).type

    run(work())


def test_stream_never_read(double: Double) -> None:
    with client_of(double.url(stream_of(a_stream(1_708, final={"output_tokens": 400})))) as client:
        client.messages.create(**ASK, stream=True).close()


def test_stream_garbage_collected(double: Double) -> None:
    with client_of(double.url(stream_of(a_stream(1_709, final={"output_tokens": 400})))) as client:
        stream_ = client.messages.create(**ASK, stream=True)
        assert "message_start" == next(iter(stream_)).type
        del stream_
        gc.collect()


def test_streaming_response_never_read(double: Double) -> None:
    url = double.url(message(input_tokens=1_710, output_tokens=10))
    with client_of(url) as client, client.messages.with_streaming_response.create(**ASK) as response:
        assert 200 == response.status_code


def test_json_breaks_off(double: Double) -> None:
    whole = message(input_tokens=1_711, output_tokens=11)
    half = Reply(headers=whole.headers, pieces=[whole.body[:90]], breaks_off=True)
    with client_of(double.url(half)) as client, pytest.raises(anthropic.APIConnectionError):
        client.messages.create(**ASK)


def test_timeout(double: Double) -> None:
    """It may have been billed: nobody can tell."""
    url = double.url(message(delay=0.3, input_tokens=1_712, output_tokens=12))
    with client_of(url, timeout=0.1) as client, pytest.raises(anthropic.APITimeoutError):
        client.messages.create(**ASK)


def test_timeout_async(double: Double) -> None:
    url = double.url(message(delay=0.3, input_tokens=1_713, output_tokens=13))

    async def work() -> None:
        async with async_client_of(url, timeout=0.1) as client:
            with pytest.raises(anthropic.APITimeoutError):
                await client.messages.create(**ASK)

    run(work())


def batches_of(client: anthropic.Anthropic):
    return client.messages.batches if "messages_batches" in FEATURES else client.beta.messages.batches


def test_batch_read_in_part(double: Double) -> None:
    """What was read is priced; the rest is billed all the same.

    The first piece ends within the second line, after more bytes than any SDK reads ahead.
    """
    items = [succeeded(name, text=text, input_tokens=1_720, output_tokens=20) for name, text in READ_IN_PART]
    with client_of(double.plan_batch("msgbatch_21", items, first=6_000)) as client:
        created = batches_of(client).create(requests=[{"custom_id": "a", "params": ASK}])
        results = batches_of(client).results(created.id)
        assert "a" == next(iter(results)).custom_id
        results.http_response.close()


def test_route_that_is_not_read(double: Double) -> None:
    """Billed, and not measured yet: said, not passed over."""
    with client_of(double.url(json_reply({"data": []}))) as client:
        client.post("/v1/dreams", cast_to=object, body={"inputs": []})


if "completions" in FEATURES:

    def test_legacy_completion(double: Double) -> None:
        answer = {
            "id": "c",
            "type": "completion",
            "completion": " Hi",
            "stop_reason": "stop_sequence",
            "model": "claude-2.1",
        }
        with client_of(double.url(json_reply(answer))) as client:
            assert (
                " Hi" == client.completions.create(model="claude-2.1", max_tokens_to_sample=9, prompt="Hi").completion
            )
