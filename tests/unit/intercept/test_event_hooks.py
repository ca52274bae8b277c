"""A response event hook that raises over an answer does not unmake it: what was answered may have been billed."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_claude_budget.calls.call import Origin, Status, Usage
from tests.builders.watched import ASKED, URL, Told, message, send, watched
from tests.unit.intercept.test_failed_tries import BOTH, CLIENTS


class HookError(Exception):
    """The user's own."""


def raises(response: Any) -> None:
    raise HookError


def raises_for_status(response: Any) -> None:
    response.raise_for_status()


def read_first(response: Any) -> None:
    if hasattr(response.stream, "__iter__"):
        response.read()
    raise HookError


def streaming(module: Any, data: bytes, *, asynchronous: bool, breaks: bool = False) -> Any:
    """An answer that comes as it is read, as every real one does."""

    def pieces() -> Iterator[bytes]:
        yield data
        if breaks:
            raise module.ReadTimeout("no more came")

    async def async_pieces() -> Any:
        for piece in pieces():
            yield piece

    content = async_pieces() if asynchronous else pieces()
    return module.Response(200, headers={"content-type": "application/json"}, content=content)


def body() -> bytes:
    return json.dumps(message()).encode()


def only(told: Told) -> Any:
    (answer,) = told.answers
    return answer


@CLIENTS
@BOTH
def test_a_hook_that_raises_over_an_answer_leaves_it_unmeasured(module: Any, *, asynchronous: bool) -> None:
    """It was answered, nobody read how many tokens it was: unknown, neither free nor a failed try."""
    answer = streaming(module, body(), asynchronous=asynchronous)
    with watched() as told, pytest.raises(HookError):
        send(module, lambda request: answer, asynchronous=asynchronous, hook=raises)
    assert (only(told).status, only(told).http_status) == (Status.UNMEASURED, 200)
    assert only(told).reason == "the answer was not read (HookError)"
    assert only(told).model == ASKED["model"]


@CLIENTS
@BOTH
def test_a_hook_that_read_the_answer_before_it_raised_leaves_it_measured(module: Any, *, asynchronous: bool) -> None:
    """All that is needed had come."""
    answer = streaming(module, body(), asynchronous=asynchronous)
    with watched() as told, pytest.raises(HookError):
        send(module, lambda request: answer, asynchronous=asynchronous, hook=read_first)
    assert (only(told).status, only(told).usage) == (Status.MEASURED, Usage(input_tokens=1_000, output_tokens=100))


@CLIENTS
@BOTH
@pytest.mark.parametrize("status", [400, 429, 529])
@pytest.mark.parametrize("hook", [raises, raises_for_status])
def test_a_hook_that_raises_over_an_error_leaves_a_failed_try(
    module: Any, status: int, hook: Any, *, asynchronous: bool
) -> None:
    """Errors are not billed, however they are told."""
    with watched() as told, contextlib.suppress(HookError, module.HTTPStatusError):
        send(module, lambda request: module.Response(status), asynchronous=asynchronous, hook=hook)
    assert (only(told).status, only(told).http_status) == (Status.FAILED, status)


@CLIENTS
@BOTH
def test_an_answer_whose_body_breaks_off_is_unmeasured(module: Any, *, asynchronous: bool) -> None:
    """Its head had come with status 200."""
    answer = streaming(module, b'{"type"', asynchronous=asynchronous, breaks=True)
    with watched() as told, pytest.raises(module.ReadTimeout):
        send(module, lambda request: answer, asynchronous=asynchronous)
    assert (only(told).status, only(told).reason) == (Status.UNMEASURED, "the answer was not read (ReadTimeout)")
    assert told.origins[0] is Origin.SIMULATED


@CLIENTS
@BOTH
def test_a_hook_that_raises_over_batch_results_leaves_the_batch_read_in_part(
    module: Any, *, asynchronous: bool
) -> None:
    """The batch is billed all the same."""
    answer = streaming(module, b"", asynchronous=asynchronous)
    url = "https://api.anthropic.com/v1/messages/batches/b1/results"
    with watched() as told, pytest.raises(HookError):
        send(module, lambda request: answer, asynchronous=asynchronous, hook=raises, method="GET", url=url, json=None)
    assert (only(told).endpoint, only(told).status) == ("batch_read", Status.UNMEASURED)


@CLIENTS
def test_a_redirect_before_a_failure_is_no_answer(module: Any) -> None:
    """The try that failed brought nothing, whatever came before it."""

    def respond(request: Any) -> Any:
        if request.url.path == "/v1/messages":
            return module.Response(307, headers={"location": "/elsewhere"})
        raise module.ConnectError("refused", request=request)

    client = module.Client(transport=module.MockTransport(respond), follow_redirects=True)
    with watched() as told, client, pytest.raises(module.ConnectError):
        client.post(URL, json=ASKED)
    assert (only(told).status, only(told).reason) == (Status.FAILED, "no answer came (ConnectError)")


@CLIENTS
def test_an_answer_to_a_log_in_before_a_failure_is_no_answer(module: Any) -> None:
    """The second try of an authentication still has the first one's answer at hand."""

    class Twice(module.Auth):
        def auth_flow(self, request: Any) -> Any:
            yield request
            yield module.Request("POST", URL, json=ASKED)

    replies = iter([module.Response(200, json=message())])

    def respond(request: Any) -> Any:
        for reply in replies:
            return reply
        raise module.ConnectError("refused", request=request)

    client = module.Client(transport=module.MockTransport(respond), auth=Twice())
    with watched() as told, client, pytest.raises(module.ConnectError):
        client.post(URL, json=ASKED)
    assert (only(told).status, only(told).reason) == (Status.FAILED, "no answer came (ConnectError)")


@CLIENTS
def test_a_hook_whose_own_exchange_fails_does_not_hide_the_answer(module: Any) -> None:
    """The error of the exchange inside is another's."""

    def refuse(request: Any) -> Any:
        raise module.ConnectError("refused", request=request)

    def asks_another(response: Any) -> None:
        module.Client(transport=module.MockTransport(refuse)).get("https://elsewhere.example/")

    with watched() as told, pytest.raises(module.ConnectError):
        send(module, lambda r: streaming(module, body(), asynchronous=False), asynchronous=False, hook=asks_another)
    assert (only(told).status, only(told).reason) == (Status.UNMEASURED, "the answer was not read (ConnectError)")


@CLIENTS
def test_a_task_that_is_cancelled_while_its_answer_is_read_is_unmeasured(module: Any) -> None:
    """The answer had begun to come."""

    async def work() -> None:
        begun = asyncio.Event()

        async def never_ending() -> Any:
            yield b"{"
            begun.set()
            await asyncio.Event().wait()

        reply = module.Response(200, headers={"content-type": "application/json"}, content=never_ending())
        async with module.AsyncClient(transport=module.MockTransport(lambda request: reply)) as client:
            asking = asyncio.create_task(client.post(URL, json=ASKED))
            await begun.wait()
            asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asking

    with watched() as told:
        asyncio.run(work())
    assert (only(told).status, only(told).reason) == (Status.UNMEASURED, "the answer was not read (CancelledError)")
