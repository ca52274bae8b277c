"""Exchanges of Python's own client, used by itself and by `urllib.request`."""

import gc
import gzip
import http.client
import inspect
import io
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import urllib3.connectionpool
import vcr
import vcr.stubs
from mocket import Mocketizer
from mocket.mocks.mockhttp import Entry

from pytest_claude_budget.calls.call import Origin
from pytest_claude_budget.intercept import requests_hooks, urllib3_hooks, vcr_hooks, whole_json
from pytest_claude_budget.intercept.http_client_hooks import hook_answers
from pytest_claude_budget.intercept.in_process_gateway import Inside
from pytest_claude_budget.intercept.reached_network import look, look_no_more
from pytest_claude_budget.intercept.seam import Seam
from pytest_claude_budget.measure import hooked_clients
from tests.builders.watched import ASKED, Told
from tests.clients.conftest import BODIES, BODY, LIVE_HERE, STREAM, Server, counted, states

ASKING = json.dumps(ASKED).encode()
WHOLE = [("measured", 1_000, 100)]
HEADERS = {"content-type": "application/json"}
FORMS = ["", "chunked/", "closed/"]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """What is told of exchanges, with the hooks that a run has; whoever watches these tests themselves looks away."""
    told = Told()
    told.hosts = LIVE_HERE
    run: Any = SimpleNamespace(sink=lambda: told)
    hooks = [
        hooked_clients._latch(http.client, run),
        urllib3_hooks.hook_module(urllib3.connectionpool, run),
        requests_hooks.hook_module(requests.sessions, run),
        vcr_hooks.hook_module(vcr.stubs, run),
    ]
    monkeypatch.setattr(hooks[0], "_runs", (run,))
    monkeypatch.setattr(hooks[0], "_seam", None)
    real = Seam.watchers

    def watchers(seam: Seam) -> Any:
        found = real(seam)
        monkeypatch.setattr(found, "sinks", (told,))
        return found

    monkeypatch.setattr(Seam, "watchers", watchers)
    yield told
    monkeypatch.undo()
    for each in hooks:
        each.remove(run)
    assert told.faults == []


def origins(told: Told) -> list[Origin]:
    return [told.origins[key] for key in sorted(told.origins)]


def connected(server: Server) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=60)


def plain(body: bytes) -> bytes:
    return gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body


def read_into(response: Any) -> bytes:
    buffer, out = bytearray(50), b""
    while count := response.readinto(buffer):
        out += buffer[:count]
    return out


READS: dict[str, Any] = {
    "read": lambda response: response.read(),
    "pieces": lambda response: b"".join(iter(lambda: response.read(37), b"")),
    "read1": lambda response: b"".join(iter(lambda: response.read1(37), b"")),
    "lines": b"".join,
    "readline": lambda response: b"".join(iter(response.readline, b"")),
    "peeked": lambda response: response.peek(1)[:0] + response.read(),
    "readinto": read_into,
}


@pytest.mark.parametrize("kind", ["json", "sse"])
@pytest.mark.parametrize("coding", ["", "gzip/"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("read", READS)
def test_each_way_to_read_is_measured_and_gives_the_same_bytes(
    told: Told, server: Server, read: str, form: str, coding: str, kind: str
) -> None:
    connection = connected(server)
    connection.request("POST", f"/{form}{coding}{kind}/v1/messages", ASKING, HEADERS)
    response = connection.getresponse()
    assert http.client.HTTPResponse is type(response)
    assert BODIES[kind] == plain(READS[read](response))
    connection.close()
    assert WHOLE == counted(told)
    assert [Origin.LIVE] == origins(told)


def test_a_connection_that_is_kept_counts_each_call(told: Told, server: Server) -> None:
    connection = connected(server)
    for form in ("", "chunked/", ""):
        connection.request("POST", url=f"/{form}json/v1/messages", body=ASKING.decode(), headers=HEADERS)
        assert BODY == connection.getresponse().read()
    connection.close()
    assert WHOLE * 3 == counted(told)


@pytest.mark.parametrize("form", FORMS)
def test_urllib_request_is_measured(told: Told, server: Server, form: str) -> None:
    request = urllib.request.Request(f"{server.url}/{form}sse/v1/messages", ASKING, HEADERS)
    with urllib.request.urlopen(request) as response:
        assert STREAM == b"".join(response)
    assert WHOLE == counted(told)
    assert [Origin.LIVE] == origins(told)


def test_a_refusal_is_an_attempt(told: Told, server: Server) -> None:
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(urllib.request.Request(f"{server.url}/status/529/v1/messages", ASKING, HEADERS))
    raised.value.close()
    assert [("failed", 0, 0)] == counted(told)
    assert "HTTP status 529" == told.answers[0].reason


def test_a_stream_that_is_left_tells_what_had_come(told: Told, server: Server) -> None:
    connection = connected(server)
    connection.request("POST", "/chunked/sse/v1/messages", ASKING, HEADERS)
    with connection.getresponse() as response:
        response.read(300)
    connection.close()
    assert [("at_least", 1_000, 1)] == counted(told)


@pytest.mark.parametrize("form", ["", "chunked/"])
def test_an_answer_that_breaks_off_is_not_known_in_full(told: Told, server: Server, form: str) -> None:
    connection = connected(server)
    connection.request("POST", f"/{form}cut/sse/v1/messages", ASKING, HEADERS)
    with pytest.raises(http.client.IncompleteRead):
        connection.getresponse().read()
    connection.close()
    assert [("at_least", 1_000, 1)] == counted(told)


def test_an_answer_that_never_comes_may_have_been_billed(told: Told, server: Server) -> None:
    connection = connected(server)
    connection.request("POST", "/gone/v1/messages", ASKING, HEADERS)
    with pytest.raises(http.client.RemoteDisconnected):
        connection.getresponse()
    assert ["no answer came (RemoteDisconnected); it may have been billed"] == [each.reason for each in told.answers]


def test_an_answer_that_nobody_asks_for_may_have_been_billed(told: Told, server: Server) -> None:
    connection = connected(server)
    connection.request("POST", "/json/v1/messages", ASKING, HEADERS)
    connection.close()
    del connection
    gc.collect()
    assert ["unmeasured"] == states(told)


def test_what_was_never_sent_was_not_billed(told: Told) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", 1)
    with pytest.raises(ConnectionRefusedError):
        connection.request("POST", "/v1/messages", ASKING, HEADERS)
    assert ["failed"] == states(told)


def test_clients_that_ride_on_it_count_once(told: Told, server: Server) -> None:
    for form in FORMS:
        requests.post(f"{server.url}/{form}json/v1/messages", json=ASKED)
        with urllib3.PoolManager() as manager:
            manager.request("POST", f"{server.url}/{form}sse/v1/messages", body=ASKING, headers=HEADERS)
    assert WHOLE * 6 == counted(told)


@pytest.mark.parametrize("by", ["urllib.request", "requests"])
def test_a_cassette_is_live_once_and_simulated_from_then_on(
    told: Told, server: Server, tmp_path: Path, by: str
) -> None:
    for _ in range(3):
        with vcr.use_cassette(str(tmp_path / "tape.yaml"), record_mode="once"):
            url = f"{server.url}/chunked/json/v1/messages"
            if by == "requests":
                assert BODY == requests.post(url, json=ASKED).content
            else:
                with urllib.request.urlopen(urllib.request.Request(url, ASKING, HEADERS)) as response:
                    assert BODY == response.read()
    assert 1 == len(server.asked)
    assert WHOLE * 3 == counted(told)
    assert [Origin.LIVE, Origin.SIMULATED, Origin.SIMULATED] == origins(told)


def test_a_socket_that_is_none_is_simulated(told: Told) -> None:
    url = "http://gateway.example/v1/messages"
    Entry.single_register(Entry.POST, url, body=BODY.decode(), headers={"content-type": "application/json"})
    with Mocketizer(strict_mode=True), urllib.request.urlopen(urllib.request.Request(url, ASKING, HEADERS)) as response:
        assert BODY == response.read()
    assert WHOLE == counted(told)
    assert [Origin.SIMULATED] == origins(told)


def write(
    connection: http.client.HTTPConnection, path: str, body: bytes = ASKING, *, with_headers: bool = True
) -> None:
    """Line by line, with the body beside the headers or after them."""
    connection.putrequest("POST", path)
    for name, value in (*HEADERS.items(), ("content-length", str(len(body)))):
        connection.putheader(name, value)
    if with_headers:
        connection.endheaders(body)
    else:
        connection.endheaders()
        connection.send(body[:9])
        connection.send(body[9:])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("with_headers", [True, False])
def test_a_request_that_is_written_line_by_line_is_measured(
    told: Told, server: Server, form: str, *, with_headers: bool
) -> None:
    connection = connected(server)
    for _ in range(2):
        write(connection, f"/{form}sse/v1/messages", with_headers=with_headers)
        assert STREAM == connection.getresponse().read()
    connection.close()
    assert WHOLE * 2 == counted(told)
    assert [Origin.LIVE] * 2 == origins(told)


def test_one_that_is_written_and_refused_is_an_attempt(told: Told, server: Server) -> None:
    connection = connected(server)
    write(connection, "/status/529/v1/messages")
    connection.getresponse().read()
    connection.close()
    assert [("failed", 0, 0)] == counted(told)


def test_one_that_is_written_to_nobody_was_not_billed(told: Told) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", 1)
    with pytest.raises(ConnectionRefusedError):
        write(connection, "/v1/messages")
    assert ["failed"] == states(told)


def test_a_request_of_another_s_api_is_nobody_s_business_however_it_is_written(told: Told, server: Server) -> None:
    """A path like Claude's, and a body that is not: also where urllib3 or `request` writes the lines."""
    other = b'{"to": "Bob", "text": "Hello."}'
    connection = connected(server)
    write(connection, "/json/v1/messages", other)
    connection.getresponse().read()
    connection.request("POST", "/json/v1/messages", other, HEADERS)
    connection.getresponse().read()
    write(connection, "/plain", with_headers=False)
    connection.getresponse().read()
    connection.close()
    requests.post(f"{server.url}/json/v1/messages", data=other, headers=HEADERS)
    assert [] == states(told)


def test_others_ask_what_they_like(told: Told, server: Server) -> None:
    with urllib.request.urlopen(f"{server.url}/plain") as response:
        response.read()
    assert [] == states(told)


def test_the_class_is_left_as_it_was_found(server: Server) -> None:
    class Own(http.client.HTTPConnection):
        request = inspect.unwrap(http.client.HTTPConnection.request)
        endheaders = inspect.unwrap(http.client.HTTPConnection.endheaders)
        getresponse = inspect.unwrap(http.client.HTTPConnection.getresponse)

    module: Any = SimpleNamespace(HTTPConnection=Own, __name__=__name__)
    before = dict(vars(Own))
    told = Told()
    runs: list[Any] = [SimpleNamespace(sink=lambda: told) for _ in range(2)]
    latches = [hooked_clients._latch(module, run) for run in runs]
    assert latches[0] is latches[1]
    connection = Own("127.0.0.1", server.server_address[1])
    connection.request("POST", "/json/v1/messages", ASKING, HEADERS)
    assert BODY == connection.getresponse().read()
    connection.close()
    assert "measured" in states(told)
    for run in runs:
        latches[0].remove(run)
    assert before == dict(vars(Own))


def test_a_look_at_the_network_before_or_after_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """It hooks `getresponse` too, and either may be there first."""
    look_no_more()
    before = inspect.unwrap(http.client.HTTPConnection.getresponse)
    monkeypatch.setattr(http.client.HTTPConnection, "getresponse", before)
    run: Any = SimpleNamespace(sink=Told)
    for first in (True, False):
        if first:
            look(Inside())
        seam = hook_answers(http.client.HTTPConnection, run)
        seam.watchers()
        look(Inside())
        seam.remove(run)
        assert before is vars(http.client.HTTPConnection)["getresponse"]


def test_json_that_is_left_may_have_been_billed(told: Told, server: Server) -> None:
    connection = connected(server)
    connection.request("POST", "/chunked/json/v1/messages", ASKING, HEADERS)
    with connection.getresponse() as response:
        response.read(30)
    connection.close()
    assert ["no answer came (AnswerNotReadError); it may have been billed"] == [each.reason for each in told.answers]


@pytest.mark.parametrize("form", ["", "chunked/", "chunked/cut/"])
def test_json_that_is_long_is_not_kept(told: Told, server: Server, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """What is over the limit is read as it passes, and comes to the same."""
    for longest in (40, 1_000_000):
        monkeypatch.setattr(whole_json, "LONGEST_WHOLE", longest)
        connection = connected(server)
        connection.request("POST", f"/{form}json/v1/messages", ASKING, HEADERS)
        response = connection.getresponse()
        if "cut" in form:
            with pytest.raises(http.client.IncompleteRead):
                response.read()
        else:
            assert BODY == response.read()
        connection.close()
    first, second = told.answers
    assert first == second
    assert ("unmeasured" if "cut" in form else "measured") == states(told)[0]


class OtherBytes(io.BytesIO):
    """A file that gives bytes of another kind."""

    kind: Callable[[bytes], Any]

    def read(self, size: int | None = -1) -> Any:
        return self.kind(super().read(size))


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_file_that_gives_bytes_of_another_kind_is_counted(told: Told, kind: Any) -> None:
    """As a socket of somebody's own may have it."""
    file = OtherBytes(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(BODY) + BODY
    )
    file.kind = kind
    connection: Any = http.client.HTTPConnection("127.0.0.1", 1)
    connection.sock = SimpleNamespace(makefile=lambda *_: file, sendall=lambda _: None, close=lambda: None)
    connection.request("POST", "/v1/messages", body=ASKING, headers=HEADERS)
    answer = connection.getresponse()
    assert BODY == bytes(answer.fp.read(answer.length))
    assert WHOLE == counted(told)
