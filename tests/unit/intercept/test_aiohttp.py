"""aiohttp used directly: what it brings is counted as it is read, whichever way it is read, and reads as it did."""

import asyncio
import gzip
import io
import json
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import brotli
import pytest
import zstandard
from aiohttp import client_proto
from aiohttp.http_parser import HttpResponseParserPy

from pytest_claude_budget.intercept.patches import owner_of
from tests.builders.watched import ASKED
from tests.builders.watched_aiohttp import (
    BODY,
    EVENTS,
    JSON,
    PIECES,
    STREAM,
    VERSION,
    Answers,
    Read,
    asking,
    by_read,
    in_pieces,
    measured,
    run,
    whole,
)


@pytest.fixture(params=["C", "Python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are parsed by compiled code where that is there."""
    if request.param == "Python":
        monkeypatch.setattr(client_proto, "HttpResponseParser", HttpResponseParserPy)


async def by_text(response: Any) -> bytes:
    return (await response.text()).encode()  # type: ignore[no-any-return]


async def by_json(response: Any) -> bytes:
    return json.dumps(await response.json()).encode()


async def by_iter_any(response: Any) -> bytes:
    return b"".join([piece async for piece in response.content.iter_any()])


async def by_iter_chunked(response: Any) -> bytes:
    return b"".join([piece async for piece in response.content.iter_chunked(7)])


async def by_iter_chunks(response: Any) -> bytes:
    return b"".join([piece async for piece, _ in response.content.iter_chunks()])


async def by_line(response: Any) -> bytes:
    return b"".join([line async for line in response.content])


async def by_readexactly(response: Any) -> bytes:
    return await response.content.readexactly(5) + await response.content.read()  # type: ignore[no-any-return]


async def by_read_nowait(response: Any) -> bytes:
    await response.content.wait_eof()
    return response.content.read_nowait()  # type: ignore[no-any-return]


READS = [by_read, by_text, by_iter_any, by_iter_chunked, by_iter_chunks, by_line, by_readexactly, by_read_nowait]


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("read", [*READS, by_json])
@pytest.mark.parametrize("framing", ["chunked", "length", "until the end"])
def test_json_is_counted_in_whatever_way_it_is_read(read: Read, framing: str) -> None:
    """It comes after its head, in two pieces."""
    told, seen = run(Answers(in_pieces(BODY[:20], BODY[20:], framing=framing, kind=JSON)), asking(read))
    assert BODY == seen
    measured(told)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("framing", ["chunked", "length", "until the end"])
def test_a_stream_is_counted_in_whatever_way_it_is_read(read: Read, framing: str) -> None:
    told, seen = run(Answers(in_pieces(*PIECES, framing=framing)), asking(read))
    assert STREAM == seen
    measured(told)


@pytest.mark.parametrize("kind", [JSON, EVENTS], ids=["json", "stream"])
def test_an_answer_that_came_whole_with_its_head_is_counted_though_nobody_reads_it(kind: tuple[str, str]) -> None:
    async def leave(_: Any) -> bytes:
        return b""

    told, _ = run(Answers(whole(BODY if kind is JSON else STREAM, kind)), asking(leave))
    measured(told)


@pytest.mark.usefixtures("parser")
def test_the_borders_of_what_is_read_stay_where_they_are() -> None:
    """Each piece is sent when the one before was read, with and without a watch."""
    answers = Answers(in_pieces(*PIECES), in_pieces(*PIECES))
    answers.waits = True

    async def read(session: aiohttp.ClientSession, url: str) -> list[Any]:
        seen: list[Any] = []
        async with session.post(f"{url}/v1/messages", json=ASKED) as response:
            assert type(response) is aiohttp.ClientResponse
            assert isinstance(response.content, aiohttp.StreamReader)
            answers.go.release()
            async for each in response.content.iter_chunks():
                seen.append(each)
                answers.go.release()
            return [*seen, response.content.total_bytes, repr(response.content), type(response.content)]

    async def work(url: str) -> tuple[list[Any], list[Any]]:
        async with aiohttp.ClientSession() as session:
            watched = await read(session, url)
            answers.go = asyncio.Semaphore(0)
            seam = owner_of(vars(aiohttp.ClientRequest)["send"])
            runs, seam.runs = seam.runs, ()
            alone = await read(session, url)
            seam.runs = runs
            return watched, alone

    told, (watched, alone) = run(answers, work)
    assert alone == watched
    assert PIECES == [piece for piece, _ in watched[:4]]
    measured(told)


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("comes", ["at once", "after its head"])
@pytest.mark.parametrize("undone", [True, False], ids=["undone by aiohttp", "left to the caller"])
def test_a_coded_answer_is_counted(coding: str, comes: str, undone: bool) -> None:
    packed = CODINGS[coding](BODY)
    answer = whole(packed, JSON, ("content-encoding", coding))
    if comes != "at once":
        top, body = answer[0].split(b"\r\n\r\n", 1)
        answer = [top + b"\r\n\r\n", body[:9], body[9:]]

    async def work(url: str) -> bytes:
        async with aiohttp.ClientSession(auto_decompress=undone) as session:
            return await (await session.post(f"{url}/v1/messages", json=ASKED)).read()

    told, seen = run(Answers(answer), work)
    assert (BODY if undone else packed) == seen
    measured(told)


def test_a_coded_answer_that_one_request_alone_leaves_coded_is_counted() -> None:
    packed = gzip.compress(BODY)
    answers = Answers(whole(packed, JSON, ("content-encoding", "gzip")))
    told, seen = run(answers, asking(auto_decompress=False))
    assert packed == seen
    measured(told)


async def _stream_of_a_request() -> AsyncIterator[bytes]:
    yield json.dumps(ASKED).encode()


@pytest.mark.parametrize(
    "how",
    [
        {"json": ASKED},
        {"json": None, "data": json.dumps(ASKED)},
        {"json": None, "data": json.dumps(ASKED).encode()},
        {"json": None, "data": bytearray(json.dumps(ASKED).encode())},
    ],
    ids=["json", "text", "bytes", "bytearray"],
)
def test_a_request_is_known_by_the_bytes_that_are_sent(how: dict[str, Any]) -> None:
    told, _ = run(Answers(whole(BODY)), asking(**how))
    measured(told)
    assert told.answers[0].request is not None


def test_a_request_that_is_a_stream_is_not_looked_at_and_is_counted() -> None:
    answers = Answers(whole(BODY))
    told, _ = run(answers, asking(json=None, data=_stream_of_a_request()))
    assert [("/v1/messages", json.dumps(ASKED).encode())] == answers.asked
    measured(told)
    assert told.answers[0].request is None


@pytest.mark.parametrize(
    "data", [aiohttp.FormData({"messages": "claude"}), {"file": io.BytesIO(b"\x00claude")}, b"claude", None]
)
def test_what_is_not_asked_of_claude_is_not_counted(data: Any) -> None:
    async def work(url: str) -> bytes:
        async with aiohttp.ClientSession() as session, session.post(f"{url}/upload", data=data) as response:
            return await response.read()

    told, seen = run(Answers(whole(BODY)), work)
    assert (BODY, []) == (seen, told.answers)


class Raising(aiohttp.ClientResponse):
    """Says in its own way what it has not."""

    def __getattr__(self, name: str) -> Any:
        raise KeyError(name)


class Having(aiohttp.ClientResponse):
    """Has everything."""

    def __getattr__(self, name: str) -> Any:
        return True


@pytest.mark.parametrize("path", ["/v1/messages", "/upload"])
@pytest.mark.parametrize("responses", [Raising, Having])
def test_a_response_with_an_own_idea_of_attributes_answers_as_it_would(responses: Any, path: str) -> None:
    async def work(url: str) -> bytes:
        how = {"json": ASKED, "headers": VERSION} if path == "/v1/messages" else {}
        async with (
            aiohttp.ClientSession(response_class=responses) as session,
            session.post(f"{url}{path}", **how) as response,
        ):
            return await response.read()

    told, seen = run(Answers(whole(BODY)), work)
    assert BODY == seen
    assert len(told.answers) == (path == "/v1/messages")


def test_a_session_with_an_own_idea_of_attributes_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aiohttp.ClientSession, "__getattr__", lambda _, name: {}[name], raising=False)
    told, seen = run(Answers(whole(BODY)), asking())
    assert BODY == seen
    measured(told)
