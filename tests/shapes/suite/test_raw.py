"""Calls without any SDK, with whichever of httpx and httpx2 is installed."""

import importlib
from typing import Any

import pytest
from asking import ASK, run
from double import Double, message, stream
from features import FEATURES

FIRST = {"httpx": 1_461, "httpx2": 1_471}
every_module = pytest.mark.parametrize("name", [name for name in FIRST if name in FEATURES])


@every_module
def test_post(double: Double, name: str) -> None:
    http, first = importlib.import_module(name), FIRST[name]
    headers = {"x-api-key": "none", "anthropic-version": "2023-06-01"}
    url = double.url(message(input_tokens=first, output_tokens=61)) + "/v1/messages"
    assert 61 == http.post(url, json=ASK, headers=headers).json()["usage"]["output_tokens"]


@every_module
def test_post_without_headers(double: Double, name: str) -> None:
    """A gateway may add the headers: path and body tell enough."""
    http, first = importlib.import_module(name), FIRST[name] + 1
    url = double.url(message(input_tokens=first, output_tokens=62)) + "/v1/messages"
    assert 62 == http.post(url, json=ASK).json()["usage"]["output_tokens"]


@every_module
def test_post_to_a_gateway(double: Double, name: str) -> None:
    """A path of a gateway's own: the request names Claude, and the answer is a message."""
    http, first = importlib.import_module(name), FIRST[name] + 2
    url = double.url(message(input_tokens=first, output_tokens=63)) + "/llm/generate"
    assert 63 == http.post(url, json=ASK).json()["usage"]["output_tokens"]


@every_module
def test_stream(double: Double, name: str) -> None:
    http, first = importlib.import_module(name), FIRST[name] + 3
    reply = stream(start={"input_tokens": first, "output_tokens": 1}, final={"output_tokens": 64})
    url = double.url(reply) + "/v1/messages"
    with http.stream("POST", url, json={**ASK, "stream": True}) as response:
        assert reply.body == b"".join(response.iter_bytes())


@every_module
def test_post_async(double: Double, name: str) -> None:
    http, first = importlib.import_module(name), FIRST[name] + 4
    url = double.url(message(input_tokens=first, output_tokens=65)) + "/v1/messages"

    async def work() -> Any:
        async with http.AsyncClient() as client:
            return (await client.post(url, json=ASK)).json()

    assert 65 == run(work())["usage"]["output_tokens"]


@every_module
def test_stream_async(double: Double, name: str) -> None:
    http, first = importlib.import_module(name), FIRST[name] + 5
    reply = stream(start={"input_tokens": first, "output_tokens": 1}, final={"output_tokens": 66})
    url = double.url(reply) + "/v1/messages"

    async def work() -> bytes:
        async with http.AsyncClient() as client, client.stream("POST", url, json=ASK) as response:
            return b"".join([piece async for piece in response.aiter_bytes()])

    assert reply.body == run(work())


@every_module
def test_not_claude(double: Double, name: str) -> None:
    """A user's own API is none of ours, though its path and its answer look alike."""
    http = importlib.import_module(name)
    url = double.url(message(input_tokens=5, output_tokens=5), message(input_tokens=5, output_tokens=5))
    assert 200 == http.post(f"{url}/v1/messages", json={"to": "ann", "text": "hello"}).status_code
    assert 200 == http.get(f"{url}/v1/messages").status_code
