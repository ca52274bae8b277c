"""aiohttp under recorders and doubles, and below other clients: live once, simulated where no network answers, never twice."""

import asyncio
import gc
import json
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import anthropic
import httpx
import httpx2
import httpx_aiohttp
import pytest
import vcr
from aioresponses import aioresponses
from anthropic._vendor.httpx_aiohttp import transport as vendored

from pytest_claude_budget.calls.call import Origin, Status
from tests.builders.watched import ASKED, MODEL, URL, message, sse, watched
from tests.builders.watched_aiohttp import Answers, run, watched_aiohttp, whole
from tests.replays.conftest import BODY, LIVE, SIMULATED, Server, origins

STREAM = sse(
    ("message_start", {"message": message(output_tokens=1)}),
    ("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 100}}),
    ("message_stop", {}),
)


class MadeUp(aiohttp.ClientResponse):
    """What aioresponses 0.7.9 makes, with an argument that aiohttp 3.14 wants and it does not give."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, stream_writer=SimpleNamespace(output_size=0), **kwargs)  # type: ignore[arg-type]  # enough


async def ask(url: str, **how: Any) -> bytes:
    async with aiohttp.ClientSession() as session, session.post(url, **{"json": ASKED, **how}) as response:
        return await response.read()


def test_a_cassette_is_live_once_and_simulated_from_then_on(server: Server, tmp_path: Path) -> None:
    """vcr puts what it plays and records in `_request`'s place, with the one that it found when it was imported below."""
    with watched_aiohttp() as told:
        for _ in range(3):
            with vcr.use_cassette(str(tmp_path / "tape.yaml"), record_mode="once"):
                assert BODY == asyncio.run(ask(server.url))
    assert 1 == server.asked
    assert [*LIVE, *SIMULATED * 2] == origins(told)


@pytest.mark.parametrize("body", [BODY, STREAM], ids=["json", "stream"])
@pytest.mark.parametrize("method", ["post", "request"])
def test_what_aioresponses_makes_up_is_simulated(body: bytes, method: str) -> None:
    kind = "application/json" if body is BODY else "text/event-stream"

    async def work() -> bytes:
        async with aiohttp.ClientSession() as session:
            verb = ("POST",) if method == "request" else ()
            async with getattr(session, method)(*verb, URL, json=ASKED) as response:
                return b"".join([piece async for piece in response.content.iter_any()])

    with watched_aiohttp() as told, aioresponses() as made_up:
        made_up.post(URL, body=body, content_type=kind, response_class=MadeUp)
        assert body == asyncio.run(work())
    assert SIMULATED == origins(told)
    assert told.answers[0].request is not None


def test_what_aioresponses_passes_through_is_live(server: Server) -> None:
    with watched_aiohttp() as told, aioresponses(passthrough=[server.url]):
        assert BODY == asyncio.run(ask(server.url))
    assert LIVE == origins(told)


def test_refusals_that_are_made_up_are_attempts_that_were_simulated() -> None:
    with watched_aiohttp() as told, aioresponses() as made_up:
        made_up.post(URL, status=529, payload={}, response_class=MadeUp)
        asyncio.run(ask(URL))
    assert [(Status.FAILED, 529)] == [(each.status, each.http_status) for each in told.answers]
    assert SIMULATED == list(told.origins.values())


def test_errors_that_are_made_up_reach_the_caller() -> None:
    with watched_aiohttp() as told, aioresponses() as made_up:
        made_up.post(URL, exception=aiohttp.ServerDisconnectedError())
        with pytest.raises(aiohttp.ServerDisconnectedError):
            asyncio.run(ask(URL))
    assert [] == told.answers


def test_what_is_made_up_for_others_than_claude_is_not_looked_at() -> None:
    with watched_aiohttp() as told, aioresponses() as made_up:
        made_up.post("https://shop.example/orders", payload={"order": 1}, response_class=MadeUp)
        asyncio.run(ask("https://shop.example/orders", json={"order": 1}))
    assert [] == told.answers


class Odd:
    """What a test's own double may answer with."""

    status = "fine"

    async def read(self) -> bytes:
        return BODY

    async def __aenter__(self) -> "Odd":
        return self

    async def __aexit__(self, *_: object) -> None: ...

    def close(self) -> None: ...


@pytest.mark.filterwarnings("ignore:Setting custom ClientSession")
def test_what_is_no_answer_of_aiohttp_passes_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(*_: Any, **__: Any) -> Any:
        return Odd()

    monkeypatch.setattr(aiohttp.ClientSession, "_request", answer)
    with watched_aiohttp() as told:
        assert BODY == asyncio.run(ask(URL))
    assert [] == told.answers


@pytest.mark.filterwarnings("error", "ignore:Setting custom ClientSession")
def test_a_request_to_a_double_that_is_closed_and_never_awaited_says_no_more_than_without_us(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Closing it closes the double's own coroutine; another of ours would be said to have never been awaited."""

    async def answer(*_: Any, **__: Any) -> Any:
        return Odd()

    async def close() -> None:
        async with aiohttp.ClientSession() as session:
            session.post(URL, json=ASKED).close()
            gc.collect()

    monkeypatch.setattr(aiohttp.ClientSession, "_request", answer)
    with watched_aiohttp() as told, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        asyncio.run(close())
    assert [] == [str(each.message) for each in said if "never awaited" in str(each.message)]
    assert [] == told.answers


CARRIED = {"httpx": (httpx, httpx_aiohttp.AiohttpTransport), "httpx2": (httpx2, vendored.AiohttpTransport)}


@pytest.mark.parametrize(("module", "transport"), CARRIED.values(), ids=CARRIED)
@pytest.mark.parametrize("of_request", ["bytes", "a stream"])
@pytest.mark.parametrize("of_answer", ["json", "stream"])
def test_aiohttp_below_httpx_is_counted_once(module: Any, transport: Any, of_request: str, of_answer: str) -> None:
    async def pieces() -> Any:
        yield json.dumps(ASKED).encode()

    async def work(url: str) -> bytes:
        how = {"json": ASKED} if of_request == "bytes" else {"content": pieces()}
        async with module.AsyncClient(transport=transport()) as client:
            return (await client.post(f"{url}/v1/messages", **how)).content  # type: ignore[no-any-return]

    body, kind = (BODY, "application/json") if of_answer == "json" else (STREAM, "text/event-stream")
    with watched() as told:
        run(Answers(whole(body, ("content-type", kind))), work, by=told)
    assert LIVE == origins(told)


@pytest.mark.parametrize(("module", "transport"), CARRIED.values(), ids=CARRIED)
def test_aiohttp_below_httpx_is_counted_once_after_a_redirect(module: Any, transport: Any) -> None:
    """httpx follows it: the second request is not the one that was asked."""
    answers = Answers(whole(b"", ("location", "/proxy/v1/messages"), status=307), whole(BODY))

    async def work(url: str) -> None:
        async with module.AsyncClient(transport=transport(), follow_redirects=True) as client:
            await client.post(f"{url}/v1/messages", json=ASKED)

    with watched() as told:
        run(answers, work, by=told)
    assert LIVE == origins(told)


def test_the_sdk_over_aiohttp_is_counted_once() -> None:
    """Two tries, of which one failed."""

    async def work(url: str) -> None:
        async with anthropic.DefaultAioHttpClient() as http:
            client = anthropic.AsyncAnthropic(api_key="sk-ant-canary", base_url=url, http_client=http, max_retries=1)
            await client.messages.create(model=MODEL, max_tokens=9, messages=[{"role": "user", "content": "Hi"}])

    answers = Answers(
        whole(b"{}", ("content-type", "application/json"), ("retry-after-ms", "1"), status=529), whole(BODY)
    )
    with watched() as told:
        run(answers, work, by=told)
    assert [Status.FAILED, Status.MEASURED] == [each.status for each in told.answers]
    assert [Origin.LIVE] * 2 == list(told.origins.values())


def test_a_gateway_of_this_process_that_asks_over_aiohttp_is_counted_once(server: Server) -> None:
    """It has the path and the body of what it was asked; its own answer is free."""

    async def app(scope: Any, receive: Any, respond: Any) -> None:
        body = await ask(server.url)
        await respond(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]}
        )
        await respond({"type": "http.response.body", "body": body})

    async def work() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
            await client.post(server.url, json=ASKED)

    with watched() as told, watched_aiohttp(told):
        asyncio.run(work())
    assert [Status.FREE, Status.MEASURED] == [each.status for each in told.answers]
    assert [Origin.SIMULATED, Origin.LIVE] == [told.origins[key] for key in sorted(told.origins)]
