"""Batch results of 100,000 lines through the SDK: what a row in the ledger for each costs, in time and in memory."""

import json
import sys
from collections.abc import Iterator

from bench.figures import Figure
from bench.paired import lines, work

LINES = 100_000
CHUNK_BYTES = 16_384
"""A record of TLS, cut anywhere."""
LIMIT_RATIO = 0.12
BATCH = "msgbatch_01Bench"
URL = f"https://api.anthropic.com/v1/messages/batches/{BATCH}/results"


def figure() -> Figure:
    """Measure."""
    how = f"{LINES:,} lines in chunks of {CHUNK_BYTES:,} bytes, read by turns; memory in fresh processes"
    return Figure(title="Batch results", how=how, lines=lines("batch", "results", "batches.results", ratio=LIMIT_RATIO))


def _run(kind: str, shape: str, name: str) -> str:
    import httpx2

    from bench.claude_double import batch_lines, client, pieces

    counts = dict.fromkeys(("processing", "errored", "canceled", "expired"), 0) | {"succeeded": LINES}
    days = {"created_at": "2026-11-20T00:00:00Z", "expires_at": "2026-11-21T00:00:00Z"}
    batch = {"id": BATCH, "type": "message_batch", "processing_status": "ended", "request_counts": counts, **days}

    def respond(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith(f"/{shape}"):
            content = pieces(batch_lines(LINES), CHUNK_BYTES)
            return httpx2.Response(200, headers={"content-type": "application/x-jsonl"}, content=content)
        body = json.dumps({**batch, "results_url": URL}).encode()
        return httpx2.Response(200, headers={"content-type": "application/json"}, content=body)

    sdk = client(respond)

    def begin() -> Iterator[object]:
        return iter(sdk.messages.batches.results(BATCH))

    return work(kind, name, begin, parts=LINES, rows=LINES + 1)


if __name__ == "__main__":
    print(_run(*sys.argv[1:]))
