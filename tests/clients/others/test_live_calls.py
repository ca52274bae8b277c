"""Clients that connect by themselves ask before they leave."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import curl_cffi.requests.session
import niquests
import pytest
import urllib3._async.connectionpool
import urllib3.connectionpool
from curl_cffi import requests as curl

from pytest_claude_budget.calls.host_rules import HostRules, Origins
from pytest_claude_budget.intercept import curl_hooks, niquests_hooks, urllib3_hooks
from pytest_claude_budget.intercept.guard import GUARDS
from tests.builders.refusing import NotAllowed, Refusing
from tests.builders.watched import ASKED, Told, watched_by_all
from tests.clients.conftest import LIVE_HERE, Server

SIMULATED_HERE = Told().hosts
LOCALHOST_IS_LIVE = HostRules(Origins(live=("localhost",)))
"""A server's own redirects lead there by `/away/`, and from 127.0.0.1."""


@pytest.fixture
def told() -> Iterator[Told]:
    """What is told of them, while nothing may leave."""
    hooks: dict[Any, Any] = {
        urllib3_hooks.hook_module: urllib3.connectionpool,
        niquests_hooks.hook_module: urllib3._async.connectionpool,
        curl_hooks.hook_module: curl_cffi.requests.session,
    }
    with watched_by_all(hooks) as told:
        told.hosts = LIVE_HERE
        GUARDS[told] = Refusing()
        try:
            yield told
        finally:
            del GUARDS[told]


def _what(url: str) -> dict[str, Any]:
    """What is asked. Where nothing says that it is Claude, that is an alias."""
    return ASKED if url.endswith("/v1/messages") else {**ASKED, "model": "fast"}


async def _niquests(url: str) -> Any:
    async with niquests.AsyncSession() as session:
        return await session.post(url, json=_what(url))


async def _curl(url: str) -> Any:
    async with curl.AsyncSession() as session:
        return await session.post(url, json=_what(url))


def _curl_stream(url: str) -> Any:
    with curl.Session() as session, session.stream("POST", url, json=_what(url)) as response:
        return response


async def _curl_stream_async(url: str) -> Any:
    async with curl.AsyncSession() as session, session.stream("POST", url, json=_what(url)) as response:
        return response


WAYS: dict[str, Callable[[str], Any]] = {
    "niquests": lambda url: niquests.post(url, json=_what(url)),
    "niquests-async": lambda url: asyncio.run(_niquests(url)),
    "curl": lambda url: curl.post(url, json=_what(url)),
    "curl-async": lambda url: asyncio.run(_curl(url)),
    "curl-stream": _curl_stream,
    "curl-stream-async": lambda url: asyncio.run(_curl_stream_async(url)),
}
every_way = pytest.mark.parametrize("ask", WAYS.values(), ids=WAYS)


@every_way
def test_what_may_not_leave_is_not_sent(told: Told, server: Server, ask: Callable[[str], Any]) -> None:
    with pytest.raises(NotAllowed):
        ask(f"{server.url}/json/v1/messages")
    assert ([], []) == (server.asked, told.answers)


@every_way
def test_what_bills_nothing_is(told: Told, server: Server, ask: Callable[[str], Any]) -> None:
    told.hosts = SIMULATED_HERE
    assert 200 == ask(f"{server.url}/json/v1/messages").status_code
    assert 1 == len(server.asked)


@every_way
@pytest.mark.parametrize("first", ["v1/messages", "old"])
def test_a_redirect_of_this_machine_leads_no_call_away(
    told: Told, server: Server, first: str, ask: Callable[[str], Any]
) -> None:
    """Whatever was asked first; and whoever follows it, be it libcurl."""
    told.hosts = LOCALHOST_IS_LIVE
    with pytest.raises(NotAllowed):
        ask(f"{server.url}/away/status/307/{first}")
    assert {"failed"} >= {each.status.value for each in told.answers}
    assert ([f"/away/status/307/{first}"], []) == (server.asked, told.faults)


@every_way
def test_a_redirect_that_stays_here_is_followed(told: Told, server: Server, ask: Callable[[str], Any]) -> None:
    told.hosts = SIMULATED_HERE
    assert 200 == ask(f"{server.url}/away/status/307/old").status_code
    assert 2 == len(server.asked)


@pytest.mark.parametrize("how", [{"allow_redirects": False}, {"allow_redirects": True, "max_redirects": 0}])
def test_a_redirect_that_curl_does_not_follow_is_not_refused(told: Told, server: Server, how: dict[str, Any]) -> None:
    told.hosts = LOCALHOST_IS_LIVE
    try:
        assert 307 == curl.post(f"{server.url}/away/status/307/v1/messages", json=ASKED, **how).status_code
    except curl.exceptions.TooManyRedirects:
        assert how["allow_redirects"]
    assert 1 == len(server.asked)


def test_a_redirect_that_asks_for_something_else_is_no_call(told: Told, server: Server) -> None:
    told.hosts = LOCALHOST_IS_LIVE
    assert 200 == curl.post(f"{server.url}/status/303/old", json={"model": "fast"}).status_code
    assert (2, []) == (len(server.asked), told.answers)


def test_another_question_to_a_host_of_claudes_is_refused_too(told: Told) -> None:
    """Such as one for its models; of curl, since nothing below it asks."""
    with pytest.raises(NotAllowed):
        curl.get("http://api.anthropic.com:1/v1/models")
    assert [] == told.answers


def test_another_question_that_a_redirect_leads_to_a_host_of_claudes_is_refused_too(told: Told, server: Server) -> None:
    told.hosts = SIMULATED_HERE
    with pytest.raises(NotAllowed):
        curl.get(f"{server.url}/models/status/307/old")
    assert [] == told.answers
