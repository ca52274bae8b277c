#!/usr/bin/env bash
# dspy 3.4.1, litellm 1.110.2; Python 3.11 or newer.
#
# Guess: in an LM's `history`, an answer from DSPy's own cache, which is on unless it is turned off, has a cost of none or 0.
# Seen: its `usage` is empty and its `cost` is the first answer's once more. One request, given three times, has costs of three in the history.
# `get_lm_usage()` of a prediction has it right: nothing for the second and the third.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q --no-compile dspy==3.4.1 litellm==1.110.2
DSPY_CACHEDIR="$folder/cache" LITELLM_LOCAL_MODEL_COST_MAP=True "$folder/venv/bin/python" - <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
    "content": [{"type": "text", "text": "[[ ## answer ## ]]\nHi.\n\n[[ ## completed ## ]]"}],
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

import dspy

base = f"http://127.0.0.1:{server.server_port}"
model = dspy.LM("anthropic/claude-sonnet-4-5", api_key="none", api_base=base, num_retries=0, timeout=20)
dspy.configure(lm=model, track_usage=True)
ask = dspy.Predict("question -> answer")
told = [ask(question="Hello").get_lm_usage() for _ in range(3)]
costs = [round(entry["cost"] or 0, 6) for entry in model.history]
usages = [entry["usage"].get("total_tokens") for entry in model.history]
print(f"requests: {len(requests)}; history: costs {costs}, tokens {usages}; predictions that used something: {sum(map(bool, told))}")
assert len(requests) == 1
assert [bool(each) for each in told] == [True, False, False], "the behaviour has changed"
# 1,000 x $3 + 200 x $15 a million
assert (costs, usages) == ([0.006] * 3, [1200, None, None]), "the behaviour has changed"
PYTHON
