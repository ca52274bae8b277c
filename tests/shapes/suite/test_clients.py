"""Whose client it is, when it was made, and where it runs: all the same to the bill."""

import asyncio
import importlib
from concurrent.futures import ThreadPoolExecutor

import anthropic
import pytest
from asking import ASK, async_client_of, client_of, run
from double import Double, Reply, message, message_object, stream
from early_client import CLIENT as MADE_BEFORE_THE_PLUGIN
from features import FEATURES, HTTP

http = importlib.import_module(HTTP)
MADE_AT_IMPORT = client_of("http://127.0.0.1:9")


class Counting(http.Client):
    """A user's own client."""

    sent = 0

    def send(self, request, **kwargs):
        type(self).sent += 1
        return super().send(request, **kwargs)


class CountingAsync(http.AsyncClient):
    sent = 0

    async def send(self, request, **kwargs):
        type(self).sent += 1
        return await super().send(request, **kwargs)


def answer(input_tokens: int, output_tokens: int) -> Reply:
    return message(input_tokens=input_tokens, output_tokens=output_tokens)


def test_custom_http_client(double: Double) -> None:
    with client_of(double.url(answer(1_431, 431)), http_client=http.Client(timeout=5)) as client:
        assert 431 == client.messages.create(**ASK).usage.output_tokens


def test_custom_http_client_async(double: Double) -> None:
    async def work() -> None:
        own = http.AsyncClient(timeout=5)
        async with async_client_of(double.url(answer(1_432, 432)), http_client=own) as client:
            assert 432 == (await client.messages.create(**ASK)).usage.output_tokens

    run(work())


def test_subclass_that_overrides_send(double: Double) -> None:
    with client_of(double.url(answer(1_433, 433)), http_client=Counting()) as client:
        assert 433 == client.messages.create(**ASK).usage.output_tokens
    assert 1 == Counting.sent


def test_subclass_that_overrides_send_async(double: Double) -> None:
    async def work() -> None:
        async with async_client_of(double.url(answer(1_434, 434)), http_client=CountingAsync()) as client:
            assert 434 == (await client.messages.create(**ASK)).usage.output_tokens

    run(work())
    assert 1 == CountingAsync.sent


def test_mock_transport() -> None:
    def handle(request):
        return http.Response(200, json=message_object(input_tokens=1_435, output_tokens=435))

    own = http.Client(transport=http.MockTransport(handle))
    with client_of("https://api.anthropic.com", http_client=own) as client:
        assert 435 == client.messages.create(**ASK).usage.output_tokens


def test_client_made_at_import(double: Double) -> None:
    client = MADE_AT_IMPORT.with_options(base_url=double.url(answer(1_436, 436)))
    assert 436 == client.messages.create(**ASK).usage.output_tokens


def test_client_made_before_the_plugin_started(double: Double) -> None:
    client = MADE_BEFORE_THE_PLUGIN.with_options(base_url=double.url(answer(1_437, 437)))
    assert 437 == client.messages.create(**ASK).usage.output_tokens


def test_threads(double: Double) -> None:
    with client_of(double.url(answer(1_438, 438), repeat=True)) as client, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.messages.create(**ASK), range(8)))
    assert [438] * 8 == [each.usage.output_tokens for each in answers]


def test_gather(double: Double) -> None:
    async def work() -> None:
        async with async_client_of(double.url(answer(1_439, 439), repeat=True)) as client:
            answers = await asyncio.gather(*(client.messages.create(**ASK) for _ in range(20)))
        assert [439] * 20 == [each.usage.output_tokens for each in answers]

    run(work())


def test_gather_of_streams(double: Double) -> None:
    reply = stream(start={"input_tokens": 1_440, "output_tokens": 1}, final={"output_tokens": 440})

    async def one(client) -> int:
        async with client.messages.stream(**ASK) as stream_:
            return (await stream_.get_final_message()).usage.output_tokens

    async def work() -> None:
        async with async_client_of(double.url(reply, repeat=True)) as client:
            assert [440] * 10 == await asyncio.gather(*(one(client) for _ in range(10)))

    run(work())


def test_threads_with_loops_of_their_own(double: Double) -> None:
    url = double.url(answer(1_441, 441), repeat=True)

    async def work() -> int:
        async with async_client_of(url) as client:
            return (await client.messages.create(**ASK)).usage.output_tokens

    with ThreadPoolExecutor(4) as pool:
        assert [441] * 4 == list(pool.map(lambda _: run(work()), range(4)))


def test_synchronous_client_on_an_event_loop(double: Double) -> None:
    async def work() -> None:
        with client_of(double.url(answer(1_442, 442))) as client:
            assert 442 == client.messages.create(**ASK).usage.output_tokens

    run(work())


def test_redirect(double: Double) -> None:
    """What a client follows by itself is one exchange."""
    target = double.url(answer(1_443, 443))
    moved = Reply(status=307, headers={"location": f"{target}/v1/messages"})
    with client_of(double.url(moved)) as client:
        assert 443 == client.messages.create(**ASK).usage.output_tokens


@pytest.fixture(scope="module")
def corpus(double: Double) -> int:
    """Pays for itself. One test alone uses it, so that it is set up once under xdist too."""
    with client_of(double.url(answer(1_444, 444))) as client:
        return client.messages.create(**ASK).usage.output_tokens


def test_of_a_wide_fixture(double: Double, corpus: int) -> None:
    with client_of(double.url(answer(1_445, 445))) as client:
        assert corpus + 1 == client.messages.create(**ASK).usage.output_tokens


@pytest.fixture
def warmed(double: Double):
    """The test pays for what it alone asks for, before and after."""
    with client_of(double.url(answer(1_446, 446), repeat=True)) as client:
        yield client.messages.create(**ASK)
        client.messages.create(**ASK)


def test_of_a_narrow_fixture(warmed: object) -> None:
    assert 446 == warmed.usage.output_tokens


@pytest.fixture(params=["asyncio", *(["trio"] if "trio" in FEATURES else [])])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.anyio
async def test_anyio(double: Double, anyio_backend: str) -> None:
    async with async_client_of(double.url(answer(1_447, 447))) as client:
        assert 447 == (await client.messages.create(**ASK)).usage.output_tokens


@pytest.mark.anyio
async def test_anyio_stream(double: Double, anyio_backend: str) -> None:
    url = double.url(stream(start={"input_tokens": 1_448, "output_tokens": 1}, final={"output_tokens": 448}))
    async with async_client_of(url) as client, client.messages.stream(**ASK) as stream_:
        assert 448 == (await stream_.get_final_message()).usage.output_tokens


if "pytest_asyncio" in FEATURES:

    @pytest.mark.asyncio
    async def test_pytest_asyncio(double: Double) -> None:
        async with async_client_of(double.url(answer(1_449, 449))) as client:
            assert 449 == (await client.messages.create(**ASK)).usage.output_tokens


if "aiohttp" in FEATURES:

    def test_aiohttp(double: Double) -> None:
        async def work() -> None:
            own = anthropic.DefaultAioHttpClient()
            async with async_client_of(double.url(answer(1_450, 450)), http_client=own) as client:
                assert 450 == (await client.messages.create(**ASK)).usage.output_tokens

        run(work())

    def test_aiohttp_stream(double: Double) -> None:
        url = double.url(stream(start={"input_tokens": 1_451, "output_tokens": 1}, final={"output_tokens": 451}))

        async def work() -> None:
            own = anthropic.DefaultAioHttpClient()
            async with async_client_of(url, http_client=own) as client, client.messages.stream(**ASK) as stream_:
                assert 451 == (await stream_.get_final_message()).usage.output_tokens

        run(work())
