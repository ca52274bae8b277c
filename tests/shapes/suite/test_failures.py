"""Tries that bring no answer: recorded, never billed. `retry-after-ms` keeps the SDK from sleeping."""

import anthropic
import pytest
from asking import ASK, async_client_of, client_of, run
from double import Double, closed_port, error, message, stream, stream_of

OVERLOADED = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'


def test_retried_after_429(double: Double) -> None:
    url = double.url(error(429, retry_after_ms=1), message(input_tokens=1_301, output_tokens=301))
    with client_of(url, max_retries=2) as client:
        assert 301 == client.messages.create(**ASK).usage.output_tokens


def test_retried_after_529_and_500(double: Double) -> None:
    failures = (error(529, retry_after_ms=1), error(500, retry_after_ms=1))
    url = double.url(*failures, message(input_tokens=1_302, output_tokens=302))
    with client_of(url, max_retries=2) as client:
        assert 302 == client.messages.create(**ASK).usage.output_tokens


def test_retried_async(double: Double) -> None:
    url = double.url(error(529, retry_after_ms=1), message(input_tokens=1_303, output_tokens=303))

    async def work() -> None:
        async with async_client_of(url, max_retries=1) as client:
            assert 303 == (await client.messages.create(**ASK)).usage.output_tokens

    run(work())


def test_retried_stream(double: Double) -> None:
    answer = stream(start={"input_tokens": 1_304, "output_tokens": 1}, final={"output_tokens": 304})
    url = double.url(error(529, retry_after_ms=1), answer)
    with client_of(url, max_retries=1) as client, client.messages.stream(**ASK) as stream_:
        assert 304 == stream_.get_final_message().usage.output_tokens


def test_retries_exhausted(double: Double) -> None:
    url = double.url(error(429, retry_after_ms=1), repeat=True)
    with client_of(url, max_retries=2) as client, pytest.raises(anthropic.RateLimitError):
        client.messages.create(**ASK)


def test_bad_request(double: Double) -> None:
    with client_of(double.url(error(400))) as client, pytest.raises(anthropic.BadRequestError):
        client.messages.create(**ASK)


def test_bad_request_of_a_stream_async(double: Double) -> None:
    async def work() -> None:
        async with async_client_of(double.url(error(400))) as client:
            with pytest.raises(anthropic.BadRequestError):
                await client.messages.create(**ASK, stream=True)

    run(work())


def test_server_error(double: Double) -> None:
    with client_of(double.url(error(500))) as client, pytest.raises(anthropic.InternalServerError):
        client.messages.create(**ASK)


def test_server_error_async(double: Double) -> None:
    async def work() -> None:
        async with async_client_of(double.url(error(529))) as client:
            with pytest.raises(anthropic.APIStatusError):
                await client.messages.create(**ASK)

    run(work())


def test_error_event_before_the_message(double: Double) -> None:
    with client_of(double.url(stream_of(OVERLOADED))) as client, pytest.raises(anthropic.APIStatusError):
        list(client.messages.create(**ASK, stream=True))


def test_connection_refused() -> None:
    with client_of(closed_port()) as client, pytest.raises(anthropic.APIConnectionError):
        client.messages.create(**ASK)


def test_connection_refused_async() -> None:
    async def work() -> None:
        async with async_client_of(closed_port()) as client:
            with pytest.raises(anthropic.APIConnectionError):
                await client.messages.create(**ASK)

    run(work())
