"""Mishaps in the middle of a run: the collector at a bad moment, files that vanish, disks that fill up."""

import pytest

from tests.plugin.conftest import Suite

STREAMS = """
from claude_double import REQUEST, answering, httpx, stream_body

def pieces(end):
    for event in stream_body(end=end).split(b"\\n\\n")[:-1]:
        yield event + b"\\n\\n"

def streaming(end=True):
    headers = {"content-type": "text/event-stream"}
    return answering(lambda request: httpx.Response(200, headers=headers, content=pieces(end)))
"""


def test_a_stream_that_is_collected_in_the_middle_of_a_write_harms_nothing(suite: Suite) -> None:
    """At each step of storing a call the collector finds one more abandoned stream, in that very thread.

    What the collector runs can take no lock that the write holds, or the thread waits for itself for ever.
    """
    suite.write(
        streams=STREAMS,
        test_a="""
        import gc, sys
        from http_double import REQUEST, ask
        from streams import streaming

        def abandoned():
            stream = streaming().messages.create(stream=True, **REQUEST)
            events = iter(stream)
            next(events)
            cycle = [stream, events]
            cycle.append(cycle)
            return cycle

        def test_one():
            ask()
            left, places = [abandoned() for _ in range(60)], set()
            gc.collect()
            gc.disable()

            def step(frame, event, argument):
                place = (frame.f_code.co_filename, frame.f_code.co_name, event)
                ours = "pytest_claude_budget" in place[0] and ("ledger" in place[0] or "recorder" in place[0])
                if left and ours and place not in places:
                    places.add(place)
                    left.pop()
                    gc.collect()

            sys.setprofile(step)
            try:
                ask()
            finally:
                sys.setprofile(None)
                gc.enable()
            assert len(places) > 5
            del left[:]
            gc.collect()
        """,
    )
    outcome = suite.run()
    outcome.result.assert_outcomes(passed=1)
    answers = outcome.report["answers"]
    assert (answers["seen"], answers["priced"], answers["unmeasured"]) == (62, 2, 60)


@pytest.mark.parametrize("who", ["test", "child"])
def test_a_ledger_that_vanishes_while_the_run_goes_on_makes_it_incomplete(suite: Suite, who: str, workers: int) -> None:
    """Somebody cleaned the cache folder up: calls that were stored are gone."""
    suite.budget("version: 1\nlimits:\n  - {scope: run, max_cost: 1}\n")
    suite.write(
        app="""
        import os, shutil
        from http_double import ask
        ask()
        shutil.rmtree(os.path.dirname(os.environ["CLAUDE_BUDGET_LEDGER"]))
        ask()
        """,
        test_a=f"""
        import runpy, subprocess, sys
        def test_one():
            if {who == "test"}:
                runpy.run_path("app.py")
            else:
                subprocess.run([sys.executable, "app.py"], check=True)
        """,
    )
    outcome = suite.run(workers=workers)
    outcome.result.assert_outcomes(passed=1)
    assert (outcome.result.ret, outcome.verdict) == (pytest.ExitCode.TESTS_FAILED, "incomplete")


def test_runs_inside_of_a_run_do_not_clean_its_ledger_up(suite: Suite) -> None:
    """They share the folder and the process, there are more of them than are kept, and the outer one is the oldest."""
    suite.write(
        inner="from http_double import ask\ndef test_inner(): ask()\n",
        test_a="""
        import os, pytest
        from http_double import ask
        def test_outer(request):
            ask()
            for _ in range(7):
                assert pytest.main(["-q", "inner.py"]) == 0
            ask()
        """,
    )
    outcome = suite.run("test_a.py")
    outcome.result.assert_outcomes(passed=1)
    assert {row["owner"]: row["calls"] for row in outcome.report["by_owner"]} == {"test_a.py::test_outer": 9}
    assert outcome.cost == "0.0135"


def test_runs_inside_of_a_run_leave_its_environment_as_it_was(suite: Suite) -> None:
    """Whether they end well, with a usage error, or before they are configured."""
    suite.write(
        inner="import os\ndef test_inner(): assert os.environ['CLAUDE_BUDGET_LEDGER'] != os.environ['OUTER']\n",
        test_a="""
        import os
        import pytest
        NAMES = ("CLAUDE_BUDGET_LEDGER", "CLAUDE_BUDGET_OWNER", "CLAUDE_BUDGET_OUTER_TEST")
        def told():
            return {name: os.environ.get(name) for name in NAMES}
        @pytest.fixture(scope="module")
        def wide():
            before = told()
            assert before["CLAUDE_BUDGET_OWNER"] == "test_a.py::wide"
            assert pytest.main(["-q", "--no-such-option"]) == 4
            assert told() == before
        @pytest.mark.parametrize(("options", "status"), [
            (["inner.py"], 0),
            (["--claude-budget=missing.yml", "inner.py"], 4),
            (["--claude-budget-report=nonsense", "inner.py"], 4),
            (["--no-such-option"], 4),
            (["-p", "no_such_plugin"], 4),
            (["--no-claude-budget", "inner.py"], 1),
        ])
        def test_outer(wide, options, status, monkeypatch):
            before = told()
            assert before["CLAUDE_BUDGET_LEDGER"]
            monkeypatch.setenv("OUTER", before["CLAUDE_BUDGET_LEDGER"])
            assert pytest.main(["-q", *options]) == status
            assert told() == before
        """,
    )
    outcome = suite.run("test_a.py")
    outcome.result.assert_outcomes(passed=6)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_a_damaged_answer_is_unmeasured_and_its_error_is_the_clients_own(suite: Suite, coding: str) -> None:
    """Read at once, read as a stream, and by an asynchronous client; a hook of ours raises nothing of its own."""
    suite.budget("version: 1\n")
    suite.write(
        test_a=f"""
        import asyncio
        import pytest
        from claude_double import REQUEST, httpx
        URL, HEADERS = "https://x.example/v1/messages", {{"content-encoding": {coding!r}, "content-type": "application/json"}}
        def pieces():
            yield b"nothing that was ever compressed"
        async def async_pieces():
            yield b"nothing that was ever compressed"
        def test_whole():
            answer = httpx.MockTransport(lambda request: httpx.Response(200, headers=HEADERS, content=pieces()))
            with httpx.Client(transport=answer) as client, pytest.raises(httpx.DecodingError):
                client.post(URL, json=REQUEST)
        def test_streamed():
            answer = httpx.MockTransport(lambda request: httpx.Response(200, headers=HEADERS, content=pieces()))
            with httpx.Client(transport=answer) as client, client.stream("POST", URL, json=REQUEST) as response:
                with pytest.raises(httpx.DecodingError):
                    list(response.iter_bytes())
        def test_async():
            async def main():
                answer = httpx.MockTransport(lambda request: httpx.Response(200, headers=HEADERS, content=async_pieces()))
                async with httpx.AsyncClient(transport=answer) as client:
                    with pytest.raises(httpx.DecodingError):
                        await client.post(URL, json=REQUEST)
            asyncio.run(main())
        """
    )
    outcome = suite.run()
    outcome.result.assert_outcomes(passed=3)
    answers = outcome.report["answers"]
    assert (answers["seen"], answers["unmeasured"], outcome.verdict) == (3, 3, "incomplete")


@pytest.mark.parametrize("fails_at", ["the end of the stream", "message_start"])
def test_a_call_whose_last_state_could_not_be_stored_is_counted_once(suite: Suite, fails_at: str, workers: int) -> None:
    """The disk is full from some point of the stream on: the state in memory takes the place of the stored one.

    Where a file system promises no room ahead; else the journal has some left.
    """
    suite.write(
        streams=STREAMS,
        test_a=f"""
        import resource
        from http_double import REQUEST, ask
        from pytest_claude_budget.ledger import mapped_file as pieces
        from streams import streaming
        pieces._is_promising = lambda device: False
        EARLY = {fails_at == "message_start"}
        def full(limit):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        def test_one():
            ask()
            stream = streaming().messages.create(stream=True, **REQUEST)
            try:
                if EARLY:
                    full(0)
                events = iter(stream)
                next(events)
                full(0)
                for event in events:
                    pass
            finally:
                full(resource.RLIM_INFINITY)
            ask()
        """,
    )
    outcome = suite.run(workers=workers)
    outcome.result.assert_outcomes(passed=1)
    row = outcome.owner("test_a.py::test_one")
    assert (row["calls"], row["cost"], row["at_least"]) == (3, "0.0045", False)
    assert row["usage"]["input_tokens"] == 3_000
    assert "the ledger cannot be written" in outcome.result.stdout.str()
