#!/usr/bin/env bash
# vcrpy 9.4.2 with httpx 0.28.1, and with aiohttp 3.14.5 under httpx-aiohttp 0.2.0; Python 3.11 or newer.
#
# Guess: what tells a live answer from a replay over httpx tells it over aiohttp as well: the "network_stream" extension,
# or at least "http_version", which vcrpy's replays lack.
# Seen: httpx-aiohttp gives every answer the same two extensions. It writes "HTTP/1.1" though the live answer here was
# HTTP/1.0, and though a replay's own version is None. The response of httpx shows no difference; the stream's inside does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q vcrpy==9.4.2 httpx==0.28.1 aiohttp==3.14.5 httpx-aiohttp==0.2.0
cd "$folder"
venv/bin/python - <<'PYTHON'
import asyncio
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import vcr
from httpx_aiohttp import AiohttpTransport


class Server(BaseHTTPRequestHandler):
    answered = 0

    def do_GET(self):
        Server.answered += 1
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *arguments):
        pass


server = HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"


async def extensions(transport):
    async with httpx.AsyncClient(transport=transport, timeout=20) as client:
        return (await client.get(url)).extensions


seen = {}
for name, transport in (("httpx", httpx.AsyncHTTPTransport), ("aiohttp", AiohttpTransport)):
    for which in ("live", "replay"):
        with vcr.use_cassette(f"{name}.yaml"):
            found = asyncio.run(extensions(transport()))
        seen[name, which] = (sorted(found), found.get("http_version"))
        print(name, which, *seen[name, which])
assert Server.answered == 2, "the second of each is a replay"
assert seen["httpx", "live"][0] == ["http_version", "network_stream", "reason_phrase"], "the behaviour has changed"
assert "network_stream" not in seen["httpx", "replay"][0], "the behaviour has changed"
assert seen["aiohttp", "live"] == seen["aiohttp", "replay"], "the behaviour has changed"
assert seen["aiohttp", "live"] == (["http_version", "reason_phrase"], b"HTTP/1.1"), "the behaviour has changed"
PYTHON
