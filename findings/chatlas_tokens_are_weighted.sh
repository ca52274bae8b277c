#!/usr/bin/env bash
# chatlas 0.23.0, anthropic 0.125.0; Python 3.11 or newer.
#
# Guess: `get_tokens()` gives the tokens of each turn, as the API counted them: 1,000 new ones, 1,000 written to the cache, 5,000 read.
# Seen: a turn's `tokens` are 2,250: each token written to the cache counts for a quarter more, so that one price fits them all. It is a
# number of tokens by name and a price by content; the 1-hour writes, which cost twice as much, are taken for 5-minute ones, and so is the
# cost: $0.01125 where the list says $0.0126.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q chatlas==0.23.0 anthropic==0.125.0
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


from chatlas import ChatAnthropic

LIFETIMES = {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 600}
counts = {"input_tokens": 1000, "output_tokens": 200, "cache_creation_input_tokens": 1000, "cache_read_input_tokens": 5000}
server.answers = [plain([{"type": "text", "text": "Hi."}], **counts, cache_creation=LIFETIMES)]
chat = ChatAnthropic(model="claude-sonnet-4-5", api_key="none", kwargs={"base_url": base})
chat.chat("Hello", stream=False, echo="none")
asked, answered = chat.get_tokens()
print(f"asked: {asked['tokens']} tokens and {asked['tokens_cached']} cached; answered: {answered['tokens']}; cost: ${chat.get_cost():.5f}")
# list prices of Claude Sonnet 4.5: 1,000 x $3 + 400 x $3.75 + 600 x $6 + 5,000 x $0.30 + 200 x $15, a million
assert (asked["tokens"], asked["tokens_cached"], answered["tokens"]) == (2250, 5000, 200), "the behaviour has changed"
assert round(chat.get_cost(), 6) == 0.01125, "the behaviour has changed"
PYTHON
