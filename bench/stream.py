"""A stream of 100,000 events through the SDK: what looking on costs, in time and in memory."""

import sys
from collections.abc import Iterator

from bench.figures import Figure
from bench.paired import lines, work

EVENTS = 100_000
LIMIT_RATIO = 0.05
SHAPES = {
    "single": "one event a chunk",
    "several": "eight events a chunk",
    "cut": "chunks of 4,096 bytes, cut anywhere",
}


def figure() -> Figure:
    """Measure."""
    found = []
    for shape, what in SHAPES.items():
        found += lines("stream", shape, what, ratio=LIMIT_RATIO, peer=shape == "single")
    how = f"{EVENTS:,} events from a mock transport, read by turns without us and with us; memory in fresh processes"
    return Figure(title="Stream", how=how, lines=found)


def _chunks(shape: str) -> Iterator[bytes]:
    from bench.claude_double import events, grouped, pieces

    if shape == "single":
        return events(EVENTS)
    return grouped(events(EVENTS), 8) if shape == "several" else pieces(events(EVENTS), 4096)


def _run(kind: str, shape: str, name: str) -> str:
    import httpx2

    from bench.claude_double import REQUEST, client

    def respond(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=_chunks(shape))

    sdk = client(respond)

    def begin() -> Iterator[object]:
        return iter(sdk.messages.create(**REQUEST, stream=True))

    return work(kind, name, begin, parts=EVENTS, rows=1)


if __name__ == "__main__":
    print(_run(*sys.argv[1:]))
