#!/usr/bin/env bash
# langchain-anthropic 1.7.10, langchain-core 1.8.3; Python 3.11 or newer.
#
# Guess: the chunks of a stream, added up, have the usage of the answer: the input tokens of `message_start`, the output tokens of
# `message_delta`.
# Seen: `message_start` is not read for its counts. Where `message_delta` has output tokens alone, as the API's documentation shows it and
# as doubles and gateways write it, the input is 0 tokens and the cache was not read, and nothing says that they are not known. Where
# `message_delta` says all counts once more, they are right. The same answer without a stream is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q langchain-anthropic==1.7.10 langchain-core==1.8.3
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


from langchain_anthropic import ChatAnthropic

PROMPT = {"input_tokens": 100, "cache_read_input_tokens": 1000, "cache_creation_input_tokens": 0}
server.answers = [
    plain([{"type": "text", "text": "Hi."}], **PROMPT, output_tokens=20),
    stream(PROMPT | {"output_tokens": 1}, PROMPT | {"output_tokens": 20}),
    stream(PROMPT | {"output_tokens": 1}, {"output_tokens": 20}),
]
client = ChatAnthropic(model="claude-sonnet-4-5", api_key="none", base_url=base, max_retries=0, timeout=20)


def added_up():
    """The usage of a stream's chunks, added up."""
    chunks = list(client.stream("Hello"))
    return sum(chunks[1:], chunks[0]).usage_metadata


seen = {"whole": client.invoke("Hello").usage_metadata, "all counts at the end": added_up(), "output alone at the end": added_up()}
for name, usage in seen.items():
    print(f"{name}: {usage['input_tokens']} in, {usage['output_tokens']} out, {usage['input_token_details']}")
assert [usage["input_tokens"] for usage in seen.values()] == [1100, 1100, 0], "the behaviour has changed"
assert seen["output alone at the end"]["input_token_details"] == {}, "the behaviour has changed"
PYTHON
