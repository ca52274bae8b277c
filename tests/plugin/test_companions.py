"""Suites that watch their surroundings run as if nobody looked on."""

import pytest

from tests.aside import AGENTS
from tests.plugin.conftest import Suite, leave_aside


@pytest.fixture
def suite(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """Beside all plugins, but for those that change the order, measure the coverage, or have tests of their own."""
    leave_aside(monkeypatch, "randomly", "cov", *AGENTS)
    return suite


@pytest.mark.cold
def test_blockbuster_finds_no_blocking_call_on_the_event_loop(suite: Suite) -> None:
    """Async answers and streams, a sync client on the loop's thread, the fixture's cost: no file is touched there."""
    suite.write(
        test_a="""
        import asyncio
        import pytest
        from blockbuster import blockbuster_ctx
        from claude_double import REQUEST, answering, ask, ask_async, async_client, httpx, stream_body
        import anthropic

        def streaming():
            headers = {"content-type": "text/event-stream"}
            body = stream_body()
            async def pieces():
                for at in range(0, len(body), 50):
                    yield body[at:at + 50]
            transport = httpx.MockTransport(lambda r: httpx.Response(200, headers=headers, content=pieces()))
            return anthropic.AsyncAnthropic(api_key="k", http_client=httpx.AsyncClient(transport=transport))

        def test_async(claude_budget):
            async def main():
                client = streaming()
                ready = async_client()
                with blockbuster_ctx():
                    await ready.messages.create(**REQUEST)
                    async with client.messages.stream(**REQUEST) as stream:
                        await stream.get_final_message()
                    stream = await client.messages.create(stream=True, **REQUEST)
                    async for event in stream:
                        break
                    await stream.close()
                    assert claude_budget.calls == 3
                    with claude_budget.limit(max_calls=1):
                        await ready.messages.create(**REQUEST)
            asyncio.run(main())

        def test_sync_client_on_the_loop(claude_budget):
            async def main():
                with blockbuster_ctx():
                    ask()
                    assert claude_budget.calls == 1
            asyncio.run(main())
        """
    )
    outcome = suite.run()
    outcome.result.assert_outcomes(passed=2)
    assert outcome.owner("test_a.py::test_async")["calls"] == 4


@pytest.mark.cold
def test_blockbuster_around_whole_tests_sees_nothing_either(suite: Suite) -> None:
    """Armed for the whole session; the first call of the run is an asynchronous one."""
    suite.write(
        conftest="""
        import pytest
        from blockbuster import blockbuster_ctx
        @pytest.fixture(autouse=True, scope="session")
        def armed():
            with blockbuster_ctx():
                yield
        """,
        test_a="""
        import asyncio
        from http_double import ask_async
        async def main():
            await asyncio.gather(*(ask_async() for _ in range(5)))
        def test_one():
            asyncio.run(main())
        """,
    )
    outcome = suite.run()
    outcome.result.assert_outcomes(passed=1)
    assert outcome.report["totals"]["calls"] == 5


def test_disabled_sockets_stay_disabled_and_nothing_asks_for_one(suite: Suite) -> None:
    """pytest-socket forbids sockets; measuring needs none."""
    suite.write(
        test_a="""
        import asyncio
        from claude_double import ask, ask_async
        def test_sync(socket_disabled): ask()
        """
    )
    outcome = suite.run("--disable-socket")
    outcome.result.assert_outcomes(passed=1)
    assert outcome.report["totals"]["calls"] == 1


@pytest.mark.cold
def test_streams_and_clients_are_collected_as_without_us(suite: Suite) -> None:
    """No reference cycle, nothing kept alive, and internals are the client's own."""
    suite.write(
        test_a="""
        import gc, weakref
        from http_double import REQUEST, httpx, stream_body

        def pieces():
            yield stream_body()

        def respond(request):
            return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=pieces())

        def test_collected():
            gc.collect()
            gc.disable()
            try:
                transport = httpx.MockTransport(respond)
                client = httpx.Client(transport=transport)
                assert client._transport is transport
                assert client._mounts == {}
                request = client.build_request(
                    "POST", "https://api.anthropic.com/v1/messages", json=REQUEST, headers={"anthropic-version": "x"}
                )
                response = client.send(request, stream=True)
                stream, answer, sender = map(weakref.ref, (response.stream, response, client))
                del response, request
                assert stream() is None and answer() is None
                client.close()
                assert client.is_closed
                del client
                assert sender() is None
            finally:
                gc.enable()
        """
    )
    outcome = suite.run()
    outcome.result.assert_outcomes(passed=1)
    assert outcome.owner("test_a.py::test_collected")["at_least"] is True


def test_chunks_pass_untouched_and_one_by_one(suite: Suite) -> None:
    """The same objects in the same pieces, as soon as each is there."""
    suite.write(
        test_a="""
        from http_double import REQUEST, httpx, stream_body
        def test_pieces():
            body = stream_body()
            pieces = [body[at:at + 7] for at in range(0, len(body), 7)]
            asked = []
            def source():
                for piece in pieces:
                    asked.append(piece)
                    yield piece
            headers = {"content-type": "text/event-stream"}
            transport = httpx.MockTransport(lambda r: httpx.Response(200, headers=headers, content=source()))
            with httpx.Client(transport=transport) as client:
                with client.stream("POST", "https://x/v1/messages", json=REQUEST) as response:
                    seen = []
                    for piece in response.iter_raw():
                        seen.append(piece)
                        assert len(asked) == len(seen)
                    assert [id(piece) for piece in seen] == [id(piece) for piece in pieces]
                    assert response.elapsed.total_seconds() >= 0
        """
    )
    outcome = suite.run()
    outcome.result.assert_outcomes(passed=1)
    assert outcome.report["totals"]["usage"]["output_tokens"] == 100


def test_hooks_are_gone_after_the_run(suite: Suite) -> None:
    """Classes are as they were, the import system too, and a second run in the process counts once."""
    (suite.path / "twice.py").write_text(
        "import json, sys, pytest, httpx2, httpx\n"
        "def sends():\n"
        "    return [c.__dict__['send'] for m in (httpx, httpx2) for c in (m.Client, m.AsyncClient)]\n"
        "before, finders = sends(), list(sys.meta_path)\n"
        "for name in 'ab':\n"
        "    args = ['-p', 'no:randomly', '-p', 'no:cov', '-q', f'--claude-budget-report=json:{name}.json', 'test_a.py']\n"
        "    assert pytest.main(args) == 0\n"
        "    assert json.load(open(f'{name}.json'))['totals']['cost'] == '0.0015'\n"
        "    assert sends() == before\n"
        "    assert [f for f in sys.meta_path if 'ClientFinder' in repr(f)] == []\n",
        encoding="utf-8",
    )
    suite.write(
        test_a="""
        import httpx2
        from http_double import ask
        def test_one():
            assert hasattr(httpx2.Client.send, "__wrapped__")
            ask()
        """
    )
    suite.pytester.runpython("twice.py").assert_outcomes(passed=1)


@pytest.mark.cold
def test_alias_httpx_is_wrapped_once(suite: Suite) -> None:
    """Two names of one module are one module."""
    suite.write(
        conftest="import httpx2\nhttpx2.alias_httpx()\n",
        test_a="""
        import httpx, httpx2
        from http_double import ask
        def test_one():
            assert httpx is httpx2
            assert not hasattr(httpx.Client.send.__wrapped__, "__wrapped__")
            ask()
        """,
    )
    outcome = suite.run("-p", "no:recording", "-p", "no:socket")
    outcome.result.assert_outcomes(passed=1)
    assert outcome.cost == "0.0015"


def test_trio_is_awaited_as_trio_wants(suite: Suite) -> None:
    """Under anyio's trio backend the writer is awaited by trio's own means."""
    suite.write(
        test_a="""
        import pytest, trio
        from claude_double import ask_async
        def test_trio():
            async def main():
                async with trio.open_nursery() as nursery:
                    for _ in range(3):
                        nursery.start_soon(ask_async)
            trio.run(main)
        """
    )
    outcome = suite.run("-W", "ignore")
    outcome.result.assert_outcomes(passed=1)
    assert outcome.report["totals"]["calls"] == 3


def test_a_frozen_clock_moves_no_price(suite: Suite) -> None:
    """Prices depend on the day of the run, not on the day that a test pretends."""
    suite.write(
        test_a="""
        import time
        from unittest.mock import patch
        from claude_double import ask
        def test_past():
            with patch("time.time", return_value=0.0), patch("time.monotonic", return_value=0.0):
                ask()
        """
    )
    outcome = suite.run()
    assert (outcome.cost, outcome.report["unpriced"]) == ("0.0015", [])


@pytest.mark.parametrize("order", ["no:randomly", "randomly"])
def test_random_order_moves_no_money(suite: Suite, order: str) -> None:
    """Each owner pays the same in any order."""
    suite.write(
        conftest="""
        import pytest
        from claude_double import ask
        @pytest.fixture(scope="session")
        def corpus():
            ask()
        """,
        test_a="""
        import pytest
        from claude_double import ask
        @pytest.mark.parametrize("n", range(6))
        def test_one(corpus, n):
            for _ in range(n): ask()
        """,
    )
    outcome = suite.run(*(["-p", "randomly", "-p", "no:cov"] if order == "randomly" else []))
    calls = {row["owner"]: row["calls"] for row in outcome.report["by_owner"]}
    assert calls == {"conftest.py::corpus": 1, **{f"test_a.py::test_one[{n}]": n for n in range(1, 6)}}


@pytest.mark.cold
def test_warnings_as_errors_stay_silent_in_every_process(suite: Suite, workers: int) -> None:
    """A suite that turns warnings into errors sees none of ours, in workers and in nested runs neither."""
    suite.write(
        conftest="pytest_plugins = ['pytester']",
        test_a="""
        import subprocess, sys
        from http_double import ask
        def test_one(): ask()
        def test_nested(tmp_path):
            (tmp_path / "test_b.py").write_text("def test_b(): pass")
            command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:asyncio", str(tmp_path)]
            ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
            assert ended.returncode == 0, ended.stdout + ended.stderr
        """,
    )
    outcome = suite.run("-W", "error", "-p", "no:asyncio", workers=workers)
    outcome.result.assert_outcomes(passed=2)
    assert "warnings summary" not in outcome.result.stdout.str()


def test_a_long_stream_takes_no_memory_of_its_size(suite: Suite) -> None:
    """20,000 events are some 3 MB; nothing of them is kept."""
    suite.write(
        test_a="""
        import tracemalloc
        from http_double import REQUEST, httpx, stream_body
        def pieces():
            events = stream_body().split(b"\\n\\n")
            for event in events[:2] + events[2:3] * 20_000 + events[3:-1]:
                yield event + b"\\n\\n"
        def test_memory():
            headers = {"content-type": "text/event-stream"}
            transport = httpx.MockTransport(lambda r: httpx.Response(200, headers=headers, content=pieces()))
            with httpx.Client(transport=transport) as client:
                tracemalloc.start()
                with client.stream("POST", "https://x/v1/messages", json=REQUEST) as response:
                    size = sum(map(len, response.iter_raw()))
                peak = tracemalloc.get_traced_memory()[1]
                tracemalloc.stop()
            assert size > 2_000_000
            assert peak < 2_000_000, peak
        """
    )
    outcome = suite.run()
    outcome.result.assert_outcomes(passed=1)
    assert outcome.report["totals"]["usage"]["output_tokens"] == 100
