"""A stream of 100,000 events through the SDK: what looking on costs, in time and in memory."""

import sys
from collections.abc import Iterator

from bench.children import child
from bench.figures import Figure, held
from bench.figures import compared as compare
from bench.paired import lines, one_run, runs

EVENTS = 100_000
PAIRS = 3
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
        pairs = runs("stream", shape, PAIRS)
        found += lines(what, pairs, ratio=LIMIT_RATIO)
        if shape == "single":
            alone = [(one["cpu"], child("stream", shape, "telemetry")["cpu"]) for one, _ in pairs[:1]]
            found.append(held(f"{what}, CPU time, OpenTelemetry in our place", compare(alone)))
    how = f"{EVENTS:,} events from a mock transport, each shape in {PAIRS} pairs of fresh processes; medians"
    return Figure(title="Stream", how=how, lines=found)


def _chunks(shape: str) -> Iterator[bytes]:
    from bench.claude_double import events, grouped, pieces

    if shape == "single":
        return events(EVENTS)
    return grouped(events(EVENTS), 8) if shape == "several" else pieces(events(EVENTS), 4096)


def _run(shape: str, name: str) -> str:
    import httpx2

    from bench.claude_double import REQUEST, client

    def respond(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=_chunks(shape))

    sdk = client(respond)

    def read() -> None:
        seen = sum(1 for _ in sdk.messages.create(**REQUEST, stream=True))
        if seen != EVENTS:
            raise SystemExit(f"expected {EVENTS} events, got {seen}")

    return one_run(name, read, rows=1)


if __name__ == "__main__":
    print(_run(*sys.argv[1:]))
