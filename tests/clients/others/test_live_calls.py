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

from pytest_claude_budget.intercept import curl_hooks, niquests_hooks, urllib3_hooks
from pytest_claude_budget.intercept.guard import GUARDS
from tests.builders.refusing import NotAllowed, Refusing
from tests.builders.watched import ASKED, Told, watched_by_all
from tests.clients.conftest import LIVE_HERE, Server

SIMULATED_HERE = Told().hosts


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


async def _niquests(url: str) -> Any:
    async with niquests.AsyncSession() as session:
        return await session.post(url, json=ASKED)


async def _curl(url: str) -> Any:
    async with curl.AsyncSession() as session:
        return await session.post(url, json=ASKED)


WAYS: dict[str, Callable[[str], Any]] = {
    "niquests": lambda url: niquests.post(url, json=ASKED),
    "niquests-async": lambda url: asyncio.run(_niquests(url)),
    "curl": lambda url: curl.post(url, json=ASKED),
    "curl-async": lambda url: asyncio.run(_curl(url)),
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


def test_another_question_to_a_host_of_claudes_is_refused_too(told: Told) -> None:
    """Such as one for its models; of curl, since nothing below it asks."""
    with pytest.raises(NotAllowed):
        curl.get("http://api.anthropic.com:1/v1/models")
    assert [] == told.answers
