"""The line of the user's code that sends a call: in every kind of process, and in the report."""

from typing import Any

from tests.plugin.conftest import Outcome, Suite

APP = """
import asyncio, subprocess, sys, threading
from claude_double import REQUEST, async_client, client

class Desk:
    def reply(self):
        return client().messages.create(**REQUEST)

def stream():
    with client().messages.stream(**REQUEST):
        pass

async def fan_out():
    asked = async_client().messages
    await asyncio.gather(asked.create(**REQUEST), asked.create(**REQUEST))

def in_thread():
    thread = threading.Thread(target=Desk().reply)
    thread.start()
    thread.join()

def in_child():
    subprocess.run([sys.executable, "-c", "import app; app.Desk().reply()"], check=True)
"""
TESTS = """
import asyncio, pytest
from claude_double import REQUEST, client
from app import Desk, fan_out, in_child, in_thread, stream

@pytest.fixture(scope="module")
def corpus(): Desk().reply()

def test_reply(corpus): Desk().reply()

def test_two():
    Desk().reply()
    in_thread()

def test_fan_out(): asyncio.run(fan_out())

def test_child(): in_child()

def test_stream(): stream()

def test_direct(): client().messages.create(**REQUEST)
"""


def sites(outcome: Outcome) -> set[tuple[Any, ...]]:
    """Place, tests, calls and dollars of each."""
    rows = outcome.report["by_site"]
    return {(*(row[key] for key in ("file", "function", "line", "tests", "calls", "cost")),) for row in rows}


def test_each_line_is_told_with_what_its_calls_cost(suite: Suite) -> None:
    """A call is $0.0015. Of the five of Desk.reply, four are of three tests, one of them by a thread and one by a child process."""
    suite.write(app=APP, test_a=TESTS)
    plain = suite.run("-W", "ignore")
    plain.result.assert_outcomes(passed=6)
    assert {
        ("app.py", "Desk.reply", 6, 3, 5, "0.0075"),
        ("app.py", "stream", 9, 1, 1, "0.0015"),
        ("app.py", "fan_out", 14, 1, 2, "0.003"),
        ("test_a.py", "test_direct", 20, 1, 1, "0.0015"),
    } == sites(plain)
    stacks = {tuple(f"{file}:{line} {name}" for file, name, line in row["stack"]) for row in plain.report["stacks"]}
    assert {
        ("app.py:6 Desk.reply", "test_a.py:6 corpus"),
        ("app.py:6 Desk.reply", "test_a.py:8 test_reply"),
        ("app.py:6 Desk.reply", "test_a.py:11 test_two"),
        ("app.py:6 Desk.reply",),
        ("app.py:9 stream", "test_a.py:18 test_stream"),
        ("app.py:14 fan_out",),
        ("test_a.py:20 test_direct",),
    } == stacks
    on_two = suite.run("-W", "ignore", workers=2)
    assert (plain.report["by_site"], plain.report["stacks"]) == (on_two.report["by_site"], on_two.report["stacks"])


def test_nothing_is_told_where_the_budget_file_says_so(suite: Suite) -> None:
    """Nor of child processes."""
    suite.write(app=APP, test_a="from app import Desk, in_child\ndef test_a():\n    Desk().reply()\n    in_child()")
    suite.budget("version: 1\nsites: off\n")
    outcome = suite.run("-W", "ignore")
    assert ("0.003", False, False) == (outcome.cost, "by_site" in outcome.report, "stacks" in outcome.report)
