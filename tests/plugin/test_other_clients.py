"""Suites that ask Claude by clients which most suites use for other things."""

import pytest

from tests.plugin.conftest import Suite

ASKS = """
import json, subprocess, sys
import requests, responses

MESSAGE = {"type": "message", "model": "claude-haiku-4-5", "content": [], "stop_reason": "end_turn",
           "usage": {"input_tokens": 1000, "output_tokens": 100}}
ASKED = {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
URL = "https://gateway.example/v1/messages"

def ask():
    with responses.RequestsMock() as mock:
        mock.post(URL, json=MESSAGE)
        requests.post(URL, json=ASKED).raise_for_status()
"""
TESTS = """
import subprocess, sys
from asks import ask
def test_here(): ask()
def test_in_a_child_process(): subprocess.run([sys.executable, "-c", "import asks; asks.ask()"], check=True)
"""
OTHERS = """
import http.client, sys, urllib.request
import requests, responses
def test_another_api():
    with responses.RequestsMock() as mock:
        mock.post("https://example.com/users", json={})
        requests.post("https://example.com/users", json={"name": "Ada"})
    url = "data:text/plain,none"  # urllib.request without a network; http.client is imported by it
    assert b"none" == urllib.request.urlopen(url).read()
    assert "_claude_budget_latch" in vars(http.client.HTTPConnection.request)
    assert "pytest_claude_budget.intercept.http_client_hooks" not in sys.modules
    assert "pytest_claude_budget.intercept.seam" in sys.modules
    assert "pytest_claude_budget.intercept.exchange" not in sys.modules
    assert "pytest_claude_budget.wire.routes" not in sys.modules
"""


def test_calls_of_requests_are_charged_to_their_tests(suite: Suite, workers: int) -> None:
    """Two answers of 1,000 x $1 + 100 x $5 a million = $0.0015 each; a double spends nothing."""
    suite.write(asks=ASKS, test_a=TESTS)
    outcome = suite.run(workers=workers)
    outcome.result.assert_outcomes(passed=2)
    assert ("0.003", "0") == (outcome.cost, outcome.report["totals"]["spent"])
    assert ["0.0015"] * 2 == [each["cost"] for each in outcome.report["by_owner"]]


@pytest.mark.cold
def test_nothing_is_loaded_for_what_others_ask(suite: Suite) -> None:
    suite.write(test_a=OTHERS)
    suite.run().result.assert_outcomes(passed=1)


STUBS = """
import boto3, botocore.client, pytest
from botocore.stub import Stubber

MODEL = "global.anthropic.claude-sonnet-4-5-20250929-v1:0"
USAGE = {"inputTokens": 1000, "outputTokens": 200, "totalTokens": 1200}
ANSWER = {"output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}}, "stopReason": "end_turn",
          "usage": USAGE, "metrics": {"latencyMs": 1}}

def test_converse():
    client = boto3.client("bedrock-runtime", region_name="us-east-1")
    with Stubber(client) as stub:
        stub.add_response("converse", ANSWER)
        client.converse(modelId=MODEL, messages=[{"role": "user", "content": [{"text": "Hi"}]}])
"""
OTHER_STUBS = """
import sys
import boto3
from botocore.stub import Stubber
def test_another_service():
    client = boto3.client("sts", region_name="us-east-1")
    with Stubber(client) as stub:
        stub.add_response("get_caller_identity", {"Account": "123456789012"})
        client.get_caller_identity()
    assert "pytest_claude_budget.intercept.seam" in sys.modules
    assert "pytest_claude_budget.intercept.api_calls" not in sys.modules
    assert "pytest_claude_budget.wire.routes" not in sys.modules
"""


def test_what_botocores_stubber_answers_is_charged_to_its_test(suite: Suite, workers: int) -> None:
    """1,000 x $3 + 200 x $15 a million = $0.006, of which nothing is spent."""
    suite.write(test_a=STUBS)
    outcome = suite.run(workers=workers)
    outcome.result.assert_outcomes(passed=1)
    assert ("0.006", "0") == (outcome.cost, outcome.report["totals"]["spent"])


@pytest.mark.cold
def test_nothing_is_loaded_for_another_service_of_aws(suite: Suite) -> None:
    suite.write(test_a=OTHER_STUBS)
    suite.run().result.assert_outcomes(passed=1)


SERVED = """
import http.client, json, os, subprocess, sys, threading, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import pytest, requests, urllib3
from asks import ASKED, MESSAGE

class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps(MESSAGE).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass

@pytest.fixture
def url():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/messages"
        server.shutdown()
        thread.join()

BODY = json.dumps(ASKED).encode()
def test_requests(url): assert MESSAGE == requests.post(url, json=ASKED).json()
def test_urllib3(url):
    with urllib3.PoolManager() as manager:
        assert MESSAGE == json.loads(manager.request("POST", url, body=BODY).data)
def test_urllib(url):
    with urllib.request.urlopen(urllib.request.Request(url, BODY)) as response:
        assert MESSAGE == json.load(response)
def test_in_a_thread(url):
    thread = threading.Thread(target=requests.post, args=(url,), kwargs={"json": ASKED})
    thread.start()
    thread.join()
CHILD = "import sys, urllib.request; urllib.request.urlopen(urllib.request.Request(sys.argv[1], sys.argv[2].encode())).read()"
def test_in_a_child_process(url): subprocess.run([sys.executable, "-c", CHILD, url, BODY.decode()], check=True)
"""
NESTED = """
import pytest
from asks import ask
def test_inner_run(tmp_path):
    (tmp_path / "test_inner.py").write_text("from asks import ask\\ndef test_it(): ask()\\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\\n")
    ask()
    assert 0 == pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)])
    ask()
"""


def test_calls_of_each_client_are_charged_to_their_tests(suite: Suite, workers: int) -> None:
    """Five answers of 1,000 x $1 + 100 x $5 a million = $0.0015 each, from this very machine: $0.0075, and none spent."""
    suite.write(asks=ASKS, test_a=SERVED)
    outcome = suite.run(workers=workers)
    outcome.result.assert_outcomes(passed=5)
    assert ("0.0075", "0") == (outcome.cost, outcome.report["totals"]["spent"])
    assert ["0.0015"] * 5 == [each["cost"] for each in outcome.report["by_owner"]]


def test_what_a_run_within_a_test_asks_is_that_test_s_too(suite: Suite) -> None:
    """One answer before the inner run, one in it and one after it, when its hooks are gone: 3 x $0.0015 = $0.0045."""
    suite.write(asks=ASKS, test_a=NESTED)
    outcome = suite.run()
    outcome.result.assert_outcomes(passed=1)
    assert "0.0045" == outcome.cost
