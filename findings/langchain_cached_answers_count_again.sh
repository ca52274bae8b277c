#!/usr/bin/env bash
# langchain-anthropic 1.7.10, langchain-core 1.8.3, anthropic 2.14.0; Python 3.11 or newer.
#
# Guess: an answer that LangChain takes from its own cache, as set with `set_llm_cache`, adds nothing to what `get_usage_metadata_callback`
# sums up: nobody was asked.
# Seen: it adds the answer's tokens each time that it is taken from the cache. One request of 120 tokens, given three times, is 360 tokens,
# beside a `total_cost` of 0, which only the two answers from the cache had. Tokens times rates are three times the bill.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q langchain-anthropic==1.7.10 langchain-core==1.8.3 anthropic==2.14.0
env -u LANGCHAIN_TRACING_V2 -u LANGSMITH_TRACING "$folder/venv/bin/python" - <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": [{"type": "text", "text": "Hi."}],
    "stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 100, "output_tokens": 20},
}
requests = []


class Claude(BaseHTTPRequestHandler):
    def do_POST(self):
        requests.append(self.rfile.read(int(self.headers["content-length"])))
        text = json.dumps(MESSAGE).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments):
        pass


server = HTTPServer(("127.0.0.1", 0), Claude)
threading.Thread(target=server.serve_forever, daemon=True).start()

from langchain_anthropic import ChatAnthropic
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import get_usage_metadata_callback
from langchain_core.globals import set_llm_cache

set_llm_cache(InMemoryCache())
base = f"http://127.0.0.1:{server.server_port}"
model = ChatAnthropic(model="claude-sonnet-4-5", api_key="none", base_url=base, max_retries=0, timeout=20)
with get_usage_metadata_callback() as used:
    for _ in range(3):
        model.invoke("Hello")
sums = used.usage_metadata["claude-sonnet-4-5"]
print(f"requests: {len(requests)}; sums: {sums['input_tokens']} in, {sums['output_tokens']} out, total_cost {sums.get('total_cost')}")
assert len(requests) == 1
assert (sums["input_tokens"], sums["output_tokens"], sums.get("total_cost")) == (300, 60, 0), "the behaviour has changed"
PYTHON
