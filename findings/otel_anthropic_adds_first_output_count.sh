#!/usr/bin/env bash
# opentelemetry-instrumentation-anthropic 0.62.4 (OpenLLMetry), opentelemetry-sdk 1.45.2, anthropic 2.14.0; Python 3.11 or newer.
#
# Guess: the span of a stream has the output tokens of `message_delta`, which are those of the whole answer: the API's counts there
# are cumulative.
# Seen: it adds to them the count of `message_start`, which is in them already: with 8 at the start, 20 tokens become 28, by
# `create(stream=True)` and by `messages.stream()`. Without a stream the span is right, and so is the SDK's own final message.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q opentelemetry-instrumentation-anthropic==0.62.4 opentelemetry-sdk==1.45.2 anthropic==2.14.0
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
from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

spans, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
AnthropicInstrumentor().instrument(tracer_provider=provider)
streamed = stream({"input_tokens": 100, "output_tokens": 8}, {"output_tokens": 20})
server.answers = [plain([{"type": "text", "text": "Hi."}], input_tokens=100, output_tokens=20), streamed, streamed]
client = anthropic.Anthropic(api_key="none", base_url=base, max_retries=0, timeout=20)
asked = {"model": "claude-sonnet-4-5", "max_tokens": 50, "messages": [{"role": "user", "content": "Hello"}]}
client.messages.create(**asked)
list(client.messages.create(**asked, stream=True))
with client.messages.stream(**asked) as events:
    final = events.get_final_message()
seen = [span.attributes["gen_ai.usage.output_tokens"] for span in spans.get_finished_spans()]
print(f"each answer has 20 output tokens, the SDK says {final.usage.output_tokens}; the spans: whole {seen[0]}, events {seen[1]}, stream() {seen[2]}")
assert final.usage.output_tokens == 20
assert seen == [20, 28, 28], "the behaviour has changed"
PYTHON
