"""Exchanges of urllib3 with a server: each is measured exactly, however its body is read, and reads as it would without us."""

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3
import vcr
from mocket import Mocketizer
from mocket.mocks.mockhttp import Entry
from urllib3.connectionpool import HTTPConnectionPool

from pytest_claude_budget.calls.call import Origin
from pytest_claude_budget.intercept.urllib3_hooks import hook_module
from tests.builders.watched import ASKED, Told
from tests.clients.conftest import BODIES, BODY, STREAM, Server, counted, states

ASKING = json.dumps(ASKED).encode()
WHOLE = [("measured", 1_000, 100)]
FORMS = ["", "chunked/", "closed/"]
GZIP = b"\x1f\x8b"
Read = Callable[[Any], bytes]


def plain(body: bytes) -> bytes:
    """Some ways to read leave the coding to the reader."""
    return gzip.decompress(body) if body.startswith(GZIP) else body


def read_into(response: Any) -> bytes:
    buffer, out = bytearray(50), b""
    while (count := response.readinto(buffer)) or not response.isclosed():
        out += buffer[:count]
    return out


def read_lines(response: Any) -> bytes:
    response.auto_close = False  # as urllib3 says that readers of `io` want it
    return b"".join(io.BufferedReader(response).readlines())


def read_in_pieces(response: Any) -> bytes:
    """Up to the end: with urllib3 1 a piece may be empty before it, where its bytes were of the coding alone."""
    out = b""
    while (piece := response.read(37)) or not response.isclosed():
        out += piece
    return out


def read_in_ones(response: Any) -> bytes:
    return b"".join(iter(lambda: response.read1(40), b""))


READS: dict[str, Read] = {
    "read": lambda response: response.read(),  # type: ignore[no-any-return]
    "read-raw": lambda response: response.read(decode_content=False),  # type: ignore[no-any-return]
    "data": lambda response: response.data,  # type: ignore[no-any-return]
    "pieces": read_in_pieces,
    "stream": lambda response: b"".join(response.stream(29)),
    "stream-raw": lambda response: b"".join(response.stream(29, decode_content=False)),
    "lines": b"".join,
    "readlines": read_lines,
    "readinto": read_into,
}
if not urllib3.__version__.startswith("1."):
    READS["read1"] = read_in_ones


def post(path: str, server: Server, **how: Any) -> Any:
    with urllib3.PoolManager() as manager:
        headers = {"anthropic-version": "2023-06-01", "content-type": "application/json"}
        return manager.request("POST", f"{server.url}/{path}", **{"body": ASKING, "headers": headers, **how})


@pytest.mark.parametrize("kind", ["json", "sse"])
@pytest.mark.parametrize("coding", ["", "gzip/"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("read", READS)
def test_each_way_to_read_is_measured_and_gives_the_same_bytes(
    told: Told, server: Server, read: str, form: str, coding: str, kind: str
) -> None:
    response = post(f"{form}{coding}{kind}/v1/messages", server, preload_content=False)
    body = READS[read](response)
    assert BODIES[kind] == plain(body)
    assert WHOLE == counted(told)
    assert [Origin.LIVE] == list(told.origins.values())


@pytest.mark.parametrize("decode", [True, False])
@pytest.mark.parametrize("coding", ["", "gzip/"])
@pytest.mark.parametrize("form", FORMS)
def test_a_body_that_is_read_at_once_is_measured(
    told: Told, server: Server, form: str, coding: str, *, decode: bool
) -> None:
    body = post(f"{form}{coding}json/v1/messages", server, decode_content=decode).data
    assert BODY == plain(body)
    assert coding == "" or decode != body.startswith(GZIP)
    assert WHOLE == counted(told)


@pytest.mark.parametrize("form", ["", "chunked/"])
def test_chunks_arrive_as_they_were_cut(told: Told, server: Server, form: str) -> None:
    response = post(f"{form}sse/v1/messages", server, preload_content=False)
    pieces = list(response.read_chunked() if form else response.stream(61))
    assert {61} == {len(piece) for piece in pieces[:-1]}
    assert STREAM == b"".join(pieces)
    assert WHOLE == counted(told)


def test_the_answer_is_told_before_its_reader_has_the_last_byte(told: Told, server: Server) -> None:
    """Its connection is still there, and nobody asked whether there is more."""
    response = post("json/v1/messages", server, preload_content=False)
    assert BODY[:100] == response.read(100)
    assert [] == [each for each in counted(told) if each[1:] == (1_000, 100)]
    assert BODY[100:] == response.read(len(BODY) - 100)
    assert WHOLE == counted(told)


@pytest.mark.parametrize("leave", ["close", "let-go"])
@pytest.mark.parametrize("form", ["", "chunked/"])
def test_a_stream_that_is_left_tells_what_had_come(told: Told, server: Server, form: str, leave: str) -> None:
    """The first event has come: 1,000 tokens in, and at least 1 out."""
    response = post(f"{form}sse/v1/messages", server, preload_content=False)
    response.read(300)
    if leave == "close":
        response.close()
    del response
    assert [("at_least", 1_000, 1)] == counted(told)


@pytest.mark.parametrize("form", ["", "chunked/"])
def test_an_answer_that_breaks_off_is_not_known_in_full(told: Told, server: Server, form: str) -> None:
    with pytest.raises(urllib3.exceptions.HTTPError):
        post(f"{form}cut/sse/v1/messages", server, preload_content=False).read()
    assert [("at_least", 1_000, 1)] == counted(told)


def test_each_try_is_an_attempt(told: Told, server: Server) -> None:
    retries = urllib3.Retry(total=2, status_forcelist=[529], allowed_methods=None, backoff_factor=0)
    assert BODY == post("once/status/529/json/v1/messages", server, retries=retries).data
    assert [("failed", 0, 0), *WHOLE] == counted(told)
    assert "HTTP status 529" == told.answers[0].reason


def test_tries_that_are_given_up_name_their_status(told: Told, server: Server) -> None:
    retries = urllib3.Retry(total=2, status_forcelist=[529], allowed_methods=None, backoff_factor=0)
    with pytest.raises(urllib3.exceptions.MaxRetryError):
        post("status/529/v1/messages", server, retries=retries)
    assert [("failed", 0, 0)] * 3 == counted(told)
    assert {"HTTP status 529"} == {each.reason for each in told.answers}


@pytest.mark.parametrize("by", ["manager", "pool"])
def test_a_redirect_that_keeps_the_request_is_a_try_and_its_answer_counts(told: Told, server: Server, by: str) -> None:
    if by == "manager":
        assert BODY == post("status/307/v1/messages", server).data
    else:
        with urllib3.connection_from_url(server.url) as pool:
            assert BODY == pool.urlopen("POST", "/status/307/v1/messages", ASKING).data
    assert [("failed", 0, 0), *WHOLE] == counted(told)


def test_what_a_redirect_leads_elsewhere_is_no_answer_of_claude(told: Told, server: Server) -> None:
    """A 303 makes a GET of it, to a page that is no route of the API, and yet answers as a message would."""
    with urllib3.connection_from_url(server.url) as pool:
        assert BODY == pool.urlopen("POST", "/status/303/v1/messages", ASKING).data
    assert [("failed", 0, 0)] == counted(told)
    assert ["/status/303/v1/messages", "/plain"] == server.asked


def test_an_answer_that_never_comes_may_have_been_billed(told: Told, server: Server) -> None:
    with pytest.raises(urllib3.exceptions.ProtocolError):
        post("gone/v1/messages", server, retries=False)
    with pytest.raises(urllib3.exceptions.MaxRetryError):
        post("gone/v1/messages", server, retries=urllib3.Retry(total=1, allowed_methods=None))
    assert ["unmeasured"] * 3 == states(told)
    assert {"no answer came (ProtocolError); it may have been billed"} == {each.reason for each in told.answers}


def test_what_was_never_sent_was_not_billed(told: Told) -> None:
    with urllib3.PoolManager() as manager, pytest.raises(urllib3.exceptions.HTTPError):
        manager.request("POST", "http://127.0.0.1:1/v1/messages", body=ASKING, retries=False)
    assert ["failed"] == states(told)


@pytest.mark.parametrize("body", [ASKING.decode(), bytearray(ASKING), io.BytesIO(ASKING), [ASKING[:9], ASKING[9:]]])
def test_each_form_of_a_request_s_body_is_measured(told: Told, server: Server, body: Any) -> None:
    assert BODY == post("json/v1/messages", server, body=body).data
    assert WHOLE == counted(told)


def test_others_ask_what_they_like(told: Told, server: Server) -> None:
    with urllib3.PoolManager() as manager:
        manager.request("GET", f"{server.url}/plain")
        manager.request("POST", f"{server.url}/plain", body=b"{}")
        manager.request("PUT", f"{server.url}/v1/messages", body=ASKING)
    assert [] == states(told)


def test_a_cassette_is_live_once_and_simulated_from_then_on(told: Told, server: Server, tmp_path: Path) -> None:
    for preload in (True, False, True):
        with vcr.use_cassette(str(tmp_path / "tape.yaml"), record_mode="once"):
            response = post("chunked/gzip/sse/v1/messages", server, preload_content=preload)
            assert STREAM in (plain(response.data), plain(response.read()))
    assert 1 == len(server.asked)
    assert [Origin.LIVE, Origin.SIMULATED, Origin.SIMULATED] == list(told.origins.values())
    assert WHOLE * 3 == counted(told)


def test_a_socket_that_is_none_is_simulated(told: Told) -> None:
    url = "http://gateway.example/v1/messages"
    Entry.single_register(Entry.POST, url, body=BODY.decode(), headers={"content-type": "application/json"})
    with Mocketizer(strict_mode=True), urllib3.PoolManager() as manager:
        assert BODY == manager.request("POST", url, body=ASKING).data
        assert BODY == manager.request("POST", url, body=ASKING, preload_content=False).read()
    assert [Origin.SIMULATED] * 2 == list(told.origins.values())
    assert WHOLE * 2 == counted(told)


def test_the_class_is_left_as_it_was_found() -> None:
    before = HTTPConnectionPool.__dict__["urlopen"]
    runs = [SimpleNamespace(sink=Told) for _ in range(2)]
    seams = [hook_module(urllib3.connectionpool, run) for run in runs]
    assert seams[0] is seams[1]
    for run in runs:
        seams[0].remove(run)
    assert before is HTTPConnectionPool.__dict__["urlopen"]
