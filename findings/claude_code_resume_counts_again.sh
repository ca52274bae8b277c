#!/usr/bin/env bash
# claude-agent-sdk 0.2.189 with its Claude Code 2.1.332; Python 3.11 or newer; Linux. The wheel is large.
#
# Guess: the result message of a turn tells what this turn used, in each of its sums; two turns add up.
# Seen: where a conversation is resumed by another process, `usage` is of the new turn alone, and `model_usage` and `total_cost_usd`
# have what the earlier process used once more. Whoever adds up the costs of a chain of resumed conversations counts the first turn in
# each of them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/ask.py" <<'PYTHON'
import asyncio
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWERS = []


def events(number):
    """An answer that used 1,000 tokens and its number."""
    usage = {"input_tokens": 1000 + number, "output_tokens": 20}
    message = {"id": f"msg_{number}", "type": "message", "role": "assistant", "model": "claude-haiku-4-5", "content": []}
    yield "message_start", {"message": {**message, "stop_reason": None, "stop_sequence": None, "usage": usage}}
    yield "content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}
    yield "content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": "Hi."}}
    yield "content_block_stop", {"index": 0}
    yield "message_delta", {"delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 20}}
    yield "message_stop", {}


class Claude(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.path.startswith("/v1/messages") or not body.get("stream"):
            self.send_error(404)
            return
        ANSWERS.append(body)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for name, fields in events(len(ANSWERS)):
            self.wfile.write(f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode())

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Claude)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["ANTHROPIC_BASE_URL"] = f"http://127.0.0.1:{server.server_port}"

from claude_agent_sdk import ClaudeAgentOptions, ResultMessage, query  # noqa: E402


async def turn(**options):
    async for message in query(prompt="Hi", options=ClaudeAgentOptions(model="claude-haiku-4-5", **options)):
        if isinstance(message, ResultMessage):
            result = message
    models = sum(each["inputTokens"] for each in result.model_usage.values())
    print(f"usage {result.usage['input_tokens']}, model_usage {models}, total_cost_usd {result.total_cost_usd:.6f}")
    return result.session_id


session = asyncio.run(turn())
asyncio.run(turn(resume=session))
PYTHON
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q claude-agent-sdk==0.2.189
said=$(cd "$folder" && env -u ANTHROPIC_AUTH_TOKEN HOME="$folder" NO_PROXY=127.0.0.1 ANTHROPIC_API_KEY=none \
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 timeout 120 "$folder/venv/bin/python" ask.py)
echo "$said"
# 1,001 x $1 + 20 x $5 a million; then 1,002 tokens, and 2,003 with those of the first turn.
[ "$said" = "usage 1001, model_usage 1001, total_cost_usd 0.001101
usage 1002, model_usage 2003, total_cost_usd 0.002203" ]
