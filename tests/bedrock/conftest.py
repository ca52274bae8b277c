"""Amazon Bedrock on this machine: clients ask it as they would the real one, over sockets."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec

import pytest

from tests.wire.frames import TYPE

# What brings half of an agent framework or an older botocore with it has an environment of its own: `nox --session bedrock`.
collect_ignore = [] if find_spec("litellm") or find_spec("aioboto3") else ["others"]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    breaks_off: bool = False
    """The connection is closed before the answer's last byte."""


def as_json(value: object, **how: object) -> Reply:
    """An answer in one piece."""
    return Reply(body=json.dumps(value).encode(), **how)  # type: ignore[arg-type]  # fields of Reply by name


def as_frames(*frames: bytes, breaks_off: bool = False) -> Reply:
    """A stream."""
    return Reply(body=b"".join(frames), content_type=TYPE, breaks_off=breaks_off)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Bedrock"

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers.get("content-length") or 0))
        reply = self.server.took(self.path, asked)
        self.send_response(reply.status)
        self.send_header("content-type", reply.content_type)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.content_type != TYPE:
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)
            return
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for at in range(0, len(reply.body), 200):
            piece = reply.body[at : at + 200]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        if reply.breaks_off:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class Bedrock(ThreadingHTTPServer):
    """Gives the answers that it was given, in their order."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies: list[Reply] = []
        self.paths: list[str] = []
        self.bodies: list[bytes] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client may leave."""

    def took(self, path: str, body: bytes) -> Reply:
        """Note a request; returns what to answer."""
        self.paths.append(path)
        self.bodies.append(body)
        return self.replies.pop(0)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def bedrock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bedrock]:
    """Beside it, credentials of nobody's."""
    for name in ("AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "nobodys")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with Bedrock() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
