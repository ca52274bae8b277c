"""`--claude-budget-report=otlp:…`: a run in a file, and at a receiver on this machine."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.plugin.conftest import Suite

Received = list[tuple[str, str | None, Any]]


@contextmanager
def receiver(status: int) -> Iterator[tuple[str, Received]]:
    """A server that takes documents, and what it was sent: paths, keys, documents."""
    received: Received = []

    class Takes(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.append((self.path, self.headers["x-key"], json.loads(body)))
            self.send_response(status)
            self.send_header("location", "http://localhost:1/elsewhere")
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Takes)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        server.server_close()


def test_a_run_is_written_and_sent_call_by_call(suite: Suite, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of two tests asks once, one twice; what is sent of it is no call, and may leave where no live call may."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%20b")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "desk")
    suite.write(test_a="from http_double import ask\ndef test_one(): ask()\ndef test_two(): ask(), ask()\n")
    with receiver(200) as (url, received), receiver(302) as (elsewhere, refused):
        outcome = suite.run(
            "--claude-budget-report=otlp:made/run.jsonl",
            f"--claude-budget-report=otlp:{url}/",
            f"--claude-budget-report=otlp:{elsewhere}",
            "--claude-budget-report=otlp:http://127.0.0.1:1",
            "--claude-budget-live=deny",
            workers=workers,
        )
    assert (outcome.result.ret, outcome.report["totals"]["calls"], outcome.report["faults"]) == (0, 3, [])
    written = [json.loads(line) for line in (suite.path / "made" / "run.jsonl").read_text("utf-8").splitlines()]
    assert [document for _, _, document in received] == written
    assert [(path, key) for path, key, _ in received] == [("/v1/traces", "a b"), ("/v1/metrics", "a b")]
    (scoped,) = written[0]["resourceSpans"][0]["scopeSpans"]
    names = sorted(span["name"] for span in scoped["spans"])
    assert names == [*["chat claude-haiku-4-5"] * 3, "pytest", "test_a.py::test_one", "test_a.py::test_two"]
    assert written[0]["resourceSpans"][0]["resource"]["attributes"][0]["value"] == {"stringValue": "desk"}
    assert len(refused) == 1
    assert "report: otlp → 127.0.0.1" in outcome.said.replace("http://", "")
    assert f"warning: report otlp was not sent to {elsewhere}: HTTP status 302 [not-sent]" in outcome.said
    assert "warning: report otlp was not sent to http://127.0.0.1:1: URLError [not-sent]" in outcome.said
