#!/usr/bin/env bash
# logfire 5.4.0, anthropic 2.14.0, opentelemetry-sdk 1.45.1; Python 3.11 or newer.
#
# Guess: a call that is made through `with_raw_response`, to read a header beside the message, is measured as the same call without it.
# Seen: its span is there, named and timed, without one count of tokens, also where the message is parsed from the raw answer. A sum of
# the spans' tokens leaves such calls out without a word.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q logfire==5.4.0 anthropic==2.14.0 opentelemetry-sdk==1.45.1
"$folder/venv/bin/python" - <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer


class Claude(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        label, text = self.server.answers.pop(0)
        self.send_response(200)
        self.send_header("content-type", label)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *arguments):
        pass


server = HTTPServer(("127.0.0.1", 0), Claude)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"


def message(content, **usage):
    """A message of the API."""
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": content,
        "stop_reason": None, "stop_sequence": None, "usage": usage,
    }


def plain(content, **usage):
    """A whole answer."""
    return "application/json", json.dumps(message(content, **usage) | {"stop_reason": "end_turn"})


def stream(begin, end):
    """A stream of one word; `begin` and `end` are the counts of its first and of its last event but one."""
    events = [
        {"type": "message_start", "message": message([], **begin)},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi."}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": end},
        {"type": "message_stop"},
    ]
    return "text/event-stream", "".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events)


import anthropic
import logfire
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

spans = InMemorySpanExporter()
logfire.configure(send_to_logfire=False, console=False, additional_span_processors=[SimpleSpanProcessor(spans)])
server.answers = [plain([{"type": "text", "text": "Hi."}], input_tokens=100, output_tokens=20)] * 2
client = anthropic.Anthropic(api_key="none", base_url=base, max_retries=0, timeout=20)
logfire.instrument_anthropic(client)
asked = {"model": "claude-sonnet-4-5", "max_tokens": 50, "messages": [{"role": "user", "content": "Hello"}]}
client.messages.create(**asked)
assert client.messages.with_raw_response.create(**asked).parse().usage.input_tokens == 100
seen = [span.attributes.get("gen_ai.usage.input_tokens") for span in spans.get_finished_spans()]
print(f"input tokens of the span: create {seen[0]}, with_raw_response.create {seen[1]}")
assert seen == [100, None], "the behaviour has changed"
PYTHON
