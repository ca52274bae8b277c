#!/usr/bin/env bash
# instructor 1.17.0 with anthropic 2.14.0; Python 3.11 or newer.
#
# Guess: the completion that `create_with_completion` returns beside the value is the last answer as the API gave it, and its
# `usage` is what that answer used; an attempt whose value failed validation is in no sum, or in one of its own.
# Seen: `usage` is the sum of all attempts, cache reads and writes too, though the id, the content and the stop reason are the
# last answer's. Whoever counts each answer at the HTTP client and adds the completion's usage counts the first attempts twice, and a
# prompt that looks larger than the context window may be two prompts.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q instructor==1.17.0 anthropic==2.14.0
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


import anthropic
import instructor
from pydantic import BaseModel


class Person(BaseModel):
    age: int


def call(age):
    """Claude's use of the tool that stands for the value."""
    return {"type": "tool_use", "id": "toolu_1", "name": "Person", "input": {"age": age}}


server.answers = [
    plain([call("unknown")], input_tokens=100, output_tokens=20, cache_read_input_tokens=1000),
    plain([call(30)], input_tokens=150, output_tokens=30, cache_read_input_tokens=1000),
]
client = instructor.from_anthropic(anthropic.Anthropic(api_key="none", base_url=base, max_retries=0, timeout=20))
person, completion = client.messages.create_with_completion(
    model="claude-sonnet-4-5", max_tokens=50, messages=[{"role": "user", "content": "Who?"}], response_model=Person, max_retries=2
)
usage = completion.usage
print(f"the last answer used 150 in, 1000 from the cache, 30 out; its usage: {usage.input_tokens}, {usage.cache_read_input_tokens}, {usage.output_tokens}")
assert person.age == 30 and completion.content[0].input == {"age": 30}
assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (250, 2000, 50), "the behaviour has changed"
PYTHON
