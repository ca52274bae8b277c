"""The hard cap: what does not fit is refused before it is sent, in every process, and the figures add up by hand.

Haiku 4.5 costs $1 a million tokens in and $5 out. The double answers with 1,000 in and 100 out: $0.0015. What it is asked is worth
few tokens and allows 1,000 out: a bound of $0.005 and a little.
"""

import re
from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.gateway.wires import Upstream
from tests.plugin.conftest import Suite
from tests.plugin.test_gateway import upstream
from tests.plugin.test_live_calls import NOTED, asked, denied
from tests.plugin.test_live_calls_and_doubles import PROGRAM
from tests.unit.cap.postgres import Server, server

__all__ = ["denied", "upstream"]

ASKS = """
import json
import clients, network
network.ASKED["max_tokens"] = 1000
clients.BODY = json.dumps(network.ASKED).encode()
"""


@pytest.fixture
def postgres() -> Iterator[Server]:
    with server() as made:
        yield made


FOUR = """
import asks, clients
def test_1(): clients.httpx()
def test_2(): clients.anthropic()
def test_3(): clients.requests()
def test_4(): clients.aiohttp()
"""


@pytest.fixture
def capped(denied: Suite) -> Suite:
    """A suite that may send, for so much."""
    denied.write(asks=ASKS)
    denied.budget("version: 1\nhard_cap: 0.008\n")
    return denied


def test_what_does_not_fit_is_not_sent(capped: Suite) -> None:
    """$0.0015 a call: after two, $0.003 is spent, and $0.005 and a little more is over $0.008."""
    capped.write(test_a=FOUR)
    outcome = capped.run("-p", "no:randomly")
    outcome.result.assert_outcomes(passed=2, failed=2)
    assert 2 == len(asked(capped))
    assert ("over", "0.003", ["the cap of $0.008 refused calls of 2 tests"]) == (
        outcome.verdict,
        outcome.report["totals"]["spent"],
        outcome.report["verdict"]["capped"],
    )
    assert 1 == outcome.result.ret
    assert outcome.report["run"]["refused"] == ["test_a.py::test_3", "test_a.py::test_4"]
    assert "verdict: over: the cap of $0.008 refused calls of 2 tests" in outcome.said
    said = re.search(
        r"test_a.py::test_3: a call to Claude \(claude-haiku-4-5, at api.anthropic.com\) was not sent: it can cost up to \$(0\.005\d+),"
        r" and of the cap of \$0\.008 \(hard_cap in claude-budget.yml:2\) \$0\.003 is spent hint: make it smaller"
        r" \(claude-budget bound shows the sum; max_tokens and cap_assumes lower it\), or let it be sent by hard_cap: (0\.008\d+)",
        outcome.said,
    )
    assert said is not None
    assert Decimal(said[2]) == Decimal(said[1]) + Decimal("0.003")


def test_the_option_goes_before_the_budget_file(capped: Suite) -> None:
    capped.write(test_a=FOUR)
    outcome = capped.run("-p", "no:randomly", "--claude-budget-cap=0.0075")
    outcome.result.assert_outcomes(passed=2, failed=2)
    assert "and of the cap of $0.0075 (--claude-budget-cap=0.0075) $0.003 is spent" in outcome.said
    (capped.path / "claude-budget.yml").unlink()
    outcome = capped.run("-p", "no:randomly", "--claude-budget-cap=1")
    outcome.result.assert_outcomes(passed=4)
    assert "unjudged" == outcome.verdict


def test_a_cap_that_is_no_amount_is_refused(capped: Suite) -> None:
    capped.write(test_a=FOUR)
    ended = capped.pytest("--claude-budget-cap=cheap")
    assert 4 == ended.ret
    assert "--claude-budget-cap: expected dollars from 0 to 1,000,000, got 'cheap'" in ended.stderr.str()


def test_with_a_cap_of_nothing_nothing_leaves_that_costs(capped: Suite) -> None:
    """A count of tokens is free."""
    capped.write(test_a=FOUR + "def test_5(): clients.count_tokens()\n")
    capped.budget("version: 1\nhard_cap: 0\n")
    capped.run().result.assert_outcomes(passed=1, failed=4)
    assert ["/v1/messages/count_tokens"] == asked(capped)


SIMULATED = """
import httpx, asks, clients, network
def test_loopback(): clients.httpx(f"http://127.0.0.1:{network.PORT}/v1/messages")
def test_mock(): clients.httpx(transport=httpx.MockTransport(lambda request: httpx.Response(200, json=network.MESSAGE)))
def test_once(): clients.httpx()
"""


def test_what_bills_nothing_is_charged_with_nothing(capped: Suite) -> None:
    capped.write(test_a=SIMULATED)
    capped.budget("version: 1\nhard_cap: 0.006\n")
    capped.run("-p", "no:randomly").result.assert_outcomes(passed=3)


MANY = """
import pytest, asks, clients, subprocess, sys
@pytest.mark.parametrize("number", range(12))
def test_it(number):
    if number % 3:
        clients.httpx()
    else:
        subprocess.run([sys.executable, "-c", "import network, asks, clients; clients.requests()"])
"""


def test_all_processes_share_one_cap(capped: Suite, workers: int) -> None:
    """$0.02 is room for ten or eleven calls of $0.0015 after the first, which need $0.0051 to begin: never for twelve and their bounds."""
    capped.cold = not workers  # once by interpreters, and once by forks
    capped.write(test_a=MANY)
    capped.budget("version: 1\nhard_cap: 0.02\n")
    outcome = capped.run(workers=workers)
    sent = len(asked(capped))
    assert Decimal(outcome.report["totals"]["spent"]) == Decimal("0.0015") * sent
    assert Decimal("0.0015") * sent <= Decimal("0.02")
    outcome.result.assert_outcomes(passed=sent, failed=12 - sent)
    assert workers or 10 == sent  # 10 x 0.0015 + 0.0050.. > 0.02, 9 x 0.0015 + 0.0050.. < 0.02
    assert [] == list(capped.path.rglob("*.cap"))


STREAMS = """
import asks, clients, network, pytest
def test_unread():
    import httpx
    with httpx.Client() as client, client.stream("POST", clients.URL, content=clients.BODY, headers=clients.HEADERS) as answer:
        pass
def test_next(): clients.httpx()
def test_failed():
    import httpx
    httpx.Client().post("http://gone.example/v1/messages", content=clients.BODY, headers=clients.HEADERS)
"""


def test_what_is_not_known_stays_charged(capped: Suite) -> None:
    """A body that nobody read: $0.005 and a little of $0.008, so that a second one does not fit."""
    capped.write(test_a=STREAMS)
    outcome = capped.run("-p", "no:randomly", "--deselect", "test_a.py::test_failed")
    outcome.result.assert_outcomes(passed=1, failed=1, deselected=1)
    assert "$0.00 is spent and $0.005" in outcome.said
    assert "reserved for calls whose cost is not known, or not yet" in outcome.said


def test_what_cannot_be_bounded_is_not_sent(capped: Suite) -> None:
    capped.write(
        test_a="import asks, clients\ndef test_a():\n    clients.BODY = clients.BODY.replace(b'haiku', b'lotus')\n    clients.httpx()\n"
    )
    outcome = capped.run()
    outcome.result.assert_outcomes(failed=1)
    assert [] == asked(capped)
    assert "was not sent: the most that it can cost is not known, for" in outcome.said
    assert "[no-bound]" in outcome.said


LATER = """
import asks, clients
def test_a():
    try:
        clients.httpx()
        clients.httpx()
        clients.httpx()
    except BaseException:
        pass
    clients.BODY = clients.BODY.replace(b"1000", b"1")
    clients.httpx()
def test_b():
    clients.BODY = clients.BODY.replace(b"1000", b"1")
    clients.httpx()
"""


def test_a_test_that_was_refused_sends_nothing_more(capped: Suite) -> None:
    """Though a smaller call would fit; the next test may."""
    capped.write(test_a=LATER)
    outcome = capped.run("-p", "no:randomly")
    outcome.result.assert_outcomes(passed=1, failed=1)
    assert 3 == len(asked(capped))


def test_a_cap_may_stop_the_session(capped: Suite, workers: int) -> None:
    capped.write(test_a=FOUR + "".join(f"def test_{n}(): clients.httpx()\n" for n in range(5, 30)))
    capped.budget("version: 1\nhard_cap: 0.008\non_cap: stop\n")
    outcome = capped.run("-p", "no:randomly", workers=workers)
    assert 2 == outcome.result.ret
    assert "the cap of $0.008 is reached (on_cap: stop)" in outcome.said
    assert "over" == outcome.verdict
    assert workers or "failed=1" in str(outcome.result.parseoutcomes()).replace("'", "").replace(": ", "=")


def test_the_gateway_holds_the_same_cap(capped: Suite, upstream: Upstream, workers: int) -> None:
    """$0.0015 a call, and a bound of much less, for its request allows 9 tokens: $0.003 has room for two, and nothing for a third."""
    tests = "".join(f"def test_{n}(): ask()\n" for n in range(4))
    capped.write(program=PROGRAM, test_a=f"from program import ask\n{tests}")
    capped.budget("version: 1\nhard_cap: 0.003\nloopback: live\ngateway: true\n")
    outcome = capped.run("-p", "no:randomly", workers=workers)
    outcome.result.assert_outcomes(passed=2, failed=2)
    assert 2 == len(upstream.heads)
    assert "over" == outcome.verdict


EARLY = """
import asks, clients
clients.httpx()
clients.httpx()
try: clients.httpx()
except BaseException: pass
"""


def test_calls_of_conftest_files_count_too(capped: Suite) -> None:
    """Two of three fit, as anywhere; nobody's test fails by it, and so the session does."""
    capped.write(conftest="import network\n" + EARLY, test_a="def test_a(): pass")
    outcome = capped.run()
    assert 1 == outcome.result.ret
    assert 2 == len(asked(capped))
    assert "the cap of $0.008 refused calls outside of tests" in outcome.said


LATE = """
import asks, clients
def test_a(): clients.httpx()
def pytest_unconfigure():
    try: clients.httpx()
    except BaseException as error: print("late:", error)
"""


def test_after_the_verdict_nothing_leaves(capped: Suite) -> None:
    capped.write(conftest="import network\n" + LATE, test_a="import asks, clients\ndef test_a(): clients.httpx()")
    outcome = capped.run()
    assert 1 == len(asked(capped))
    assert "late: outside tests: a call to Claude was not sent: the cap of the run cannot be held here" in outcome.said


SCOPES = """
import pytest
import asks, clients
@pytest.mark.claude_budget(feature="triage")
def test_1():
    clients.httpx()
    clients.httpx()
def test_2(): clients.requests()
def test_3(): clients.models()
"""


@pytest.mark.parametrize(
    ("limit", "failed", "sent"),
    [
        ("{scope: test, max_calls: 1, enforce: true}", 1, 2),
        ("{scope: test, max_calls: 1}", 0, 3),
        ("{scope: run, max_calls: 1, enforce: true}", 2, 1),
        ("{scope: feature, max_calls: 0, enforce: true}", 1, 1),
        ("{scope: model, match: 'claude-haiku-*', max_calls: 2, enforce: true}", 1, 2),
        ("{scope: model, match: 'claude-opus-*', max_calls: 0, enforce: true}", 0, 3),
        ("{scope: test, match: '**::test_2', max_spent: 0.001, enforce: true}", 1, 2),
        ("{scope: run, max_cost: 0.007, enforce: true}", 1, 2),
        ("{scope: test, max_calls: 0, enforce: true}\n  - {scope: test, match: test_a.py::test_2, max_calls: 9}", 1, 1),
    ],
)
def test_a_limit_may_act_before_the_call(capped: Suite, limit: str, failed: int, sent: int) -> None:
    """Three calls of $0.0015, each with a bound of $0.00519: the third needs $0.00819, the second $0.00669."""
    capped.write(test_a=SCOPES)
    capped.budget(f"version: 1\nlimits:\n  - {limit}\n")
    outcome = capped.run("-p", "no:randomly")
    outcome.result.assert_outcomes(passed=3 - failed, failed=failed)
    assert sent == asked(capped).count("/v1/messages")
    assert bool(failed) == ("[over-cap]" in outcome.said)


def test_a_refused_limit_says_so(capped: Suite) -> None:
    capped.write(test_a=SCOPES)
    capped.budget("version: 1\nlimits:\n  - {scope: test, max_calls: 1, enforce: true}\n")
    outcome = capped.run("-p", "no:randomly")
    assert (
        "test_a.py::test_1: a call to Claude (claude-haiku-4-5, at api.anthropic.com) was not sent: of the limit max_calls 1 for each"
        " test (claude-budget.yml:3) 1 is made hint: make fewer calls, or let it be sent by max_calls: 2 [over-cap]"
    ) in outcome.said
    assert "verdict: over: the limit max_calls 1 for each test refused calls of 1 test" in outcome.said


PARTS = """
import asks, clients
def test_nothing(claude_budget):
    with claude_budget.limit(max_calls=0):
        clients.httpx()
def test_swallowed(claude_budget):
    with claude_budget.limit(max_calls=1):
        for _ in range(3):
            try: clients.anthropic()
            except BaseException: pass
def test_enough(claude_budget):
    with claude_budget.limit(max_calls=1):
        clients.count_tokens()
        clients.requests()
    clients.requests()
"""


def test_a_part_of_a_test_may_send_so_many(denied: Suite) -> None:
    """In a run that nothing else holds back."""
    denied.write(asks=ASKS, test_a=PARTS)
    (denied.path / "claude-budget.yml").unlink()
    outcome = denied.run("-p", "no:randomly")
    outcome.result.assert_outcomes(passed=1, failed=2)
    assert 3 == asked(denied).count("/v1/messages")
    assert "was not sent: claude_budget.limit(max_calls=0) has no room for it" in outcome.said
    assert "was not sent: claude_budget.limit(max_calls=1) has no room for it" in outcome.said


SHARED = """
import asks, clients, subprocess, sys
def test_1(): clients.httpx()
def test_2(): subprocess.run([sys.executable, "-c", "import network, asks, clients; clients.requests()"])
def test_3(): clients.aiohttp()
"""


@pytest.mark.cold
def test_runs_on_several_machines_share_a_cap_in_a_database(
    capped: Suite, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """$0.008 is room for two calls, in whichever run."""
    monkeypatch.setenv("CLAUDE_BUDGET_CAP_URL", postgres.url)
    monkeypatch.setenv("CLAUDE_BUDGET_CAP_RUN", f"of {capped.path}")
    capped.write(test_a=SHARED)
    capped.run("-p", "no:randomly", "test_a.py::test_1").result.assert_outcomes(passed=1)
    outcome = capped.run("-p", "no:randomly")
    outcome.result.assert_outcomes(passed=1, failed=2)
    assert 2 == len(asked(capped))
    assert postgres.url not in outcome.said


def test_an_event_loop_is_not_held_up_by_a_file(capped: Suite) -> None:
    """Neither by what is reserved, nor by what is refused."""
    capped.write(
        test_a="""
        import asyncio
        import asks, clients, httpcore, httpx
        from blockbuster import blockbuster_ctx

        async def ask():
            async with httpx.AsyncClient() as client:
                await client.post(clients.URL, content=clients.BODY, headers=clients.HEADERS)

        async def several():
            with blockbuster_ctx():
                for _ in range(3):
                    await ask()

        def test_a():
            asyncio.run(several())
        """
    )
    outcome = capped.run()
    outcome.result.assert_outcomes(failed=1)
    assert "was not sent: it can cost up to" in outcome.said
    assert "BlockingError" not in outcome.said
    assert 2 == len(asked(capped))


TOGETHER = """
import asyncio, threading
import asks, clients, httpx
async def ask(client):
    await client.post(clients.URL, content=clients.BODY, headers=clients.HEADERS)
async def several():
    async with httpx.AsyncClient() as client:
        await asyncio.gather(*(ask(client) for _ in range(8)), return_exceptions=True)
def test_tasks(): asyncio.run(several())
def test_threads():
    threads = [threading.Thread(target=clients.requests) for _ in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""


def test_calls_under_way_are_charged_with_their_bound(capped: Suite) -> None:
    """$0.011 has room for two bounds of $0.00519. Whatever their order, what is spent stays below, and what is refused says why."""
    capped.write(test_a=TOGETHER)
    capped.budget("version: 1\nhard_cap: 0.011\n")
    outcome = capped.run("-p", "no:randomly", "-W", "ignore", "-p", "no:threadexception")
    outcome.result.assert_outcomes(failed=2)
    sent = len(asked(capped))
    assert Decimal(outcome.report["totals"]["spent"]) == Decimal("0.0015") * sent <= Decimal("0.011")
    assert 2 <= sent
    assert "; it fits once those calls are settled, where they cost less [over-cap]" in outcome.said


FROZEN = """
import asks, clients, freezegun
@freezegun.freeze_time("2019-01-01")
def test_a(): clients.httpx()
"""


def test_a_frozen_clock_moves_no_rates(capped: Suite) -> None:
    """No model of today had rates in 2019: a call then would have no bound."""
    capped.write(test_a=FROZEN)
    outcome = capped.run()
    outcome.result.assert_outcomes(passed=1)
    assert "0.0015" == outcome.report["totals"]["spent"]


STREAMING = (
    NOTED.replace(
        "        body = json.dumps({} if 'other' in self.path else MESSAGE).encode()\n", "        body = EVENTS\n"
    ).replace('"application/json"', '"text/event-stream"')
    + """
def event(name, **data):
    return f"event: {name}\\ndata: {json.dumps({'type': name, **data})}\\n\\n".encode()
EVENTS = b"".join((
    event("message_start", message={"id": "m", "role": "assistant", **MESSAGE, "usage": {"input_tokens": 1000, "output_tokens": 1}}),
    event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hi"}),
    event("content_block_stop", index=0),
    event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 100}),
    event("message_stop"),
))
"""
)
STREAMED = """
import asyncio
import anthropic, network, asks
def test_1():
    client = anthropic.Anthropic(api_key="k", base_url="http://api.anthropic.com")
    for _ in range(2):
        with client.messages.stream(**network.ASKED) as stream:
            assert stream.get_final_message().usage.output_tokens == 100
def test_2():
    async def ask():
        client = anthropic.AsyncAnthropic(api_key="k", base_url="http://api.anthropic.com")
        async with client.messages.stream(**network.ASKED) as stream:
            await stream.get_final_message()
    asyncio.run(ask())
"""


def test_a_stream_is_settled_with_its_end(capped: Suite) -> None:
    """Two of $0.0015, and nothing reserved besides: the third needs $0.0051 and a little more, of $0.005 that is left."""
    capped.write(network=STREAMING, test_a=STREAMED)
    outcome = capped.run("-p", "no:randomly")
    outcome.result.assert_outcomes(passed=1, failed=1)
    assert "(hard_cap in claude-budget.yml:2) $0.003 is spent hint:" in outcome.said
    assert "0.003" == outcome.report["totals"]["spent"]
