"""aiohttp under watch: on any loop, for as long as a run watches, with nothing kept alive."""

import asyncio
import subprocess
import sys
import weakref
from typing import Any

import aiohttp
import uvloop
from aiohttp.test_utils import TestServer

from pytest_claude_budget.calls.call import Origin, Status
from pytest_claude_budget.calls.host_rules import HostRules
from pytest_claude_budget.intercept.aiohttp_hooks import hook_module
from tests.builders.watched import ASKED, Told, message
from tests.builders.watched_aiohttp import (
    BODY,
    PIECES,
    STREAM,
    Answers,
    Run,
    asking,
    head,
    in_pieces,
    measured,
    run,
    watched_aiohttp,
    whole,
)


def test_a_loop_of_uvloops_is_watched() -> None:
    async def work() -> bytes:
        answers = Answers(in_pieces(*PIECES))
        server = await asyncio.start_server(answers.serve, "127.0.0.1", 0)
        async with server:
            return await asking()(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")

    with watched_aiohttp() as told:
        assert STREAM == uvloop.run(work())
    measured(told)


def test_an_application_that_the_tests_serve_is_simulated() -> None:
    """As pytest-aiohttp's fixtures serve it."""

    async def handle(_: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.json_response(message())

    async def work() -> None:
        application = aiohttp.web.Application()
        application.router.add_post("/v1/messages", handle)
        async with TestServer(application) as server:
            await asking()(str(server.make_url("")).rstrip("/"))

    with watched_aiohttp() as told:
        told.hosts = HostRules()
        asyncio.run(work())
    assert [Origin.SIMULATED] == list(told.origins.values())
    measured(told)


def test_sessions_that_exist_already_are_watched_and_left_alone_afterwards() -> None:
    answers = Answers(whole(BODY), whole(BODY), whole(BODY))

    async def work() -> Told:
        server = await asyncio.start_server(answers.serve, "127.0.0.1", 0)
        async with server, aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/messages"
            await (await session.post(url, json=ASKED)).read()
            with watched_aiohttp() as told:
                await (await session.post(url, json=ASKED)).read()
            await (await session.post(url, json=ASKED)).read()
        return told

    measured(asyncio.run(work()))


def test_classes_are_as_they_were_once_the_last_run_is_over() -> None:
    watched = [(aiohttp.ClientRequest, "send"), (aiohttp.ClientResponse, "start")]
    watched += [(aiohttp.ClientSession, name) for name in ("request", "get", "post", "_request")]
    one, other = Run(Told()), Run(Told())
    seam = hook_module(aiohttp, one)
    others = [run for run in seam.runs if run is not one]
    for each in others:
        seam.remove(each)
    seam.remove(one)
    before = [vars(cls)[name] for cls, name in watched]
    assert seam is not hook_module(aiohttp, one)
    seam = hook_module(aiohttp, other)
    assert before != [vars(cls)[name] for cls, name in watched]
    seam.remove(one)
    assert (other,) == seam.runs
    seam.remove(other)
    assert before == [vars(cls)[name] for cls, name in watched]
    for each in others:
        hook_module(aiohttp, each)


def test_nothing_of_an_answer_is_kept_alive() -> None:
    async def work(url: str) -> list[Any]:
        async with aiohttp.ClientSession() as session:
            response = await session.post(f"{url}/v1/messages", json=ASKED)
            kept = [weakref.ref(response)]
            await response.read()
            del response
            await asyncio.sleep(0)
            return [each() for each in kept]

    told, kept = run(Answers(in_pieces(*PIECES)), work)
    assert [None] == kept
    measured(told)


def test_requests_beside_one_another_do_not_mix() -> None:
    async def work(url: str) -> None:
        async with aiohttp.ClientSession() as session:

            async def one() -> None:
                await (await session.post(f"{url}/v1/messages", json=ASKED)).read()

            await asyncio.gather(*(one() for _ in range(5)))

    told, _ = run(Answers(*(in_pieces(*PIECES) for _ in range(5))), work)
    measured(told, 5)


def test_a_head_alone_is_an_answer_without_usage() -> None:
    told, _ = run(Answers([head(204)]), asking())
    assert [Status.UNMEASURED] == [each.status for each in told.answers]


_UNUSED = """
import asyncio, sys, aiohttp
from aiohttp.test_utils import TestServer
from pytest_claude_budget.intercept.aiohttp_hooks import hook_module

class Run:
    def sink(self):
        raise AssertionError

async def work():
    async def handle(request):
        return aiohttp.web.json_response({"order": 1})
    application = aiohttp.web.Application()
    application.router.add_post("/orders", handle)
    async with TestServer(application) as server, aiohttp.ClientSession() as session:
        for how in ({"json": {"order": 1}}, {"data": b"order"}, {"data": aiohttp.FormData({"a": "claude"})}):
            assert {"order": 1} == await (await session.post(server.make_url("/orders"), **how)).json()

seam = hook_module(aiohttp, run := Run())
asyncio.run(work())
seam.runs = ()
print(*sorted(name for name in sys.modules if name.startswith("pytest_claude_budget.intercept.")))
"""


def test_nothing_that_reads_an_exchange_is_loaded_for_requests_to_others() -> None:
    done = subprocess.run([sys.executable, "-c", _UNUSED], capture_output=True, text=True, check=True)
    ours = ["aiohttp_hooks", "patches", "seam"]
    assert [f"pytest_claude_budget.intercept.{name}" for name in ours] == done.stdout.split()
