#!/usr/bin/env bash
# boto3 and botocore 1.40.61, and 1.44.8; Python 3.11 or newer.
#
# Guess: a client hands on all fields of a JSON answer, or says that it does not know one.
# Seen: of an answer of Bedrock's Converse, botocore keeps the fields that its own model of the service names and drops the others,
# without a warning. 1.40.61, which aioboto3 15.5 asks for, drops `cacheDetails`, which alone tells cache writes that live an hour
# from those of five minutes; the first cost 2 times the input's rate, the second 1.25 times. 1.44.8 keeps it, and drops any newer field.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/ask.py" <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import boto3
from botocore.config import Config

USAGE = {"inputTokens": 10, "outputTokens": 10, "totalTokens": 1020, "cacheWriteInputTokens": 1000}
USAGE |= {"cacheDetails": [{"ttl": "1h", "inputTokens": 1000}], "inventedTokens": 5}
ANSWER = {"output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}}, "stopReason": "end_turn"}
BODY = json.dumps({**ANSWER, "usage": USAGE, "metrics": {"latencyMs": 1}}).encode()


class Bedrock(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Bedrock)
threading.Thread(target=server.handle_request, daemon=True).start()
client = boto3.client(
    "bedrock-runtime",
    endpoint_url=f"http://127.0.0.1:{server.server_address[1]}",
    region_name="us-east-1",
    aws_access_key_id="x",
    aws_secret_access_key="x",
    config=Config(retries={"max_attempts": 0}, read_timeout=30),
)
asked = {"modelId": "anthropic.claude-sonnet-4-5-20250929-v1:0", "messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
usage = client.converse(**asked)["usage"]
print(*(f"{name} {'kept' if name in usage else 'dropped'}" for name in ("cacheWriteInputTokens", "cacheDetails", "inventedTokens")), sep=", ")
PYTHON
failed=0
for pair in "1.40.61 cacheWriteInputTokens kept, cacheDetails dropped, inventedTokens dropped" \
  "1.44.8 cacheWriteInputTokens kept, cacheDetails kept, inventedTokens dropped"; do
  version=${pair%% *}
  python3 -m venv --clear "$folder/venv"
  "$folder/venv/bin/python" -m pip install -q "boto3==$version" "botocore==$version"
  said=$(env -u AWS_PROFILE HOME="$folder" timeout 60 "$folder/venv/bin/python" "$folder/ask.py")
  echo "$version: $said"
  [ "$said" = "${pair#* }" ] || failed=1
done
[ "$failed" = 0 ] || { echo "the behaviour has changed"; exit 1; }
