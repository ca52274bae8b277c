#!/usr/bin/env bash
# pook 2.1.6 mocking httpx 0.28.1; Python 3.11 or newer.
#
# Guess: httpx documents the response extension "network_stream" as the connection an answer came over, so an answer that a
# mock made up has no such key, and `"network_stream" in response.extensions` tells the two apart.
# Seen: pook puts the key there with the value None. Only `.get("network_stream") is not None` tells the two apart.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q pook==2.1.6 httpx==0.28.1
"$folder/venv/bin/python" - <<'PYTHON'
import httpx
import pook

with pook.use():
    pook.get("http://127.0.0.1:9/").reply(200).json({})
    extensions = httpx.get("http://127.0.0.1:9/").extensions
print("in extensions:", "network_stream" in extensions, "value:", extensions.get("network_stream"))
assert "network_stream" in extensions and extensions["network_stream"] is None, "the behaviour has changed"
PYTHON
