"""Every way in which the SDK asks for one message, on an event loop. Each test has counts of its own."""

import inspect

from anthropic import AsyncAnthropic
from asking import ASK, async_client_of, run
from double import Double, events, message, sse_bytes, stream, stream_of

TEXT = "Hello from the double."


async def said_by(stream_) -> str:
    """Join the text of raw stream events."""
    return "".join([event.delta.text async for event in stream_ if event.type == "content_block_delta"])


async def parsed(raw):
    """Newer majors parse asynchronously."""
    answer = raw.parse()
    return await answer if inspect.isawaitable(answer) else answer


def test_create(double: Double) -> None:
    async def work() -> None:
        async with async_client_of(double.url(message(input_tokens=1_101, output_tokens=101))) as client:
            answer = await client.messages.create(**ASK)
        assert (TEXT, 101) == (answer.content[0].text, answer.usage.output_tokens)

    run(work())


def test_create_stream(double: Double) -> None:
    url = double.url(stream(start={"input_tokens": 1_102, "output_tokens": 1}, final={"output_tokens": 102}))

    async def work() -> None:
        async with async_client_of(url) as client:
            assert TEXT == await said_by(await client.messages.create(**ASK, stream=True))

    run(work())


def test_stream_text(double: Double) -> None:
    url = double.url(stream(start={"input_tokens": 1_103, "output_tokens": 1}, final={"output_tokens": 103}))

    async def work() -> None:
        async with async_client_of(url) as client, client.messages.stream(**ASK) as stream_:
            assert TEXT == "".join([text async for text in stream_.text_stream])

    run(work())


def test_stream_events(double: Double) -> None:
    url = double.url(stream(start={"input_tokens": 1_104, "output_tokens": 1}, final={"output_tokens": 104}))

    async def work() -> None:
        async with async_client_of(url) as client, client.messages.stream(**ASK) as stream_:
            kinds = [event.type async for event in stream_]
        assert ("message_start", "message_stop") == (kinds[0], kinds[-1])

    run(work())


def test_stream_final_message(double: Double) -> None:
    url = double.url(stream(start={"input_tokens": 1_105, "output_tokens": 1}, final={"output_tokens": 105}))

    async def work() -> None:
        async with async_client_of(url) as client, client.messages.stream(**ASK) as stream_:
            assert 105 == (await stream_.get_final_message()).usage.output_tokens

    run(work())


def test_raw_response_parsed(double: Double) -> None:
    async def work() -> None:
        async with async_client_of(double.url(message(input_tokens=1_106, output_tokens=106))) as client:
            raw = await client.messages.with_raw_response.create(**ASK)
            answer = await parsed(raw)
        assert ("req_shape", 106) == (raw.headers["request-id"], answer.usage.output_tokens)

    run(work())


def test_raw_response_never_parsed(double: Double) -> None:
    async def work() -> None:
        async with async_client_of(double.url(message(input_tokens=1_107, output_tokens=107))) as client:
            raw = await client.messages.with_raw_response.create(**ASK)
            assert "req_shape" == raw.headers["request-id"]

    run(work())


def test_streaming_response_bytes(double: Double) -> None:
    reply = message(input_tokens=1_108, output_tokens=108)

    async def work() -> None:
        async with async_client_of(double.url(reply)) as client, _asked(client) as response:
            assert reply.body == b"".join([piece async for piece in response.iter_bytes()])

    run(work())


def test_streaming_response_text(double: Double) -> None:
    reply = message(input_tokens=1_109, output_tokens=109)

    async def work() -> None:
        async with async_client_of(double.url(reply)) as client, _asked(client) as response:
            assert reply.body.decode() == "".join([piece async for piece in response.iter_text()])

    run(work())


def test_streaming_response_lines(double: Double) -> None:
    reply = message(input_tokens=1_110, output_tokens=110)

    async def work() -> None:
        async with async_client_of(double.url(reply)) as client, _asked(client) as response:
            assert [reply.body.decode()] == [line async for line in response.iter_lines()]

    run(work())


def test_streaming_response_parsed(double: Double) -> None:
    url = double.url(message(input_tokens=1_111, output_tokens=111))

    async def work() -> None:
        async with async_client_of(url) as client, _asked(client) as response:
            assert 111 == (await response.parse()).usage.output_tokens

    run(work())


def test_raw_response_of_a_stream(double: Double) -> None:
    url = double.url(stream(start={"input_tokens": 1_112, "output_tokens": 1}, final={"output_tokens": 112}))

    async def work() -> None:
        async with async_client_of(url) as client:
            raw = await client.messages.with_raw_response.create(**ASK, stream=True)
            assert TEXT == await said_by(await parsed(raw))

    run(work())


def test_streaming_response_of_a_stream(double: Double) -> None:
    """The caller sees the bytes as they were sent."""
    body = sse_bytes(events(start={"input_tokens": 1_113, "output_tokens": 1}, final={"output_tokens": 113}))

    async def work() -> None:
        async with async_client_of(double.url(stream_of(body))) as client, _asked(client, stream=True) as response:
            assert body.decode().splitlines() == [line async for line in response.iter_lines()]

    run(work())


def test_streaming_response_chunk_borders(double: Double) -> None:
    """What came in pieces is handed on in the same pieces."""
    body = sse_bytes(events(start={"input_tokens": 1_114, "output_tokens": 1}, final={"output_tokens": 114}))
    reply = stream_of(body, size=37)

    async def work() -> None:
        async with async_client_of(double.url(reply)) as client, _asked(client, stream=True) as response:
            assert reply.pieces == [piece async for piece in response.http_response.aiter_raw()]

    run(work())


def _asked(client: AsyncAnthropic, **more):
    return client.messages.with_streaming_response.create(**ASK, **more)
