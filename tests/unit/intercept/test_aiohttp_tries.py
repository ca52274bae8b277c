"""aiohttp used directly: each try that reaches a network is an attempt, and what breaks is told as far as it came."""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import aiohttp
import pytest
from aiohttp import client_proto
from aiohttp.http_parser import HttpResponseParserPy
from aiohttp_retry import ExponentialRetry, RetryClient

from pytest_claude_budget.calls.call import Origin, Status
from tests.builders.watched import ASKED, Told
from tests.builders.watched_aiohttp import (
    BODY,
    CUT,
    PRICE,
    STREAM,
    Answers,
    Read,
    asking,
    at_least,
    in_pieces,
    may_be_billed,
    measured,
    run,
    whole,
)
from tests.unit.intercept.test_failed_tries import totals_of


@pytest.fixture(params=["C", "Python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are parsed by compiled code where that is there."""
    if request.param == "Python":
        monkeypatch.setattr(client_proto, "HttpResponseParser", HttpResponseParserPy)


@pytest.mark.parametrize("strict", [True, False])
def test_a_refusal_is_an_attempt_that_failed(strict: bool) -> None:
    """Whether aiohttp raises over it or not."""

    async def work(url: str) -> None:
        async with aiohttp.ClientSession(raise_for_status=strict) as session:
            with pytest.raises(aiohttp.ClientResponseError, match="529") if strict else nullcontext():
                await (await session.post(f"{url}/v1/messages", json=ASKED)).read()

    told, _ = run(Answers(whole(b'{"type": "error"}', status=529)), work)
    assert [(Status.FAILED, 529)] == [(each.status, each.http_status) for each in told.answers]


def test_an_answer_that_a_check_of_the_callers_own_refuses_is_counted() -> None:
    """It was billed."""

    async def refuse(_: aiohttp.ClientResponse) -> None:
        raise LookupError

    async def work(url: str) -> None:
        async with aiohttp.ClientSession(raise_for_status=refuse) as session:
            with pytest.raises(LookupError):
                await session.post(f"{url}/v1/messages", json=ASKED)

    measured(run(Answers(whole(BODY)), work)[0])


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_is_counted_where_it_leads_to(status: int) -> None:
    answers = Answers(whole(b"", ("location", "/proxy/v1/messages"), status=status), whole(BODY))
    told, _ = run(answers, asking())
    assert ["/v1/messages", "/proxy/v1/messages"] == [target for target, _ in answers.asked]
    measured(told)


def test_each_try_of_a_retrying_client_is_an_attempt() -> None:
    async def work(url: str) -> bytes:
        how = ExponentialRetry(attempts=3, start_timeout=0, statuses={529})
        async with RetryClient(retry_options=how) as client, client.post(f"{url}/v1/messages", json=ASKED) as response:
            return await response.read()  # type: ignore[no-any-return]

    told, seen = run(Answers(whole(b"{}", status=529), whole(b"{}", status=529), whole(BODY)), work)
    assert BODY == seen
    assert [Status.FAILED, Status.FAILED, Status.MEASURED] == [each.status for each in told.answers]
    assert (3, PRICE) == (totals_of(told).attempts, totals_of(told).cost)


def test_each_try_of_a_middleware_is_an_attempt() -> None:
    async def again(request: Any, handler: Any) -> Any:
        await (await handler(request)).read()
        return await handler(request)

    measured(run(Answers(whole(BODY), whole(BODY)), asking(middlewares=(again,)))[0], 2)


async def _leave_early(response: Any) -> bytes:
    async for _ in response.content.iter_any():
        break
    return b""


async def _release(response: Any) -> bytes:
    response.release()
    return b""


async def _close(response: Any) -> bytes:
    response.close()
    return b""


@pytest.mark.parametrize("leave", [_leave_early, _release, _close])
def test_a_stream_that_is_left_early_is_counted_as_far_as_it_came(leave: Read) -> None:
    """How much more was written is not known."""
    answers = Answers(in_pieces(STREAM[:CUT], STREAM[CUT:]))
    answers.waits = True

    async def begun(response: Any) -> bytes:
        answers.go.release()
        await response.content.readline()
        return await leave(response)

    at_least(run(answers, asking(begun))[0])


def _silent(*pieces: bytes) -> Answers:
    answers = Answers(list(pieces))
    answers.hangs = True
    return answers


Expected = Callable[[Told], None]
BROKEN: dict[str, tuple[Callable[[], Answers], type[BaseException], Expected]] = {
    "nothing came in time": (_silent, TimeoutError, may_be_billed),
    "the rest did not come in time": (lambda: _silent(*in_pieces(STREAM[:CUT])[:2]), TimeoutError, at_least),
    "the server went away": (lambda: Answers([]), aiohttp.ServerDisconnectedError, may_be_billed),
    "it ended in the middle": (lambda: Answers(in_pieces(STREAM[:CUT])[:2]), aiohttp.ClientPayloadError, at_least),
    "it is no answer": (lambda: Answers([b"nonsense\r\n\r\n"]), aiohttp.ClientResponseError, may_be_billed),
}


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(("answers", "error", "expected"), BROKEN.values(), ids=BROKEN)
def test_what_breaks_may_have_been_billed(
    answers: Callable[[], Answers], error: type[BaseException], expected: Expected
) -> None:
    made = answers()

    async def work(url: str) -> None:
        async with aiohttp.ClientSession() as session:

            def time_is_up() -> None:
                for protocol in session.connector._acquired:  # type: ignore[union-attr]  # it has one
                    protocol._on_read_timeout()

            async def ask() -> None:
                response = await session.post(f"{url}/v1/messages", json=ASKED)
                await response.content.readline()
                if error is TimeoutError:
                    time_is_up()
                await response.read()

            task = asyncio.create_task(ask())
            await made.was_asked.wait()
            if not made.says_something and error is TimeoutError:
                time_is_up()
            with pytest.raises(error):
                await task

    told, _ = run(made, work)
    expected(told)
    assert [Origin.LIVE] == list(told.origins.values())


@pytest.mark.parametrize("when", ["before its head", "in the middle"])
def test_a_task_that_is_cancelled_may_have_been_billed(when: str) -> None:
    answers = _silent(*([] if when == "before its head" else in_pieces(STREAM[:CUT])[:2]))

    async def work(url: str) -> None:
        reading = asyncio.Event()

        async def read(response: Any) -> bytes:
            await response.content.readline()
            reading.set()
            return await response.read()  # type: ignore[no-any-return]

        task = asyncio.create_task(asking(read)(url))
        if when == "in the middle":
            await reading.wait()
        else:
            await answers.was_asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    told, _ = run(answers, work)
    (at_least if when == "in the middle" else may_be_billed)(told)
