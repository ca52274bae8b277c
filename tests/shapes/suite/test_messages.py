"""Every way in which the SDK asks for one message, synchronously. Each test has counts of its own."""

from anthropic import Anthropic
from asking import ASK, client_of
from double import Double, events, message, sse_bytes, stream, stream_of

TEXT = "Hello from the double."


def said_by(stream_) -> str:
    """Join the text of raw stream events."""
    return "".join(event.delta.text for event in stream_ if event.type == "content_block_delta")


def test_create(double: Double) -> None:
    with client_of(double.url(message(input_tokens=1_001, output_tokens=101))) as client:
        answer = client.messages.create(**ASK)
    assert (TEXT, 101) == (answer.content[0].text, answer.usage.output_tokens)


def test_create_stream(double: Double) -> None:
    url = double.url(stream(start={"input_tokens": 1_002, "output_tokens": 1}, final={"output_tokens": 102}))
    with client_of(url) as client:
        assert TEXT == said_by(client.messages.create(**ASK, stream=True))


def test_stream_text(double: Double) -> None:
    url = double.url(stream(start={"input_tokens": 1_003, "output_tokens": 1}, final={"output_tokens": 103}))
    with client_of(url) as client, client.messages.stream(**ASK) as stream_:
        assert TEXT == "".join(stream_.text_stream)


def test_stream_events(double: Double) -> None:
    url = double.url(stream(start={"input_tokens": 1_004, "output_tokens": 1}, final={"output_tokens": 104}))
    with client_of(url) as client, client.messages.stream(**ASK) as stream_:
        kinds = [event.type for event in stream_]
    assert ("message_start", "message_stop") == (kinds[0], kinds[-1])


def test_stream_final_message(double: Double) -> None:
    url = double.url(stream(start={"input_tokens": 1_005, "output_tokens": 1}, final={"output_tokens": 105}))
    with client_of(url) as client, client.messages.stream(**ASK) as stream_:
        assert 105 == stream_.get_final_message().usage.output_tokens


def test_raw_response_parsed(double: Double) -> None:
    with client_of(double.url(message(input_tokens=1_006, output_tokens=106))) as client:
        raw = client.messages.with_raw_response.create(**ASK)
        assert ("req_shape", 106) == (raw.headers["request-id"], raw.parse().usage.output_tokens)


def test_raw_response_never_parsed(double: Double) -> None:
    with client_of(double.url(message(input_tokens=1_007, output_tokens=107))) as client:
        assert "req_shape" == client.messages.with_raw_response.create(**ASK).headers["request-id"]


def test_streaming_response_bytes(double: Double) -> None:
    reply = message(input_tokens=1_008, output_tokens=108)
    with client_of(double.url(reply)) as client, _asked(client) as response:
        assert reply.body == b"".join(response.iter_bytes())


def test_streaming_response_text(double: Double) -> None:
    reply = message(input_tokens=1_009, output_tokens=109)
    with client_of(double.url(reply)) as client, _asked(client) as response:
        assert reply.body.decode() == "".join(response.iter_text())


def test_streaming_response_lines(double: Double) -> None:
    reply = message(input_tokens=1_010, output_tokens=110)
    with client_of(double.url(reply)) as client, _asked(client) as response:
        assert [reply.body.decode()] == list(response.iter_lines())


def test_streaming_response_parsed(double: Double) -> None:
    with client_of(double.url(message(input_tokens=1_011, output_tokens=111))) as client, _asked(client) as response:
        assert 111 == response.parse().usage.output_tokens


def test_raw_response_of_a_stream(double: Double) -> None:
    url = double.url(stream(start={"input_tokens": 1_012, "output_tokens": 1}, final={"output_tokens": 112}))
    with client_of(url) as client:
        assert TEXT == said_by(client.messages.with_raw_response.create(**ASK, stream=True).parse())


def test_streaming_response_of_a_stream(double: Double) -> None:
    """The caller sees the bytes as they were sent."""
    body = sse_bytes(events(start={"input_tokens": 1_013, "output_tokens": 1}, final={"output_tokens": 113}))
    with client_of(double.url(stream_of(body))) as client, _asked(client, stream=True) as response:
        assert body.decode().splitlines() == list(response.iter_lines())


def test_streaming_response_chunk_borders(double: Double) -> None:
    """What came in pieces is handed on in the same pieces."""
    body = sse_bytes(events(start={"input_tokens": 1_014, "output_tokens": 1}, final={"output_tokens": 114}))
    reply = stream_of(body, size=37)
    with client_of(double.url(reply)) as client, _asked(client, stream=True) as response:
        assert reply.pieces == list(response.http_response.iter_raw())


def _asked(client: Anthropic, **more):
    return client.messages.with_streaming_response.create(**ASK, **more)
