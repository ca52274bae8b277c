"""Exchanges of curl_cffi, which no place further down sees."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import curl_cffi.requests.session
import pytest
from curl_cffi import requests as curl

from pytest_claude_budget.calls.call import Origin
from pytest_claude_budget.calls.host_rules import HostRules, Origins
from pytest_claude_budget.intercept import curl_hooks
from tests.builders.watched import ASKED, Told, watched_by
from tests.clients.conftest import BODY, LIVE_HERE, STREAM, Server, counted, states

WHOLE = [("measured", 1_000, 100)]
SESSIONS: list[Any] = [curl.Session, curl.AsyncSession]


@pytest.fixture
def told() -> Iterator[Told]:
    """What is told of exchanges of both kinds of session."""
    with watched_by(curl_hooks.hook_module, curl_cffi.requests.session) as told:
        told.hosts = LIVE_HERE
        yield told


def _what(url: str) -> dict[str, Any]:
    """What is asked. Where nothing says that it is Claude, that is an alias."""
    return {**ASKED, "model": "fast"} if url.endswith("/old") else ASKED


def ask(url: str, *, asynchronous: bool, stream: bool = False, leave: bool = False, **how: Any) -> bytes:
    """One exchange; a stream is read to its end, or left after its first piece."""
    if not asynchronous:
        with curl.Session(**how) as session:
            response = session.post(url, json=_what(url), stream=stream)
            assert curl.Response is type(response) or stream
            if not stream:
                return bytes(response.content)
            pieces = response.iter_content()
            taken = next(pieces) if leave else b"".join(pieces)
            pieces.close()
            response.close()
            assert curl.Response is type(response)
            return bytes(taken)

    async def work() -> bytes:
        async with curl.AsyncSession(**how) as session:
            response = await session.post(url, json=_what(url), stream=stream)
            if not stream:
                return bytes(response.content)
            pieces, taken = response.aiter_content(), b""
            async for piece in pieces:
                taken += piece
                if leave:
                    break
            await pieces.aclose()
            await response.aclose()
            return taken

    return asyncio.run(work())


both = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


@both
@pytest.mark.parametrize("coding", ["", "gzip/"])
@pytest.mark.parametrize("form", ["", "chunked/", "closed/"])
def test_each_form_of_an_answer_is_measured(
    told: Told, server: Server, form: str, coding: str, *, asynchronous: bool
) -> None:
    assert BODY == ask(f"{server.url}/{form}{coding}json/v1/messages", asynchronous=asynchronous)
    assert BODY == ask(f"{server.url}/{form}{coding}json/v1/messages", asynchronous=asynchronous, stream=True)
    assert STREAM == ask(f"{server.url}/{form}{coding}sse/v1/messages", asynchronous=asynchronous, stream=True)
    assert WHOLE * 3 == counted(told)
    assert [Origin.LIVE] * 3 == list(told.origins.values())


@both
@pytest.mark.parametrize("first", ["v1/messages", "old"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("of", ["localhost", "127.0.0.1"])
def test_a_redirect_counts_by_where_it_leads_to(
    told: Told, server: Server, of: str, first: str, *, stream: bool, asynchronous: bool
) -> None:
    """Whatever was asked first."""
    told.hosts = HostRules(Origins(live=(of,)))
    assert BODY == ask(f"{server.url}/away/status/307/{first}", asynchronous=asynchronous, stream=stream)
    assert WHOLE == counted(told)
    assert [Origin.LIVE if of == "localhost" else Origin.SIMULATED] == list(told.origins.values())


@both
@pytest.mark.parametrize("first", ["v1/messages", "old"])
def test_what_a_redirect_led_to_and_lost_may_have_been_billed(
    told: Told, server: Server, first: str, *, asynchronous: bool
) -> None:
    told.hosts = HostRules(Origins(live=("localhost",)))
    with pytest.raises(curl.exceptions.RequestException):
        ask(f"{server.url}/away/lost/status/307/{first}", asynchronous=asynchronous)
    assert (["unmeasured"], [Origin.LIVE]) == (states(told), list(told.origins.values()))


@both
def test_a_stream_that_is_left_is_not_known_in_full(told: Told, server: Server, *, asynchronous: bool) -> None:
    ask(f"{server.url}/chunked/cut/sse/v1/messages", asynchronous=asynchronous, stream=True, leave=True)
    assert "measured" not in states(told)
    assert 1 == len(told.answers)


@both
def test_a_refusal_is_an_attempt(told: Told, server: Server, *, asynchronous: bool) -> None:
    ask(f"{server.url}/status/529/v1/messages", asynchronous=asynchronous)
    with pytest.raises(curl.exceptions.HTTPError):
        ask(f"{server.url}/status/429/v1/messages", asynchronous=asynchronous, raise_for_status=True)
    assert ["HTTP status 529", "HTTP status 429"] == [each.reason for each in told.answers]
    assert ["failed"] * 2 == states(told)


@both
def test_what_was_never_sent_was_not_billed(told: Told, server: Server, *, asynchronous: bool) -> None:
    with pytest.raises(curl.exceptions.ConnectionError):
        ask("http://127.0.0.1:1/v1/messages", asynchronous=asynchronous)
    with pytest.raises(curl.exceptions.RequestException):
        ask(f"{server.url}/gone/v1/messages", asynchronous=asynchronous)
    assert ["failed", "unmeasured"] == states(told)


def test_others_ask_what_they_like(told: Told, server: Server) -> None:
    with curl.Session() as session:
        session.get(f"{server.url}/plain")
        session.post(f"{server.url}/plain", json={"a": 1})
    assert [] == states(told)


def test_the_classes_are_left_as_they_were_found() -> None:
    module = curl_cffi.requests.session
    before = [module.set_curl_options, *(cls.__dict__["request"] for cls in SESSIONS)]
    run: Any = SimpleNamespace(sink=Told)
    curl_hooks.hook_module(curl_cffi.requests.session, run).remove(run)
    assert before == [module.set_curl_options, *(cls.__dict__["request"] for cls in SESSIONS)]
