"""What no hook sees: a connection to Claude or a program that asks it makes a run incomplete, and nothing else does.

A suite's network is feigned below the audit events: names of remote hosts have an address that no machine has, and what is sent
there arrives at a server of this machine.
"""

import pytest

from tests.plugin.conftest import Suite

NETWORK = '''
import json, socket, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REMOTE, HOSTS = "203.0.113.7", (".anthropic.com", ".amazonaws.com", ".example")
USAGE = {"input_tokens": 1000, "output_tokens": 100}
MESSAGE = {"type": "message", "model": "claude-haiku-4-5", "content": [], "stop_reason": "end_turn", "usage": USAGE}
ASKED = {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}

class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        body = json.dumps(MESSAGE).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_POST
    def log_message(self, *args): pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
PORT = server.server_address[1]
threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
SOCKETS = """
def getaddrinfo(host, port, *args, **kwargs):
    host = host.decode() if isinstance(host, bytes) else host
    if not str(host).endswith(HOSTS):
        return look_up(host, port, *args, **kwargs)
    sys.audit("socket.getaddrinfo", host, port, 0, 0, 0)
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (REMOTE, port))]

def connecting(self, address):
    if address[0] == REMOTE:
        sys.audit("socket.connect", self, address)
        address = ("127.0.0.1", PORT)
    return connect(self, address)
"""
look_up, connect = socket.getaddrinfo, socket.socket.connect
found = {**globals(), "__name__": "socket"}
exec(compile(SOCKETS, socket.__file__, "exec"), found)  # as the standard library's own
socket.getaddrinfo, socket.socket.connect = found["getaddrinfo"], found["connecting"]
'''
SLY = """
import socket

def ask(host="api.anthropic.com", port=80):
    with socket.create_connection((host, port)) as connection:
        connection.sendall(b"POST /v1/messages HTTP/1.0\\r\\n\\r\\n")
        return connection.recv(9)
"""
HINT = "ask by a client that is seen (claude-budget clients) or name the host under origins: simulated"


@pytest.fixture
def network(suite: Suite) -> Suite:
    """A suite with a network, a budget, and a client that no hook sees."""
    package = suite.path / "venv" / "site-packages" / "slyclient"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(SLY, encoding="utf-8")
    (suite.path / "pytest.ini").write_text("[pytest]\npythonpath = venv/site-packages\n", encoding="utf-8")
    suite.write(network=NETWORK, conftest="import network")
    suite.budget("version: 1\n")
    return suite


def reasons(suite: Suite, test: str, *arguments: str, workers: int = 0, outcome: str = "incomplete") -> dict[str, str]:
    """Run one module; the reason of each owner whose answers are unmeasured."""
    suite.write(test_a=test)
    ended = suite.run(*arguments, workers=workers)
    assert outcome == (ended.verdict if ended.report else "nothing to say"), ended.result.stdout.str()
    ended.result.assert_outcomes(passed=test.count("def test_"))
    return {row["owner"]: row["reason"] for row in ended.report.get("unpriced", [])}


def test_a_client_that_no_hook_sees_makes_the_run_incomplete(network: Suite, workers: int) -> None:
    """Told once for each test and place, with the client and the line that asked."""
    test = """
        import slyclient
        def test_it():
            for _ in range(3):
                slyclient.ask()
        def test_nothing(): pass
        """
    told = reasons(network, test, workers=workers)
    line = "slyclient connected with api.anthropic.com at test_a.py:4, which no hook sees"
    assert {"test_a.py::test_it": f"{line}: {HINT}"} == told


def test_every_way_to_connect_is_seen(network: Suite) -> None:
    told = reasons(
        network,
        """
        import asyncio, http.client, socket, threading
        from concurrent.futures import ThreadPoolExecutor
        import slyclient
        def test_bedrock(): slyclient.ask("bedrock-runtime.us-east-1.amazonaws.com")
        def test_socket():
            socket.create_connection(("api.anthropic.com", 80)).close()
        def test_asyncio():
            async def ask():
                _, writer = await asyncio.open_connection("api.anthropic.com", 80)
                writer.close()
            asyncio.run(ask())
        def test_thread():
            thread = threading.Thread(target=slyclient.ask)
            thread.start()
            thread.join()
        def test_executor():
            with ThreadPoolExecutor(1) as executor:
                executor.submit(lambda: slyclient.ask()).result()
        def test_proxy():
            tunnel = http.client.HTTPConnection("127.0.0.1", 1)
            tunnel.set_tunnel("api.anthropic.com", 443)
            try:
                tunnel.connect()
            except OSError: pass
        """,
    )
    by = {owner.partition("::")[2]: reason.partition(", which")[0] for owner, reason in told.items()}
    assert {
        "test_bedrock": "slyclient connected with bedrock-runtime.us-east-1.amazonaws.com at test_a.py:4",
        "test_socket": "socket connected with api.anthropic.com at test_a.py:6",
        "test_asyncio": "asyncio connected with api.anthropic.com at test_a.py:9",
        "test_thread": "slyclient connected with api.anthropic.com at slyclient/__init__.py:5",
        "test_executor": "slyclient connected with api.anthropic.com at test_a.py:18",
        "test_proxy": "http.client connected with api.anthropic.com at test_a.py:23",
    } == by


def test_what_hooked_clients_connect_with_is_no_alarm(network: Suite) -> None:
    """Also where a request was looked at and let go: what serves a list of models bills nothing."""
    told = reasons(
        network,
        """
        import aiohttp, asyncio, http.client, httpx, json, requests, urllib.request
        from network import ASKED
        URL = "http://api.anthropic.com/v1"
        def test_sync(): httpx.post(URL + "/messages", json=ASKED).raise_for_status()
        def test_requests(): requests.post(URL + "/messages", json=ASKED).raise_for_status()
        def test_async():
            async def ask():
                async with httpx.AsyncClient() as client:
                    await asyncio.gather(*(client.post(URL + "/messages", json=ASKED) for _ in range(3)))
            asyncio.run(ask())
        def test_let_go():
            httpx.get(URL + "/models")
            requests.get(URL + "/models")
        def test_let_go_async():
            async def ask():
                async with httpx.AsyncClient() as client:
                    await asyncio.gather(*(client.get(URL + "/models") for _ in range(3)))
            asyncio.run(ask())
        def test_aiohttp():
            async def ask():
                async with aiohttp.ClientSession() as session:
                    async with session.get(URL + "/models") as answer:
                        await answer.read()
                    async with session.post(URL + "/messages", json=ASKED) as answer:
                        await answer.read()
            asyncio.run(ask())
        def test_urllib():
            urllib.request.urlopen(URL + "/models").read()
            urllib.request.urlopen(URL + "/messages", data=json.dumps(ASKED).encode()).read()
        """,
        outcome="within",
    )
    assert {} == told


def test_what_asks_nothing_of_claude_is_no_alarm(network: Suite) -> None:
    told = reasons(
        network,
        """
        import socket, subprocess
        import pytest
        import pytest_socket, slyclient
        from network import PORT
        def test_look_up(): socket.getaddrinfo("api.anthropic.com", 443)
        def test_loopback():
            slyclient.ask("127.0.0.1", PORT)
            slyclient.ask("localhost", PORT)
        def test_elsewhere(): slyclient.ask("other.example")
        def test_after_a_look_up():
            socket.getaddrinfo("api.anthropic.com", 443)
            slyclient.ask("other.example")
        def test_unix(tmp_path):
            with socket.socket(socket.AF_UNIX) as here, pytest.raises(OSError):
                here.connect(str(tmp_path / "none"))
        def test_blocked():
            pytest_socket.disable_socket()
            try:
                with pytest.raises(pytest_socket.SocketBlockedError):
                    slyclient.ask()
            finally:
                pytest_socket.enable_socket()
        def test_programs():
            subprocess.run(["uname", "-p"], check=False)
            subprocess.run("true # claude", shell=True, check=True)
        """,
        outcome="within",
    )
    assert {} == told


@pytest.mark.parametrize(
    ("budget", "mark", "outcome"),
    [
        ("", "@pytest.mark.claude_budget(may_be_unknown=True)", "within"),
        ('may_be_unknown: ["test_a.py::*"]', "", "within"),
        ("on_incomplete: warn", "", "warned"),
    ],
)
def test_a_test_that_may_be_unknown_is_exempt(network: Suite, budget: str, mark: str, outcome: str) -> None:
    network.budget(f"version: 1\n{budget}\n")
    test = f"""
        import pytest, slyclient
        {mark}
        def test_it(): slyclient.ask()
        """
    assert ["test_a.py::test_it"] == list(reasons(network, test, outcome=outcome))


def test_the_budget_file_says_which_hosts_are_claude_s(network: Suite) -> None:
    """A host of `origins.simulated` is none. One that stands under `origins.live` is, but waiting for it to listen is no call."""
    network.budget('version: 1\norigins: {live: ["llm.example:80"], simulated: ["api.anthropic.com"]}\n')
    told = reasons(
        network,
        """
        import socket, slyclient
        def test_simulated(): slyclient.ask()
        def test_live(): slyclient.ask("llm.example")
        def test_another_port(): slyclient.ask("llm.example", 81)
        def test_waiting(): socket.create_connection(("llm.example", 80)).close()
        """,
    )
    assert ["test_a.py::test_live"] == list(told)


def test_a_program_that_asks_claude_makes_the_run_incomplete(network: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    told = reasons(
        network,
        """
        import asyncio, os, subprocess
        import pytest
        def start(*words, **env):
            with pytest.raises(FileNotFoundError):
                subprocess.run([*words], env={"PATH": "", **env})
        def test_claude(): start("claude", "-p", "hi")
        def test_version(): start("claude", "--version")
        def test_gateway(): start("claude", "-p", "hi", ANTHROPIC_BASE_URL="http://127.0.0.1:9/t/abc")
        def test_curl(): start("curl", "https://api.anthropic.com/v1/messages")
        def test_async():
            async def ask():
                with pytest.raises(FileNotFoundError):
                    await asyncio.create_subprocess_exec("claude", env={"PATH": ""})
            asyncio.run(ask())
        """,
    )
    hint = "which no hook sees: measure it by a gateway, with gateway: true in the budget file"
    assert {
        "test_a.py::test_claude": f"claude was started at test_a.py:5, {hint}",
        "test_a.py::test_curl": f"curl was started with Claude's API at test_a.py:5, {hint}",
        "test_a.py::test_async": f"claude was started at test_a.py:13, {hint}",
    } == told


def test_a_program_that_a_gateway_measures_is_no_alarm(network: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    network.budget("version: 1\ngateway: true\n")
    program = network.path / "claude"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    told = reasons(
        network,
        """
        import os, subprocess
        def test_claude(): subprocess.run(["./claude"], check=True)
        def test_given(): subprocess.run(["./claude"], env={**os.environ, "A": "b"}, check=True)
        def test_shell(): assert os.system("./claude -p hi") == 0
        """,
        outcome="within",
    )
    assert {} == told


def test_a_child_process_is_watched_too(network: Suite) -> None:
    test = """
        import subprocess, sys
        def test_it(): subprocess.run([sys.executable, "child.py"], check=True)
        """
    text = "import sys\nsys.path.append('venv/site-packages')\nimport network, slyclient\nslyclient.ask()\n"
    (network.path / "child.py").write_text(text, encoding="utf-8")
    assert ["test_a.py::test_it"] == list(reasons(network, test))


def test_a_run_without_the_plugin_notices_nothing(network: Suite) -> None:
    test = """
        import sys, slyclient
        def test_it():
            slyclient.ask()
            assert "pytest_claude_budget.measure.noticed" not in sys.modules
        """
    assert {} == reasons(network, test, "--no-claude-budget", outcome="nothing to say")


def test_a_fault_of_the_canary_reaches_no_test_and_is_told(network: Suite) -> None:
    network.write(
        test_a="""
        import slyclient
        from pytest_claude_budget.measure import noticed
        def test_it(monkeypatch):
            def broken(*args): raise ZeroDivisionError("sly")
            monkeypatch.setattr(noticed, "notice", broken)
            slyclient.ask()
        """
    )
    outcome = network.run()
    outcome.result.assert_outcomes(passed=1)
    assert "incomplete" == outcome.verdict
    assert "a fault of pytest-claude-budget itself (canary: ZeroDivisionError" in outcome.said
