"""Stands in for Anthropic's API on this machine: the first part of the path names the case whose answer it gives."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bench.peers.cases import CASES, Case

_CASES = {case.name: case for case in CASES}


def message(case: Case) -> dict[str, Any]:
    """The answer in one piece."""
    return {
        "id": f"msg_01{case.name}",
        "type": "message",
        "role": "assistant",
        "model": case.model,
        "content": [*_searches(case), {"type": "text", "text": "Done."}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": case.usage,
    }


def _searches(case: Case) -> list[dict[str, Any]]:
    """The searches that an answer reports."""
    blocks = []
    for number in range(case.usage.get("server_tool_use", {}).get("web_search_requests", 0)):
        name, asked = f"srvtoolu_0{number}", {"query": f"tent {number}"}
        blocks.append({"type": "server_tool_use", "id": name, "name": "web_search", "input": asked})
        blocks.append({"type": "web_search_tool_result", "tool_use_id": name, "content": []})
    return blocks


def events(case: Case) -> list[dict[str, Any]]:
    """The answer as a stream; of the case that is about streams, with two deltas."""
    begun = message(case) | {"content": [], "stop_reason": None, "usage": case.usage | {"output_tokens": 1}}
    text = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Done."}}
    counted = [100, 200] if case.name == "stream" else [200]
    more = {key: case.usage[key] for key in ("server_tool_use", "iterations", "speed") if key in case.usage}
    ended = {"stop_reason": "end_turn", "stop_sequence": None}
    return [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        text,
        {"type": "content_block_stop", "index": 0},
        *({"type": "message_delta", "delta": ended, "usage": {"output_tokens": count} | more} for count in counted),
        {"type": "message_stop"},
    ]


class _Answers(BaseHTTPRequestHandler):
    """Answers every POST."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        case = _CASES[self.path.split("/")[1]]
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
        if "count_tokens" in self.path:
            self._answer("application/json", json.dumps({"input_tokens": 1000}))
        elif asked.get("stream"):
            lines = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events(case)]
            self._answer("text/event-stream", "".join(lines))
        else:
            self._answer("application/json", json.dumps(message(case)))

    def do_GET(self) -> None:
        self._answer("application/json", "{}")

    def do_HEAD(self) -> None:
        self.do_GET()

    def _answer(self, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.send_header("request-id", "req_01")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


def served() -> tuple[ThreadingHTTPServer, str]:
    """A server that runs, and its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}"
