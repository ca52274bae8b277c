"""A double of Managed Agents: sessions whose every turn makes two requests to the model, read as objects, as events and as streams.

A turn's first request has 1,000 tokens in, 100 out and 200 written to the cache, its second 2,000 in, 50 out and 1,000 read from the cache.
Half of what is written is for an hour; a turn runs for 90 seconds and searches the web once.
"""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NOW = "2026-11-20T10:00:00Z"
FIRST = {"input_tokens": 1000, "output_tokens": 100, "cache_creation_input_tokens": 200, "cache_read_input_tokens": 0}
SECOND = {"input_tokens": 2000, "output_tokens": 50, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 1000}


class Sessions:
    """All sessions of one server."""

    def __init__(self) -> None:
        self.turns: dict[str, int] = {}
        self.model = "claude-sonnet-4-6"
        self.multiagent: Any = None
        self.status = "idle"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        """A new session."""
        session = f"sesn_{len(self.turns) + 1}"
        self.turns[session] = 1 if body.get("initial_events") else 0
        return self.session(session)

    def session(self, session: str) -> dict[str, Any]:
        """Its object."""
        agent = {
            "id": "agent_1",
            "type": "agent",
            "version": 1,
            "name": "Clerk",
            "model": {"id": self.model, "speed": "standard"},
            "multiagent": self.multiagent,
        }
        return {
            "id": session,
            "type": "session",
            "agent": agent,
            "status": self.status,
            "created_at": NOW,
            "updated_at": NOW,
            "environment_id": "env_1",
            "usage": self.usage(session),
        }

    def usage(self, session: str) -> dict[str, Any]:
        """Its sums."""
        turns = self.turns[session]
        return {
            "input_tokens": 3000 * turns,
            "output_tokens": 150 * turns,
            "cache_read_input_tokens": 1000 * turns,
            "cache_creation": {"ephemeral_5m_input_tokens": 100 * turns, "ephemeral_1h_input_tokens": 100 * turns},
            "server_tool_use": {"web_search_requests": turns, "web_fetch_requests": 0},
            "active_seconds": 90.0 * turns,
            "list_cost": {"amount": str(3 * turns), "currency": "USD"},
        }

    def events(self, session: str) -> list[dict[str, Any]]:
        """All that happened in it."""
        found: list[dict[str, Any]] = []
        for turn in range(1, self.turns[session] + 1):
            for number, usage in ((1, FIRST), (2, SECOND)):
                name = f"sevt_{turn}_{number}"
                found.append({"id": f"{name}_start", "type": "span.model_request_start", "processed_at": NOW})
                ended = {"id": name, "type": "span.model_request_end", "model_usage": usage, "is_error": False}
                found.append({**ended, "model_request_start_id": f"{name}_start", "processed_at": NOW})
            idle = {"id": f"sevt_{turn}_idle", "type": "session.status_idle", "stop_reason": {"type": "end_turn"}}
            found.append({**idle, "processed_at": NOW})
        return found

    def sums(self, session: str) -> dict[str, Any]:
        """The event that tells them."""
        return {"id": "sevt_sums", "type": "session.usage", "processed_at": NOW, "usage": self.usage(session)}


def _handler(sessions: Sessions) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _, _, _, session, *rest = self.path.partition("?")[0].split("/")
            if rest == ["events", "stream"]:
                self.stream(session)
            elif rest == ["events"]:
                self.whole({"data": sessions.events(session), "next_page": None})
            else:
                self.whole(sessions.session(session))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            _, _, _, *rest = self.path.partition("?")[0].split("/")
            if not rest:
                self.whole(sessions.create(body))
                return
            sessions.turns[rest[0]] += 1
            self.whole({"data": []})

        def stream(self, session: str) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("connection", "close")
            self.end_headers()
            for piece in _pieces([*sessions.events(session), sessions.sums(session)]):
                self.wfile.write(piece)

        def whole(self, value: object) -> None:
            data = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def _pieces(events: list[dict[str, Any]]) -> Iterator[bytes]:
    """Cut anywhere."""
    text = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()
    for at in range(0, len(text), 61):
        yield text[at : at + 61]
