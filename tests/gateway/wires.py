"""Both ends of a gateway, byte by byte: an upstream that says what a test tells it to, and a program that asks over a socket."""

import json
import socket
import threading
from collections.abc import Callable
from typing import Any

MODEL = "claude-haiku-4-5"
SECONDS = 60.0
"""After which a test hangs rather than waits."""


class Wire:
    """One end of a connection."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock = sock
        self._held = b""

    def send(self, data: bytes) -> None:
        self._sock.sendall(data)

    def until(self, end: bytes) -> bytes:
        """The next bytes, up to and with an end."""
        while end not in self._held:
            self._more()
        found, _, self._held = self._held.partition(end)
        return found + end

    def exactly(self, number: int) -> bytes:
        while len(self._held) < number:
            self._more()
        found, self._held = self._held[:number], self._held[number:]
        return found

    def chunk(self) -> bytes:
        """One chunk of a chunked body; empty at its end."""
        data = self.exactly(int(self.until(b"\r\n"), 16))
        assert self.exactly(2) == b"\r\n"
        return data

    def rest(self) -> bytes:
        """All that comes until the other end closes."""
        while data := self._received():
            self._held += data
        found, self._held = self._held, b""
        return found

    def close(self) -> None:
        self._sock.close()

    def _more(self) -> None:
        data = self._received()
        if not data:
            raise EOFError(self._held)
        self._held += data

    def _received(self) -> bytes:
        try:
            return self._sock.recv(65_536)
        except ConnectionResetError:
            return b""


def message(**changes: Any) -> dict[str, Any]:
    """What Claude answers: 1,000 tokens in and 100 out."""
    usage = {"input_tokens": 1000, "output_tokens": 100, **changes.pop("usage", {})}
    return {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": [{"type": "text", "text": "Hello."}],
        "stop_reason": "end_turn",
        "usage": usage,
        **changes,
    }


def event(name: str, **fields: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode()


START = event("message_start", message=message(usage={"output_tokens": 1}, content=[], stop_reason=None))
TEXT = event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hello."})
DELTA = event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 100})
STOP = event("message_stop")


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A whole answer."""
    head = [f"HTTP/1.1 {status}", "content-type: application/json", *headers, f"content-length: {len(body)}"]
    return "\r\n".join([*head, "", ""]).encode() + body


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


STREAMING = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
LAST = chunk(b"")


class Upstream:
    """Answers each request by what it was told to do next; keeps requests as they came."""

    def __init__(self, *told: Callable[[Wire], None] | bytes) -> None:
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self._told = list(told)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.errors: list[BaseException] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """Take no more, and see that all that was told has been done."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(SECONDS)
        assert self.errors == []

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        wire = Wire(sock)
        try:
            while self._one(wire):
                pass
        except BaseException as error:
            self.errors.append(error)
        finally:
            wire.close()

    def _one(self, wire: Wire) -> bool:
        try:
            head = wire.until(b"\r\n\r\n")
        except EOFError:
            return False
        body = b""
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                body = wire.exactly(int(line.partition(b":")[2]))
            elif line.startswith(b"transfer-encoding:"):
                body = b"".join(iter(wire.chunk, b""))
        self.heads.append(head)
        self.bodies.append(body)
        told = self._told.pop(0)
        if isinstance(told, bytes):
            wire.send(told)
            return True
        told(wire)
        return False


def asked(port: int, data: bytes) -> Wire:
    """Send a request; what comes is to be read."""
    wire = Wire(socket.create_connection(("127.0.0.1", port)))
    wire.send(data)
    return wire


REQUEST = json.dumps({"model": MODEL, "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}).encode()


def post(path: str = "/v1/messages", body: bytes = REQUEST, *headers: str, version: str = "1.1") -> bytes:
    """A request as the API takes it."""
    head = [
        f"POST {path} HTTP/{version}",
        "Host: 127.0.0.1",
        "x-api-key: sk-ant-canary",
        "Anthropic-Version: 2023-06-01",
        *headers,
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body
