"""A gateway in the test's own process asks Claude for what it was asked: one answer, seen twice, counted once."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from pytest_claude_budget.calls.call import Status, Usage
from pytest_claude_budget.intercept.in_process_gateway import PASSED_ON
from tests.builders.watched import ASKED, Told, message, sse, watched
from tests.unit.intercept.test_failed_tries import CLIENTS, totals_of

Handler = Callable[[], Awaitable[tuple[int, str, bytes]]]
ONE = Usage(input_tokens=1_000, output_tokens=100)


def application(handle: Handler) -> Any:
    """An ASGI application with one route, which answers everything by one handler."""

    async def app(scope: Any, receive: Any, respond: Any) -> None:
        status, content_type, body = await handle()
        headers = [(b"content-type", content_type.encode())]
        await respond({"type": "http.response.start", "status": status, "headers": headers})
        await respond({"type": "http.response.body", "body": body})

    return app


def asked(module: Any, handle: Handler, path: str = "/v1/messages") -> Told:
    """What is told of one exchange with the gateway."""

    async def work() -> None:
        transport = module.ASGITransport(app=application(handle))
        async with module.AsyncClient(transport=transport, base_url="http://testserver") as client:
            await client.post(path, json=ASKED)

    with watched() as told:
        asyncio.run(work())
    return told


def claude(module: Any, *replies: Any) -> Callable[[], Awaitable[Any]]:
    """Asks Claude over a client of the gateway's own; the replies in their order."""
    coming = iter(replies)

    async def ask() -> Any:
        transport = module.MockTransport(lambda request: next(coming))
        async with module.AsyncClient(transport=transport) as client:
            return await client.post("https://api.anthropic.com/v1/messages", json=ASKED)

    return ask


def reply_of(value: dict[str, Any], status: int = 200) -> tuple[int, str, bytes]:
    return status, "application/json", json.dumps(value).encode()


@CLIENTS
def test_an_answer_that_a_gateway_passes_on_is_counted_once(module: Any) -> None:
    """(1,000 x $1 + 100 x $5) / 1,000,000 = $0.0015, and the other exchange is free, with a note."""
    ask = claude(module, module.Response(200, json=message()))

    async def handle() -> tuple[int, str, bytes]:
        return reply_of((await ask()).json())

    outer, inner = (told := asked(module, handle)).answers
    assert (inner.status, inner.usage, inner.notes) == (Status.MEASURED, ONE, ())
    assert (outer.status, outer.usage, outer.notes) == (Status.FREE, Usage(), (PASSED_ON,))
    totals = totals_of(told)
    assert (totals.calls, totals.attempts, totals.free, totals.cost) == (1, 1, 1, Decimal("0.0015"))


@CLIENTS
@pytest.mark.parametrize(
    "model", ["claude-haiku-4-5", "anthropic/claude-haiku-4.5", "anthropic/claude-4.5-haiku-20251001"]
)
def test_an_answer_that_a_gateway_passes_on_in_openais_form_is_counted_once(module: Any, model: str) -> None:
    """With a spelling of its own for the model, and its own names for the counts."""
    ask = claude(module, module.Response(200, json=message()))
    usage = {"prompt_tokens": 1_000, "completion_tokens": 100, "total_tokens": 1_100}

    async def handle() -> tuple[int, str, bytes]:
        await ask()
        return reply_of({"object": "chat.completion", "model": model, "choices": [], "usage": usage})

    outer, inner = (told := asked(module, handle, "/v1/chat/completions")).answers
    assert (inner.status, outer.status, outer.notes) == (Status.MEASURED, Status.FREE, (PASSED_ON,))
    assert totals_of(told).cost == Decimal("0.0015")


@CLIENTS
def test_a_stream_that_a_gateway_passes_on_is_counted_once(module: Any) -> None:
    """The gateway's own answer is a stream, whatever it had from Claude."""
    ask = claude(module, module.Response(200, json=message()))

    async def handle() -> tuple[int, str, bytes]:
        await ask()
        stop = {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 100}}
        start = {"message": message(output_tokens=1)}
        return 200, "text/event-stream", sse(("message_start", start), ("message_delta", stop), ("message_stop", {}))

    outer, inner = asked(module, handle).answers
    assert (inner.status, outer.status, outer.notes) == (Status.MEASURED, Status.FREE, (PASSED_ON,))


@CLIENTS
def test_the_messages_of_one_stream_are_counted_once_each(module: Any) -> None:
    """The gateway passes two answers on, one behind the other: 2 x $0.0015."""
    ask = claude(module, *(module.Response(200, json=message()) for _ in range(2)))
    stop = {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 100}}
    starts = [{"message": {**message(output_tokens=1), "id": name}} for name in ("a", "b")]
    events = [event for each in starts for event in (("message_start", each), ("message_delta", stop))]

    async def handle() -> tuple[int, str, bytes]:
        for _ in range(2):
            await ask()
        return 200, "text/event-stream", sse(*events)

    told = asked(module, handle)
    statuses = sorted(answer.status for answer in told.answers)
    assert statuses == [Status.FREE, Status.FREE, Status.MEASURED, Status.MEASURED]
    assert totals_of(told).cost == Decimal("0.003")


@CLIENTS
def test_the_sum_of_several_calls_is_the_calls_themselves(module: Any) -> None:
    """A gateway that asks three times and states what it used in all: 3 x $0.0015."""
    ask = claude(module, *(module.Response(200, json=message()) for _ in range(3)))

    async def handle() -> tuple[int, str, bytes]:
        for _ in range(3):
            await ask()
        return reply_of(message(3_000, 300))

    told = asked(module, handle)
    assert [answer.status for answer in told.answers] == [Status.FREE, *[Status.MEASURED] * 3]
    assert totals_of(told).cost == Decimal("0.0045")


@CLIENTS
@pytest.mark.parametrize(
    "answered", [message(1_001, 100), message(1_000, 101), message(1_000, 100, "claude-opus-4-7"), message(2_000, 200)]
)
def test_an_answer_that_differs_counts_by_itself(module: Any, answered: dict[str, Any]) -> None:
    """It may be of a call that nobody sees, such as one over another kind of client: no money hides."""
    ask = claude(module, module.Response(200, json=message()))

    async def handle() -> tuple[int, str, bytes]:
        await ask()
        return reply_of(answered)

    assert [answer.status for answer in asked(module, handle).answers] == [Status.MEASURED] * 2


@CLIENTS
def test_a_gateway_that_asks_nobody_counts(module: Any) -> None:
    """What it answers is what the suite's calls cost."""

    async def handle() -> tuple[int, str, bytes]:
        return reply_of(message())

    (answer,) = asked(module, handle).answers
    assert (answer.status, answer.usage) == (Status.MEASURED, ONE)


@CLIENTS
def test_a_failure_that_a_gateway_passes_on_is_one_attempt(module: Any) -> None:
    """Overloaded here because it was overloaded there."""
    ask = claude(module, module.Response(529, json={}))

    async def handle() -> tuple[int, str, bytes]:
        return reply_of({}, (await ask()).status_code)

    told = asked(module, handle)
    assert [answer.status for answer in told.answers] == [Status.FREE, Status.FAILED]
    assert (totals_of(told).attempts, totals_of(told).calls) == (1, 0)


@CLIENTS
def test_a_gateway_behind_a_gateway_is_counted_once(module: Any) -> None:
    """The innermost exchange is the call."""
    ask = claude(module, module.Response(200, json=message()))

    async def innermost() -> tuple[int, str, bytes]:
        return reply_of((await ask()).json())

    async def handle() -> tuple[int, str, bytes]:
        transport = module.ASGITransport(app=application(innermost))
        async with module.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return reply_of((await client.post("/v1/messages", json=ASKED)).json())

    assert [answer.status for answer in asked(module, handle).answers] == [Status.FREE, Status.FREE, Status.MEASURED]


@CLIENTS
def test_calls_beside_one_another_do_not_mix(module: Any) -> None:
    """Each exchange has a context of its own: equal answers of tasks side by side all count."""

    async def work() -> None:
        ask = claude(module, *(module.Response(200, json=message()) for _ in range(5)))
        await asyncio.gather(*(ask() for _ in range(5)))

    with watched() as told:
        asyncio.run(work())
    assert [answer.status for answer in told.answers] == [Status.MEASURED] * 5


@CLIENTS
def test_a_call_that_a_task_of_the_gateway_makes_later_counts(module: Any) -> None:
    """The task was begun inside of the exchange, and outlives it."""
    ask = claude(module, module.Response(200, json=message()))
    tasks = []

    async def handle() -> tuple[int, str, bytes]:
        tasks.append(asyncio.create_task(later()))
        return reply_of(message())

    answered = asyncio.Event()

    async def later() -> None:
        await answered.wait()
        await ask()

    async def work() -> None:
        transport = module.ASGITransport(app=application(handle))
        async with module.AsyncClient(transport=transport, base_url="http://testserver") as client:
            await client.post("/v1/messages", json=ASKED)
        answered.set()
        await tasks[0]

    with watched() as told:
        asyncio.run(work())
    assert [answer.status for answer in told.answers] == [Status.MEASURED] * 2


@CLIENTS
def test_an_equal_call_of_a_hook_around_a_real_exchange_hides_nothing(module: Any) -> None:
    """A transport of the user's own may reach anywhere: its exchange is never taken for one inside of it."""

    class Elsewhere(module.BaseTransport):
        def handle_request(self, request: Any) -> Any:
            return module.Response(200, json=message())

    inner = module.Client(transport=module.MockTransport(lambda request: module.Response(200, json=message())))
    hook = {"request": [lambda request: inner.post("https://api.anthropic.com/v1/messages", json=ASKED)]}
    with watched() as told, module.Client(transport=Elsewhere(), event_hooks=hook) as client:
        client.post("https://api.anthropic.com/v1/messages", json=ASKED)
    assert [answer.status for answer in told.answers] == [Status.MEASURED] * 2


@CLIENTS
def test_a_synchronous_gateway_is_counted_once(module: Any) -> None:
    """Over WSGI, or a handler of a mock transport."""
    inner = module.Client(transport=module.MockTransport(lambda request: module.Response(200, json=message())))

    def app(environ: Any, start_response: Any) -> list[bytes]:
        body = inner.post("https://api.anthropic.com/v1/messages", json=ASKED).content
        start_response("200 OK", [("content-type", "application/json")])
        return [body]

    with watched() as told, module.Client(transport=module.WSGITransport(app=app)) as client:
        client.post("http://testserver/v1/messages", json=ASKED)
    assert [answer.status for answer in told.answers] == [Status.FREE, Status.MEASURED]
