"""Exchanges of niquests, which puts its own fork in the place of urllib3: it has an environment of its own."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import niquests
import pytest
import urllib3
import urllib3._async.connectionpool
import urllib3.connectionpool

from pytest_claude_budget.calls.call import Origin
from pytest_claude_budget.intercept import niquests_hooks, urllib3_hooks
from tests.builders.watched import ASKED, Told, watched_by
from tests.clients.conftest import BODY, LIVE_HERE, STREAM, Server, counted, states

WHOLE = [("measured", 1_000, 100)]
POOLS: list[Any] = [urllib3.HTTPConnectionPool, urllib3._async.connectionpool.AsyncHTTPConnectionPool]


@pytest.fixture
def told() -> Iterator[Told]:
    """What is told of exchanges of both kinds of session."""
    with ExitStack() as stack:
        told = stack.enter_context(watched_by(urllib3_hooks.hook_module, urllib3.connectionpool))
        run: Any = SimpleNamespace(sink=lambda: told)
        seam = niquests_hooks.hook_module(urllib3._async.connectionpool, run)
        others, seam.watchers().sinks = seam.watchers().sinks, (told,)
        stack.callback(seam.remove, run)
        stack.callback(setattr, seam.watchers(), "sinks", others)
        told.hosts = LIVE_HERE
        yield told


def ask(url: str, pieces: int | None, *, asynchronous: bool, **how: Any) -> bytes:
    """One exchange; with `pieces` it is streamed, by so many bytes, and left after the first where `leave` is true."""
    leave = how.pop("leave", False)
    if not asynchronous:
        with niquests.Session(**how) as session:
            response = session.post(url, json=ASKED, stream=pieces is not None)
            if pieces is None:
                return bytes(response.content or b"")
            found = response.iter_content(pieces)
            taken = next(found) if leave else b"".join(found)
            response.close()
            return taken

    async def work() -> bytes:
        async with niquests.AsyncSession(**how) as session:
            if pieces is None:
                return bytes((await session.post(url, json=ASKED)).content or b"")
            response = await session.post(url, json=ASKED, stream=True)
            taken = b""
            async for piece in await response.iter_content(pieces):
                taken += piece
                if leave:
                    break
            await response.close()
            return taken

    return asyncio.run(work())


both = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


@both
@pytest.mark.parametrize("coding", ["", "gzip/"])
@pytest.mark.parametrize("form", ["", "chunked/", "closed/"])
def test_each_form_of_an_answer_is_measured(
    told: Told, server: Server, form: str, coding: str, *, asynchronous: bool
) -> None:
    assert BODY == ask(f"{server.url}/{form}{coding}json/v1/messages", None, asynchronous=asynchronous)
    assert STREAM == ask(f"{server.url}/{form}{coding}sse/v1/messages", 33, asynchronous=asynchronous)
    assert WHOLE * 2 == counted(told)
    assert [Origin.LIVE] * 2 == list(told.origins.values())


@both
def test_a_stream_that_is_left_tells_what_had_come(told: Told, server: Server, *, asynchronous: bool) -> None:
    ask(f"{server.url}/sse/v1/messages", 300, asynchronous=asynchronous, leave=True)
    assert [("at_least", 1_000, 1)] == counted(told)


@both
def test_each_try_is_an_attempt(told: Told, server: Server, *, asynchronous: bool) -> None:
    retries = niquests.RetryConfiguration(total=2, status_forcelist=[529], allowed_methods=None, backoff_factor=0)
    url = f"{server.url}/once/status/529/json/v1/messages"
    assert BODY == ask(url, None, asynchronous=asynchronous, retries=retries)
    assert [("failed", 0, 0), *WHOLE] == counted(told)


@both
def test_what_was_never_sent_was_not_billed(told: Told, *, asynchronous: bool) -> None:
    with pytest.raises(niquests.ConnectionError):
        ask("http://127.0.0.1:1/v1/messages", None, asynchronous=asynchronous)
    assert ["failed"] == states(told)


def test_its_own_urllib3_is_measured_too(told: Told, server: Server) -> None:
    with urllib3.PoolManager() as manager:
        assert BODY == manager.request("POST", f"{server.url}/chunked/json/v1/messages", json=ASKED).data
    assert WHOLE == counted(told)
    assert [Origin.LIVE] == list(told.origins.values())


def test_the_classes_are_left_as_they_were_found() -> None:
    before = [cls.__dict__["urlopen"] for cls in POOLS]
    run: Any = SimpleNamespace(sink=Told)
    urllib3_hooks.hook_module(urllib3.connectionpool, run).remove(run)
    niquests_hooks.hook_module(urllib3._async.connectionpool, run).remove(run)
    assert before == [cls.__dict__["urlopen"] for cls in POOLS]
