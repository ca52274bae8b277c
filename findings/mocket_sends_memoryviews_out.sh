#!/usr/bin/env bash
# mocket 3.15.0; Python 3.11 or newer.
#
# Guess: what a program hands to `socket.send` makes no difference to a mock of sockets, since all of it is the same bytes.
# Seen: a registered request that is sent as `bytes` gets the mocked answer. The same one sent as a `bytearray` or a
# `memoryview` matches no entry and goes out to the real server, without an error or a warning. Newer HTTP clients send
# memoryviews, to spare copies: httpcore2, under httpx2, does so in its synchronous half.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q mocket==3.15.0
cat > "$folder/real.py" <<'PYTHON'
from http.server import BaseHTTPRequestHandler, HTTPServer


class Real(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"real")

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Real)
server.timeout = 60
print(server.server_address[1], flush=True)
for _ in range(2):
    server.handle_request()
PYTHON
cat > "$folder/ask.py" <<'PYTHON'
import socket
import subprocess
import sys
from pathlib import Path

from mocket import Mocketizer
from mocket.mocks.mockhttp import Entry

real = [sys.executable, str(Path(__file__).with_name("real.py"))]
with subprocess.Popen(real, stdout=subprocess.PIPE, text=True) as server:
    port = int(server.stdout.readline())
    request = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode()
    for kind in (bytes, bytearray, memoryview):
        with Mocketizer():
            Entry.single_register(Entry.GET, f"http://127.0.0.1:{port}/", body="mock")
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.send(kind(request))
                got = b""
                while not got.endswith((b"real", b"mock")):
                    got += connection.recv(4096)
        print(f"{kind.__name__}: {got[-4:].decode()}", end="; ")
print()
PYTHON
said=$(timeout 60 "$folder/venv/bin/python" -W ignore "$folder/ask.py")
echo "$said"
[ "$said" = "bytes: mock; bytearray: real; memoryview: real; " ] || { echo "the behaviour has changed"; exit 1; }
