#!/usr/bin/env bash
# anthropic 2.14.0 over httpx2 2.16.2, under respx 0.23.1 and pook 2.1.6 (httpx 0.28.1); Python 3.11 or newer.
#
# Guess: a test that mocks the Messages URL with respx or pook stays on this machine, as it did when the SDK used httpx:
# both promise an error for a request which matches no mock.
# Seen: the SDK uses httpx2, which neither patches. The mock stays unused, no error is raised, and the real (billed) request
# goes out, here to a server on the loopback. httpx itself is mocked in the very same block.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q anthropic==2.14.0 httpx2==2.16.2 respx==0.23.1 pook==2.1.6 httpx==0.28.1
"$folder/venv/bin/python" - <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import anthropic
import httpx
import pook
import respx

MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5", "stop_reason": "end_turn",
    "stop_sequence": None, "content": [{"type": "text", "text": ""}], "usage": {"input_tokens": 1, "output_tokens": 1},
}


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps(MESSAGE | {"content": [{"type": "text", "text": "from the server"}]}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


server = HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"
mocked = MESSAGE | {"content": [{"type": "text", "text": "from the mock"}]}


def ask_both():
    client = anthropic.Anthropic(api_key="none", base_url=base, max_retries=0, timeout=20)
    answer = client.messages.create(model="claude-haiku-4-5", max_tokens=1, messages=[{"role": "user", "content": "hi"}])
    return {
        "anthropic": answer.content[0].text,
        "httpx": httpx.post(f"{base}/v1/messages", json={}, timeout=20).json()["content"][0]["text"],
    }


seen = {}
with respx.mock as router:
    router.post(f"{base}/v1/messages").respond(json=mocked)
    seen["respx"] = ask_both()
with pook.use():
    pook.post(f"{base}/v1/messages").persist().reply(200).json(mocked)
    seen["pook"] = ask_both()
print(seen)
expected = {"anthropic": "from the server", "httpx": "from the mock"}
assert seen == {"respx": expected, "pook": expected}, "the behaviour has changed"
PYTHON
