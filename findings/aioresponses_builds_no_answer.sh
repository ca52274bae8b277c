#!/usr/bin/env bash
# aioresponses 0.7.9 with aiohttp 3.14.5; Python 3.11 or newer.
#
# Guess: the newest release of the usual mock for aiohttp makes answers of the newest aiohttp.
# Seen: it is installed beside aiohttp 3.14 without a complaint of the resolver, and its every mocked answer raises a TypeError, since
# aiohttp's `ClientResponse` wants an argument that the mock does not give. A suite sees its own test fail, not its set-up.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q aioresponses==0.7.9 aiohttp==3.14.5
cat > "$folder/ask.py" <<'PYTHON'
import asyncio

import aiohttp
from aioresponses import aioresponses


async def ask():
    async with aiohttp.ClientSession() as session:
        with aioresponses() as mocked:
            mocked.get("http://127.0.0.1/", body="mock")
            async with session.get("http://127.0.0.1/") as answer:
                return await answer.text()


try:
    print(asyncio.run(ask()))
except TypeError as error:
    print("stream_writer" in str(error) and "missing" in str(error))
PYTHON
said=$(timeout 60 "$folder/venv/bin/python" -W ignore "$folder/ask.py")
echo "$said"
[ "$said" = "True" ] || { echo "the behaviour has changed"; exit 1; }
