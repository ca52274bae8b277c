#!/usr/bin/env bash
# anthropic 2.14.0; Python 3.11 or newer.
#
# Guess: an answer to `stream=True` which the SDK cannot read as a stream (a gateway answers with a plain JSON message, or
# leaves out the `event:` lines, which repeat the `type` in each `data:` line) raises an error, as does a wrong plain answer.
# Seen: both give a stream of no events that ends normally. The loop body never runs, though the server sent, and billed, a
# whole message. The content type decides nothing: proper events labelled application/json are read.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q anthropic==2.14.0
"$folder/venv/bin/python" - <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import anthropic

MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5", "stop_reason": "end_turn",
    "stop_sequence": None, "content": [{"type": "text", "text": "hi"}], "usage": {"input_tokens": 1, "output_tokens": 1},
}
EVENTS = [{"type": "message_start", "message": MESSAGE | {"content": []}}, {"type": "message_stop"}]
DATA = [f"data: {json.dumps(event)}\n\n" for event in EVENTS]
NAMED = "".join(f"event: {event['type']}\n{data}" for event, data in zip(EVENTS, DATA))
ANSWERS = {
    "events": ("text/event-stream", NAMED),
    "events labelled JSON": ("application/json", NAMED),
    "events without event lines": ("text/event-stream", "".join(DATA)),
    "a JSON message": ("application/json", json.dumps(MESSAGE)),
}


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        label, text = ANSWERS[self.server.answer]
        self.send_response(200)
        self.send_header("content-type", label)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *arguments):
        pass


server = HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"
seen = {}
for server.answer in ANSWERS:
    client = anthropic.Anthropic(api_key="none", base_url=base, max_retries=0, timeout=20)
    asked = {"model": "claude-haiku-4-5", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}
    seen[server.answer] = len(list(client.messages.create(**asked, stream=True)))
    print(f"{server.answer}: {seen[server.answer]} events")
assert list(seen.values()) == [2, 2, 0, 0], "the behaviour has changed"
PYTHON
