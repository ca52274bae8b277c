"""The same answers however they are cut, coded and addressed."""

import gzip
import importlib
import zlib
from collections.abc import Callable

import anthropic
import pytest
from asking import ASK, async_client_of, client_of, run
from double import Double, cut, events, json_reply, message, message_object, sse_bytes, stream_of
from features import FEATURES

LONG_TEXT = ("Grüße, ", "世界 ", "🌍. ", 'He said "usage": {"output_tokens": 99999}.')


def _br(body: bytes) -> bytes:
    return importlib.import_module("brotli").compress(body)


def _zstd(body: bytes) -> bytes:
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return importlib.import_module(name).compress(body)
        except ImportError:
            continue
    return importlib.import_module("zstandard").ZstdCompressor().compress(body)


def _headless_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": _br,
    "zstd": _zstd,
}
every_coding = pytest.mark.parametrize("coding", [name for name in CODINGS if f"coding_{name}" in FEATURES])


def a_stream(input_tokens: int, output_tokens: int, *, newline: str = "\n") -> bytes:
    begun = {"input_tokens": input_tokens, "cache_read_input_tokens": 100, "output_tokens": 1}
    said = events(start=begun, final={"output_tokens": output_tokens}, text=LONG_TEXT)
    return sse_bytes(said, newline=newline)


def text_of(client: anthropic.Anthropic) -> str:
    deltas = [event for event in client.messages.create(**ASK, stream=True) if event.type == "content_block_delta"]
    return "".join(event.delta.text for event in deltas)


@pytest.mark.parametrize("size", [1, 2, 7, 64, 5_000])
def test_cut_anywhere(double: Double, size: int) -> None:
    with client_of(double.url(stream_of(a_stream(1_601, 601), size=size))) as client:
        assert "".join(LONG_TEXT) == text_of(client)


@pytest.mark.parametrize("size", [1, 2, 7, 64, 5_000])
def test_crlf_cut_anywhere(double: Double, size: int) -> None:
    with client_of(double.url(stream_of(a_stream(1_602, 602, newline="\r\n"), size=size))) as client:
        assert "".join(LONG_TEXT) == text_of(client)


@pytest.mark.parametrize("size", [1, 7, 5_000])
def test_cut_anywhere_async(double: Double, size: int) -> None:
    async def work() -> None:
        async with async_client_of(double.url(stream_of(a_stream(1_603, 603), size=size))) as client:
            said = [event async for event in await client.messages.create(**ASK, stream=True)]
        assert "message_stop" == said[-1].type

    run(work())


@every_coding
def test_coded_stream(double: Double, coding: str) -> None:
    packed = CODINGS[coding](a_stream(1_604, 604))
    with client_of(double.url(stream_of(packed, size=11, content_encoding=coding))) as client:
        assert "".join(LONG_TEXT) == text_of(client)


@every_coding
def test_coded_stream_async(double: Double, coding: str) -> None:
    packed = CODINGS[coding](a_stream(1_605, 605))

    async def work() -> None:
        async with async_client_of(double.url(stream_of(packed, size=11, content_encoding=coding))) as client:
            said = [event async for event in await client.messages.create(**ASK, stream=True)]
        assert "message_stop" == said[-1].type

    run(work())


@every_coding
def test_coded_json(double: Double, coding: str) -> None:
    plain = message(input_tokens=1_606, output_tokens=606)
    reply = json_reply({}, content_encoding=coding)
    packed = type(reply)(headers=reply.headers, pieces=cut(CODINGS[coding](plain.body), 9))
    with client_of(double.url(packed)) as client:
        assert 606 == client.messages.create(**ASK).usage.output_tokens


@every_coding
def test_coded_json_streamed(double: Double, coding: str) -> None:
    plain = message(input_tokens=1_607, output_tokens=607)
    reply = json_reply({}, content_encoding=coding)
    packed = type(reply)(headers=reply.headers, pieces=cut(CODINGS[coding](plain.body), 9))
    with client_of(double.url(packed)) as client, client.messages.with_streaming_response.create(**ASK) as response:
        assert plain.body == b"".join(response.iter_bytes())


def test_deflate_without_a_header(double: Double) -> None:
    packed = _headless_deflate(a_stream(1_608, 608))
    with client_of(double.url(stream_of(packed, size=11, content_encoding="deflate"))) as client:
        assert "".join(LONG_TEXT) == text_of(client)


def test_counts_grow_in_several_deltas(double: Double) -> None:
    """Deltas are cumulative: the last value that was said holds, and null says nothing."""
    said = events(start={"input_tokens": 10, "output_tokens": 1}, final={"output_tokens": 609})
    grown = {"input_tokens": 1_609, "cache_read_input_tokens": 3_000, "output_tokens": 300}
    more = {"type": "message_delta", "delta": {"stop_reason": None, "stop_sequence": None}, "usage": grown}
    last = {**said[-2], "usage": {"input_tokens": None, "cache_read_input_tokens": None, "output_tokens": 609}}
    body = sse_bytes([*said[:-2], more, last, said[-1]])
    with client_of(double.url(stream_of(body))) as client, client.messages.stream(**ASK) as stream_:
        assert 609 == stream_.get_final_message().usage.output_tokens


def test_unknown_event_with_usage(double: Double) -> None:
    said = events(start={"input_tokens": 1_610, "output_tokens": 1}, final={"output_tokens": 610})
    decoy = {"type": "usage_hint", "usage": {"input_tokens": 9_999_999, "output_tokens": 9_999_999}}
    body = sse_bytes([said[0], decoy, *said[1:], decoy])
    with client_of(double.url(stream_of(body))) as client:
        assert "Hello from the double." == text_of(client)


def test_base_url_of_a_gateway(double: Double) -> None:
    with client_of(double.url(message(input_tokens=1_611, output_tokens=611)) + "/team/proxy") as client:
        assert 611 == client.messages.create(**ASK).usage.output_tokens


def test_foundry_path(double: Double) -> None:
    with client_of(double.url(message(input_tokens=1_612, output_tokens=612)) + "/anthropic") as client:
        assert 612 == client.messages.create(**ASK).usage.output_tokens


if "foundry" in FEATURES:

    def test_foundry_client(double: Double) -> None:
        url = double.url(message(input_tokens=1_613, output_tokens=613))
        with anthropic.AnthropicFoundry(api_key="none", base_url=f"{url}/anthropic/", max_retries=0) as client:
            assert 613 == client.messages.create(**ASK).usage.output_tokens
        assert ["/anthropic/v1/messages"] == [request.path for request in double.requests(url)]


def vertex_client(url: str, region: str) -> anthropic.AnthropicVertex:
    return anthropic.AnthropicVertex(
        region=region, project_id="p", access_token="none", base_url=f"{url}/v1", max_retries=0
    )


def test_vertex(double: Double) -> None:
    """A location of its own costs a tenth more from the 4.5 generation on."""
    url = double.url(
        json_reply(message_object(model="claude-sonnet-4-5-20250929", input_tokens=1_620, output_tokens=20))
    )
    with vertex_client(url, "us-east5") as client:
        answer = client.messages.create(**{**ASK, "model": "claude-sonnet-4-5@20250929"})
    assert 20 == answer.usage.output_tokens
    path = "/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict"
    assert [path] == [request.path for request in double.requests(url)]


def test_vertex_global(double: Double) -> None:
    with vertex_client(double.url(message(input_tokens=1_621, output_tokens=21)), "global") as client:
        assert 21 == client.messages.create(**ASK).usage.output_tokens


def test_vertex_stream(double: Double) -> None:
    url = double.url(stream_of(a_stream(1_630, 30)))
    with vertex_client(url, "europe-west1") as client:
        assert "message_stop" == list(client.messages.create(**ASK, stream=True))[-1].type
    assert [True] == [request.path.endswith(":streamRawPredict") for request in double.requests(url)]


BEDROCK = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


def test_bedrock_invoke(double: Double) -> None:
    """The model stands in the URL, and its prefix tells the region."""
    answer = message_object(model="claude-sonnet-4-5-20250929", input_tokens=1_640, output_tokens=40)
    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 200, "messages": ASK["messages"]}
    with client_of(double.url(json_reply(answer))) as client:
        answered = client.post(f"/model/{BEDROCK}/invoke", cast_to=object, body=body)
    assert 40 == answered["usage"]["output_tokens"]


if "bedrock_key" in FEATURES:

    def test_bedrock_client(double: Double) -> None:
        answer = message_object(model="claude-opus-4-6", input_tokens=1_650, output_tokens=50)
        url = double.url(json_reply(answer))
        with anthropic.AnthropicBedrock(api_key="none", aws_region="us-east-1", base_url=url, max_retries=0) as client:
            told = client.messages.create(**{**ASK, "model": "global.anthropic.claude-opus-4-6-v1"})
        assert 50 == told.usage.output_tokens
