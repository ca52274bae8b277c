"""Live calls that are denied, where something stands between a client and the network, and for programs that no hook sees."""

import pytest

from tests.gateway.wires import Upstream
from tests.plugin.conftest import Suite
from tests.plugin.test_gateway import upstream
from tests.plugin.test_live_calls import NOTED, asked, denied, refusal

__all__ = ["denied", "upstream"]
NETWORK_THAT_KEEPS = NOTED.replace(
    "    def do_POST(self):", "    protocol_version = 'HTTP/1.1'\n    def do_POST(self):"
)

MOCKED = """
import json
import pytest
from mocket import Mocketizer
from mocket.mocks.mockhttp import Entry
import clients, network

LOCAL = f"http://127.0.0.1:{network.PORT}/v1/messages"

@pytest.mark.parametrize("name", ["httpx", "httpx_async", "requests", "http_client"])
def test_answers(name):
    Entry.single_register(Entry.POST, clients.URL, body=json.dumps(network.MESSAGE), headers={"content-type": "application/json"})
    with Mocketizer(strict_mode=False):
        getattr(clients, name)()

@pytest.mark.parametrize("name", ["httpx", "requests", "http_client"])
def test_lets_through(name):
    with Mocketizer(strict_mode=False):
        getattr(clients, name)(LOCAL)
"""


def test_sockets_that_are_feigned_answer(denied: Suite) -> None:
    """What they let through is refused, too."""
    denied.write(test_a=MOCKED)
    denied.budget("version: 1\nlive_calls: deny\nloopback: live\n")
    outcome = denied.run("-rN")  # on CI, pytest's short summary has all of a failure's words once more
    outcome.result.assert_outcomes(passed=4, failed=3)
    assert 3 == outcome.said.count("nothing was sent")
    assert [] == asked(denied)


BILLING = """
import clients, network
LOCAL = f"http://127.0.0.1:{network.PORT}"

def test_a(): clients.anthropic(LOCAL)
def test_b(): clients.requests(LOCAL + "/v1/messages")
def test_c(): clients.aiohttp(LOCAL + "/v1/messages")
"""


@pytest.mark.parametrize("rule", ["loopback: live", 'origins: {live: ["127.0.0.1"]}'])
def test_what_bills_on_this_machine_is_remote(denied: Suite, rule: str) -> None:
    denied.write(test_a=BILLING)
    denied.budget(f"version: 1\nlive_calls: deny\n{rule}\n")
    denied.run().result.assert_outcomes(failed=3)
    assert [] == asked(denied)


def test_a_host_that_is_said_to_be_simulated_is_asked(denied: Suite) -> None:
    denied.write(test_a="import clients\ndef test_a(): clients.httpx()\ndef test_b(): clients.models()")
    denied.budget("version: 1\nlive_calls: deny\norigins: {simulated: [api.anthropic.com]}\n")
    denied.run().result.assert_outcomes(passed=2)
    assert ["/v1/messages", "/v1/models"] == sorted(asked(denied))


UNNAMED = """
import httpx
def ask(model, path="chat/completions"):
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}]}
    httpx.post(f"http://gateway.example/{path}", json=body)
def test_claude_by_its_name(): ask("anthropic/claude-sonnet-4-5")
def test_another_makers(): ask("gpt-5", "other/chat/completions")
def test_claude_by_another_name(): ask("my-model")
"""


def test_other_makers_are_nobodys_business(denied: Suite) -> None:
    """At a gateway that serves several, what names Claude is refused; what only its answer names has left, and fails its test."""
    denied.write(test_a=UNNAMED)
    outcome = denied.run("-p", "no:randomly")
    outcome.result.assert_outcomes(passed=1, failed=2)
    assert ["/other/chat/completions", "/chat/completions"] == asked(denied)
    what = "a call to Claude (claude-haiku-4-5) was answered by a remote host, and live calls are denied by live_calls: deny"
    assert (
        f"test_a.py::test_claude_by_another_name: {what} in claude-budget.yml: it could not be held back"
        in outcome.said
    )


PROGRAM = """
import subprocess, sys
ASKS = '''
import json, os, sys, urllib.error, urllib.request
headers = {"anthropic-version": "2023-06-01", "content-type": "application/json"}
body = {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
asked = urllib.request.Request(os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages", json.dumps(body).encode(), headers)
try:
    urllib.request.urlopen(asked)
except urllib.error.HTTPError as error:
    print(error.code, error.headers["x-should-retry"], json.load(error)["error"]["type"])
else:
    print("answered")
'''
def ask():
    return subprocess.run([sys.executable, "-S", "-c", ASKS], stdout=subprocess.PIPE, text=True).stdout.strip()
"""
PROGRAMS = """
import pytest
from program import ask

def test_refused():
    assert ask() == "403 false permission_error"

@pytest.mark.claude_budget(live=True)
def test_allowed():
    assert ask() == "answered"

@pytest.fixture(scope="module")
def wide():
    return ask()

def test_wide(wide): pass
"""


@pytest.mark.parametrize("workers", [0, 2], ids=["plain", "two-workers"])
def test_programs_are_refused_by_the_gateway(denied: Suite, upstream: Upstream, workers: int) -> None:
    """In the form of Anthropic's own errors, once, and their tests fail."""
    denied.write(program=PROGRAM, test_a=PROGRAMS)
    denied.budget("version: 1\nlive_calls: deny\nloopback: live\ngateway: true\n")
    outcome = denied.run("-p", "no:randomly", workers=workers)
    outcome.result.assert_outcomes(passed=1, failed=1, errors=1)
    assert 1 == len(upstream.heads)
    what = "a call to Claude (claude-haiku-4-5) was about to leave for 127.0.0.1"
    assert refusal("test_a.py::test_refused", what) in outcome.said
    assert refusal("test_a.py::wide", what) in outcome.said


def test_programs_that_nobody_measures_are_not_started(denied: Suite) -> None:
    denied.write(
        test_a="import subprocess\ndef test_a(): subprocess.run(['curl', '-s', 'http://api.anthropic.com/v1/messages'])"
    )
    outcome = denied.run()
    outcome.result.assert_outcomes(failed=1)
    assert "curl was started with Claude's API at test_a.py:2" in outcome.said
    assert "live calls are denied by live_calls: deny in claude-budget.yml: nothing was sent" in outcome.said


KINDS = """
import asyncio, unittest
import httpx, pytest, requests, trio, uvloop
import clients

class TestPlain(unittest.TestCase):
    def test_it(self): clients.httpx()

class TestAsync(unittest.IsolatedAsyncioTestCase):
    async def test_it(self):
        async with httpx.AsyncClient() as client:
            await client.post(clients.URL, content=clients.BODY, headers=clients.HEADERS)

class TestSwallows(unittest.TestCase):
    def test_it(self):
        try: clients.requests()
        except BaseException: pass

async def ask():
    async with httpx.AsyncClient() as client:
        await client.post(clients.URL, content=clients.BODY, headers=clients.HEADERS)

async def several():
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        nursery.start_soon(ask)

def test_trio(): trio.run(several)
def test_uvloop(): uvloop.run(ask())
"""


def test_every_kind_of_test_fails_by_it(denied: Suite) -> None:
    denied.write(test_a=KINDS)
    outcome = denied.run("-W", "ignore", "-p", "no:randomly")
    outcome.result.assert_outcomes(failed=5)
    assert [] == asked(denied)
    for name in ("TestPlain::test_it", "TestAsync::test_it", "TestSwallows::test_it", "test_trio", "test_uvloop"):
        assert refusal(f"test_a.py::{name}") in outcome.said


KEPT = """
import asyncio
import aiohttp, httpx, pytest, requests, urllib3
import clients

WAYS = {"requests": requests.Session(), "httpx": httpx.Client(), "urllib3": urllib3.PoolManager()}

def ask(name):
    how = {"body": clients.BODY} if name == "urllib3" else {"content" if name == "httpx" else "data": clients.BODY}
    WAYS[name].request("POST", clients.URL, headers=clients.HEADERS, **how)

@pytest.mark.claude_budget(live=True)
def test_first():
    for name in WAYS: ask(name)

@pytest.mark.parametrize("name", WAYS)
def test_then(name): ask(name)
"""


def test_a_connection_that_stands_already_is_asked_too(denied: Suite) -> None:
    """It was opened by a test that may."""
    text = NETWORK_THAT_KEEPS
    denied.write(network=text, test_a=KEPT)
    denied.run("-p", "no:randomly").result.assert_outcomes(passed=1, failed=3)
    assert 3 == len(asked(denied))


def test_a_test_that_is_run_again_is_refused_again(denied: Suite) -> None:
    denied.write(test_a="import clients\ndef test_a(): clients.httpx()")
    outcome = denied.run("-p", "rerunfailures", "--reruns", "2")
    assert "2 rerun" in outcome.said
    assert [] == asked(denied)


def test_what_cannot_hold_is_refused(denied: Suite) -> None:
    denied.write(test_a="def test_a(): pass")
    ended = denied.pytest("--no-claude-budget", "--claude-budget-live=deny")
    assert 4 == ended.ret
    expected = "--claude-budget-live=deny: expected a run that is measured, got --no-claude-budget, by which nothing is held back"
    assert expected in ended.stderr.str()


GREEN = """
import gevent.monkey
gevent.monkey.patch_all()
import clients
def test_httpx(): clients.httpx()
def test_requests(): clients.requests()
"""


@pytest.mark.cold
def test_sockets_of_gevent_are_real(denied: Suite) -> None:
    """No connection is made by them."""
    (denied.path / "network.py").write_text(
        "ASKED = {'model': 'claude-haiku-4-5', 'max_tokens': 9, 'messages': []}\nPORT = 1\n", "utf-8"
    )
    denied.write(test_a=GREEN)
    outcome = denied.run("-W", "ignore")
    outcome.result.assert_outcomes(failed=2)
    for name in ("httpx", "requests"):
        assert refusal(f"test_a.py::test_{name}") in outcome.said


WAYS_OUT = """
import asyncio, http.client, os
from concurrent.futures import ThreadPoolExecutor
import aiohttp, anthropic, httpx, requests
import clients

BASE, PROXY = "http://api.anthropic.com", "http://127.0.0.1:9"
SECURE = "https://api.anthropic.com/v1/messages"
ASKED = {"model": "claude-haiku-4-5", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}
SENT = {"headers": clients.HEADERS}

def sdk(): return anthropic.Anthropic(api_key="k", base_url=BASE)

async def through_aiohttp(method, url, **how):
    async with aiohttp.ClientSession() as session:
        await session.request(method, url, **how)

def test_https(): httpx.post(SECURE, content=clients.BODY, **SENT)
def test_https_of_requests(): requests.post(SECURE, data=clients.BODY, **SENT)
def test_https_of_python():
    http.client.HTTPSConnection("api.anthropic.com").request("POST", "/v1/messages", clients.BODY, clients.HEADERS)
def test_a_tunnel(): httpx.Client(proxy=PROXY).post(SECURE, content=clients.BODY, **SENT)
def test_a_tunnel_of_requests(): requests.post(SECURE, data=clients.BODY, proxies={"https": PROXY}, **SENT)
def test_a_tunnel_of_aiohttp(): asyncio.run(through_aiohttp("POST", SECURE, data=clients.BODY, proxy=PROXY, **SENT))
def test_a_body_that_is_made_on_the_way(): httpx.post(f"{BASE}/v1/messages", content=iter([clients.BODY]), **SENT)
def test_another_host(): httpx.post("http://gateway.example/v1/messages", content=iter([clients.BODY]), **SENT)
def test_an_executor():
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: clients.httpx(), range(2)))
def test_a_batch(): sdk().messages.batches.create(requests=[{"custom_id": "a", "params": ASKED}])
def test_all_batches(): sdk().messages.batches.list()
def test_a_file(): sdk().beta.files.upload(file=("a.txt", b"x", "text/plain"))
def test_models_by_aiohttp(): asyncio.run(through_aiohttp("GET", f"{BASE}/v1/models"))
def test_a_shell(): os.system(f"curl -s {BASE}/v1/messages")
"""


def test_no_way_leads_out(denied: Suite) -> None:
    """TLS, proxies, bodies without a length, other questions than calls: each is refused with nothing sent."""
    denied.write(test_a=WAYS_OUT)
    outcome = denied.run("-p", "no:randomly", "-rN")
    outcome.result.assert_outcomes(failed=14)
    assert [] == asked(denied)
    assert 14 == outcome.said.count(": nothing was sent hint: ")
