"""What a gateway lets through, which is everything as it came, and what it writes down of it."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import brotli
import pytest
import zstandard

from pytest_claude_budget.calls.call import Call, Origin, Status, Usage
from pytest_claude_budget.calls.host_rules import Origins
from pytest_claude_budget.calls.owner_in_path import Payer, token_of
from pytest_claude_budget.intercept.exchange import Watch
from tests.builders.watched_aiohttp import watched_aiohttp
from tests.gateway.conftest import Gateway, Start
from tests.gateway.wires import (
    DELTA,
    LAST,
    MODEL,
    REQUEST,
    SECONDS,
    START,
    STOP,
    STREAMING,
    TEXT,
    Upstream,
    Wire,
    answer,
    asked,
    chunk,
    message,
    post,
)

WHOLE = json.dumps(message()).encode()
USAGE = Usage(input_tokens=1000, output_tokens=100)


@contextmanager
def asking(gateway: Gateway, data: bytes) -> Iterator[Wire]:
    wire = asked(gateway.port, data)
    try:
        yield wire
    finally:
        wire.close()


def only(gateway: Gateway) -> Call:
    (call,) = gateway.calls()
    return call


def test_an_answer_passes_as_it_came_and_is_in_the_ledger_before_its_last_byte(gateway: Start) -> None:
    whole = answer(WHOLE, "Request-ID: req_1", "X-Odd-Spelling: kept", "date: Sat, 28 Nov 2026 12:00:00 GMT")
    between = gateway(Upstream(whole))
    with asking(between, post()) as program:
        assert program.exactly(len(whole)) == whole
        call = only(between)
    assert (call.answer.status, call.answer.usage, call.answer.model) == (Status.MEASURED, USAGE, MODEL)
    assert (call.owner.id, call.origin, call.retry) == ("outside tests", Origin.SIMULATED, 0)


def test_what_a_gateway_asks_in_the_process_of_a_run_is_in_its_own_books_alone(gateway: Start) -> None:
    """A run watches aiohttp, which the gateway asks by."""
    whole = answer(WHOLE)
    with watched_aiohttp() as told:
        between = gateway(Upstream(whole))
        with asking(between, post()) as program:
            assert program.exactly(len(whole)) == whole
            assert only(between).answer.usage == USAGE
    assert told.answers == []


def test_a_request_passes_with_its_spelling_and_order_and_nothing_added(gateway: Start) -> None:
    upstream = Upstream(answer(WHOLE))
    between = gateway(upstream)
    sent = post(
        "/v1/messages?beta=true",
        REQUEST,
        "X-stainless-Retry-Count: 2",
        "TE: trailers",
        "Connection: keep-alive, X-Mine",
        "X-Mine: 1",
    )
    with asking(between, sent) as program:
        program.exactly(len(answer(WHOLE)))
    assert upstream.bodies == [REQUEST]
    assert upstream.heads[0].decode().split("\r\n") == [
        "POST /v1/messages?beta=true HTTP/1.1",
        f"Host: 127.0.0.1:{upstream.port}",
        "x-api-key: sk-ant-canary",
        "Anthropic-Version: 2023-06-01",
        "X-stainless-Retry-Count: 2",
        f"Content-Length: {len(REQUEST)}",
        "",
        "",
    ]
    assert only(between).retry == 2


def test_a_name_that_comes_again_in_another_spelling_passes_with_each_of_its_values(gateway: Start) -> None:
    upstream = Upstream(answer(WHOLE))
    sent = post("/v1/messages", REQUEST, "Anthropic-Beta: a", "X-Other: 1", "anthropic-beta: b", "Anthropic-Beta: c")
    with asking(gateway(upstream), sent) as program:
        program.exactly(len(answer(WHOLE)))
    betas = [line for line in upstream.heads[0].split(b"\r\n") if line.lower().startswith(b"anthropic-beta")]
    assert betas == [b"Anthropic-Beta: a", b"Anthropic-Beta: b", b"Anthropic-Beta: c"]


def test_a_request_has_left_before_it_is_read(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """To read a long one takes a while, which is there once the upstream is at work. Over an open connection, too."""
    whole, came, had_left = answer(WHOLE), threading.Event(), []
    prepare = Watch.prepare

    def once_it_came(seen: Watch) -> None:
        had_left.append(came.wait(SECONDS))
        prepare(seen)

    def told(wire: Wire) -> None:
        came.set()
        wire.send(whole)

    between = gateway(Upstream(whole, told))
    with asking(between, post()) as program:
        assert program.exactly(len(whole)) == whole
        monkeypatch.setattr(Watch, "prepare", once_it_came)
        program.send(post())
        assert program.exactly(len(whole)) == whole
    assert had_left == [True]
    assert [call.answer.usage for call in between.calls()] == [USAGE, USAGE]


def test_the_path_names_who_pays_and_the_upstream_does_not_see_it(gateway: Start) -> None:
    payer = Payer(("tests/test_a.py::test_ü[x/y]", "test", "call"), "gw1", (("feature", "triage"), ("tier", "free")))
    upstream = Upstream(answer(WHOLE))
    between = gateway(upstream)
    with asking(between, post(f"/t/{token_of(payer)}/v1/messages")) as program:
        program.exactly(len(answer(WHOLE)))
    call = only(between)
    assert (call.owner.id, call.owner.kind, call.owner.phase) == ("tests/test_a.py::test_ü[x/y]", "test", "call")
    assert (call.labels.feature, call.labels.tier, call.labels.case) == ("triage", "free", None)
    assert call.process.endswith(" of gw1")
    assert upstream.heads[0].startswith(b"POST /v1/messages HTTP/1.1\r\n")


def test_a_stream_passes_piece_by_piece_as_it_comes(gateway: Start) -> None:
    """The upstream sends no piece before the program has the one before it, so nothing is held back."""
    turn = threading.Semaphore(0)
    pieces = [START, TEXT + TEXT[:20], TEXT[20:], DELTA, STOP]

    def stream(wire: Wire) -> None:
        wire.send(STREAMING)
        for piece in pieces:
            assert turn.acquire(timeout=60)
            wire.send(chunk(piece))
        wire.send(LAST)

    between = gateway(Upstream(stream))
    with asking(between, post()) as program:
        assert b"transfer-encoding: chunked\r\n" in program.until(b"\r\n\r\n").lower()
        for piece in pieces:
            turn.release()
            assert program.chunk() == piece
        assert program.chunk() == b""
        assert (only(between).answer.status, only(between).answer.usage) == (Status.MEASURED, USAGE)


def test_pieces_that_arrive_together_keep_their_borders(gateway: Start) -> None:
    pieces = [START, TEXT, DELTA + STOP]
    between = gateway(Upstream(STREAMING + b"".join(map(chunk, pieces)) + LAST))
    with asking(between, post()) as program:
        program.until(b"\r\n\r\n")
        assert list(iter(program.chunk, b"")) == pieces


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(WHOLE)),
        ("br", brotli.compress(WHOLE)),
        ("zstd", zstandard.ZstdCompressor().compress(WHOLE)),
    ],
)
def test_a_packed_answer_passes_packed_and_is_read_all_the_same(gateway: Start, coding: str, packed: bytes) -> None:
    whole = answer(packed, f"content-encoding: {coding}")
    between = gateway(Upstream(whole))
    with asking(between, post()) as program:
        assert program.exactly(len(whole)) == whole
        assert only(between).answer.usage == USAGE


def test_a_packed_request_passes_packed(gateway: Start) -> None:
    packed = gzip.compress(REQUEST)
    upstream = Upstream(answer(WHOLE))
    with asking(gateway(upstream), post("/v1/messages", packed, "Content-Encoding: gzip")) as program:
        program.exactly(len(answer(WHOLE)))
    assert upstream.bodies == [packed]


def test_an_upstream_that_breaks_off_does_so_for_the_program_too(gateway: Start) -> None:
    between = gateway(Upstream(lambda wire: wire.send(STREAMING + chunk(START) + chunk(TEXT))))
    with asking(between, post()) as program:
        program.until(b"\r\n\r\n")
        assert (program.chunk(), program.chunk()) == (START, TEXT)
        assert program.rest() == b"", "no end of the body: the program would take it for a whole answer"
    call = only(between)
    assert (call.answer.status, call.answer.usage.input_tokens) == (Status.AT_LEAST, 1000)


def test_a_program_that_hangs_up_ends_the_request_of_the_upstream_too(gateway: Start) -> None:
    gone = threading.Event()

    def stream(wire: Wire) -> None:
        wire.send(STREAMING + chunk(START))
        assert wire.rest() == b""
        gone.set()

    between = gateway(Upstream(stream))
    with asking(between, post()) as program:
        program.until(b"\r\n\r\n")
        program.chunk()
    assert gone.wait(60)
    between.close()
    call = only(between)
    assert (call.answer.status, call.answer.usage.input_tokens) == (Status.AT_LEAST, 1000)


def test_a_program_that_hangs_up_before_the_first_piece_is_told_of_all_the_same(gateway: Start) -> None:
    gone = threading.Event()

    def begun(wire: Wire) -> None:
        wire.send(STREAMING)
        assert wire.rest() == b""
        gone.set()

    between = gateway(Upstream(begun))
    with asking(between, post()) as program:
        program.until(b"\r\n\r\n")
    assert gone.wait(60)
    between.close()
    assert only(between).answer.status is Status.UNMEASURED


def test_a_program_that_waits_for_no_answer_may_have_been_billed(gateway: Start) -> None:
    asked_, gone = threading.Event(), threading.Event()

    def silent(wire: Wire) -> None:
        asked_.set()
        assert wire.rest() == b""
        gone.set()

    between = gateway(Upstream(silent))
    with asking(between, post()):
        assert asked_.wait(60)
    assert gone.wait(60)
    between.close()
    call = only(between)
    assert call.answer.status is Status.UNMEASURED
    assert call.answer.reason == "no answer came (ProgramHungUp); it may have been billed"


def test_each_try_against_an_overloaded_api_is_an_attempt(gateway: Start) -> None:
    error = json.dumps({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}).encode()
    refused = answer(error, "x-should-retry: true", status="529 Overloaded")
    between = gateway(Upstream(*[refused] * 11))
    with asking(between, b"") as program:
        for _ in range(11):
            program.send(post())
            assert program.exactly(len(refused)) == refused
    found = [(call.answer.status, call.answer.http_status) for call in between.calls()]
    assert found == [(Status.FAILED, 529)] * 11


def test_an_upstream_that_is_not_there_is_a_try_and_says_so(gateway: Start) -> None:
    closed = Upstream()
    closed.close()
    between = gateway(closed.url)
    with asking(between, post()) as program:
        head = program.until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
        said = json.loads(program.exactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])))
    text = "claude-budget gateway: http://127.0.0.1 gave no answer (ClientConnectorError)"
    assert said == {"type": "error", "error": {"type": "api_error", "message": text}}
    assert only(between).answer.status is Status.FAILED


def test_counting_tokens_is_free_and_what_is_not_claudes_passes_uncounted(gateway: Start) -> None:
    counted, other = answer(b'{"input_tokens":12}'), answer(b'{"ok":true}')
    between = gateway(Upstream(counted, other))
    with asking(between, post("/v1/messages/count_tokens")) as program:
        assert program.exactly(len(counted)) == counted
        program.send(b"GET /api/hello HTTP/1.1\r\nHost: x\r\n\r\n")
        assert program.exactly(len(other)) == other
    assert (only(between).answer.status, only(between).answer.endpoint) == (Status.FREE, "count_tokens")


def test_an_answer_to_head_has_no_body_and_the_connection_goes_on(gateway: Start) -> None:
    head = b"HTTP/1.1 200 OK\r\nX-A: 1\r\ncontent-length: 11\r\n\r\n"
    other = answer(b'{"ok":true}')
    with asking(gateway(Upstream(head, other)), b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n") as program:
        assert program.until(b"\r\n\r\n") == head
        program.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert program.exactly(len(other)) == other


def test_a_program_that_waits_to_be_told_to_go_on_is_told(gateway: Start) -> None:
    head, body = post("/v1/messages", REQUEST, "Expect: 100-continue").split(b"\r\n\r\n")
    upstream = Upstream(answer(WHOLE))
    with asking(gateway(upstream), head + b"\r\n\r\n") as program:
        assert program.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        program.send(body)
        assert program.exactly(len(answer(WHOLE))) == answer(WHOLE)
    assert b"expect" not in upstream.heads[0].lower()


def test_a_program_of_the_first_http_gets_a_stream_that_ends_with_its_connection(gateway: Start) -> None:
    between = gateway(Upstream(STREAMING + chunk(START) + chunk(DELTA) + chunk(STOP) + LAST))
    with asking(between, post(version="1.0")) as program:
        head = program.until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.0 200 OK\r\n")
        assert b"chunked" not in head
        assert program.rest() == START + DELTA + STOP
    assert only(between).answer.usage == USAGE


@pytest.mark.parametrize(
    ("request_", "status", "text"),
    [
        (
            b"GET /v1/realtime HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            b"501 Not Implemented",
            "websockets do not pass: answers in them would not be counted",
        ),
        (
            b"GET http://api.anthropic.com/v1/models HTTP/1.1\r\nHost: x\r\n\r\n",
            b"400 Bad Request",
            "expected a path: this is a reverse proxy, for ANTHROPIC_BASE_URL and not for HTTPS_PROXY",
        ),
        (
            b"GET / HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\n\r\n",
            b"417 Expectation Failed",
            "expected Expect: 100-continue, got 'miracles'",
        ),
    ],
)
def test_what_cannot_pass_is_refused_in_a_sentence(gateway: Start, request_: bytes, status: bytes, text: str) -> None:
    with asking(gateway(Upstream()), request_) as program:
        head = program.until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 " + status + b"\r\n")
        said = json.loads(program.exactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])))
    assert said["error"]["message"] == f"claude-budget gateway: {text}"


@pytest.mark.parametrize(
    ("origins", "expected"),
    [
        (Origins(), Origin.SIMULATED),
        (Origins(loopback=Origin.LIVE), Origin.LIVE),
        (Origins(live=("127.0.0.1:*",)), Origin.LIVE),
    ],
)
def test_the_upstream_decides_what_is_spent(gateway: Start, origins: Origins, expected: Origin) -> None:
    between = gateway(Upstream(answer(WHOLE)), origins)
    with asking(between, post()) as program:
        program.exactly(len(answer(WHOLE)))
    assert only(between).origin is expected


def test_no_text_and_no_key_is_written_down(gateway: Start) -> None:
    between = gateway(Upstream(answer(WHOLE)))
    with asking(between, post()) as program:
        program.exactly(len(answer(WHOLE)))
    written = b"".join(path.read_bytes() for path in between.ledger.parent.iterdir())
    assert b"claude-haiku" in written
    assert b"Hello." not in written
    assert b"sk-ant-canary" not in written
