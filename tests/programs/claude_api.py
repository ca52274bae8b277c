"""Claude's API as programs ask it: streams, tool use, token counts and overload, with counts that tell each answer apart."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SUBTASK = "Count the words of an empty text."
"""What the double gives a sub-agent to do, where it has one."""


class ClaudeApi:
    """A server on this machine. The n-th answer of a message uses 1,000 + n tokens of input, and 20 of output."""

    def __init__(self) -> None:
        self.overloaded = 0
        """How many of the next requests are refused with 529."""
        self.with_agent = False
        """Its first answer starts a sub-agent."""
        self.paths: list[str] = []
        self.answers = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and document of an answer."""
        with self._lock:
            self.paths.append(path)
            if self.overloaded:
                self.overloaded -= 1
                return 529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
            if "count_tokens" in path:
                return 200, {"input_tokens": 77}
            self.answers += 1
            return 200, self._message(body, self.answers)

    def _message(self, body: dict[str, Any], number: int) -> dict[str, Any]:
        usage = {
            "input_tokens": 1000 + number,
            "cache_creation_input_tokens": 200,
            "cache_read_input_tokens": 3000,
            "cache_creation": {"ephemeral_5m_input_tokens": 150, "ephemeral_1h_input_tokens": 50},
            "output_tokens": 20,
        }
        content, stop = {"type": "text", "text": "Hi."}, "end_turn"
        text = json.dumps(body["messages"])
        agent = next((tool["name"] for tool in body.get("tools", ()) if tool["name"] in ("Agent", "Task")), None)
        if self.with_agent and agent and "tool_result" not in text and SUBTASK not in text:
            told = {"description": "Count words", "prompt": SUBTASK, "subagent_type": "general-purpose"}
            content = {"type": "tool_use", "id": f"toolu_{number:02}", "name": agent, "input": told}
            stop = "tool_use"
        return {
            "id": f"msg_{number:02}",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": [content],
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": usage,
        }


def _events(message: dict[str, Any]) -> Iterator[bytes]:
    (block,) = message["content"]
    start = {**message, "content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 1}}
    if block["type"] == "text":
        begun, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": block["text"]}
    else:
        begun = {**block, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    ended = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    for name, fields in (
        ("message_start", {"message": start}),
        ("content_block_start", {"index": 0, "content_block": begun}),
        ("content_block_delta", {"index": 0, "delta": delta}),
        ("content_block_stop", {"index": 0}),
        ("message_delta", {"delta": ended, "usage": {"output_tokens": message["usage"]["output_tokens"]}}),
        ("message_stop", {}),
    ):
        yield f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode()


def _handler(api: ClaudeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if not self.path.startswith("/v1/messages"):
                self._whole(404, {})
                return
            status, document = api.answer(self.path, body)
            if status != 200 or not body.get("stream"):
                self._whole(status, document)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in _events(document):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")

        def do_GET(self) -> None:
            self._whole(404, {})

        do_HEAD = do_GET  # noqa: N815  # as the base class calls it

        def _whole(self, status: int, document: dict[str, Any]) -> None:
            data = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if status == 529:
                self.send_header("Retry-After", "0")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
