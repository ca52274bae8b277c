"""One call over a socket with a 5 KB answer, by the clients that most suites use for other things: by itself, and with us."""

import atexit
import gc
import http.client
import json
import multiprocessing
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from bench.children import child
from bench.figures import Figure, Line, compared, held

ROUNDS = 30
CALLS = 60
"""In one round; the first few of them only warm up."""
WARM_UP = 20
LIMIT_SECONDS = 60e-6
LIMITS = {"botocore": 80e-6}
"""Of those that do more before they send: botocore's answers of doubles are looked for, too."""
CLIENTS = ("requests", "urllib3", "botocore", "http.client", "httpcore", "aiohttp")
"""The last leaves its connection open, and the server has one at a time."""
MODEL_ON_BEDROCK = "anthropic.claude-sonnet-4-5-20250929-v1:0"
HEADERS = {"content-type": "application/json", "anthropic-version": "2023-06-01"}


def figure() -> Figure:
    """Measure."""
    taken = child("sockets", "measure")
    lines: list[Line] = []
    for name, pairs in taken.items():
        for at, clock in enumerate(("wall time", "CPU time")):
            both = compared([(without[at], with_us[at]) for without, with_us in pairs])
            limit = LIMITS.get(name, LIMIT_SECONDS) if at else None
            lines.append(held(f"{name}, {clock}", both, seconds=limit))
    how = f"a new question each, kept connection to a process of this machine, ledger on the disk; median of {ROUNDS * (CALLS - WARM_UP)} calls, interleaved"
    return Figure(title="One call over a socket", how=how, lines=lines)


def _serve(server: socket.socket, answer: bytes) -> None:
    """Answer every request on one connection after the other."""
    while True:
        connection, _ = server.accept()
        with connection, connection.makefile("rb") as file:
            while file.readline():
                length = 0
                while line := file.readline().strip():
                    name, _, value = line.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                file.read(length)
                connection.sendall(answer)


@contextmanager
def _server() -> Iterator[int]:
    from bench.claude_double import answer

    body = answer()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    with socket.create_server(("127.0.0.1", 0)) as server:
        process = multiprocessing.get_context("fork").Process(target=_serve, args=(server, head + body), daemon=True)
        process.start()
        try:
            yield server.getsockname()[1]
        finally:
            process.kill()
            process.join()


def _asking(name: str, port: int) -> Callable[[bytes], int]:
    """What sends a body and reads the answer; returns how long that is."""
    url = f"http://127.0.0.1:{port}/v1/messages"
    if name == "requests":
        import requests

        session = requests.Session()
        return lambda body: len(session.post(url, data=body, headers=HEADERS).content)
    if name == "urllib3":
        import urllib3

        manager = urllib3.PoolManager()
        return lambda body: len(manager.request("POST", url, body=body, headers=HEADERS).data)
    if name == "aiohttp":
        return _over_aiohttp(url)
    if name == "botocore":
        return _over_botocore(port)
    if name == "httpcore":
        import httpcore

        pool, headers = httpcore.ConnectionPool(), list(HEADERS.items())
        return lambda body: len(pool.request("POST", url, content=body, headers=headers).content)
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def ask(body: bytes) -> int:
        connection.request("POST", "/v1/messages", body, HEADERS)
        return len(connection.getresponse().read())

    return ask


def _over_botocore(port: int) -> Callable[[bytes], int]:
    import botocore.session

    client = botocore.session.Session().create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="none",
        aws_secret_access_key="none",
    )
    return lambda body: len(client.invoke_model(modelId=MODEL_ON_BEDROCK, body=body)["body"].read())


def _over_aiohttp(url: str) -> Callable[[bytes], int]:
    import asyncio

    import aiohttp

    runner = asyncio.Runner()

    async def session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    kept = runner.run(session())
    atexit.register(lambda: runner.run(kept.close()))

    async def ask(body: bytes) -> int:
        async with kept.post(url, data=body, headers=HEADERS) as response:
            return len(await response.read())

    return lambda body: runner.run(ask(body))


def _measure(name: str, port: int) -> list[Any]:
    """Median wall and CPU seconds of each round, without us and with us."""
    from bench.claude_double import requests_with_other_messages
    from bench.watchers import Nobody, Ours, as_tests

    questions, ask = requests_with_other_messages(), _asking(name, port)

    def taken() -> tuple[float, float]:
        body = json.dumps(next(questions)).encode()
        wall, cpu = time.perf_counter(), time.process_time()
        ask(body)
        return time.perf_counter() - wall, time.process_time() - cpu

    ours, rounds = Ours(), []
    for _ in range(ROUNDS):
        pair = []
        for watcher in (Nobody(), ours):
            watcher.start()
            try:
                each = as_tests(taken, CALLS)[WARM_UP:]
            finally:
                watcher.stop()
            pair.append((median(wall for wall, _ in each), median(cpu for _, cpu in each)))
        rounds.append(pair)
    if ours.stored() != ROUNDS * CALLS:
        raise SystemExit(f"of {ROUNDS * CALLS} calls over {name}, we stored {ours.stored()}")
    return rounds


if __name__ == "__main__" and sys.argv[1:] == ["measure"]:
    found = {}
    with _server() as at_port:
        for each_client in CLIENTS:
            found[each_client] = _measure(each_client, at_port)
            gc.collect()  # and with it the connection
    print(json.dumps(found))
