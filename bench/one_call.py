"""One call of the SDK with a 5 KB answer: by itself, with us, and with OpenTelemetry, all in one process."""

import asyncio
import gc
import json
import time
from collections.abc import Callable
from itertools import count, repeat
from statistics import median

from bench.children import child
from bench.figures import Compared, Figure, Line, held, shown

ROUNDS = 30
CALLS = 60
"""Of each kind in one round; the first few of them only warm up."""
WARM_UP = 20
LIMIT_SECONDS, LIMIT_RATIO, LIMIT_OF_PEER = 60e-6, 0.20, 0.25
Taken = tuple[float, float]
"""Wall and CPU seconds of one call."""
NAMES = ("nobody", "ours", "telemetry")


def figure() -> Figure:
    """Measure."""
    taken = child("one_call")
    lines: list[Line] = []
    modes = (("sync", "create"), ("others", "create, never the same answer"), ("async", "create, async"))
    for mode, what in modes:
        for at, clock in enumerate(("wall time", "CPU time")):
            times = {name: [pair[at] for pair in pairs] for name, pairs in taken[mode].items()}
            lines += _compared(f"{what}, {clock}", times, promised=mode != "async")
    how = f"a new question each, the same 5 KB answer by a mock transport but where said, ledger on the disk; median of {ROUNDS * (CALLS - WARM_UP)} calls, interleaved"
    return Figure(title="One call", how=how, lines=lines)


def _compared(what: str, times: dict[str, list[float]], *, promised: bool) -> list[Line]:
    ours, peer = (_against(times, name) for name in ("ours", "telemetry"))
    share = ours.added / peer.added
    return [
        held(what, ours, ratio=LIMIT_RATIO, seconds=LIMIT_SECONDS) if promised else held(what, ours),
        Line(
            what=f"{what}, beside OpenTelemetry, which adds {shown(peer.added)} ({peer.ratio:+.0%})",
            measured=f"we add {share:.0%} of that",
            limit=f"{LIMIT_OF_PEER:.0%}" if promised else "",
            met=share <= LIMIT_OF_PEER if promised else None,
            numbers={"telemetry_added_seconds": peer.added, "share_of_telemetry": share},
        ),
    ]


def _against(times: dict[str, list[float]], name: str) -> Compared:
    """Rounds are pairs: the median of one beside the median of the other."""
    pairs = list(zip(times["nobody"], times[name], strict=True))
    return Compared(without=median(times["nobody"]), added=median(with_it - without for without, with_it in pairs))


def _measure(ask: Callable[[], Taken]) -> dict[str, list[Taken]]:
    """Median wall and CPU seconds of each round, by who looks on."""
    from bench.watchers import Ours, Telemetry, as_tests, watcher

    watchers = {name: watcher(name) for name in NAMES}
    times: dict[str, list[Taken]] = {name: [] for name in NAMES}
    for each in watchers.values():
        each.start()
        ask()
        each.stop()
    gc.collect()
    gc.freeze()  # what is loaded by now is walked through no more
    for at in range(ROUNDS):
        for name in NAMES[at % 3 :] + NAMES[: at % 3]:
            watchers[name].start()
            try:
                taken = as_tests(ask, CALLS)[WARM_UP:]
            finally:
                watchers[name].stop()
            times[name].append((median(wall for wall, _ in taken), median(cpu for _, cpu in taken)))
    ours, peer = watchers["ours"], watchers["telemetry"]
    stored = ROUNDS * CALLS + 1
    assert isinstance(ours, Ours) and isinstance(peer, Telemetry)
    if (ours.stored(), peer.spans) != (stored, stored):
        raise SystemExit(f"of {stored} calls, we stored {ours.stored()} and OpenTelemetry {peer.spans}")
    return times


def _sync(*, others: bool = False) -> dict[str, list[Taken]]:
    """`others`: no answer comes twice, so that nothing of one is known before."""
    import httpx2

    from bench.claude_double import answer, client, requests_with_other_messages

    body, requests = answer(), requests_with_other_messages()
    before, after = body.split(b'"msg_01Bench"')
    bodies = (b'%b"msg_%08d"%b' % (before, number, after) for number in count()) if others else repeat(body)
    sdk = client(
        lambda request: httpx2.Response(200, headers={"content-type": "application/json"}, content=next(bodies))
    )

    def ask() -> Taken:
        asked = next(requests)
        wall, cpu = time.perf_counter(), time.process_time()
        sdk.messages.create(**asked)
        return time.perf_counter() - wall, time.process_time() - cpu

    return _measure(ask)


def _async() -> dict[str, list[Taken]]:
    import anthropic
    import httpx2

    from bench.claude_double import answer, requests_with_other_messages

    body, requests = answer(), requests_with_other_messages()

    async def respond(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "application/json"}, content=body)

    transport = httpx2.MockTransport(respond)
    sdk = anthropic.AsyncAnthropic(api_key="none", http_client=httpx2.AsyncClient(transport=transport))

    async def timed() -> Taken:
        asked = next(requests)
        wall, cpu = time.perf_counter(), time.process_time()
        await sdk.messages.create(**asked)
        return time.perf_counter() - wall, time.process_time() - cpu

    with asyncio.Runner() as runner:
        return _measure(lambda: runner.run(timed()))


if __name__ == "__main__":
    print(json.dumps({"sync": _sync(), "others": _sync(others=True), "async": _async()}))
