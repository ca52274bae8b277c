"""What is still open when a run or a process ends holds up neither, and is told as it was by then.

`nox -s endings` runs these on each Python: the interpreter's own end differs from one to the next.
"""

import pytest

from tests.plugin.conftest import Suite

pytestmark = pytest.mark.cold

HALF = """
import json
from http_double import MODEL, REQUEST, httpx, message

EVENTS = [
    ("message_start", {"message": message(usage={"output_tokens": 1}, content=[])}),
    ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
    ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": "x" * 35}}),
    ("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 100}}),
    ("message_stop", {}),
]

def pieces():
    for name, data in EVENTS:
        yield f"event: {name}\\ndata: {json.dumps({'type': name, **data})}\\n\\n".encode()

async def async_pieces():
    for piece in pieces():
        yield piece

HOW = {"headers": {"content-type": "text/event-stream"}}

def streaming():
    client = httpx.Client(transport=httpx.MockTransport(lambda r: httpx.Response(200, content=pieces(), **HOW)))
    return client.send(request(client), stream=True)

async def streaming_async():
    respond = lambda r: httpx.Response(200, content=async_pieces(), **HOW)
    client = httpx.AsyncClient(transport=httpx.MockTransport(respond))
    return await client.send(request(client), stream=True)

def request(client):
    headers = {"anthropic-version": "2023-06-01"}
    return client.build_request("POST", "https://api.anthropic.com/v1/messages", json=REQUEST, headers=headers)
"""

LEFT = {
    "a test that fails in the middle": """
        def test_one():
            for piece in streaming().iter_raw():
                assert b"message_start" not in piece
        """,
    "kept in a global": """
        kept = []
        def test_one():
            pieces = streaming().iter_raw()
            next(pieces)
            kept.append(pieces)
        """,
    "kept by an asynchronous generator": """
        kept = []
        def test_one():
            async def main():
                pieces = (await streaming_async()).aiter_raw()
                await pieces.__anext__()
                kept.append(pieces)
            loop = asyncio.new_event_loop()
            kept.append(loop)
            loop.run_until_complete(main())
        """,
    "read by a daemon thread": """
        def test_one():
            read = threading.Event()
            def run():
                for piece in streaming().iter_raw():
                    read.set()
                    threading.Event().wait()
            threading.Thread(target=run, daemon=True).start()
            assert read.wait(60)
        """,
    "a child process that leaves it half-read": """
        def test_one():
            code = "from half import streaming; p = streaming().iter_raw(); next(p)"
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
            assert (done.returncode, done.stderr) == (0, "")
        """,
    "a child process that starts no other call and ends in its middle": """
        def test_one():
            code = "from half import streaming\\nfor piece in streaming().iter_raw(): raise SystemExit(3)"
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
            assert (done.returncode, done.stderr) == (3, "")
        """,
    "closed as the interpreter ends": """
        import atexit
        def test_one():
            response = streaming()
            next(response.iter_raw())
            atexit.register(response.close)
        """,
}


@pytest.mark.parametrize("left", LEFT)
def test_a_stream_that_is_left_open_ends_with_the_run(suite: Suite, left: str) -> None:
    """1,000 tokens in at $1 a million are $0.001, and at least one out at $5: $0.001005 and no less."""
    suite.write(
        half=HALF, test_a="import asyncio, subprocess, sys, threading\nfrom half import *\n" + _plain(LEFT[left])
    )
    outcome = suite.run()
    assert outcome.result.parseoutcomes().keys() == ({"failed"} if "fails" in left else {"passed"})
    row = outcome.owner("test_a.py::test_one")
    assert (row["calls"], row["at_least"], row["usage"]["input_tokens"]) == (1, True, 1000)
    assert row["cost"] >= "0.001005"
    assert outcome.result.stderr.str() == ""


@pytest.mark.parametrize("left", ["kept in a global", "read by a daemon thread"])
def test_a_worker_leaves_it_open_too(suite: Suite, left: str) -> None:
    suite.write(
        half=HALF, test_a="import asyncio, subprocess, sys, threading\nfrom half import *\n" + _plain(LEFT[left])
    )
    outcome = suite.run(workers=1)
    row = outcome.owner("test_a.py::test_one")
    assert (row["calls"], row["at_least"]) == (1, True)
    assert "Exception ignored" not in outcome.result.stderr.str()


def test_text_that_was_seen_counts_in_a_stream_that_stays_open(suite: Suite) -> None:
    """35 characters at 3.5 a token are 10 tokens, at $5 a million: $0.001 + $0.00005."""
    suite.write(
        half=HALF,
        test_a="""
        from half import *
        kept = []
        def test_one():
            pieces = streaming().iter_raw()
            for _ in range(3):
                next(pieces)
            kept.append(pieces)
        """,
    )
    outcome = suite.run()
    assert (outcome.cost, outcome.owner("test_a.py::test_one")["at_least"]) == ("0.00105", True)


@pytest.mark.parametrize("where", ["test", "child"])
def test_a_call_that_is_on_its_way_when_the_run_ends_may_have_been_billed(suite: Suite, where: str) -> None:
    """Nobody will ever know what it cost: the run is not within its budget."""
    suite.budget("version: 1\nlimits:\n  - {scope: run, max_cost: 1}\n")
    suite.write(
        half=HALF,
        app="""
        import threading
        from half import MODEL, REQUEST, httpx, request
        asked = threading.Event()
        def never(request):
            asked.set()
            threading.Event().wait()
        def ask():
            client = httpx.Client(transport=httpx.MockTransport(never))
            client.send(request(client))
        threading.Thread(target=ask, daemon=True).start()
        assert asked.wait(60)
        """,
        test_a=f"""
        import runpy, subprocess, sys
        def test_one():
            if {where == "test"}:
                runpy.run_path("app.py")
            else:
                subprocess.run([sys.executable, "app.py"], check=True, timeout=60)
        """,
    )
    outcome = suite.run()
    outcome.result.assert_outcomes(passed=1)
    assert (outcome.verdict, outcome.report["answers"]["unmeasured"]) == ("incomplete", 1)
    assert "the run ended before an answer came; it may have been billed" in outcome.said


def test_a_fork_lets_go_of_a_stream_that_its_parent_still_reads(suite: Suite) -> None:
    """It ends as any process does, with what its parent had begun; that goes on there and is measured: $0.0015."""
    suite.write(
        half=HALF,
        app="""
        import os, sys
        from half import streaming
        pieces = streaming().iter_raw()
        next(pieces)
        child = os.fork()
        if child == 0:
            sys.exit(0)
        assert os.waitpid(child, 0)[1] == 0
        for piece in pieces: pass
        """,
        test_a="""
        import subprocess, sys
        def test_one():
            done = subprocess.run([sys.executable, "-W", "ignore", "app.py"], capture_output=True, text=True, timeout=60)
            assert (done.returncode, done.stderr) == (0, "")
        """,
    )
    outcome = suite.run()
    row = outcome.owner("test_a.py::test_one")
    assert (row["calls"], row["at_least"], row["cost"]) == (1, False, "0.0015")


def test_a_stream_that_goes_on_after_its_run_is_the_next_runs_trouble_no_more(suite: Suite) -> None:
    """Two runs in one process: the second reads on what the first has begun, and counts its own call alone."""
    (suite.path / "twice.py").write_text(
        "import json, pytest\n"
        "for name, status in (('a', 0), ('b', 0)):\n"
        "    assert pytest.main(['-q', f'--claude-budget-report=json:{name}.json', f'test_{name}.py']) == status\n"
        "told = [json.load(open(f'{name}.json'))['totals'] for name in 'ab']\n"
        "assert [(each['calls'], each['at_least']) for each in told] == [(1, True), (1, False)], told\n",
        encoding="utf-8",
    )
    suite.write(
        half=HALF,
        kept="streams = []\n",
        test_a="from half import *\nfrom kept import streams\ndef test_a():\n    streams.append(streaming().iter_raw())\n    next(streams[0])\n",
        test_b="from half import *\nfrom http_double import ask\nfrom kept import streams\ndef test_b():\n    ask()\n    list(streams[0])\n",
    )
    ended = suite.pytester.runpython("twice.py")
    assert (ended.ret, ended.stderr.str()) == (0, "")


def test_two_runs_in_two_threads_count_their_own_calls(suite: Suite) -> None:
    """Both threads are there before either run. $0.0015 a call: three of one, five of the other, at the same time."""
    (suite.path / "both.py").write_text(
        "import json, threading, pytest\n"
        "import meet\n"
        "ended = {}\n"
        "def run(name):\n"
        "    meet.begun.wait(60)\n"
        "    ended[name] = pytest.main(['-q', f'--claude-budget-report=json:{name}.json', f'test_{name}.py'])\n"
        "threads = [threading.Thread(target=run, args=(name,)) for name in 'ab']\n"
        "for each in threads: each.start()\n"
        "for each in threads: each.join()\n"
        "costs = [json.load(open(f'{name}.json'))['totals']['cost'] for name in 'ab']\n"
        "assert (ended, costs) == ({'a': 0, 'b': 0}, ['0.0045', '0.0075']), (ended, costs)\n",
        encoding="utf-8",
    )
    suite.write(meet="import threading\nbegun, asking = threading.Barrier(2), threading.Barrier(2)\n")
    for name, calls in (("a", 3), ("b", 5)):
        code = f"    meet.asking.wait(60)\n    for _ in range({calls}): ask()\n    meet.asking.wait(60)\n"
        suite.write(**{f"test_{name}": f"import meet\nfrom http_double import ask\ndef test_{name}():\n{code}"})
    ended = suite.pytester.runpython("both.py")
    assert (ended.ret, ended.stderr.str()) == (0, "")


def _plain(code: str) -> str:
    lines = code.splitlines()
    return "\n".join(line[8:] for line in lines)
