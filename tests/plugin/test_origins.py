"""A proxy on this machine that bills: what the budget file says of it decides what was spent, in every process."""

import pytest

from tests.plugin.conftest import Suite

SERVER = """
import json, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import httpx

HEADERS = {"request-id": "req_1"}
USAGE = {"input_tokens": 1000, "output_tokens": 100}
MESSAGE = {"type": "message", "model": "claude-haiku-4-5", "content": [], "stop_reason": "end_turn", "usage": USAGE}
ASKED = {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}

class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps(MESSAGE).encode()
        self.send_response(200)
        for name, value in {**HEADERS, "content-type": "application/json", "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass

def ask():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        httpx.post(f"http://localhost:{server.server_address[1]}/v1/messages", json=ASKED).raise_for_status()
        server.shutdown()
        thread.join()
"""
TESTS = """
import subprocess, sys
from proxy import ask
def test_here(): ask()
def test_in_a_child_process(): subprocess.run([sys.executable, "-c", "import proxy; proxy.ask()"], check=True)
"""
NOTE = (
    "note: answered by this very machine, and so simulated, with the headers of the real API: if what answers there bills,"
    " write loopback: live, or its host under origins: live, into the budget file; if not, loopback: simulated"
)


@pytest.mark.parametrize(
    ("said", "spent"),
    [
        ("loopback: live", "0.0045"),
        ('origins: {live: ["localhost:*"]}', "0.0045"),
        ("loopback: simulated", "0"),
        ('loopback: live\norigins: {simulated: ["LOCALHOST"]}', "0"),
    ],
)
def test_the_budget_file_s_word_decides_what_was_spent(
    suite: Suite, workers: int, said: str, spent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At import, in a test and in a child process: three answers of 1,000 x $1 + 100 x $5 a million = $0.0015 each."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)  # of the run around this test
    suite.write(
        proxy=SERVER, test_a=TESTS, conftest="import proxy, os\nif 'PYTEST_XDIST_WORKER' not in os.environ: proxy.ask()"
    )
    suite.budget(f"version: 1\n{said}\n")
    outcome = suite.run(workers=workers)
    outcome.result.assert_outcomes(passed=2)
    assert ("0.0045", spent) == (outcome.cost, outcome.report["totals"]["spent"])
    assert [] == outcome.report["notes"]


def test_without_a_word_it_is_simulated_and_a_note_names_the_key(suite: Suite, workers: int) -> None:
    suite.write(proxy=SERVER, test_a=TESTS)
    outcome = suite.run(workers=workers)
    assert ("0.003", "0") == (outcome.cost, outcome.report["totals"]["spent"])
    assert 1 == outcome.said.count("note: answered by this very machine")
    assert f"{NOTE} (2 calls)" in outcome.said


def test_a_double_without_the_real_api_s_headers_is_left_in_peace(suite: Suite) -> None:
    suite.write(proxy=SERVER.replace('{"request-id": "req_1"}', "{}"), test_a=TESTS)
    outcome = suite.run()
    assert ("0.003", []) == (outcome.cost, outcome.report["notes"])


@pytest.mark.parametrize(("said", "outcome"), [("loopback: live", "over"), ("loopback: simulated", "within")])
def test_max_spent_is_for_what_was_live(suite: Suite, said: str, outcome: str) -> None:
    """Two answers of $0.0015 cost $0.003, live or not, and spend that where this machine bills."""
    suite.write(proxy=SERVER, test_a=TESTS)
    limits = "limits:\n  - {scope: run, max_spent: 0.002}\n  - {scope: run, max_cost: 0.003}\n"
    suite.budget(f"version: 1\n{said}\n{limits}")
    ended = suite.run()
    assert outcome == ended.verdict
    said_so = "claude-budget.yml:4: the run spends $0.003, the limit is $0.002"
    assert (outcome == "over") == (said_so in ended.said)
