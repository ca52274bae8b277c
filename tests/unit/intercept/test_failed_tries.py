"""Each try that brings no answer is recorded: as an attempt, or as free where the answer would have been."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from pytest_claude_budget.calls.call import Call, Labels, Origin, Owner, Status
from pytest_claude_budget.calls.failure import Failure
from pytest_claude_budget.judge.report import priced_calls
from pytest_claude_budget.record.totals import Totals, total
from tests.builders.priced import TABLE
from tests.builders.watched import ASKED, MODULES, URL, Told, send, watched

COUNT = {"url": "https://api.anthropic.com/v1/messages/count_tokens"}
RESULTS = {"method": "GET", "url": "https://api.anthropic.com/v1/messages/batches/b1/results", "json": None}
CREATE = {
    "url": "https://api.anthropic.com/v1/messages/batches",
    "json": {"requests": [{"custom_id": "a", "params": ASKED}]},
}
NOON = 1_795_435_200.0
"""Of 2026-11-23."""
BOTH = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
CLIENTS = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)


def totals_of(told: Told) -> Totals:
    owner = Owner(id="test_a.py::test_one", kind="test")
    calls = [
        Call(id=at, at=NOON, answer=answer, owner=owner, labels=Labels(), origin=Origin.LIVE)
        for at, answer in enumerate(told.answers)
    ]
    return total(priced_calls(calls, TABLE))


@CLIENTS
@BOTH
@pytest.mark.parametrize("status", [400, 429, 500, 529])
def test_a_batch_that_was_not_created_is_an_attempt(module: Any, status: int, *, asynchronous: bool) -> None:
    """One failed try, one creation, which is free: an attempt and nothing to pay."""
    replies = iter([module.Response(status, json={"type": "error"}), module.Response(200, json={"id": "b1"})])
    with watched() as told:
        for _ in range(2):
            send(module, lambda request: next(replies), asynchronous=asynchronous, **CREATE)
    failed, created = told.answers
    assert (failed.status, failed.endpoint, failed.reason) == (Status.FAILED, "batch_create", f"HTTP status {status}")
    kinds = {400: Failure.MALFORMED, 429: Failure.RATE_LIMIT, 500: Failure.SERVER, 529: Failure.OVERLOADED}
    assert failed.failure is kinds[status]
    assert (created.status, created.batch_id) == (Status.FREE, "b1")
    totals = totals_of(told)
    # The creation itself stands for a batch that nobody read: live, it is an answer whose cost is not known.
    assert (totals.attempts, totals.calls, totals.unknown, totals.cost) == (2, 1, 1, 0)


@CLIENTS
@BOTH
@pytest.mark.parametrize(("request_", "endpoint"), [(COUNT, "count_tokens"), (RESULTS, "batch_results")])
@pytest.mark.parametrize("status", [404, 529])
def test_a_try_whose_answer_is_free_is_recorded_as_free(
    module: Any, request_: dict[str, Any], endpoint: str, status: int, *, asynchronous: bool
) -> None:
    """It is no attempt of anything billed, and yet it is there, with its reason."""
    with watched() as told:
        send(module, lambda request: module.Response(status), asynchronous=asynchronous, **request_)
    (answer,) = told.answers
    assert (answer.status, answer.endpoint, answer.reason) == (Status.FREE, endpoint, f"HTTP status {status}")
    assert answer.http_status == status
    assert totals_of(told) == Totals(free=1)


@CLIENTS
@BOTH
@pytest.mark.parametrize(
    ("request_", "status"), [(CREATE, Status.FAILED), (COUNT, Status.FREE), (RESULTS, Status.FREE)]
)
def test_no_connection_is_recorded_too(
    module: Any, request_: dict[str, Any], status: Status, *, asynchronous: bool
) -> None:
    """Nothing was sent, so nothing can have been billed."""

    def refuse(request: Any) -> Any:
        raise module.ConnectError("refused", request=request)

    with watched() as told, pytest.raises(module.ConnectError):
        send(module, refuse, asynchronous=asynchronous, **request_)
    (answer,) = told.answers
    assert (answer.status, answer.reason) == (status, "no answer came (ConnectError)")
    assert answer.failure is Failure.CONNECTION


@CLIENTS
def test_results_that_could_not_be_had_leave_their_batch_unread(module: Any) -> None:
    """A live batch whose results were refused is as unknown as one that nobody asked about."""
    replies = iter([module.Response(200, json={"id": "b1"}), module.Response(500)])
    with watched() as told:
        for request in (CREATE, RESULTS):
            send(module, lambda request: next(replies), asynchronous=False, **request)
    totals = totals_of(told)
    assert (totals.unknown, totals.free, totals.at_least) == (1, 1, True)


@CLIENTS
@BOTH
@pytest.mark.parametrize("read", [True, False], ids=["read", "left"])
def test_the_body_of_a_refusal_tells_its_kind_once_it_was_read(module: Any, *, asynchronous: bool, read: bool) -> None:
    """A stream that is refused comes with a body that the SDK reads, or leaves where it tries again; it gets every byte."""
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 2 > 1 tokens"}}
    body = json.dumps(error).encode()

    class Pieces(module.SyncByteStream, module.AsyncByteStream):  # type: ignore[misc, name-defined]  # of a module
        def __iter__(self) -> Iterator[bytes]:
            return iter((body[:9], body[9:]))

        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield body

    def refuse(request: Any) -> Any:
        return module.Response(400, stream=Pieces(), headers={"content-type": "application/json"})

    async def ask() -> bytes | None:
        async with (
            module.AsyncClient(transport=module.MockTransport(refuse)) as client,
            client.stream("POST", URL, json=ASKED) as response,
        ):
            return await response.aread() if read else None

    with watched() as told:
        if asynchronous:
            got = asyncio.run(ask())
        else:
            with (
                module.Client(transport=module.MockTransport(refuse)) as client,
                client.stream("POST", URL, json=ASKED) as response,
            ):
                got = response.read() if read else None
    assert got == (body if read else None)
    (answer,) = told.answers
    assert answer.failure is (Failure.CONTEXT_LENGTH if read else Failure.MALFORMED)
    assert (answer.status, answer.http_status, answer.reason) == (Status.FAILED, 400, "HTTP status 400")


@CLIENTS
def test_a_failure_on_an_unknown_path_tells_of_nobody(module: Any) -> None:
    """Only an answer shows that such a path is Claude's."""
    with watched() as told:
        send(module, lambda request: module.Response(500), asynchronous=False, url="https://x/ask")
    assert told.answers == []
