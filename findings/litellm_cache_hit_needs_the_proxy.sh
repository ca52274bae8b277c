#!/usr/bin/env bash
# litellm 1.110.2; Python 3.11 or newer.
#
# Guess: with litellm's own cache in memory, the second of two equal completions comes out of it, for nothing.
# Seen: as `pip install litellm` leaves it, the first is answered and paid, and each that the cache could answer raises ModuleNotFoundError: on
# a hit litellm imports modules of its proxy, whose packages (the first that is missing is fastapi) are of the extra `proxy`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q --no-compile litellm==1.110.2
LITELLM_LOCAL_MODEL_COST_MAP=True "$folder/venv/bin/python" - <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": [{"type": "text", "text": "Hi."}],
    "stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 1000, "output_tokens": 200},
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

import litellm
from litellm.caching.caching import Cache

litellm.cache = Cache(type="local")
seen = []
for prompt in ("Hello", "Hello", "Bye"):
    try:
        answer = litellm.completion(
            model="anthropic/claude-sonnet-4-5", api_key="none", api_base=f"http://127.0.0.1:{server.server_port}",
            messages=[{"role": "user", "content": prompt}], caching=True, num_retries=0, timeout=20,
        )
        seen.append(f"{answer.usage.total_tokens} tokens")
    except ModuleNotFoundError as error:
        seen.append(f"{type(error).__name__} {error.name}")
print(f"requests: {len(requests)}; first: {seen[0]}; the same again: {seen[1]}; another: {seen[2]}")
assert len(requests) == 2
assert seen == ["1200 tokens", "ModuleNotFoundError fastapi", "1200 tokens"], "the behaviour has changed"
PYTHON
