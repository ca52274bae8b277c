#!/usr/bin/env bash
# langsmith 0.15.1, anthropic 2.14.0; Python 3.11 or newer.
#
# Guess: a client of `wrap_anthropic` gives what the bare client gives, whatever happens to the trace.
# Seen: a stream of `create(stream=True)` gives all its events, the final counts among them, and then raises a TypeError from langsmith's own
# code: it calls a private function of the SDK, which has got one argument more. The answer is paid; what catches the error and asks again
# pays it twice. `create()` and `messages.stream()` give what they should.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q langsmith==0.15.1 anthropic==2.14.0
LANGSMITH_TRACING=true "$folder/venv/bin/python" - <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

USAGE = {"input_tokens": 100, "output_tokens": 20}
MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": [{"type": "text", "text": "Hi."}],
    "stop_reason": "end_turn", "stop_sequence": None, "usage": USAGE,
}
EVENTS = [
    {"type": "message_start", "message": MESSAGE | {"content": [], "stop_reason": None, "usage": USAGE | {"output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi."}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": USAGE},
    {"type": "message_stop"},
]


class Claude(BaseHTTPRequestHandler):
    def do_POST(self):
        streamed = json.loads(self.rfile.read(int(self.headers["content-length"]))).get("stream")
        text = "".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in EVENTS) if streamed else json.dumps(MESSAGE)
        self.send_response(200)
        self.send_header("content-type", "text/event-stream" if streamed else "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *arguments):
        pass


server = HTTPServer(("127.0.0.1", 0), Claude)
threading.Thread(target=server.serve_forever, daemon=True).start()

import anthropic
import langsmith
from langsmith.wrappers import wrap_anthropic


class Kept(langsmith.Client):
    """Sends nothing anywhere."""

    def create_run(self, *arguments, **fields):
        pass

    def update_run(self, *arguments, **fields):
        pass


def bare():
    return anthropic.Anthropic(api_key="none", base_url=f"http://127.0.0.1:{server.server_port}", max_retries=0, timeout=20)


kept = Kept(api_url="http://127.0.0.1:9", api_key="none", auto_batch_tracing=False)
asked = {"model": "claude-sonnet-4-5", "max_tokens": 50, "messages": [{"role": "user", "content": "Hello"}]}
for name, client in ("bare", bare()), ("wrapped", wrap_anthropic(bare(), tracing_extra={"client": kept})):
    events, raised = [], "nothing"
    try:
        for event in client.messages.create(**asked, stream=True):
            events.append(event.type)
    except TypeError as error:
        raised = f"TypeError: {error}"
    with client.messages.stream(**asked) as stream:
        final = stream.get_final_message().usage.output_tokens
    whole = client.messages.create(**asked).usage.output_tokens
    print(f"{name}: {len(events)} events, raised {raised}; stream() {final} tokens, create() {whole}")
    assert events == [each["type"] for each in EVENTS] and final == whole == 20
    if name == "bare":
        assert raised == "nothing"
    else:
        assert "json_bufs" in raised, "the behaviour has changed"
PYTHON
