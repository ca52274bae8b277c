"""`gateway: true`: programs that no hook sees are measured, and what the suite itself sees stays as it was."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.gateway.wires import STREAMING, Upstream, Wire, answer, chunk, event, message
from tests.plugin.conftest import Suite

WHOLE = answer(json.dumps(message()).encode())
"""1,000 tokens in and 100 out on Haiku 4.5: (1,000 * $1 + 100 * $5) / 1,000,000 = $0.0015."""
PROGRAM = """
import subprocess
import sys

ASKS = '''
import json, os, sys, urllib.request
if sys.argv[1:]:
    sys.stdin.readline()
body = json.dumps({"model": "claude-haiku-4-5", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]})
headers = {"anthropic-version": "2023-06-01", "content-type": "application/json"}
url = os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages"
asked = urllib.request.Request(url, body.encode(), headers)
print(json.load(urllib.request.urlopen(asked))["usage"]["output_tokens"])
'''
# without site packages, so that no hook is in it: as good as any other program
COMMAND = [sys.executable, "-S", "-c", ASKS]


def ask(**options):
    said = subprocess.run(COMMAND, capture_output=True, check=True, text=True, **options).stdout
    assert said == "100\\n"
"""


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    """Whom the user's own base URL names."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    made = Upstream(*[WHOLE] * 20)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", made.url)
    yield made
    made.close()


@pytest.fixture
def programs(suite: Suite, upstream: Upstream) -> Suite:
    """A suite that may start programs, with a gateway."""
    suite.write(program=PROGRAM)
    suite.budget("version: 1\ngateway: true\n")
    return suite


def test_each_program_is_paid_by_the_test_or_fixture_that_starts_it(programs: Suite, workers: int) -> None:
    """Two calls of a test, one of the next and one of a fixture in its first test; with two workers, perhaps one more of that."""
    programs.write(
        test_it="""
import os
import shlex
import subprocess

import pytest

from program import COMMAND, ask


@pytest.fixture(scope="module")
def corpus():
    ask()


def test_two_ways(corpus):
    ask()
    ask(env={**os.environ, "MINE": "1"})


def test_by_the_shell():
    assert os.system(shlex.join(COMMAND)) == 0


@pytest.mark.claude_budget(feature="triage")
def test_without_closing():
    ask(close_fds=False)
"""
    )
    outcome = programs.run(workers=workers)
    assert outcome.result.ret == 0, outcome.result.outlines
    assert outcome.cost == "0.0075"  # five calls of $0.0015
    owners = {row["owner"]: (row["calls"], row["cost"], row["kind"]) for row in outcome.report["by_owner"]}
    assert owners == {
        "test_it.py::test_two_ways": (2, "0.003", "test"),
        "test_it.py::test_by_the_shell": (1, "0.0015", "test"),
        "test_it.py::test_without_closing": (1, "0.0015", "test"),
        "test_it.py::corpus": (1, "0.0015", "fixture"),
    }
    assert [(row["feature"], row["calls"]) for row in outcome.report["by_feature"] if row["feature"]] == [("triage", 1)]
    assert outcome.report["totals"]["spent"] == "0"  # the upstream is this very machine


def test_what_the_suite_itself_sees_and_asks_stays_as_it_was(programs: Suite, upstream: Upstream, workers: int) -> None:
    """A client in the test, and one in a Python program, are seen by hooks, once: two calls of $0.0015."""
    programs.write(
        test_it=f"""
import os
import subprocess
import sys

import anthropic
from claude_double import REQUEST

SDK = '''
import os, anthropic
assert os.environ["ANTHROPIC_BASE_URL"] == {upstream.url!r}, os.environ["ANTHROPIC_BASE_URL"]
client = anthropic.Anthropic(api_key="sk-ant-canary")
client.messages.create(model="claude-haiku-4-5", max_tokens=9, messages=[{{"role": "user", "content": "hi"}}])
'''


def test_it():
    assert os.environ["ANTHROPIC_BASE_URL"] == {upstream.url!r}
    client = anthropic.Anthropic(api_key="sk-ant-canary")
    assert str(client.base_url).rstrip("/") == {upstream.url!r}
    client.messages.create(**REQUEST)
    subprocess.run([sys.executable, "-c", SDK], check=True)
"""
    )
    outcome = programs.run(workers=workers)
    assert outcome.result.ret == 0, outcome.result.outlines
    assert (outcome.report["totals"]["calls"], outcome.cost) == (2, "0.003")


def test_a_client_that_asks_the_gateway_itself_is_counted_once(programs: Suite) -> None:
    programs.write(
        test_it="""
import subprocess

import anthropic
from claude_double import REQUEST


def test_it():
    url = subprocess.run(["printenv", "ANTHROPIC_BASE_URL"], capture_output=True, text=True).stdout.strip()
    assert "/t/" in url
    anthropic.Anthropic(api_key="sk-ant-canary", base_url=url).messages.create(**REQUEST)
"""
    )
    outcome = programs.run()
    assert outcome.result.ret == 0, outcome.result.outlines
    assert (outcome.report["totals"]["calls"], outcome.owner("test_it.py::test_it")["calls"]) == (1, 1)


def test_a_test_that_sets_another_base_url_keeps_its_own(programs: Suite) -> None:
    """Set, taken away, or given to the program alone: none of these goes by the gateway."""
    programs.write(
        test_it="""
import os
import subprocess

import pytest

SHOWS = ["printenv", "ANTHROPIC_BASE_URL"]


def shown(**options):
    return subprocess.run(SHOWS, capture_output=True, text=True, **options).stdout


def test_set(monkeypatch):
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://mine.example")
    assert shown() == "http://mine.example\\n"
    assert shown(env=dict(os.environ)) == "http://mine.example\\n"


def test_taken_away(monkeypatch):
    monkeypatch.delenv("ANTHROPIC_BASE_URL")
    assert shown() == shown(env=dict(os.environ)) == ""


def test_given():
    assert shown(env={**os.environ, "ANTHROPIC_BASE_URL": "http://mine.example"}) == "http://mine.example\\n"


def test_after_that():
    assert "/t/" in shown()
    assert "/t/" in shown(env=dict(os.environ))
"""
    )
    outcome = programs.run()
    outcome.result.assert_outcomes(passed=4)


def test_a_program_that_outlives_its_test_is_charged_to_it(programs: Suite) -> None:
    programs.write(
        test_it="""
import subprocess

from program import COMMAND

LEFT = []


def test_that_starts_it():
    LEFT.append(subprocess.Popen([*COMMAND, "wait"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))


def test_that_sees_its_end():
    assert LEFT[0].communicate("go on\\n")[0] == "100\\n"
"""
    )
    outcome = programs.run()
    assert outcome.result.ret == 0, outcome.result.outlines
    assert [(row["owner"], row["calls"]) for row in outcome.report["by_owner"]] == [
        ("test_it.py::test_that_starts_it", 1)
    ]


def test_a_stream_that_goes_on_when_the_run_is_told_is_a_lower_bound(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1,000 tokens in and none of the answer's yet, but for the 1 that its start tells."""

    def stream(wire: Wire) -> None:
        wire.send(STREAMING + chunk(event("message_start", message=message(usage={"output_tokens": 1}, content=[]))))
        wire.rest()

    upstream = Upstream(stream)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", upstream.url)
    suite.write(program=PROGRAM)
    suite.budget("version: 1\ngateway: true\n")
    suite.write(
        test_it="""
import os
import subprocess
import sys

ASKS = '''
import http.client, os, urllib.parse
url = urllib.parse.urlsplit(os.environ["ANTHROPIC_BASE_URL"])
connection = http.client.HTTPConnection(url.netloc)
body = '{"model": "claude-haiku-4-5", "max_tokens": 9, "messages": []}'
connection.request("POST", url.path + "/v1/messages", body, {"anthropic-version": "2023-06-01"})
print(connection.getresponse().readline().decode(), flush=True)
input()
'''
LEFT = []


def test_it():
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    LEFT.append(subprocess.Popen([sys.executable, "-S", "-c", ASKS], **pipes))
    assert LEFT[0].stdout.readline() == "event: message_start\\n"
"""
    )
    outcome = suite.run()
    upstream.close()
    assert outcome.verdict == "incomplete"
    totals = outcome.owner("test_it.py::test_it")
    assert (totals["calls"], totals["at_least"], totals["usage"]["input_tokens"]) == (1, True, 1000)


def test_a_gateway_that_dies_makes_the_run_incomplete(programs: Suite) -> None:
    """And later programs are pointed at nothing that is not there."""
    programs.write(
        test_it="""
import os
import signal
import socket

from program import ask
from pytest_claude_budget.measure.run import RUNNING


def test_that_kills_it():
    (run,) = RUNNING.values()
    process = run.gateway._started._process
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def test_after_that():
    ask()
"""
    )
    outcome = programs.run()
    outcome.result.assert_outcomes(passed=2)
    assert outcome.result.ret == 1
    assert "the gateway ended before the run did: calls of other programs may be missing" in outcome.said


@pytest.mark.cold
def test_no_gateway_outlives_a_run_that_is_killed(programs: Suite) -> None:
    programs.write(
        test_it="""
import os
import sys


def test_it():
    print(os.environ["CLAUDE_BUDGET_GATEWAY"].partition("\\t")[0], flush=True)
    sys.stdin.readline()
"""
    )
    command = [sys.executable, "-m", "pytest", "-sq", "-p", "no:cacheprovider", "--no-header", "test_it.py"]
    with subprocess.Popen(
        command, cwd=programs.path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = next(line for line in process.stdout if "http://127.0.0.1:" in line)
        held = Wire(socket.create_connection(("127.0.0.1", int(url.strip().rpartition(":")[2]))))
        held.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        held.until(b"\r\n\r\n")
        process.send_signal(signal.SIGKILL)
        held.rest()  # comes to its end where the gateway does
        held.close()


def test_without_its_extra_the_run_does_not_start(programs: Suite) -> None:
    programs.write(
        lacking="""
import importlib.util

found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "aiohttp" else found(name, *more)
""",
        test_it="def test_it(): pass",
    )
    outcome = programs.run("-p", "lacking")
    assert outcome.result.ret == 4
    assert (
        "claude-budget.yml: gateway: what passes requests on is not installed: it comes with an extra\n"
        "hint: install pytest-claude-budget[gateway], for example: pip install 'pytest-claude-budget[gateway]'"
        "   [no-extra]" in outcome.result.stderr.str()
    )


def test_a_machine_that_lets_nothing_listen_ends_the_run_before_it_starts(programs: Suite) -> None:
    programs.write(
        forbidding="""
from pytest_claude_budget.gateway import started


def listening():
    raise PermissionError(1, "Operation not permitted")


started.listening = listening
""",
        test_it="def test_it(): pass",
    )
    outcome = programs.run("-p", "forbidding")
    assert outcome.result.ret == 4
    assert (
        "claude-budget.yml: gateway: the gateway could not be started: Operation not permitted\n"
        "hint: see that this machine lets programs listen on 127.0.0.1, and starts Python; or write gateway: false"
        "   [no-gateway]" in outcome.result.stderr.str()
    )


def test_a_base_url_that_is_none_ends_the_run_before_it_starts(
    programs: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "localhost:4000")
    programs.write(test_it="def test_it(): pass")
    outcome = programs.run()
    assert outcome.result.ret == 4
    assert "ANTHROPIC_BASE_URL: expected the URL of a server, got 'localhost:4000'" in outcome.result.stderr.str()


def test_only_collecting_starts_no_gateway(programs: Suite) -> None:
    programs.write(
        conftest="""
from pytest_claude_budget.measure.run import RUNNING


def pytest_collection_finish():
    (run,) = RUNNING.values()
    print(f"gateway: {run.gateway}")
""",
        test_it="def test_it(): pass",
    )
    assert "gateway: None" in programs.run("--collect-only", "-s").said


PAST_IT = """
import os, subprocess
from contextlib import suppress
def test_a():
    with suppress(OSError):
        subprocess.run(["curl", "-s", "-m", "9", os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages"])
"""


def test_a_program_that_asks_past_the_gateway_is_told_of_it(programs: Suite, workers: int) -> None:
    """What this process sees is the URL that the user has set; there is a gateway already, so that to ask for one is no help."""
    programs.write(test_a=PAST_IT)
    programs.budget("version: 1\ngateway: true\nloopback: live\n")
    outcome = programs.run(workers=workers)
    way = "have it ask the gateway, whose URL is in the ANTHROPIC_BASE_URL that it is started with"
    (row,) = outcome.report["unpriced"]
    assert row["reason"] == f"curl was started with Claude's API at test_a.py:5, which no hook sees: {way}"
